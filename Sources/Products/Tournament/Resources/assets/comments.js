// Comments below a clip, kept fresh: a fingerprint is asked for every few seconds, the comments when it has changed.

import { watch } from "../web/watch.js";

const section = document.querySelector("[data-comments]");

if (section) {
    const thread = section.querySelector("[data-comments-thread]");
    const offer = section.querySelector("[data-comments-offer]");
    const status = section.querySelector("[data-comments-status]");
    let isFetching = false;

    /** Whether somebody reads or writes among the comments, whom a change would disturb. */
    const isBusy = () => thread.contains(document.activeElement) || thread.querySelector("details[open]") !== null || thread.getBoundingClientRect().top < 0;

    async function renew(version) {
        if (isFetching) return;
        isFetching = true;
        try {
            const answer = await fetch(section.dataset.live, { headers: { accept: "text/html" } });
            if (!answer.ok) return;
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.querySelector("[data-comments]");
            if (!fresh) return;
            thread.replaceChildren(...fresh.querySelector("[data-comments-thread]").childNodes);
            const heading = fresh.querySelector("[data-comments-heading]").textContent;
            section.querySelector("[data-comments-heading]").textContent = heading;
            section.dataset.version = fresh.dataset.version || version;
            offer.hidden = true;
            status.textContent = `${heading}, renewed.`;
        } catch {
            // The next change tries again; the old comments stay on the page.
        } finally {
            isFetching = false;
        }
    }

    offer.querySelector("button").addEventListener("click", () => {
        renew(offer.dataset.version).then(() => section.querySelector("[data-comments-heading]").scrollIntoView({ block: "nearest" }));
    });
    watch(section.dataset.pulse, 3000, (value) => {
        if (value.version === section.dataset.version) return;
        if (isBusy()) {
            offer.dataset.version = value.version;
            offer.hidden = false;
        } else renew(value.version);
    }, { part: section });
}
