// The messages before those that are shown.

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
