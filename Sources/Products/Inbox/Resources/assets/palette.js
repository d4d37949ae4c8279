// The command bar: everything that can be done here, found by its words.

import { desk } from "./line.js";

let commands = [];
let shown = [];
let chosen = 0;
let parts = null;

/** What is done seldom enough to have no key. */
const keyless = [
    ["Give back, assign to nobody", "assign", ""], ["Snooze for an hour", "snooze", 1], ["Snooze until the customer writes", "snooze", 0],
    ["Open again", "open"], ["Mark as urgent", "priority", 3],
];

/** Fills the open bar with commands, and with where one can go from here. */
export function fillPalette(palette, own, thread) {
    parts ??= start(palette);
    const rare = thread ? keyless.map(([name, act, value]) => ({ name, run: () => thread.act(act, value) })) : [];
    const views = [...desk.querySelectorAll("[data-view-link]")].map(link => ({ name: `Show ${link.querySelector("span").textContent}`, run: () => link.click() }));
    const places = [...document.querySelectorAll("[data-frame] .tabs a")].map(link => ({ name: `Go to ${link.textContent}`, run: () => link.click() }));
    commands = [...own, ...rare, ...views, ...places];
    chosen = 0;
    draw();
}

function start(palette) {
    const input = palette.querySelector("[data-palette-input]");
    input.addEventListener("input", () => { chosen = 0; draw(); });
    input.addEventListener("keydown", event => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by && shown.length > 0) {
            event.preventDefault();
            chosen = (chosen + by + shown.length) % shown.length;
            draw();
            parts.list.children[chosen]?.scrollIntoView({ block: "nearest" });
        }
        if (event.key === "Enter") { event.preventDefault(); run(); }
        // A search field would only be emptied.
        if (event.key === "Escape") { event.preventDefault(); palette.close(); }
    });
    return { palette, input, list: palette.querySelector("ul") };
}

function draw() {
    const text = parts.input.value.trim();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    shown = commands.filter(command => words.every(word => command.name.toLowerCase().includes(word)));
    if (text) shown.push({ name: `Search all messages for “${text}”`, run: () => location.assign(`/inbox/search?q=${encodeURIComponent(text)}`) });
    chosen = Math.min(chosen, Math.max(0, shown.length - 1));
    parts.list.replaceChildren(...shown.map((command, index) => {
        const item = document.createElement("li");
        item.id = `command-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(index === chosen));
        item.textContent = command.name;
        if (command.key) item.append(Object.assign(document.createElement("kbd"), { textContent: command.key }));
        item.addEventListener("click", () => { chosen = index; run(); });
        return item;
    }));
    parts.input.setAttribute("aria-activedescendant", shown.length > 0 ? `command-${chosen}` : "");
}

function run() {
    const command = shown[chosen];
    parts.palette.close();
    command?.run();
}
