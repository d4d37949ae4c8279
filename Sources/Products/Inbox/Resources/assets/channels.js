// Channels as they do: health, what came last, how fast it was worked off, what was given up; addresses that are copied.

import { onBeat, serverNow } from "../web/beat.js";
import { say } from "../web/capstan.js";
import { listen } from "../web/realtime.js";

const root = document.querySelector("[data-health]");
const countMax = 100;
const words = {
    good: ["healthy", "good"], failing: ["failing", "bad"], tokenExpired: ["sign in again", "bad"], silent: ["silent", "gold"],
};

function put(part, text) {
    if (!part) return;
    if (part.textContent !== text) part.textContent = text;
    part.toggleAttribute("hidden", text === "");
}

const counted = (count, one, many) => (count === 0 ? "" : `${count >= countMax ? `${countMax} or more` : count} ${count === 1 ? one : many}`);

/** A time that has passed, in the server's own words. */
function ago(iso) {
    const seconds = Math.floor((serverNow() - Date.parse(iso)) / 1000);
    if (seconds < 2) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
    const days = Math.floor(seconds / 86_400);
    return `${days} ${days === 1 ? "day" : "days"} ago`;
}

function lagOf(milliseconds) {
    const seconds = Math.floor(milliseconds / 1000);
    return seconds < 1 ? "a second" : seconds < 60 ? `${seconds + 1} s` : `${Math.ceil(seconds / 60)} min`;
}

function showTraffic(part, note) {
    const time = part.querySelector("[data-last]");
    if (time && note.last) {
        time.dateTime = note.last;
        time.textContent = ago(note.last);
    }
    put(part.querySelector("[data-lag]"), note.lag === undefined ? "" : `, seen within ${lagOf(note.lag)}`);
    const waits = counted(note.waiting, "delivery to be worked off", "deliveries to be worked off");
    const row = part.querySelector("[data-waits-row]");
    row?.toggleAttribute("hidden", waits === "");
    put(part.querySelector("[data-waits]"), waits && !row ? ` · ${waits}` : waits);
    put(part.querySelector("[data-dead]"), counted(note.dead, "dead letter", "dead letters"));
}

function showHealth(part, note) {
    const state = part.querySelector("[data-state]");
    if (state && words[note.health]) {
        const [label, kind] = words[note.health];
        state.textContent = label;
        state.className = `badge ${kind}`;
    }
    put(part.querySelector("[data-reason]"), note.reason ?? "");
}

function show(note) {
    for (const part of root.querySelectorAll(`[data-channel="${CSS.escape(note.channel)}"]`)) {
        if (note.health) showHealth(part, note);
        else showTraffic(part, note);
    }
}

/** Reads the page again where something may have been missed, and puts its channels in the place of these. */
async function readAgain() {
    try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const fresh of page.querySelectorAll("[data-health] [data-channel]")) {
            const old = root.querySelector(`${fresh.localName}[data-channel="${CSS.escape(fresh.dataset.channel)}"]`);
            if (old && !old.contains(document.activeElement)) old.replaceWith(fresh);
        }
    } catch {
        // The next word about a channel shows it anew.
    }
}

if (root) {
    listen("inbox/health", {
        from: { epoch: root.dataset.epoch, offset: Number(root.dataset.offset) },
        message: show,
        signal(note, from) { if (!from) show(note); },
        lost: readAgain,
        // How much has come is told and not kept.
        back: readAgain,
    });
    onBeat(() => {
        for (const time of root.querySelectorAll("[data-last]")) if (time.dateTime) put(time, ago(time.dateTime));
    });
}

for (const field of document.querySelectorAll("[data-copy]")) {
    field.addEventListener("focus", () => field.select());
    if (!navigator.clipboard) continue;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Copy" });
    button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(field.value);
        say("Copied.");
    });
    field.after(button);
}
