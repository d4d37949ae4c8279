// How far somebody has read, and what is fetched when they read on.

import { ask, bring, rowOf, setUnread } from "./line.js";

const partMax = 100;

export function startReading(thread) {
    const { id, root, list, scroll } = thread;
    const below = root.querySelector("[data-to-end]");
    const older = root.querySelector("[data-older]");
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

    /** Shows the newest fifty in the place of what is shown; what waits to be sent stays. */
    async function readAgain() {
        const { value } = await ask("GET", `/conversations/${id}/messages?limit=50`);
        if (!value) return;
        thread.isDetached = false;
        const held = [...list.querySelectorAll("[data-client]")].filter(item => !item.dataset.message);
        list.replaceChildren();
        for (const message of value.messages) thread.show(message, { isNew: false });
        list.append(...held);
        older.hidden = (value.messages[0]?.sequence ?? 1) <= 1;
        below.hidden = true;
        thread.toEnd();
        thread.refreshHead();
    }

    let isFetching = false;
    /** Asks for what is between what is shown and what there is. */
    async function readMissing() {
        if (isFetching) return;
        isFetching = true;
        for (let isMore = true; isMore;) {
            const { value } = await ask("GET", `/conversations/${id}/messages?after=${thread.last}&limit=${partMax}`);
            for (const message of value?.messages ?? []) thread.show(message);
            isMore = value?.messages.length === partMax && !thread.isDetached;
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
    older.querySelector("a")?.addEventListener("click", async event => {
        event.preventDefault();
        (await bring(() => import("./older.js")))?.readOlder(thread);
    });
    return { noticeRead, readAgain, readMissing };
}
