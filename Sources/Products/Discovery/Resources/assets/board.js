// The board: cards are moved by pointer and by keys, at once on this page and then for everybody; moves of others arrive
// as they are committed. Without this script every card has its forms.
import { listen } from "../web/realtime.js";
import { say } from "../web/capstan.js";

const board = document.querySelector("[data-board]");
const editable = board.hasAttribute("data-editable");
const column = (name) => board.querySelector(`[data-bucket-column="${CSS.escape(name)}"]`);
const columns = () => [...board.querySelectorAll("[data-bucket-column]")];
const place = (bucket) => bucket.querySelector("[data-cards]");
const find = (id) => board.querySelector(`[data-card="${CSS.escape(id)}"]`);

// MARK: Ranks, as the server makes them

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A rank between two others, either of which may be empty at an end of a bucket. */
export function between(low, high) {
    if (high && ((low && !(low < high)) || !/[^0]/.test(high))) high = "";
    return middle(low || "", high || null);
}

function middle(low, high) {
    if (high !== null) {
        let shared = 0;
        while (shared < high.length && (low[shared] ?? "0") === high[shared]) shared += 1;
        if (shared > 0) {
            const rest = high.slice(shared);
            if (rest === "") return low + digits[31];
            return high.slice(0, shared) + middle(low.slice(shared), rest);
        }
    }
    const from = low === "" ? 0 : digits.indexOf(low[0]);
    const upto = high === null ? digits.length : digits.indexOf(high[0]);
    if (upto - from > 1) return digits[Math.floor((from + upto) / 2)];
    if (high !== null && high.length > 1) return high[0];
    return digits[from] + middle(low.slice(1), null);
}

// MARK: What is shown

const grouped = new Intl.NumberFormat("en");

function short(value) {
    if (value < 10_000) return grouped.format(value);
    const [unit, letter] = value < 1e6 ? [1e3, "K"] : value < 1e9 ? [1e6, "M"] : [1e9, "B"];
    const tenths = Math.floor(value / (unit / 10));
    return tenths >= 1000 || tenths % 10 === 0 ? `${Math.floor(tenths / 10)}${letter}` : `${Math.floor(tenths / 10)}.${tenths % 10}${letter}`;
}

function addTo(bucket, entries, followers) {
    const counter = bucket.querySelector("[data-entries]");
    const sum = bucket.querySelector("[data-sum]");
    counter.dataset.value = String(Math.max(0, Number(counter.dataset.value) + entries));
    counter.textContent = grouped.format(Number(counter.dataset.value));
    sum.dataset.value = String(Math.max(0, Number(sum.dataset.value) + followers));
    sum.textContent = short(Number(sum.dataset.value));
    const nothing = bucket.querySelector("[data-nothing]");
    if (nothing) nothing.hidden = place(bucket).children.length > 0;
}

/** Puts a card where its rank says; one that belongs behind what is shown leaves the page. */
function put(card, bucketName, rank) {
    const target = column(bucketName);
    if (!target) return card.remove();
    card.dataset.rank = rank;
    card.dataset.bucket = bucketName;
    const list = place(target);
    const next = [...list.children].find((other) => other !== card
        && (other.dataset.rank > rank || (other.dataset.rank === rank && other.dataset.card > card.dataset.card)));
    list.insertBefore(card, next ?? null);
    const choice = card.querySelector("select[name=bucket]");
    if (choice) choice.value = bucketName;
    while (list.children.length > Number(board.dataset.window)) list.lastElementChild.remove();
}

// MARK: Moving

let lastOwn = "";

async function move(card, target, before) {
    const id = card.dataset.card;
    const from = column(card.dataset.bucket);
    const list = place(target);
    const others = [...list.children].filter((other) => other !== card);
    const index = before ? others.indexOf(before) : others.length;
    const rank = between(others[index - 1]?.dataset.rank, others[index]?.dataset.rank);
    const old = { bucket: card.dataset.bucket, rank: card.dataset.rank };
    const name = target.dataset.bucketColumn;
    if (name === "contacted" && old.bucket !== "contacted") return askHow(card, rank, old);
    const followers = Number(card.dataset.followers);
    put(card, name, rank);
    if (from !== target) {
        addTo(from, -1, -followers);
        addTo(target, 1, followers);
    }
    lastOwn = id;
    const answer = await send("PATCH", `${board.dataset.entries}/${id}`, { bucket: name, rank });
    if (answer.ok) {
        const now = await answer.json();
        put(card, now.bucket, now.rank);
        say(`${title(card)}: ${name}.`);
    } else {
        await undo(card, old, from, target, followers, answer);
    }
}

