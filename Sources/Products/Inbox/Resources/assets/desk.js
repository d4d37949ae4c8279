// The inbox while somebody looks at it: rows move, threads grow, badges come, and what was written waits for the connection.
//
// The page works without this. What the server says in a topic is what it stores; where something may have been missed, the
// page reads it again.

import { listen } from "../web/realtime.js";
import { startKeys } from "./keys.js";
import { ask, desk, me, rowOf, setUnread } from "./line.js";
import { localise, momentOf } from "./times.js";

const rowsMax = 60;
const rows = desk.querySelector("[data-rows]");
const rowTemplate = document.querySelector("[data-row-template]");
const filters = new URLSearchParams(desk.dataset.query);
const view = desk.dataset.view;

// MARK: Rows

const stateOf = line => line.state === "closed" ? ["closed", "plain"] : line.state === "snoozed" ? ["asleep", "info"]
    : line.bot === "waiting" ? ["waits for a person", "accent"] : line.bot === "active" ? ["bot answers", "good"] : ["", "plain"];

/** Whether a conversation belongs to the view; `null` when only the server knows. */
function belongs(line) {
    if (filters.get("tag") || view === "mentions") return null;
    if (filters.get("channel") && filters.get("channel") !== line.channelId) return false;
    if (filters.get("team") && filters.get("team") !== line.teamId) return false;
    switch (view) {
    case "mine": return line.state === "open" && line.assigneeId === me;
    case "unassigned": return line.state === "open" && !line.assigneeId;
    case "snoozed": return line.state === "snoozed";
    case "closed": return line.state === "closed";
    default: return line.state === "open";
    }
}

function put(row, selector, text, isShown = text !== "") {
    const part = row.querySelector(selector);
    if (!part) return;
    if (part.textContent !== text) part.textContent = text;
    part.toggleAttribute("hidden", !isShown);
}

function fill(row, line) {
    row.dataset.row = line.id;
    row.dataset.last = line.lastSequence;
    row.dataset.at = line.lastMessageAt;
    row.dataset.assignee = line.assigneeId ?? "";
    if (row.dataset.total === undefined) row.dataset.total = line.customerTotal;
    const link = row.querySelector("a");
    link.href = `/inbox/conversations/${line.id}${desk.dataset.query}`;
    put(row, "[data-name]", line.name, true);
    const who = { agent: "Us: ", bot: "Bot: " }[line.previewRole] ?? "";
    put(row, "[data-preview]", who + line.preview, true);
    const time = row.querySelector("time");
    time.dateTime = line.lastMessageAt;
    time.textContent = momentOf(line.lastMessageAt);
    const channel = linkOf(line)?.querySelector("span:nth-of-type(2)")?.textContent;
    if (channel) put(row, "[data-channel]", channel);
    const [text, tone] = stateOf(line);
    put(row, "[data-state]", text);
    row.querySelector("[data-state]").className = `badge ${tone}`;
    const face = row.querySelector(".face");
    const kind = linkOf(line)?.querySelector(".dot")?.classList[1];
    if (kind) face.classList.add(kind);
    if (!face.textContent) face.textContent = line.name.split(/\s+/).slice(0, 2).map(word => word[0] ?? "").join("").toUpperCase();
}

/** The page's own link to a row's channel: what it is called, and of which kind it is. */
function linkOf(line) { return desk.querySelector(`.views a[href*="channel=${CSS.escape(line.channelId)}"]`); }

/** Puts a row where its time says; the longest-quiet one leaves a full list. */
function place(row) {
    const at = row.dataset.at ?? "";
    const after = [...rows.children].find(other => other !== row && (other.dataset.at ?? timeOf(other)) < at);
    if (row.nextElementSibling !== (after ?? null) || row.parentElement !== rows) rows.insertBefore(row, after ?? null);
    while (rows.children.length > rowsMax) rows.lastElementChild.remove();
    desk.querySelector("[data-empty]")?.toggleAttribute("hidden", rows.children.length > 0);
}

const timeOf = row => row.querySelector("time")?.getAttribute("datetime") ?? "";

