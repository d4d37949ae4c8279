// What stands around the messages, shown anew by the server: what may be done follows from the conversation's state.

import { desk } from "./line.js";
import { localise } from "./times.js";

export async function showHead(thread) {
    const { root, form } = thread;
    let page;
    try {
        const answered = await fetch(location.pathname + desk.dataset.query, { headers: { accept: "text/html" } });
        if (!answered.ok) return;
        page = new DOMParser().parseFromString(await answered.text(), "text/html");
    } catch {
        // The old one stays; the next change shows it anew.
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
    const token = page.querySelector("[data-composer] [name=formToken]")?.value;
    for (const input of form.querySelectorAll("[name=formToken]")) input.value = token ?? input.value;
    localise(root);
    thread.showViewers();
}
