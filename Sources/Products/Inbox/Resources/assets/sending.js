// What was written goes out in the order in which it was written, and waits for the connection where there is none.

import { announce, ask, bring, isOnline, me, onConnection } from "./line.js";
import { undoSeconds } from "./messages.js";

const pause = 5000;

export function startSending(thread) {
    const { id, root, list, names } = thread;
    const key = `inbox.held.${id}`;
    const held = new Map(JSON.parse(sessionStorage.getItem(key) ?? "[]"));

    const itemOf = letter => list.querySelector(`[data-client="${CSS.escape(letter.clientId)}"]`);

    function keepHeld() {
        try {
            sessionStorage.setItem(key, JSON.stringify([...held]));
        } catch {
            // What waits then lasts for this page.
        }
    }

    function draw(letter, mark) {
        thread.isDetached = false;
        const role = letter.isNote ? "note" : "agent";
        thread.show({ clientId: letter.clientId, role, personId: me, body: letter.body, delivery: "", mark, sentAt: letter.at, files: [] }, { isNew: false });
    }

    function put(letter) {
        held.set(letter.clientId, letter);
        keepHeld();
        draw(letter, isOnline ? "sending" : "held");
        flush();
    }

    function begin(body, isNote) {
        put({ clientId: crypto.randomUUID(), body, isNote, seen: thread.seen, confirm: false, at: new Date().toISOString() });
    }

    /** Sends one; `false` when it is to be tried again. */
    async function post(letter) {
        const said = letter.body.toLowerCase();
        const mentions = letter.isNote ? [...names].filter(([, name]) => said.includes(`@${name.toLowerCase()}`)).map(([who]) => who) : [];
        const body = letter.isNote ? { body: letter.body, clientId: letter.clientId, mentions }
            : { channelId: root.dataset.channel, body: letter.body, clientId: letter.clientId, seen: letter.seen, confirm: letter.confirm, undo: undoSeconds };
        const { value, refusal, isLost } = await ask("POST", `/conversations/${id}/${letter.isNote ? "notes" : "messages"}`, body);
        const item = itemOf(letter);
        // Who wrote it decides; until they can be asked it is kept.
        const isMoved = refusal?.code === "inbox.threadMoved";
        const moved = isMoved ? await bring(() => import("./moved.js")) : null;
        if (isLost || refusal?.status === 503 || refusal?.status === 429 || (isMoved && !moved)) {
            if (item) thread.setMark(item, "held");
            return false;
        }
        held.delete(letter.clientId);
        keepHeld();
        if (value) {
            thread.show(value, { isNew: false });
            if (value.delivery === "queued") offerUndo(value.id);
        } else if (isMoved) {
            item?.remove();
            if ((refusal.messages ?? []).some(message => !thread.find(message))) thread.readMissing();
            moved.askWhether(thread, letter, put);
        } else {
            if (item) {
                thread.setMark(item, "failed");
                (await bring(() => import("./details.js")))?.showFailure(item, refusal.code, refusal.detail);
            }
            announce(refusal.detail);
        }
        return true;
    }

    async function offerUndo(message) {
        const made = await bring(() => import("./undo.js"));
        made?.sayUndoable(`It goes out in ${undoSeconds} seconds.`, () => thread.act("withdraw", message), undoSeconds);
    }

    let isFlushing = false;
    let timer = 0;
    /** Sends what waits, one after the other; those behind one that cannot be sent wait as well. */
    async function flush() {
        if (isFlushing || held.size === 0) return;
        isFlushing = true;
        clearTimeout(timer);
        let goesOn = navigator.onLine;
        while (goesOn && held.size > 0) goesOn = await post(held.values().next().value);
        isFlushing = false;
        if (held.size > 0) {
            showWaiting();
            timer = setTimeout(flush, pause);
        }
    }

    function showWaiting() {
        for (const letter of held.values()) {
            const item = itemOf(letter);
            if (item) thread.setMark(item, "held");
        }
    }

    onConnection(isThere => (isThere ? flush() : showWaiting()));
    return {
        begin,
        /** Goes on with what waited when the page was left. */
        resume() {
            for (const letter of held.values()) draw(letter, "held");
            flush();
        },
    };
}
