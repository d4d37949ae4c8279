// A thread while somebody reads and answers it.

import { say } from "../web/capstan.js";
import { listen, signal } from "../web/realtime.js";
import { announce, ask, isOnline, onReturn, rowOf, sayUndoable, setUnread } from "./line.js";
import { clockOf, dayOf, localise } from "./times.js";

const messagesMax = 200;
const undoSeconds = 5;
const leases = { typing: 6000, told: 3000, away: 30_000 };
const marks = {
    queued: "waiting", sending: "sending", unknown: "not certain", sent: "sent", delivered: "delivered", read: "read", failed: "failed",
};
const failures = {
    windowClosed: "The channel takes no answer so long after the customer's last message.", contactGone: "The customer is no longer on this channel.",
    blocked: "The customer does not want to be written to.", unavailable: "The customer cannot be reached on this channel.",
    outcomeUnknown: "Whether it was sent is not certain: the channel did not say.", unreachable: "The channel could not be reached.",
    tokenExpired: "The channel has to be signed in again.", tooLong: "The channel does not take a text of this length.",
};
const happenings = {
    assigned: "assigned the conversation", unassigned: "gave the conversation back", takenOver: "took over", snoozed: "put the conversation aside",
    closed: "closed the conversation", opened: "opened the conversation", prioritised: "changed the priority", moved: "changed the team",
    woken: "The conversation woke up", handedOver: "The bot handed over", customerLeft: "The customer has left the channel",
    customerReturned: "The customer is back on the channel",
};