async function undo(card, old, from, target, followers, answer) {
    if (from !== target) {
        addTo(target, -1, -followers);
        addTo(from, 1, followers);
    }
    put(card, old.bucket, old.rank);
    const problem = await answer.json().catch(() => ({}));
    say(problem.detail ?? "The card could not be moved; it is where it was.");
}

const title = (card) => card.querySelector(".card-name a").textContent.trim();

async function send(method, address, body) {
    try {
        return await fetch(address, {
            method, headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(body),
        });
    } catch {
        return new Response(JSON.stringify({ detail: "The server cannot be reached; nothing was changed." }), { status: 503 });
    }
}

// MARK: Writing to somebody

/** Asks how somebody was written to; a colleague's message of the last days is a warning that can be overridden. */
function askHow(card, rank, old) {
    const dialog = document.createElement("dialog");
    const form = document.createElement("form");
    form.method = "dialog";
    form.className = "stack";
    const head = document.createElement("h2");
    head.textContent = `How did you write to ${title(card)}?`;
    const choice = card.querySelector("select[name=channel]").cloneNode(true);
    choice.removeAttribute("id");
    choice.setAttribute("aria-label", "Channel");
    const note = document.createElement("p");
    note.className = "flash bad";
    note.hidden = true;
    const row = document.createElement("div");
    row.className = "row";
    const yes = document.createElement("button");
    yes.className = "button primary";
    yes.value = "yes";
    yes.textContent = "Mark as written to";
    const no = document.createElement("button");
    no.className = "button quiet";
    no.value = "no";
    no.textContent = "Not yet";
    row.append(yes, no);
    form.append(head, choice, note, row);
    dialog.append(form);
    document.body.append(dialog);
    let force = false;
    form.addEventListener("submit", async (event) => {
        if (event.submitter?.value !== "yes") return;
        event.preventDefault();
        const address = `/api/discovery/creators/${card.querySelector("input[name=creatorId]").value}/contacts`;
        const answer = await send("POST", address, {
            channel: choice.value, entryId: card.dataset.card, bucket: "contacted", force,
        });
        if (answer.ok) {
            const [from, target] = [column(old.bucket), column("contacted")];
            const followers = Number(card.dataset.followers);
            if (from !== target) {
                addTo(from, -1, -followers);
                addTo(target, 1, followers);
            }
            put(card, "contacted", card.dataset.rank);
            lastOwn = card.dataset.card;
            say(`${title(card)} is marked as written to.`);
            dialog.close();
            return;
        }
        const problem = await answer.json().catch(() => ({}));
        note.textContent = problem.detail ?? "It could not be written down.";
        note.hidden = false;
        if (problem.code === "discovery.alreadyContacted") {
            note.textContent = `A colleague wrote on ${new Date(problem.at).toLocaleDateString()}.`;
            yes.textContent = "Write anyway";
            force = true;
        }
    });
    dialog.addEventListener("close", () => {
        dialog.remove();
        card.focus();
    });
    dialog.showModal();
}

// MARK: Pointer and keys

