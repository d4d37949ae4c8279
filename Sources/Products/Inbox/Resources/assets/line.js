// What the modules of the inbox share: the way to the server, and what is on the page around a thread.
//
// No page names this module itself: it is there once, whoever asks for it.

import { say } from "../web/capstan.js";
import { state } from "../web/realtime.js";
import { momentOf } from "./times.js";

const api = "/api/inbox";

/** Asks the server; the answer's JSON, or a refusal with its code, or `null` without a connection. */
export async function ask(method, path, body) {
    let answer;
    try {
        answer = await fetch(api + path, {
            method, headers: { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) },
            ...(body ? { body: JSON.stringify(body) } : {}),
        });
    } catch {
        return { isLost: true };
    }
    const isJSON = (answer.headers.get("content-type") ?? "").includes("json");
    const value = isJSON ? await answer.json() : null;
    // A proxy that finds no server behind it is no answer of the server's.
    if (!isJSON && answer.status >= 502) return { isLost: true };
    return answer.ok ? { value } : { refusal: value ?? { code: "", detail: `The server answered ${answer.status}.` } };
}

export function announce(text) {
    const place = document.querySelector("[data-announce]");
    if (place) place.textContent = text;
}

/** Says what was done, with a way back for a while. */
export function sayUndoable(text, undo, seconds = 8) {
    say(text, seconds);
    const line = document.querySelector("[data-toast] > p");
    if (!line) return;
    const button = document.createElement("button");
    button.className = "button small";
    button.textContent = "Undo";
    button.addEventListener("click", async () => {
        line.remove();
        await undo();
    });
    line.append(" ", button);
}

// MARK: Rows

export function rowOf(id) { return document.querySelector(`[data-row="${CSS.escape(id)}"]`); }

export function setUnread(row, count) {
    if (!row) return;
    const unread = Math.max(0, count);
    row.dataset.unread = unread;
    row.classList.toggle("is-unread", unread > 0);
    row.querySelector("[data-unread]").toggleAttribute("hidden", unread === 0);
    row.querySelector("[data-number]").textContent = unread > 99 ? "99+" : String(unread);
}

// MARK: The connection

const lost = document.querySelector("[data-lost]");
let lostAt = null;
let lostTimer = 0;
const returners = new Set();
export let isOnline = true;

/** Calls back whenever the connection is there again. */
export function onReturn(body) { returners.add(body); }

state(online => {
    clearTimeout(lostTimer);
    if (online) {
        const wasLost = lostAt !== null;
        lostAt = null;
        isOnline = true;
        lost.hidden = true;
        if (wasLost) announce("Connected again.");
        for (const body of returners) body();
        return;
    }
    // A change of connection that takes a moment is nothing to speak of.
    const since = new Date();
    lostTimer = setTimeout(() => {
        isOnline = false;
        lostAt ??= since;
        lost.textContent = `Connection lost since ${momentOf(lostAt.toISOString())}. Go on writing; what you send waits for it.`;
        lost.hidden = false;
    }, 2500);
});