export function startThread({ me, desk }) {
    const root = desk.querySelector("[data-thread]");
    if (!root) return null;
    const id = root.dataset.thread;
    const list = root.querySelector("[data-messages]");
    const scroll = root.querySelector("[data-scroll]");
    const form = root.querySelector("[data-composer]");
    const answer = root.querySelector("[data-answer]");
    const template = document.querySelector("[data-message-template]");
    const names = new Map();
    let last = Number(root.dataset.last);
    let read = Number(root.dataset.read);
    // What the author has had before their eyes: the guard at sending compares with it.
    let seen = last;
    let isDetached = new URLSearchParams(location.search).has("at") || new URLSearchParams(location.search).has("before");

    // MARK: Showing

    const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

    function authorOf(message) {
        if (message.role === "customer") return root.dataset.contact;
        if (message.role === "bot") return "Bot";
        if (!message.personId) return message.role === "agent" ? "In the vendor's app" : "";
        return message.personId === me ? "You" : names.get(message.personId) ?? "A colleague";
    }

    function find(message) {
        const byID = message.id && list.querySelector(`[data-message="${CSS.escape(message.id)}"]`);
        return byID || (message.clientId && list.querySelector(`[data-client="${CSS.escape(message.clientId)}"]`)) || null;
    }

    function fill(item, message) {
        const sides = { customer: "theirs", agent: "ours", bot: "ours bot", note: "note", event: "event" };
        const isGone = message.isDeleted || message.delivery === "withdrawn";
        const isFailed = message.delivery === "failed";
        item.className = `message ${sides[message.role]}${isFailed ? " is-failed" : ""}${isGone ? " is-gone" : ""}`;
        item.dataset.message = message.id ?? "";
        if (message.clientId) item.dataset.client = message.clientId;
        if (message.sequence) { item.dataset.sequence = message.sequence; item.id = `m${message.sequence}`; }
        item.dataset.iso = message.sentAt;
        if (message.role === "event") {
            const line = document.createElement("p");
            line.className = "event-line";
            const who = authorOf(message);
            const what = happenings[message.body] ?? message.body;
            line.textContent = `${/^[A-Z]/.test(what) ? what : `${who || "A rule"} ${what}`} ${clockOf(message.sentAt)}`;
            item.replaceChildren(line);
            return;
        }
        item.querySelector(".message-head b").textContent = authorOf(message);
        const time = item.querySelector("time");
        time.dateTime = message.sentAt;
        time.textContent = clockOf(message.sentAt);
        item.querySelector("[data-note]")?.toggleAttribute("hidden", message.role !== "note");
        const body = item.querySelector("[data-body]") ?? item.querySelector(".bubble").appendChild(Object.assign(document.createElement("p"), { className: "body" }));
        body.dataset.body = "";
        body.textContent = message.isDeleted ? "Deleted by the customer." : isGone ? "Taken back." : message.body;
        for (const file of item.querySelectorAll("[data-file]")) file.remove();
        for (const file of item.querySelectorAll(".bubble > .file, .bubble > .photo")) file.remove();
        if (!isGone) {
            for (const file of message.files ?? []) {
                const label = file.title ?? file.name ?? file.kind;
                const href = file.id ? `/api/inbox/files/${file.id}` : "";
                const line = document.createElement(file.id && file.kind === "image" ? "a" : "p");
                line.dataset.file = "";
                line.className = "file";
                if (line instanceof HTMLAnchorElement) {
                    line.className = "photo";
                    line.href = href;
                    line.append(Object.assign(document.createElement("img"), { src: href, alt: label, loading: "lazy" }));
                } else if (href) line.append(Object.assign(document.createElement("a"), { href, textContent: label }));
                else line.textContent = `${label} (${file.failure === "expired" ? "no longer kept" : file.failure ? "could not be fetched" : file.kind})`;
                item.querySelector(".bubble").append(line);
            }
        }
        item.querySelector("[data-edited]")?.toggleAttribute("hidden", !message.isEdited || isGone);
        const isOurs = message.role === "agent" || message.role === "bot";
        setMark(item, isOurs ? message.mark ?? marks[message.delivery] ?? "" : "");
        const back = item.querySelector("[data-take-back]");
        if (back) back.hidden = !(message.delivery === "queued" && message.personId === me && message.id);
        showFailure(item, isFailed, failures[message.failure] ?? (message.failure ? `The channel refused it (${message.failure}).` : ""));
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

    function showFailure(item, isFailed, reason) {
        let box = item.querySelector(".failed");
        if (!box && isFailed) {
            box = template.content.querySelector(".failed").cloneNode(true);
            item.append(box);
        }
        if (!box) return;
        box.hidden = !isFailed;
        if (isFailed && reason) box.querySelector("p").textContent = reason;
    }

    /** Puts a message where time and number say; a late one in its place. */
    function insert(item) {
        const key = element => [element.dataset.iso ?? "", Number(element.dataset.sequence ?? Infinity)];
        const [iso, sequence] = key(item);
        let before = null;
        for (let other = list.lastElementChild; other; other = other.previousElementSibling) {
            if (other === item || !other.dataset.iso) continue;
            const [theirs, number] = key(other);
            if (Date.parse(theirs) < Date.parse(iso) || (Date.parse(theirs) === Date.parse(iso) && number < sequence)) break;
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

    function show(message, { isNew = true } = {}) {
        if (isDetached && isNew && !find(message)) {
            root.querySelector("[data-to-end]").hidden = false;
            return;
        }
        const wasAtEnd = isAtEnd();
        let item = find(message);
        const isKnown = Boolean(item);
        item ??= template.content.firstElementChild.cloneNode(true);
        if (isKnown && item.dataset.iso && item.dataset.iso === message.sentAt) fill(item, message);
        else { fill(item, message); insert(item); }
        if (message.sequence) last = Math.max(last, message.sequence);
        trim();
        if (!isKnown && message.role === "customer") announce(`${root.dataset.contact}: ${message.body}`);
        if (wasAtEnd || message.personId === me) toEnd();
        else if (!isKnown) root.querySelector("[data-to-end]").hidden = false;
        if (message.delivery === "queued" && message.personId === me) setTimeout(() => { const back = item.querySelector("[data-take-back]"); if (back) back.hidden = true; }, undoSeconds * 1000);
        noticeRead();
    }

    // MARK: Reading

    /** What is on the screen of somebody who looks is read; what comes in the same moment has a higher number. */
    let readTimer = 0;
    function noticeRead() {
        clearTimeout(readTimer);
        readTimer = setTimeout(async () => {
            if (document.hidden || isDetached || !isAtEnd()) return;
            seen = Math.max(seen, last);
            if (last <= read) return;
            const upTo = last;
            const { value } = await ask("PUT", `/conversations/${id}/cursor`, { sequence: upTo });
            if (!value) return;
            read = value.readSequence;
            setUnread(rowOf(id), value.unread);
        }, 300);
    }
    scroll.addEventListener("scroll", () => {
        if (isAtEnd()) { root.querySelector("[data-to-end]").hidden = true; noticeRead(); }
    }, { passive: true });
    document.addEventListener("visibilitychange", noticeRead);
    addEventListener("focus", noticeRead);

    async function readAgain() {
        const { value } = await ask("GET", `/conversations/${id}/messages?limit=50`);
        if (!value) return;
        isDetached = false;
        const held = [...list.querySelectorAll("[data-client]")].filter(item => !item.dataset.message);
        list.replaceChildren();
        for (const message of value.messages) show(message, { isNew: false });
        for (const item of held) { list.append(item); }
        root.querySelector("[data-older]").hidden = (value.messages[0]?.sequence ?? 1) <= 1;
        root.querySelector("[data-to-end]").hidden = true;
        toEnd();
        refreshHead();
    }
    root.querySelector("[data-to-end]").addEventListener("click", () => (isDetached ? readAgain() : toEnd()));

    /** Asks for what is between what is shown and what there is. */
    async function readMissing() {
        const { value } = await ask("GET", `/conversations/${id}/messages?after=${last}&limit=100`);
        for (const message of value?.messages ?? []) show(message);
    }

    root.querySelector("[data-older] a")?.addEventListener("click", async event => {
        event.preventDefault();
        const first = Math.min(...[...list.querySelectorAll("[data-sequence]")].map(item => Number(item.dataset.sequence)));
        const { value } = await ask("GET", `/conversations/${id}/messages?before=${first}&limit=50`);
        if (!value) return;
        const height = scroll.scrollHeight;
        for (const message of value.messages) {
            if (find(message)) continue;
            const item = template.content.firstElementChild.cloneNode(true);
            fill(item, message);
            insert(item);
        }
        // The newest leave a full page; the button at the end brings them back.
        const items = list.querySelectorAll(".message");
        if (items.length > messagesMax) {
            for (const item of [...items].slice(messagesMax)) item.remove();
            isDetached = true;
            root.querySelector("[data-to-end]").hidden = false;
        }
        scroll.scrollTop += scroll.scrollHeight - height;
        root.querySelector("[data-older]").hidden = (value.messages[0]?.sequence ?? 1) <= 1;
    });

    // MARK: The head

    let headTimer = 0;
    let headKey = "";
    /** The server shows the head anew: what may be done follows from its state. */
    function refreshHead() {
        clearTimeout(headTimer);
        headTimer = setTimeout(async () => {
            let page;
            try {
                const answered = await fetch(location.pathname + desk.dataset.query, { headers: { accept: "text/html" } });
                if (!answered.ok) return;
                page = new DOMParser().parseFromString(await answered.text(), "text/html");
            } catch {
                return;
            }
            for (const part of [".thread-head", ".customer", ".suggestion"]) {
                const fresh = page.querySelector(part);
                const old = desk.querySelector(part);
                if (old && old.contains(document.activeElement) && part !== ".thread-head") continue;
                if (old && fresh) old.replaceWith(fresh);
                else if (old && part === ".suggestion") old.remove();
                else if (fresh && part === ".suggestion") form.before(fresh);
            }
            root.dataset.holder = page.querySelector("[data-thread]")?.dataset.holder ?? "";
            for (const input of form.querySelectorAll("[name=formToken]")) input.value = page.querySelector("[data-composer] [name=formToken]")?.value ?? input.value;
            localise(root);
            showViewers();
        }, 250);
    }

    // MARK: Who is here

    const viewers = new Map();
    const away = new Set();
    const typists = new Map();

    function showViewers() {
        const others = [...viewers].filter(([who]) => who !== me && !away.has(who)).map(([, name]) => name);
        const place = root.querySelector("[data-viewers]");
        if (place) place.textContent = others.length === 0 ? "" : `${others.join(", ")} ${others.length === 1 ? "is" : "are"} here too`;
    }

    function showTypists() {
        const now = Date.now();
        for (const [who, until] of typists) if (until < now) typists.delete(who);
        const writing = [...typists.keys()].map(who => viewers.get(who) ?? names.get(who) ?? "A colleague");
        const text = writing.length === 0 ? "" : `${writing.join(", ")} ${writing.length === 1 ? "is" : "are"} writing an answer`;
        const place = root.querySelector("[data-typing]");
        if (place.textContent !== text) place.textContent = text;
        const lock = root.querySelector("[data-lock]");
        const isLocked = writing.length > 0 && answer.value.trim() !== "";
        if (lock.hidden === isLocked) lock.hidden = !isLocked;
        if (isLocked) lock.textContent = `${text} as well. When theirs is sent first, you are asked before yours goes out.`;
    }
    setInterval(showTypists, 1000);

    let toldAt = 0;
    function tellTyping() {
        const isTyping = answer.value.trim() !== "";
        if (isTyping && Date.now() - toldAt < leases.told) return;
        if (!isTyping && toldAt === 0) return;
        toldAt = isTyping ? Date.now() : 0;
        signal(root.dataset.topic, { typing: isTyping });
    }

    let awayTimer = 0;
    document.addEventListener("visibilitychange", () => {
        clearTimeout(awayTimer);
        if (document.hidden) awayTimer = setTimeout(() => signal(root.dataset.topic, { away: true }), leases.away);
        else signal(root.dataset.topic, { away: false });
    });

    listen(root.dataset.topic, {
        from: { epoch: root.dataset.epoch, offset: Number(root.dataset.offset) },
        message(note) {
            for (const message of note.messages ?? []) {
                if (note.kind === "message" && message.sequence > last + 1 && !isDetached) readMissing();
                show(message, { isNew: note.kind === "message" });
            }
            if (note.ids && !note.messages) {
                if (!note.delivery) readMissing();
                for (const one of note.ids) {
                    const item = list.querySelector(`[data-message="${CSS.escape(one)}"]`);
                    if (item && note.delivery) setMark(item, marks[note.delivery] ?? "");
                }
            }
            if (note.head) {
                const key = [note.head.state, note.head.bot, note.head.assigneeId, note.head.priority, note.head.windowEndsAt].join();
                if (key !== headKey && headKey !== "") refreshHead();
                if (headKey === "") refreshHead();
                headKey = key;
            }
        },
        lost: readAgain,
        back() { typists.clear(); },
        signal(value, from) {
            if (!from || from === me) return;
            if (value.typing) typists.set(from, Date.now() + leases.typing);
            else if (value.typing === false) typists.delete(from);
            if (value.away !== undefined) { if (value.away) away.add(from); else away.delete(from); showViewers(); }
            showTypists();
        },
        joined(member) { viewers.set(member.id, member.name); names.set(member.id, member.name); away.delete(member.id); showViewers(); },
        left(member) { viewers.delete(member.id); typists.delete(member.id); showViewers(); showTypists(); },
        refused() { location.reload(); },
    });

    // MARK: Sending

    const held = new Map(JSON.parse(sessionStorage.getItem(`inbox.held.${id}`) ?? "[]"));

    function keepHeld() {
        try {
            sessionStorage.setItem(`inbox.held.${id}`, JSON.stringify([...held]));
        } catch {
            // What waits then lasts for this page.
        }
    }

    function begin(body, isNote) {
        const letter = { clientId: crypto.randomUUID(), body, isNote, seen, confirm: false, at: new Date().toISOString() };
        held.set(letter.clientId, letter);
        keepHeld();
        draw(letter, isOnline ? "sending" : "held");
        post(letter);
    }

    function draw(letter, mark) {
        isDetached = false;
        show({ clientId: letter.clientId, role: letter.isNote ? "note" : "agent", personId: me, body: letter.body, delivery: "", mark, sentAt: letter.at, files: [] }, { isNew: false });
    }

    async function post(letter) {
        const path = `/conversations/${id}/${letter.isNote ? "notes" : "messages"}`;
        const mentions = letter.isNote ? [...names].filter(([, name]) => letter.body.toLowerCase().includes(`@${name.toLowerCase()}`)).map(([who]) => who) : [];
        const body = letter.isNote ? { body: letter.body, clientId: letter.clientId, mentions }
            : { channelId: root.dataset.channel, body: letter.body, clientId: letter.clientId, seen: letter.seen, confirm: letter.confirm, undo: undoSeconds };
        const { value, refusal, isLost } = await ask("POST", path, body);
        const item = list.querySelector(`[data-client="${CSS.escape(letter.clientId)}"]`);
        if (isLost || refusal?.status === 503 || refusal?.status === 429) {
            if (item) setMark(item, "held");
            setTimeout(flush, 5000);
            return;
        }
        held.delete(letter.clientId);
        keepHeld();
        if (value) return show(value, { isNew: false });
        if (refusal.code === "inbox.threadMoved") return moved(letter, refusal, item);
        if (item) { setMark(item, "failed"); showFailure(item, true, refusal.detail); }
        announce(refusal.detail);
    }

    let isFlushing = false;
    /** Sends what waits, one after the other, in the order in which it was written. */
    async function flush() {
        if (isFlushing || !navigator.onLine) return;
        isFlushing = true;
        for (const letter of [...held.values()]) await post(letter);
        isFlushing = false;
    }
    onReturn(flush);
    for (const letter of held.values()) draw(letter, "held");
    if (held.size > 0) flush();

    function moved(letter, refusal, item) {
        item?.remove();
        for (const message of refusal.messages ?? []) if (!find(message)) readMissing();
        const box = root.querySelector("[data-moved]");
        box.querySelector("p").textContent = "Somebody has answered meanwhile. Read it, then send yours all the same if it is still right.";
        box.hidden = false;
        box.querySelector("[data-send-anyway]").focus();
        box.querySelector("[data-send-anyway]").onclick = () => {
            box.hidden = true;
            letter.confirm = true;
            held.set(letter.clientId, letter);
            draw(letter, "sending");
            post(letter);
            answer.focus();
        };
        box.querySelector("[data-keep]").onclick = () => {
            box.hidden = true;
            answer.value = answer.value.trim() ? `${letter.body}\n${answer.value}` : letter.body;
            keepDraft();
            answer.focus();
        };
    }

    function submit(isNote) {
        const body = answer.value.trim();
        if (!body) return answer.focus();
        begin(body, isNote);
        answer.value = "";
        tellTyping();
        clearTimeout(draftTimer);
        ask("PUT", `/conversations/${id}/draft`, { body: "" });
        root.querySelector("[data-draft-state]").textContent = "";
        answer.focus();
    }

    form.addEventListener("submit", event => {
        const button = event.submitter;
        if (button?.hasAttribute("data-schedule")) return;
        event.preventDefault();
        submit(button?.hasAttribute("data-send-note") ?? false);
    });

    // MARK: Drafts

    let draftTimer = 0;
    async function keepDraft() {
        const { isLost } = await ask("PUT", `/conversations/${id}/draft`, { body: answer.value });
        root.querySelector("[data-draft-state]").textContent = isLost ? "The draft is only on this page" : answer.value ? "Draft kept" : "";
    }
    answer.addEventListener("input", () => {
        tellTyping();
        showTypists();
        clearTimeout(draftTimer);
        draftTimer = setTimeout(keepDraft, 1500);
        suggestCanned();
    });
    addEventListener("pagehide", () => { if (answer.value) keepDraft(); });

    // MARK: Canned replies

    const canned = root.querySelector("[data-canned]");
    let choices = [];
    let chosen = 0;
    let cannedAsked = 0;

    const slash = () => /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u.exec(answer.value.slice(0, answer.selectionStart));

    async function suggestCanned() {
        const match = slash();
        if (!match) { canned.hidden = true; return; }
        const number = ++cannedAsked;
        const { value } = await ask("GET", `/replies?text=${encodeURIComponent(match[1])}`);
        if (number !== cannedAsked || !value) return;
        choices = value.replies;
        chosen = 0;
        canned.hidden = choices.length === 0;
        drawCanned();
    }

    function drawCanned() {
        canned.replaceChildren(...choices.map((reply, index) => {
            const item = document.createElement("li");
            item.id = `canned-${index}`;
            item.setAttribute("role", "option");
            item.setAttribute("aria-selected", String(index === chosen));
            item.append(Object.assign(document.createElement("b"), { textContent: `/${reply.shortcut} ` }), reply.body);
            item.addEventListener("mousedown", event => { event.preventDefault(); chosen = index; useCanned(); });
            return item;
        }));
        if (canned.hidden) answer.removeAttribute("aria-activedescendant");
        else answer.setAttribute("aria-activedescendant", `canned-${chosen}`);
    }

    async function useCanned() {
        const reply = choices[chosen];
        const match = slash();
        canned.hidden = true;
        if (!reply || !match) return;
        const start = answer.selectionStart - match[1].length - 1;
        // The server puts names into the text and counts its use; without an answer the text is taken as it is.
        const { value } = await ask("POST", `/replies/${reply.id}/uses`, { conversationId: id });
        answer.setRangeText(value?.body ?? reply.body, start, answer.selectionStart, "end");
        answer.dispatchEvent(new Event("input"));
        answer.focus();
    }

    answer.addEventListener("keydown", event => {
        if (!canned.hidden) {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step) { chosen = (chosen + step + choices.length) % choices.length; drawCanned(); event.preventDefault(); return; }
            if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); useCanned(); return; }
            if (event.key === "Escape") { canned.hidden = true; event.stopPropagation(); return; }
        }
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(event.shiftKey); }
        if (event.key === "Escape") { answer.blur(); scroll.focus(); }
    });

    // MARK: Buttons in the thread

    root.addEventListener("click", async event => {
        const item = event.target.closest(".message");
        if (!item) return;
        if (event.target.closest("[data-copy-text]")) {
            const text = item.querySelector("[data-body]")?.textContent ?? "";
            try {
                await navigator.clipboard.writeText(text);
                say("Copied.");
            } catch {
                answer.value = text;
                say("Copying is not allowed here; the text is where you write.");
            }
        }
        if (event.target.closest("[data-take-back]")) withdraw(item.dataset.message);
        if (event.target.closest("[data-send-again]")) {
            if (item.dataset.message) { const { refusal } = await ask("POST", `/messages/${item.dataset.message}/retry`); if (refusal) say(refusal.detail); }
            else {
                const body = item.querySelector("[data-body]").textContent;
                const isNote = item.classList.contains("note");
                item.remove();
                begin(body, isNote);
            }
        }
    });

    async function withdraw(message) {
        const text = list.querySelector(`[data-message="${CSS.escape(message)}"] [data-body]`)?.textContent ?? "";
        const { refusal, isLost } = await ask("DELETE", `/messages/${message}`);
        if (isLost) return say("There is no connection; it may go out.");
        if (refusal) return say(refusal.detail);
        if (!answer.value.trim()) answer.value = text;
        say("Taken back; it was not sent.");
    }

    // MARK: Acting

    async function perform(method, path, body, text, undo) {
        const { refusal, isLost } = await ask(method, path, body);
        if (isLost) return say("There is no connection; nothing was changed.");
        if (refusal) {
            say(refusal.code === "inbox.alreadyAssigned" && refusal.holder ? `${names.get(refusal.holder) ?? "Somebody else"} has it by now.` : refusal.detail);
            return refreshHead();
        }
        refreshHead();
        if (undo) sayUndoable(text, async () => { await undo(); refreshHead(); announce("Undone."); });
        else say(text);
    }

    const own = `/conversations/${id}`;
    const acts = {
        close: () => perform("POST", `${own}/closing`, null, "Closed.", () => ask("DELETE", `${own}/closing`)),
        open: () => perform("DELETE", `${own}/closing`, null, "Open again."),
        takeover: () => perform("POST", `${own}/takeover`, null, "You have it now; the bot stays silent."),
        snooze(hours = 24) {
            const until = hours > 0 ? { until: new Date(Date.now() + hours * 3_600_000).toISOString() } : {};
            return perform("POST", `${own}/snooze`, until, hours > 0 ? "Put aside." : "Put aside until the customer writes.", () => ask("DELETE", `${own}/closing`));
        },
        assign(to = me) {
            const from = root.dataset.holder;
            const whom = person => (person ? { assigneeId: person } : {});
            return perform("PUT", `${own}/assignee`, { ...whom(to), ...(from ? { from } : {}) }, to ? "Assigned." : "It is nobody's now.",
                () => ask("PUT", `${own}/assignee`, { ...whom(from), ...(to ? { from: to } : {}) }));
        },
        team: value => perform("PATCH", own, { teamId: value }, "The team is changed."),
        priority: value => perform("PATCH", own, { priority: Number(value) }, "The priority is changed."),
        async unread() {
            await ask("DELETE", `${own}/cursor?from=${Math.max(1, last)}`);
            location.assign(`/inbox${desk.dataset.query}`);
        },
    };

    document.addEventListener("submit", event => {
        const act = event.target.dataset?.act;
        if (!act || !acts[act]) return;
        event.preventDefault();
        const data = new FormData(event.target);
        const value = { snooze: () => Number(data.get("hours")), assign: () => data.get("assignee"), priority: () => data.get("priority"), team: () => data.get("teamId") }[act]?.();
        event.target.closest("details")?.removeAttribute("open");
        acts[act](value);
    });

    const found = new URLSearchParams(location.search).get("at");
    if (found) {
        const item = list.querySelector(`#m${CSS.escape(found)}`);
        item?.classList.add("is-found");
        item?.scrollIntoView({ block: "center" });
    } else {
        toEnd();
    }
    noticeRead();
    return { acts, answer, submit, withdraw, root };
}
