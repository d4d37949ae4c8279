// A board that moves: new scores are put in place and rows slide to their new places.

import { watch } from "../web/watch.js";

const board = document.querySelector("[data-board][data-live-href]");
const grouped = new Intl.NumberFormat("en");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function refresh(value) {
    const rows = value.rows ?? [];
    const best = Math.max(1, ...rows.map((row) => row.score));
    const before = new Map([...board.children].map((place) => [place.dataset.id, place.getBoundingClientRect().top]));
    const known = rows.every((row) => before.has(row.id)) && rows.length === before.size;
    for (const row of rows) {
        const place = board.querySelector(`[data-id="${CSS.escape(row.id)}"]`);
        if (!place) continue;
        const old = Number(place.querySelector("[data-rank]").textContent);
        place.querySelector("[data-rank]").textContent = row.rank;
        place.querySelector("[data-score]").textContent = grouped.format(row.score);
        place.querySelector("[data-votes]").textContent = grouped.format(row.votes);
        place.querySelector("[data-bar]").setAttribute("width", String((100 * row.score) / best));
        place.classList.toggle("podium", row.rank <= 3);
        if (row.rank < old) {
            place.classList.remove("up");
            requestAnimationFrame(() => place.classList.add("up"));
        }
        board.append(place);
    }
    if (!known) {
        // A clip came or went: the page itself is drawn anew, so that markup has one home.
        location.reload();
        return;
    }
    if (!calm.matches) {
        for (const place of board.children) {
            const moved = before.get(place.dataset.id) - place.getBoundingClientRect().top;
            if (moved !== 0) place.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 420, easing: "cubic-bezier(.2,.7,.3,1)" });
        }
    }
    const leader = rows[0] && board.querySelector(`[data-id="${CSS.escape(rows[0].id)}"] .name`)?.textContent;
    const status = document.querySelector("[data-board-status]");
    if (leader && status.dataset.leader !== leader) {
        if (status.dataset.leader) status.textContent = `${leader} leads now.`;
        status.dataset.leader = leader;
    }
    const built = document.querySelector("[data-built]");
    if (built) built.textContent = "updated just now";
}

if (board) watch(board.dataset.liveHref, 1000, refresh, { part: board });
