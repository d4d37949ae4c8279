// Shortcuts: everything that is done with the mouse is done without. The command bar comes when it is opened.

import { bring, desk, me } from "./line.js";

const palette = document.getElementById("palette");
let thread = null;

/** Has keys act on a thread. */
export function useThread(opened) { thread = opened; }

function step(by) {
    const all = [...desk.querySelectorAll("[data-rows] > *")];
    const focused = all.findIndex(row => row.contains(document.activeElement));
    const from = focused >= 0 ? focused : all.findIndex(row => row.classList.contains("is-current"));
    const link = all[Math.min(all.length - 1, Math.max(0, from + by))]?.querySelector("a");
    if (!link) return;
    if (thread) Promise.resolve(thread.done()).finally(() => link.click());
    else link.focus();
}

const write = () => thread.answer.focus();
const act = (name, value) => () => thread.act(name, value);

const everywhere = [
    { name: "Next conversation", key: "J", run: () => step(1) },
    { name: "Previous conversation", key: "K", run: () => step(-1) },
    { name: "Undo", key: "Z", run: async () => (await bring(() => import("./undo.js")))?.undo() },
    { name: "Shortcuts", key: "?", run: () => document.getElementById("shortcuts").showModal() },
];
const inThread = [
    { name: "Write an answer", key: "R", run: write },
    { name: "Write a note", key: "N", run() { write(); desk.querySelector("[data-send-note]")?.scrollIntoView({ block: "nearest" }); } },
    { name: "Assign to me", key: "A", run: act("assign", me) },
    { name: "Take over from the bot", key: "T", run: act("takeover") },
    { name: "Snooze until tomorrow", key: "S", run: act("snooze", 24) },
    { name: "Close", key: "E", run: act("close") },
    { name: "Mark as unread", key: "U", run: act("unread") },
];
const commands = () => [...(thread ? inThread : []), ...everywhere];

async function openPalette() {
    // Open at once: what is typed while its module comes is typed into it.
    palette.querySelector("[data-palette-input]").value = "";
    palette.showModal();
    const bar = await bring(() => import("./palette.js"));
    if (bar) bar.fillPalette(palette, commands(), thread);
    else palette.close();
}

export function startKeys() {
    desk.querySelector("[data-palette]")?.addEventListener("click", openPalette);
    document.addEventListener("keydown", event => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
            event.preventDefault();
            if (palette.open) palette.close();
            else openPalette();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
        if (event.target.closest("input, textarea, select, [contenteditable]")) return;
        if (event.key === "/" && thread) {
            event.preventDefault();
            write();
            thread.answer.setRangeText("/", thread.answer.selectionStart, thread.answer.selectionEnd, "end");
            thread.answer.dispatchEvent(new Event("input"));
            return;
        }
        const command = commands().find(one => one.key === event.key.toUpperCase());
        if (!command) return;
        event.preventDefault();
        command.run();
    });
}
