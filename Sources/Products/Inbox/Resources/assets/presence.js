// Who looks at a thread, and who is writing.

import { signal } from "../web/realtime.js";
import { me } from "./line.js";

const leases = { typing: 6000, told: 3000, away: 30_000 };

export function startPresence(thread) {
    const { root, answer, names } = thread;
    const viewers = new Map();
    const away = new Set();
    const typists = new Map();

    function showViewers() {
        const others = [...viewers].filter(([who]) => who !== me && !away.has(who)).map(([, name]) => name);
        const place = root.querySelector("[data-viewers]");
        if (place) place.textContent = others.length === 0 ? "" : `${others.join(", ")} ${others.length === 1 ? "is" : "are"} here too`;
    }

    function showTypists() {
        const now = Date.now();
        for (const [who, until] of typists) if (until < now) typists.delete(who);
        const writing = [...typists.keys()].map(who => viewers.get(who) ?? names.get(who) ?? "A colleague");
        const text = writing.length === 0 ? "" : `${writing.join(", ")} ${writing.length === 1 ? "is" : "are"} writing an answer`;
        const place = root.querySelector("[data-typing]");
        if (place.textContent !== text) place.textContent = text;
        const lock = root.querySelector("[data-lock]");
        const isLocked = writing.length > 0 && answer.value.trim() !== "";
        if (lock.hidden === isLocked) lock.hidden = !isLocked;
        if (isLocked) lock.textContent = `${text} as well. When theirs is sent first, you are asked before yours goes out.`;
    }
    setInterval(showTypists, 1000);

    let toldAt = 0;
    function tellTyping() {
        const isTyping = answer.value.trim() !== "";
        if (isTyping && Date.now() - toldAt < leases.told) return;
        if (!isTyping && toldAt === 0) return;
        toldAt = isTyping ? Date.now() : 0;
        signal(root.dataset.topic, { typing: isTyping });
    }

    let awayTimer = 0;
    document.addEventListener("visibilitychange", () => {
        clearTimeout(awayTimer);
        if (document.hidden) awayTimer = setTimeout(() => signal(root.dataset.topic, { away: true }), leases.away);
        else signal(root.dataset.topic, { away: false });
    });

    /** What the topic of the thread says of people. */
    const hears = {
        back() { typists.clear(); },
        signal(value, from) {
            if (!from || from === me) return;
            if (value.typing) typists.set(from, Date.now() + leases.typing);
            else if (value.typing === false) typists.delete(from);
            if (value.away !== undefined) {
                if (value.away) away.add(from);
                else away.delete(from);
                showViewers();
            }
            showTypists();
        },
        joined(member) {
            viewers.set(member.id, member.name);
            names.set(member.id, member.name);
            away.delete(member.id);
            showViewers();
        },
        left(member) {
            viewers.delete(member.id);
            typists.delete(member.id);
            showViewers();
            showTypists();
        },
    };
    return { showViewers, showTypists, tellTyping, hears };
}
