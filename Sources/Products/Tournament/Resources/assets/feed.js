// The feed: plays what is on screen, loads the next two, votes without leaving the film, keeps the totals fresh.

import { say } from "../web/capstan.js";
import { chooseRendition } from "../web/films.js";
import { watch } from "../web/watch.js";

const reel = document.querySelector("[data-reel]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const shots = () => [...reel.querySelectorAll(".shot")];
let current = null;
// Where a step is scrolling to: keys that come before it is reached count from there.
let aim = null;
let isPausedByHand = calm.matches;

// MARK: Playing

function play(shot) {
    const all = shots();
    const position = all.indexOf(shot);
    for (const [index, other] of all.entries()) {
        const film = other.querySelector("video");
        if (!film) continue;
        if (other === shot) {
            film.preload = "auto";
            if (!isPausedByHand) film.play().catch(() => { film.controls = true; });
        } else {
            film.pause();
            if (index > position && index <= position + 2) film.preload = "auto";
        }
    }
    current = shot;
    if (shot === aim) aim = null;
    seen(shot);
    if (position >= all.length - 3) more();
}

const looking = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.intersectionRatio > 0.6 && entry.target !== current) play(entry.target);
}, { root: reel, threshold: [0.6] });

function adopt(shot) {
    const film = shot.querySelector("video");
    if (film) {
        chooseRendition(film);
        film.controls = false;
        film.tabIndex = -1;
        film.addEventListener("click", togglePlay);
        film.addEventListener("error", () => { film.controls = false; }, true);
    }
    for (const form of shot.querySelectorAll("[data-votes]")) bind(form);
    for (const link of shot.querySelectorAll("[data-step]")) {
        link.addEventListener("click", (event) => {
            event.preventDefault();
            step(Number(link.dataset.step));
        });
    }
    looking.observe(shot);
}

function step(by) {
    const all = shots();
    const next = all[all.indexOf(aim ?? current) + by];
    if (!next) return;
    aim = next;
    next.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
}

function togglePlay() {
    const film = current?.querySelector("video");
    if (!film) return;
    isPausedByHand = !film.paused;
    if (film.paused) film.play().catch(() => {});
    else film.pause();
}

// MARK: Views, counted by the server once a film ran for two seconds

const unsent = new Set();
let viewTimer = null;

function seen(shot) {
    clearTimeout(viewTimer);
    const token = shot.dataset.view;
    const film = shot.querySelector("video");
    if (!token || !film || !reel.dataset.viewsHref) return;
    viewTimer = setTimeout(() => {
        if (shot === current && !film.paused) {
            unsent.add(token);
            delete shot.dataset.view;
            if (unsent.size >= 5) sendViews();
        }
    }, 2200);
}

function sendViews() {
    if (unsent.size === 0) return;
    const body = JSON.stringify({ tokens: [...unsent].slice(0, 20) });
    unsent.clear();
    fetch(reel.dataset.viewsHref, { method: "POST", body, headers: { "content-type": "application/json" }, keepalive: true }).catch(() => {});
}

document.addEventListener("visibilitychange", () => { if (document.hidden) sendViews(); });

// MARK: Votes

const weights = { normal: 1, super: 3, mega: 10 };
const names = { normal: "a vote", super: "a super vote", mega: "a mega vote" };
const failures = {
    "tournament.alreadyVoted": "You have already voted for this clip.",
    "tournament.dailyLimit": "Today’s votes are used up. New ones come at midnight.",
    "tournament.superSpent": "Your super vote of this slot is spent. Take it back elsewhere to use it here.",
    "tournament.megaSpent": "Your mega vote of this slot is spent. Take it back elsewhere to use it here.",
    "tournament.ownClip": "This clip is yours; others decide about it.",
    "tournament.slotClosed": "The slot has closed.",
    "tournament.votingFrozen": "Votes are frozen; the count begins in a moment.",
    "tournament.clipNotFound": "This clip is no longer in the slot.",
    "tournament.noVote": "There is no vote of yours on this clip any more.",
};

function note(form, text, bad = false) {
    const line = form.querySelector("[data-vote-note]");
    line.textContent = text;
    line.classList.toggle("bad", bad);
}

export function showAllowance(allowance) {
    if (!allowance) return;
    for (const part of document.querySelectorAll("[data-weight-left]")) part.textContent = allowance.left;
    for (const part of document.querySelectorAll("[data-weight-meter]")) part.value = allowance.left;
    for (const [kind, left] of Object.entries({ normal: allowance.left, super: allowance.superLeft, mega: allowance.megaLeft })) {
        if (left === undefined) continue;
        for (const part of document.querySelectorAll(`[data-left="${kind}"]`)) {
            part.textContent = `${left} left`;
            part.closest("button").disabled = left <= 0 || allowance.left < weights[kind];
        }
    }
}

function showGiven(form, kind) {
    form.querySelector("[data-kinds]").hidden = Boolean(kind);
    form.querySelector("[data-given-row]").hidden = !kind;
    if (kind) {
        form.dataset.given = kind;
        form.querySelector("[data-given-text]").textContent = `You gave ${names[kind]} (+${weights[kind]}).`;
    } else {
        delete form.dataset.given;
    }
}

function shift(form, votes, score) {
    const shot = form.closest("[data-clip]:not(form)");
    for (const [name, by] of [["count", votes], ["score", score]]) {
        const part = shot?.querySelector(`[data-${name}]`);
        if (part) put(part, Number(part.textContent.replace(/\D/g, "")) + by);
    }
}

