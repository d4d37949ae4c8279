// The messages of a thread on the page: as the server says, each where its time puts it, never more than two hundred.

import { announce, bring, me } from "./line.js";
import { clockOf, dayOf } from "./times.js";

export const messagesMax = 200;
export const undoSeconds = 5;

const marks = {
    queued: "waiting", sending: "sending", unknown: "not certain", sent: "sent", delivered: "delivered", read: "read", failed: "failed",
};
const sides = { customer: "theirs", agent: "ours", bot: "ours bot", note: "note", event: "event" };

/** Has the module for what few messages have do its part. */
async function details(show) {
    const said = await bring(() => import("./details.js"));
    if (said) show(said);
}

export function startMessages(thread) {
    const { root, list, scroll } = thread;
    const template = document.querySelector("[data-message-template]");

    const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
    const make = () => template.content.firstElementChild.cloneNode(true);

    function authorOf(message) {
        if (message.role === "customer") return root.dataset.contact;
        if (message.role === "bot") return "Bot";
        if (!message.personId) return message.role === "agent" ? "In the vendor's app" : "";
        return message.personId === me ? "You" : thread.names.get(message.personId) ?? "A colleague";
    }

    function find(message) {
        const byID = message.id && list.querySelector(`[data-message="${CSS.escape(message.id)}"]`);
        return byID || (message.clientId && list.querySelector(`[data-client="${CSS.escape(message.clientId)}"]`)) || null;
    }

    // MARK: One message

    function fill(item, message) {
        const isGone = message.isDeleted || message.delivery === "withdrawn";
        const isFailed = message.delivery === "failed";
        item.className = `message ${sides[message.role]}${isFailed ? " is-failed" : ""}${isGone ? " is-gone" : ""}`;
        item.dataset.message = message.id ?? "";
        if (message.clientId) item.dataset.client = message.clientId;
        if (message.sequence) { item.dataset.sequence = message.sequence; item.id = `m${message.sequence}`; }
        item.dataset.iso = message.sentAt;
        if (message.role === "event") return details(said => said.showEvent(item, message, authorOf(message)));
        item.querySelector(".message-head b").textContent = authorOf(message);
        const time = item.querySelector("time");
        time.dateTime = message.sentAt;
        time.textContent = clockOf(message.sentAt);
        item.querySelector("[data-note]")?.toggleAttribute("hidden", message.role !== "note");
        const body = item.querySelector("[data-body]") ?? item.querySelector(".bubble").appendChild(Object.assign(document.createElement("p"), { className: "body" }));
        body.dataset.body = "";
        body.textContent = message.isDeleted ? "Deleted by the customer." : isGone ? "Taken back." : message.body;
        item.querySelector("[data-edited]")?.toggleAttribute("hidden", !message.isEdited || isGone);
        const isOurs = message.role === "agent" || message.role === "bot";
        setMark(item, isOurs ? message.mark ?? marks[message.delivery] ?? "" : "");
        const back = item.querySelector("[data-take-back]");
        if (back) back.hidden = !(message.delivery === "queued" && message.personId === me && message.id);
        item.querySelector(".failed")?.toggleAttribute("hidden", !isFailed);
        if (isFailed) details(said => said.showFailure(item, message.failure));
        const files = isGone ? [] : message.files ?? [];
        if (files.length > 0 || item.querySelector(".file, .photo")) details(said => said.showFiles(item, files));
    }

    function setMark(item, mark) {
        let place = item.querySelector("[data-mark]");
        if (!place) {
            place = Object.assign(document.createElement("span"), { className: "mark" });
            item.querySelector(".message-foot")?.prepend(place);
        }
        place.dataset.mark = mark;
        place.textContent = mark === "held" ? "waits for the connection" : mark;
    }

    /** Shows how far messages have come. */
    function mark(ids, delivery) {
        for (const id of ids) {
            const item = find({ id });
            if (item) setMark(item, marks[delivery] ?? "");
        }
    }

    // MARK: Their order

    /** Puts a message where time and number say; a late one in its place. */
    function insert(item) {
        const key = element => [Date.parse(element.dataset.iso), Number(element.dataset.sequence ?? Infinity)];
        const [time, sequence] = key(item);
        let before = null;
        for (let other = list.lastElementChild; other; other = other.previousElementSibling) {
            if (other === item || !other.dataset.iso) continue;
            const [theirs, number] = key(other);
            if (theirs < time || (theirs === time && number < sequence)) break;
            before = other;
        }
        list.insertBefore(item, before);
        day(item);
        // A day from which its last message has moved away has nothing to say.
        for (const line of list.querySelectorAll(".day")) {
            if (!line.nextElementSibling || line.nextElementSibling.classList.contains("day")) line.remove();
        }
    }

    function day(item) {
        let former = item.previousElementSibling;
        while (former && !former.dataset.iso) former = former.previousElementSibling;
        if (former && new Date(former.dataset.iso).toDateString() === new Date(item.dataset.iso).toDateString()) return;
        if (item.previousElementSibling?.classList.contains("day")) return;
        const line = document.createElement("li");
        line.className = "day";
        line.append(Object.assign(document.createElement("span"), { textContent: dayOf(item.dataset.iso) }));
        list.insertBefore(line, item);
    }

    function trim() {
        const items = list.querySelectorAll(".message");
        if (items.length <= messagesMax) return;
        for (const item of [...items].slice(0, items.length - messagesMax)) item.remove();
        while (list.firstElementChild?.classList.contains("day") && list.children[1]?.classList.contains("day")) list.firstElementChild.remove();
        root.querySelector("[data-older]").hidden = false;
    }

    /** Shows a message, wherever it belongs; `isNew` for one that has just come. */
    function show(message, { isNew = true } = {}) {
        const below = root.querySelector("[data-to-end]");
        if (thread.isDetached && isNew && !find(message)) {
            below.hidden = false;
            return;
        }
        const wasAtEnd = isAtEnd();
        let item = find(message);
        const isKnown = Boolean(item);
        item ??= make();
        const isInPlace = isKnown && item.dataset.iso === message.sentAt;
        fill(item, message);
        if (!isInPlace) insert(item);
        if (message.sequence) thread.last = Math.max(thread.last, message.sequence);
        trim();
        if (!isKnown && message.role === "customer") announce(`${root.dataset.contact}: ${message.body}`);
        if (wasAtEnd || message.personId === me) toEnd();
        else if (!isKnown) below.hidden = false;
        if (message.delivery === "queued" && message.personId === me) {
            setTimeout(() => { const back = item.querySelector("[data-take-back]"); if (back) back.hidden = true; }, undoSeconds * 1000);
        }
        thread.noticeRead();
    }

    return { isAtEnd, toEnd, make, find, fill, setMark, mark, insert, show };
}
