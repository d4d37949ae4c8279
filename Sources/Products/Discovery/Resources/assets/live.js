// A search while it runs: rows, chips and counters as they are committed.
//
// What is committed comes over the search's topic, also what was missed while the line was cut; without a line the page looks
// every five seconds. Both end when the search is over or the page is left.

import { say } from "../web/capstan.js";
import { listen, state } from "../web/realtime.js";
import { watch } from "../web/watch.js";

const root = document.querySelector("[data-search]");
const rowsMax = 60;
const badges = {
    queued: ["info", "on its way"], searching: ["info", "searching"], enriching: ["info", "reading profiles"],
    completed: ["good", "completed"], partial: ["gold", "partly failed"], failed: ["bad", "failed"], cancelled: ["plain", "cancelled"],
};
const over = new Set(["completed", "partial", "failed", "cancelled"]);

let last = Number(root.dataset.last) || 0;
let isSettled = false;
const number = new Intl.NumberFormat("en");

function short(value) {
    if (value === null || value === undefined) return "–";
    if (value < 10_000) return number.format(value);
    const [unit, suffix] = value < 1e6 ? [1e3, "K"] : value < 1e9 ? [1e6, "M"] : [1e9, "B"];
    const tenths = Math.floor((value * 10) / unit);
    return tenths >= 1000 || tenths % 10 === 0 ? `${Math.floor(tenths / 10)}${suffix}` : `${Math.floor(tenths / 10)}.${tenths % 10}${suffix}`;
}

function percent(part) {
    return part === null || part === undefined ? "–" : `${(part * 100).toFixed(1)} %`;
}

function noteOf(keyword) {
    if (keyword.state === "waiting") return "waiting";
    if (keyword.state === "running") return keyword.pages === 0 ? "asking" : `page ${keyword.pages + 1}`;
    if (keyword.reason === "targetReached") return "enough found";
    if (keyword.state === "done") return "done";
    if (keyword.state === "cancelled") return "cancelled";
    const reasons = { vendorFailed: "the source did not answer", unreadable: "the answer was unreadable", deadline: "the hour was over", dailyLimit: "the day's calls are spent" };
    return `failed: ${reasons[keyword.reason] ?? "unknown"}`;
}

function set(selector, text, within = root) {
    const part = within.querySelector(selector);
    if (part && part.textContent !== text) part.textContent = text;
}

function showStatus(status) {
    const { search, keywords } = status;
    set("[data-found]", number.format(search.creatorsFound));
    set("[data-enriched]", number.format(search.creatorsEnriched));
    set("[data-excluded]", number.format(search.creatorsExcluded));
    set("[data-summary]", status.summary);
    const progress = root.querySelector("[data-progress]");
    if (progress) progress.value = Math.min(100, (search.creatorsFound * 100) / Math.max(1, search.target));
    const [kind, label] = badges[search.state] ?? ["plain", search.state];
    const badge = root.querySelector("[data-badge] .badge");
    if (badge) {
        badge.className = `badge ${kind}${over.has(search.state) ? "" : " live"}`;
        badge.textContent = label;
    }
    for (const keyword of keywords) showKeyword(keyword, search.id);
}

function showKeyword(keyword, search) {
    const list = root.querySelector("[data-chips]");
    let chip = list.querySelector(`[data-keyword="${keyword.id}"]`);
    if (!chip) {
        const item = document.createElement("li");
        chip = document.createElement("a");
        chip.dataset.keyword = keyword.id;
        chip.href = `/discovery/searches/${search}?keyword=${keyword.ordinal}`;
        const parts = [["span", "keyword-dot", ""], ["b", "", keyword.text], ["span", "keyword-place", placeOf(keyword.platform)], ["span", "number", ""], ["span", "keyword-note", ""]];
        for (const [tag, name, text] of parts) {
            const part = document.createElement(tag);
            part.className = name;
            part.textContent = text;
            if (name === "number") part.dataset.found = "";
            if (name === "keyword-note") part.dataset.note = "";
            chip.append(part, " ");
        }
        item.append(chip);
        list.append(item);
    }
    const wasFailed = chip.classList.contains("failed");
    chip.className = `keyword ${keyword.state}`;
    set("[data-found]", number.format(keyword.found), chip);
    set("[data-note]", noteOf(keyword), chip);
    if (keyword.state === "failed" && !wasFailed) announce(`The keyword ${keyword.text} failed.`);
}

function announce(text) {
    const place = root.querySelector("[data-announce]");
    if (place) place.textContent = text;
}

// MARK: Rows

function cell(row, text, name = "") {
    const part = row.insertCell();
    part.className = name;
    part.textContent = text;
    return part;
}

function placeOf(platform) {
    return { tiktok: "TikTok", instagram: "Instagram", youtube: "YouTube" }[platform] ?? platform;
}

/** The text of a keyword by its ordinal, as its chip says it. */
function textOf(ordinal) {
    return root.querySelector(`[data-chips] a[href$="keyword=${ordinal}"] b`)?.textContent ?? "";
}

