// What the modules of the inbox share: the way to the server, and what is on the page around a thread.
//
// No page names this module itself: it is there once, whoever asks for it.

import { say } from "../web/capstan.js";
import { state } from "../web/realtime.js";
import { momentOf } from "./times.js";

export const desk = document.querySelector("[data-desk]");
export const me = document.querySelector("[data-frame]")?.dataset.person ?? "";

const api = "/api/inbox";
const patience = 20_000;

/** Asks the server; the answer's JSON, or a refusal with its code, or that there is no connection. */
export async function ask(method, path, body) {
    let answer, value = null;
    try {
        answer = await fetch(api + path, {
            method, headers: { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) },
            ...(body ? { body: JSON.stringify(body) } : {}), signal: AbortSignal.timeout(patience),
        });
        if ((answer.headers.get("content-type") ?? "").includes("json")) value = await answer.json();
    } catch {
        // Nor is a body that is cut off an answer.
        return { isLost: true };
    }
    // A proxy that finds no server behind it is no answer of the server's.
    if (value === null && answer.status >= 502) return { isLost: true };
    return answer.ok ? { value } : { refusal: value ?? { code: "", detail: `The server answered ${answer.status}.` } };
}

/** Loads a module that the first look at the page does not need; `null` where it cannot be loaded. */
export async function bring(load) {
    try {
        return await load();
    } catch {
        say("This part of the page cannot be loaded. Try again, or reload the page, when the connection is back.");
        return null;
    }
}

export function announce(text) {
    const place = document.querySelector("[data-announce]");
    if (place) place.textContent = text;
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
const watchers = new Set();
export let isOnline = true;

/** Calls back with whether there is a connection, whenever it comes or has been gone for a while. */
export function onConnection(body) { watchers.add(body); }

state(online => {
    clearTimeout(lostTimer);
    if (online) {
        const wasLost = lostAt !== null;
        lostAt = null;
        isOnline = true;
        lost.hidden = true;
        if (wasLost) announce("Connected again.");
        for (const body of watchers) body(true);
        return;
    }
    // A change of connection that takes a moment is nothing to speak of.
    const since = new Date();
    lostTimer = setTimeout(() => {
        isOnline = false;
        lostAt ??= since;
        lost.textContent = `Connection lost since ${momentOf(lostAt.toISOString())}. Go on writing; what you send waits for it.`;
        lost.hidden = false;
        for (const body of watchers) body(false);
    }, 2500);
});
