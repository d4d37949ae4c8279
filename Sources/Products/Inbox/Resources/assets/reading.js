// How far somebody has read, and what is fetched when they read on.

import { ask, bring, rowOf, setUnread } from "./line.js";

const partMax = 100;

export function startReading(thread) {
    const { id, root, scroll } = thread;
    const below = root.querySelector("[data-to-end]");
    let timer = 0;

    /** What is on the screen of somebody who looks is read; what comes in the same moment has a higher number. */
    function noticeRead() {
        clearTimeout(timer);
        timer = setTimeout(async () => {
            if (document.hidden || thread.isDetached || !thread.isAtEnd()) return;
            thread.seen = Math.max(thread.seen, thread.last);
            if (thread.last <= thread.read) return;
            const { value } = await ask("PUT", `/conversations/${id}/cursor`, { sequence: thread.last });
            if (!value) return;
            thread.read = value.readSequence;
            setUnread(rowOf(id), value.unread);
        }, 300);
    }

    /** Shows the newest messages in the place of what is shown. */
    const readAgain = async () => (await bring(() => import("./older.js")))?.readNewest(thread);

    let isFetching = false;
    let missing = Infinity;
    /** Asks for what is behind what is shown, and then for what was missed meanwhile. */
    async function readMissing() {
        missing = Math.min(missing, thread.last);
        if (isFetching) return;
        isFetching = true;
        while (missing < Infinity) {
            const after = missing;
            missing = Infinity;
            const { value } = await ask("GET", `/conversations/${id}/messages?after=${after}&limit=${partMax}`);
            const messages = value?.messages ?? [];
            for (const message of messages) thread.show(message);
            if (messages.length === partMax && !thread.isDetached) missing = Math.min(missing, messages.at(-1).sequence);
        }
        isFetching = false;
    }

    scroll.addEventListener("scroll", () => {
        if (!thread.isAtEnd()) return;
        below.hidden = !thread.isDetached;
        noticeRead();
    }, { passive: true });
    document.addEventListener("visibilitychange", noticeRead);
    addEventListener("focus", noticeRead);
    below.addEventListener("click", () => (thread.isDetached ? readAgain() : thread.toEnd()));
    root.querySelector("[data-older] a")?.addEventListener("click", async event => {
        event.preventDefault();
        (await bring(() => import("./older.js")))?.readOlder(thread);
    });
    return { noticeRead, readAgain, readMissing };
}
