// Other messages than those that are shown: the ones before them, and the newest.

import { ask } from "./line.js";
import { messagesMax } from "./messages.js";

export async function readOlder(thread) {
    const { id, root, list, scroll } = thread;
    const first = Math.min(...[...list.querySelectorAll("[data-sequence]")].map(item => Number(item.dataset.sequence)));
    const { value } = await ask("GET", `/conversations/${id}/messages?before=${first}&limit=50`);
    if (!value) return;
    const height = scroll.scrollHeight;
    for (const message of value.messages) {
        if (thread.find(message)) continue;
        const item = thread.make();
        thread.fill(item, message);
        thread.insert(item);
    }
    // The newest leave a full page; the button at the end brings them back.
    const items = list.querySelectorAll(".message");
    if (items.length > messagesMax) {
        for (const item of [...items].slice(messagesMax)) item.remove();
        thread.isDetached = true;
        root.querySelector("[data-to-end]").hidden = false;
    }
    scroll.scrollTop += scroll.scrollHeight - height;
    root.querySelector("[data-older]").hidden = (value.messages[0]?.sequence ?? 1) <= 1;
}

/** Shows the newest fifty in the place of what is shown; what waits to be sent stays. */
export async function readNewest(thread) {
    const { id, root, list } = thread;
    const { value } = await ask("GET", `/conversations/${id}/messages?limit=50`);
    if (!value) return;
    thread.isDetached = false;
    const held = [...list.querySelectorAll("[data-client]")].filter(item => !item.dataset.message);
    list.replaceChildren();
    for (const message of value.messages) thread.show(message, { isNew: false });
    list.append(...held);
    root.querySelector("[data-older]").hidden = (value.messages[0]?.sequence ?? 1) <= 1;
    root.querySelector("[data-to-end]").hidden = true;
    thread.toEnd();
    thread.refreshHead();
}
