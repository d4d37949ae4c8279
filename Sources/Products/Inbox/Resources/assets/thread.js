// A thread while somebody reads and answers it: puts its parts together and listens to what happens in it.
//
// What the first look does not need comes when it is asked for: acting, canned replies, older messages.

import { listen } from "../web/realtime.js";
import { startComposing } from "./composing.js";
import { useThread } from "./keys.js";
import { bring } from "./line.js";
import { startMessages } from "./messages.js";
import { startPresence } from "./presence.js";
import { startReading } from "./reading.js";
import { startSending } from "./sending.js";

const root = document.querySelector("[data-thread]");
const address = new URLSearchParams(location.search);
const last = Number(root.dataset.last);

const thread = {
    id: root.dataset.thread, root,
    list: root.querySelector("[data-messages]"), scroll: root.querySelector("[data-scroll]"),
    form: root.querySelector("[data-composer]"), answer: root.querySelector("[data-answer]"),
    /** Names of people by their ids, as they become known. */
    names: new Map(),
    last, read: Number(root.dataset.read),
    /** What the author has had before their eyes: the guard at sending compares with it. */
    seen: last,
    /** Whether what is shown ends before the newest message. */
    isDetached: address.has("at") || address.has("before"),
    refreshHead, act,
    /** Ends with what is being done: who leaves sooner would take it back. */
    done: () => doing,
};
for (const start of [startMessages, startReading, startPresence, startSending, startComposing]) Object.assign(thread, start(thread));

let headTimer = 0;

/** Has the head be shown anew; changes that come together are one. */
function refreshHead() {
    clearTimeout(headTimer);
    headTimer = setTimeout(async () => (await bring(() => import("./head.js")))?.showHead(thread), 250);
}

let acts = null;
let doing = null;

/** Does something with the conversation, or with one of its messages, after what is being done. */
function act(name, value) {
    const before = doing;
    return doing = (async () => {
        await before;
        acts ??= (await bring(() => import("./acts.js")))?.startActs(thread) ?? null;
        await acts?.[name](value);
    })();
}

// MARK: What happens in it

let headKey = null;

listen(root.dataset.topic, {
    ...thread.hears,
    from: { epoch: root.dataset.epoch, offset: Number(root.dataset.offset) },
    message(note) {
        for (const message of note.messages ?? []) {
            if (note.kind === "message" && message.sequence > thread.last + 1 && !thread.isDetached) thread.readMissing();
            thread.show(message, { isNew: note.kind === "message" });
        }
        if (note.ids && note.delivery) thread.mark(note.ids, note.delivery);
        else if (note.ids) thread.readMissing();
        if (!note.head) return;
        const key = [note.head.state, note.head.bot, note.head.assigneeId, note.head.priority, note.head.windowEndsAt].join();
        if (key !== headKey) refreshHead();
        headKey = key;
    },
    lost: thread.readAgain,
    refused() { location.reload(); },
});

// MARK: Forms and buttons

document.addEventListener("submit", event => {
    if (!event.target.matches("[data-act], [data-withdraw], [data-retry]")) return;
    event.preventDefault();
    act("submit", event.target);
});

root.addEventListener("click", event => {
    const button = event.target.closest("[data-copy-text], [data-take-back], [data-send-again]");
    if (button) act("press", button);
});

const found = address.get("at") ? root.querySelector(`#m${CSS.escape(address.get("at"))}`) : null;
if (found) {
    found.classList.add("is-found");
    found.scrollIntoView({ block: "center" });
} else {
    thread.toEnd();
}
thread.resume();
thread.noticeRead();
useThread(thread);

// What will be asked for is fetched while nobody waits: later there may be no line, or another version behind it. Where that
// fails it is fetched when it is asked for.
setTimeout(() => import("./later.js").catch(() => {}), 2000);