const grouped = new Intl.NumberFormat("en");

function put(part, number) {
    const text = grouped.format(number);
    if (part.textContent === text) return;
    part.textContent = text;
    part.classList.remove("moved");
    requestAnimationFrame(() => part.classList.add("moved"));
}

async function send(form, kind) {
    if (form.dataset.busy) return;
    if (!navigator.onLine) {
        note(form, "You are offline. Votes are not kept for later; vote again when you are back.", true);
        return;
    }
    const given = form.dataset.given;
    const withdraws = kind === "withdraw";
    if (withdraws !== Boolean(given)) return;
    form.dataset.busy = "yes";
    const home = reel ?? form.closest("[data-votes-href]");
    const votes = home.dataset.votesHref;
    const headers = { accept: "application/json", "x-form-token": form.elements.formToken.value };
    try {
        const answer = withdraws
            ? await fetch(`${votes}/${form.dataset.clip}`, { method: "DELETE", headers })
            : await fetch(votes, {
                method: "POST",
                headers: { ...headers, "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
                body: JSON.stringify({ clipId: form.dataset.clip, kind }),
            });
        const value = answer.status === 204 ? {} : await answer.json();
        if (answer.ok) {
            showGiven(form, withdraws ? null : kind);
            shift(form, withdraws ? -1 : 1, withdraws ? -weights[given] : weights[kind]);
            note(form, withdraws ? "Taken back; what it cost is yours again." : "Counted. Thank you.");
            showAllowance(value.allowance ?? value);
            form.querySelector(withdraws ? "[data-kinds] button" : "[data-given-row] button")?.focus({ preventScroll: true });
        } else if (value.code === "tournament.captchaRequired") {
            location.assign(`/tournament/captcha?clip=${form.dataset.clip}`);
        } else {
            const wait = Number(answer.headers.get("retry-after"));
            const known = failures[value.code];
            note(form, known ?? (answer.status === 429 ? `That was quick. Try again in ${wait || 60} s.` : value.detail ?? "The vote was not counted. Try again."), true);
            if (value.code === "tournament.alreadyVoted") showGiven(form, value.kind ?? "normal");
        }
    } catch {
        note(form, "The server did not answer, so the vote may not be counted. Look again in a moment.", true);
    } finally {
        delete form.dataset.busy;
    }
}

function bind(form) {
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form, event.submitter?.value ?? "normal");
    });
}

// MARK: More clips

let isFetching = false;

async function more() {
    const link = reel.querySelector("[data-more]");
    if (isFetching || !link) return;
    isFetching = true;
    try {
        const answer = await fetch(link.href, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const known = new Set(shots().map((shot) => shot.id));
        const end = reel.querySelector(".shot.end");
        let added = 0;
        for (const shot of page.querySelectorAll(".shot[data-clip]")) {
            if (known.has(shot.id)) continue;
            const fresh = document.adoptNode(shot);
            end.before(fresh);
            adopt(fresh);
            added += 1;
        }
        const next = page.querySelector("[data-more]");
        if (next) link.href = next.getAttribute("href");
        // What lies far behind is given back, so that an evening's watching does not fill the memory.
        const all = shots();
        for (const old of all.slice(0, Math.max(0, all.indexOf(current) - 15))) old.remove();
        if (added > 0) say(`${added} more clips.`, 2);
    } catch {
        // The link at the end still works.
    } finally {
        isFetching = false;
    }
}

// MARK: Keys

function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const form = (aim ?? current ?? document).querySelector("[data-votes]");
    const kind = { 1: "normal", 2: "super", 3: "mega", w: "withdraw", W: "withdraw" }[event.key];
    if (kind && form) {
        event.preventDefault();
        const button = form.querySelector(`button[value="${kind}"]`);
        if (button && !button.matches(":disabled")) send(form, kind);
        else if (kind !== "withdraw") note(form, "Nothing of this kind is left.", true);
        return;
    }
    if (!reel) return;
    switch (event.key) {
    case "ArrowDown": case "j": case "PageDown": event.preventDefault(); step(1); break;
    case "ArrowUp": case "k": case "PageUp": event.preventDefault(); step(-1); break;
    case " ":
        if (event.target.closest("button, a, summary")) return;
        event.preventDefault();
        togglePlay();
        break;
    default:
    }
}

document.addEventListener("keydown", onKey);
document.addEventListener("clock", (event) => {
    if (event.detail.state === "open") return;
    for (const set of document.querySelectorAll("[data-votes] fieldset")) set.disabled = true;
    if (event.detail.state === "over") say("The slot has closed; the votes are being counted.");
});

// MARK: Start

if (reel) {
    for (const shot of shots()) adopt(shot);
    for (const end of ["scrollend", "wheel", "touchstart"]) reel.addEventListener(end, () => { aim = null; }, { passive: true });
} else {
    for (const form of document.querySelectorAll("[data-votes]")) bind(form);
}

const totals = (reel ?? document.querySelector("[data-totals]"))?.dataset.totals;
if (totals) {
    watch(totals, 1000, (value) => {
        for (const clip of value.clips ?? value.rows ?? []) {
            const shot = document.querySelector(`[data-clip="${CSS.escape(clip.id)}"]:not(form)`);
            if (!shot) continue;
            for (const [name, number] of [["score", clip.score], ["count", clip.votes], ["rank", clip.rank]]) {
                const part = shot.querySelector(`[data-${name}]`);
                if (part && Number.isFinite(number)) put(part, number);
            }
        }
    }, { part: document.querySelector("[data-totals]") });
}