function rowOf(match) {
    const creator = match.creator;
    const row = document.createElement("tr");
    row.dataset.creator = creator.id;
    row.className = "fresh";
    const table = root.querySelector("[data-table]");
    if (table?.querySelector("th.pick")) {
        const pick = cell(row, "", "pick");
        const box = document.createElement("input");
        Object.assign(box, { type: "checkbox", name: "creators", value: creator.id, ariaLabel: `Choose ${creator.name}` });
        box.setAttribute("form", "add");
        pick.append(box);
    }
    const who = document.createElement("div");
    who.className = "who";
    if (creator.picture) {
        const picture = document.createElement("img");
        Object.assign(picture, { className: "avatar", src: creator.picture, alt: "", width: 40, height: 40, loading: "lazy" });
        who.append(picture);
    } else {
        const initials = document.createElement("span");
        initials.className = "avatar initials";
        initials.textContent = creator.name.split(" ").slice(0, 2).map((word) => word[0] ?? "").join("");
        who.append(initials);
    }
    const words = document.createElement("div");
    const link = document.createElement("a");
    link.href = `/discovery/creators/${creator.id}`;
    link.textContent = creator.name;
    const handle = document.createElement("p");
    handle.className = "small faint clip-text";
    handle.textContent = `@${creator.handle} · ${placeOf(creator.platform)}`;
    words.append(link, handle);
    who.append(words);
    cell(row, "").append(who);
    cell(row, short(creator.followers), "number").dataset.followers = "";
    cell(row, percent(creator.engagement), "number").dataset.engagement = "";
    cell(row, short(creator.medianViews), "number").dataset.views = "";
    cell(row, creator.country ?? "–");
    cell(row, creator.email ?? "unknown", creator.email ? "mail" : "mail unknown");
    cell(row, match.keywords.map(textOf).filter(Boolean).join(", "), "found-by small faint");
    return row;
}

/** Adds rows at the end of the table; the page never holds more than sixty of them. */
function addRows(rows) {
    const fresh = rows.filter((row) => row.sequence > last);
    if (fresh.length === 0) return;
    last = fresh[fresh.length - 1].sequence;
    const body = root.querySelector("[data-rows]");
    if (!body || new URLSearchParams(location.search).has("after")) return;
    root.querySelector("[data-empty]")?.remove();
    root.querySelector("[data-table]")?.removeAttribute("hidden");
    const room = rowsMax - body.rows.length;
    // A row that came while the page was made is on it, and is told as well.
    const isNew = (match) => !body.querySelector(`[data-creator="${CSS.escape(match.creator.id)}"]`);
    for (const match of fresh.filter(isNew).slice(0, Math.max(0, room))) body.append(rowOf(match));
}

function patchRows(creators) {
    for (const creator of creators) {
        const row = root.querySelector(`[data-creator="${creator.id}"]`);
        if (!row) continue;
        for (const [name, text] of [["followers", short(creator.followers)], ["engagement", percent(creator.engagement)], ["views", short(creator.medianViews)]]) {
            const part = row.querySelector(`[data-${name}]`);
            if (part && part.textContent !== text) {
                part.textContent = text;
                part.classList.remove("unknown");
            }
        }
    }
}

// MARK: The end

/** Puts the page as the server shows it now in the place of the live one, so that pages, totals and buttons are right. */
async function showAnew() {
    try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!answer.ok) return false;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const selector of [".search-head", ".progress-strip", "[data-chips]", "#results"]) {
            const [old, fresh] = [root.querySelector(selector), page.querySelector(`[data-search] ${selector}`)];
            if (old && fresh) old.replaceWith(fresh);
        }
        last = Number(page.querySelector("[data-search]")?.dataset.last) || last;
        wire();
        return true;
    } catch {
        // The live rows stay; a reload shows the same.
        return false;
    }
}

/** Ends the listening, and shows what is left when a search is over. */
async function settle() {
    if (isSettled) return;
    isSettled = true;
    stopListening?.();
    stopPolling?.();
    if (!await showAnew()) return;
    announce("The search is over.");
    say("The search is over.");
}

function receive(message) {
    if (message.rows?.length) addRows(message.rows);
    if (message.patches?.length) patchRows(message.patches);
}

function wirePicking() {
    root.querySelector("[data-pick-all]")?.addEventListener("change", (event) => {
        for (const box of root.querySelectorAll("input[name=creators]")) box.checked = event.target.checked;
    });
}

/** Wires what has been put in the place of the live page. */
function wire() {
    wirePicking();
    for (const form of root.querySelectorAll("form[data-submits-on-change]")) {
        form.addEventListener("change", () => form.requestSubmit());
    }
}

let stopPolling = null;
let stopListening = null;

function take(status) {
    showStatus(status);
    if (over.has(status.search.state)) settle();
}

/** Without a connection the page asks every five seconds, by the one timer that every page shares. */
function poll() {
    if (!isSettled) stopPolling ??= watch(root.dataset.status, 5000, take);
}

function stopAsking() {
    stopPolling?.();
    stopPolling = null;
}

let looking = 0;

/** Asks where the search stands, until it is told: what was said of that meanwhile is kept nowhere. */
async function look() {
    clearTimeout(looking);
    try {
        const answer = await fetch(root.dataset.status, { headers: { accept: "application/json" }, cache: "no-cache" });
        if (answer.ok) {
            if (!isSettled) take(await answer.json());
            return;
        }
    } catch {
        // Asked again below: of a search that is over nobody tells any more.
    }
    if (!isSettled) looking = setTimeout(look, 5000);
}

if ("live" in root.dataset) {
    stopListening = listen(`discovery/search/${root.dataset.search}`, {
        from: { epoch: root.dataset.epoch, offset: Number(root.dataset.offset) },
        message(note) {
            receive(note);
            if (note.changed) look();
        },
        signal(note, from) {
            if (from || isSettled) return;
            if (note.status) take(note.status);
            else if (note.changed) look();
        },
        back: look,
        async lost() {
            await showAnew();
            look();
        },
        refused: poll,
    });
    state(isThere => (isThere ? stopAsking() : poll()));
}

wirePicking();