if (editable) {
    let dragged = null;
    const line = document.createElement("li");
    line.className = "drop-line";
    line.setAttribute("aria-hidden", "true");
    board.addEventListener("dragstart", (event) => {
        dragged = event.target.closest("[data-card]");
        if (!dragged) return;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", title(dragged));
        dragged.classList.add("is-dragged");
    });
    board.addEventListener("dragover", (event) => {
        const target = event.target.closest("[data-bucket-column]");
        if (!dragged || !target) return;
        event.preventDefault();
        place(target).insertBefore(line, cardBelow(target, event.clientY));
    });
    board.addEventListener("drop", (event) => {
        const target = event.target.closest("[data-bucket-column]");
        if (!dragged || !target) return;
        event.preventDefault();
        const before = cardBelow(target, event.clientY);
        line.remove();
        move(dragged, target, before);
    });
    board.addEventListener("dragend", () => {
        line.remove();
        dragged?.classList.remove("is-dragged");
        dragged = null;
    });

    function cardBelow(target, y) {
        for (const card of place(target).querySelectorAll("[data-card]")) {
            if (card === dragged) continue;
            const box = card.getBoundingClientRect();
            if (y < box.top + box.height / 2) return card;
        }
        return null;
    }

    board.addEventListener("keydown", (event) => {
        const card = event.target;
        if (!card.matches?.("[data-card]")) return;
        const here = column(card.dataset.bucket);
        const siblings = [...place(here).children];
        const index = siblings.indexOf(card);
        if (!event.altKey) {
            if (event.key === "ArrowDown") siblings[index + 1]?.focus();
            else if (event.key === "ArrowUp") siblings[index - 1]?.focus();
            else if (event.key === "c" && card.dataset.bucket !== "contacted" && column("contacted")) {
                askHow(card, card.dataset.rank, { bucket: card.dataset.bucket, rank: card.dataset.rank });
            } else return;
            event.preventDefault();
            return;
        }
        const all = columns();
        const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (side) {
            const target = all[all.indexOf(here) + side];
            if (target) move(card, target, place(target).firstElementChild).then(() => card.focus());
        } else if (event.key === "ArrowUp" && index > 0) {
            move(card, here, siblings[index - 1]).then(() => card.focus());
        } else if (event.key === "ArrowDown" && index < siblings.length - 1) {
            move(card, here, siblings[index + 2] ?? null).then(() => card.focus());
        } else return;
        event.preventDefault();
    });
}

// MARK: Others

const present = new Map();
const looking = document.querySelector("[data-looking]");

function showLooking() {
    const names = [...new Set(present.values())].sort();
    const text = names.length > 1 ? `Looking: ${names.join(", ")}` : "";
    if (looking && looking.textContent !== text) looking.textContent = text;
}

let isStale = false;

/** Fetches the columns again, where nobody is in the middle of something. */
async function reload() {
    if (document.querySelector("dialog[open], .is-dragged") || board.querySelector("details[open]")) return;
    isStale = false;
    try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const focused = document.activeElement?.dataset?.card;
        for (const fresh of page.querySelectorAll("[data-bucket-column]")) {
            column(fresh.dataset.bucketColumn)?.replaceWith(fresh);
        }
        if (focused) find(focused)?.focus();
    } catch {
        // The next round tries again; what is shown stays.
    }
}

function heard(note) {
    if (note.kind === "changed") isStale = true;
    if (note.kind !== "moved") return;
    const card = find(note.entry);
    if (!card) {
        isStale = true;
        return;
    }
    if (card.dataset.rank === note.rank && card.dataset.bucket === note.bucket) return;
    if (note.entry === lastOwn && card.dataset.bucket === note.bucket) return put(card, note.bucket, note.rank);
    const [from, target] = [column(card.dataset.bucket), column(note.bucket)];
    if (from && target && from !== target) {
        addTo(from, -1, -Number(card.dataset.followers));
        addTo(target, 1, Number(card.dataset.followers));
    }
    put(card, note.bucket, note.rank);
    card.classList.add("is-moved");
    setTimeout(() => card.classList.remove("is-moved"), 1200);
}

let stop = null;

function follow() {
    if (stop || document.hidden) return;
    stop = listen(board.dataset.topic, {
        signal: heard,
        // Signals are kept nowhere: whoever was away reads the board again.
        back() { isStale = true; },
        lost() { isStale = true; },
        joined(member) { present.set(member.id, member.name); showLooking(); },
        left(member) { present.delete(member.id); showLooking(); },
    });
}

function leave() {
    stop?.();
    stop = null;
    present.clear();
}

document.addEventListener("visibilitychange", () => {
    if (document.hidden) return leave();
    isStale = true;
    follow();
});
addEventListener("pagehide", leave);
follow();
// One timer for all that is late: what changed is fetched at most every two seconds, and now and then without a word.
let quiet = 0;
setInterval(() => {
    quiet += 1;
    if (document.hidden || (!isStale && quiet < 30)) return;
    quiet = 0;
    reload();
}, 2000);
