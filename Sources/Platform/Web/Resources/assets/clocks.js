// Clocks that run down to a moment of the server's.

import { onBeat, serverNow } from "./beat.js";

function spell(milliseconds) {
    const total = Math.max(0, Math.ceil(milliseconds / 1000));
    const days = Math.floor(total / 86400);
    const parts = [Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60, total % 60];
    const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
    return days > 0 ? `${days} d ${clock}` : clock;
}

/** The state of a slot's clock at a moment: open, frozen or over, and what is left of it. */
export function clockState(now, freezesAt, closesAt) {
    if (freezesAt && now < freezesAt) return { state: "open", left: freezesAt - now };
    if (now < closesAt) return { state: freezesAt ? "frozen" : "open", left: closesAt - now };
    return { state: "over", left: 0 };
}

function tick() {
    const now = serverNow();
    for (const clock of document.querySelectorAll("[data-closes]")) {
        const { state, left } = clockState(now, Number(clock.dataset.freezes), Number(clock.dataset.closes));
        const digits = clock.querySelector("[data-digits]");
        if (digits) digits.textContent = spell(left);
        if (clock.dataset.state !== state) {
            clock.dataset.state = state;
            for (const part of clock.querySelectorAll("[data-in]")) part.toggleAttribute("hidden", part.dataset.in !== state);
            clock.dispatchEvent(new CustomEvent("clock", { bubbles: true, detail: { state } }));
            // Everybody waits for the same moment; not everybody comes in the same second.
            if (state === "over" && clock.hasAttribute("data-leads-on")) setTimeout(() => location.reload(), 2000 + 6000 * Math.random());
        }
    }
}

tick();
onBeat(tick);
