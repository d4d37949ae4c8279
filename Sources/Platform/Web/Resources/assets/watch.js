// Polite polling.

import { learnTime, onBeat, serverNow } from "./beat.js";

/**
 * Asks an address again and again with its validator and hands each new value on.
 *
 * At most one request is under way. The pause doubles up to a minute while the server fails, nothing is asked while the
 * page is hidden, it comes back at once when the page is shown again, and it ends with the `part` it is for.
 */
export function watch(address, everyMilliseconds, receive, { fail = () => {}, part = null } = {}) {
    const slowest = 60_000;
    // Beats come a little early or late; a pause of a second is one beat.
    const early = 250;
    let tag = null;
    let pause = everyMilliseconds;
    let dueAt = performance.now() + pause;
    let isAsking = false;

    async function ask() {
        isAsking = true;
        try {
            const headers = { accept: "application/json" };
            if (tag) headers["if-none-match"] = tag;
            const answer = await fetch(address, { headers, cache: "no-cache" });
            const date = Date.parse(answer.headers.get("date") ?? "");
            if (Number.isFinite(date) && Math.abs(date - serverNow()) > 2000) learnTime(date);
            if (answer.ok) {
                const fresh = answer.headers.get("etag");
                const known = fresh !== null && fresh === tag;
                tag = fresh;
                pause = everyMilliseconds;
                if (!known) receive(await answer.json());
            } else if (answer.status !== 304) {
                const wait = Number(answer.headers.get("retry-after")) * 1000;
                pause = Math.min(slowest, Math.max(pause * 2, wait || 0));
                fail(answer.status);
            }
        } catch {
            pause = Math.min(slowest, pause * 2);
            fail(0);
        }
        dueAt = performance.now() + pause;
        isAsking = false;
    }

    return onBeat(() => {
        if (!isAsking && performance.now() >= dueAt - early) ask();
    }, part);
}