function take(line) {
    const row = rowOf(line.id);
    const isWanted = belongs(line);
    if (row && isWanted === false) {
        const isOpen = desk.querySelector("[data-thread]")?.dataset.thread === line.id;
        // The one that is being read stays where it is until it is left.
        if (!isOpen) row.remove();
        else fill(row, line);
        return;
    }
    if (row) {
        const known = Number(row.dataset.total ?? line.customerTotal);
        const more = Math.max(0, line.customerTotal - known);
        row.dataset.total = line.customerTotal;
        fill(row, line);
        if (more > 0) {
            setUnread(row, Number(row.dataset.unread ?? row.querySelector("[data-number]").textContent ?? 0) + more);
            fresh(row);
        }
        place(row);
        return;
    }
    if (isWanted !== true) return;
    const made = rowTemplate.content.firstElementChild.cloneNode(true);
    fill(made, line);
    place(made);
    fresh(made);
    readListSoon();
}

function fresh(row) {
    row.classList.remove("is-fresh");
    requestAnimationFrame(() => row.classList.add("is-fresh"));
}

let isReading = false;
let isAwaited = false;

/** Asks how much is unread of rows that are new here: once for all that come within a second. */
function readListSoon() {
    if (isAwaited) return;
    isAwaited = true;
    setTimeout(() => {
        isAwaited = false;
        readList();
    }, 1000);
}

/** Reads the list again: what was told while the connection was cut is kept nowhere. */
async function readList() {
    if (isReading) return;
    isReading = true;
    const wanted = new URLSearchParams({ view, limit: "25" });
    for (const [own, theirs] of [["channel", "channelId"], ["team", "teamId"], ["tag", "tagId"]]) {
        if (filters.get(own)) wanted.set(theirs, filters.get(own));
    }
    const { value } = await ask("GET", `/conversations?${wanted}`);
    isReading = false;
    if (!value) return;
    const seen = new Set();
    for (const { conversation, unread } of value.conversations) {
        seen.add(conversation.id);
        const row = rowOf(conversation.id) ?? rowTemplate.content.firstElementChild.cloneNode(true);
        fill(row, conversation);
        row.dataset.total = conversation.customerTotal;
        setUnread(row, unread);
        place(row);
    }
    const oldest = value.conversations.at(-1)?.conversation.lastMessageAt ?? "";
    for (const row of [...rows.children]) {
        // A full page says nothing about what is behind it.
        if (!seen.has(row.dataset.row) && (value.conversations.length < 25 || (row.dataset.at ?? timeOf(row)) > oldest)) row.remove();
    }
}

/** Reads everything again that was told while the connection was cut. */
function readAgain() {
    readList();
    readBadges();
}

// MARK: Badges

function showBadges(badges) {
    for (const place of document.querySelectorAll("[data-badge]")) {
        const count = badges[place.dataset.badge];
        if (count === undefined) continue;
        place.textContent = count > 99 ? "99+" : String(count);
        place.toggleAttribute("hidden", count === 0);
    }
    const waiting = badges.mine ?? 0;
    document.title = document.title.replace(/^\(\d+\+?\) /, "");
    if (waiting > 0) document.title = `(${waiting > 99 ? "99+" : waiting}) ${document.title}`;
}

async function readBadges() {
    const { value } = await ask("GET", "/badges");
    if (value) showBadges(value);
}

for (const topic of desk.dataset.topics.split(" ").filter(Boolean)) {
    listen(topic, {
        signal: (line, from) => { if (!from) take(line); },
        lost: readAgain,
        back: readAgain,
    });
}
if (me) {
    listen(`inbox/agent/${me}`, {
        signal(note, from) {
            if (from) return;
            if (note.kind === "badges") showBadges(note.badges);
            if (note.kind === "cursor") setUnread(rowOf(note.conversation), note.unread);
        },
    });
}

for (const row of rows.children) {
    row.dataset.at = timeOf(row);
    row.dataset.unread = Number.parseInt(row.querySelector("[data-number]").textContent, 10) || 0;
}

// The server's list does not say how many messages a customer has written: the first word about a row would be taken for one.
if (rows.children.length > 0) readList();

localise();
startKeys();
for (const place of document.querySelectorAll("[data-offset]")) {
    if (place instanceof HTMLInputElement) place.value = String(new Date().getTimezoneOffset());
}
