// Parts of a page that are shown anew every few seconds.

import { onBeat } from "./beat.js";

for (const refresh of document.querySelectorAll("[data-refresh]")) {
    // A part that is replaced by the same part of the page, fetched again: tables of the console.
    const seconds = Math.max(1, Number(refresh.dataset.refresh) || 5);
    let left = seconds;
    onBeat(async () => {
        left -= 1;
        if (left > 0 || refresh.contains(document.activeElement)) return;
        left = seconds;
        try {
            const answer = await fetch(location.href, { headers: { accept: "text/html" } });
            if (!answer.ok) return;
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.getElementById(refresh.id);
            if (fresh) refresh.replaceChildren(...fresh.childNodes);
        } catch {
            // The next round tries again; the old numbers stay on the page.
        }
    }, refresh);
}
