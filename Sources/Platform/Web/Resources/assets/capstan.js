// What every page shares: the theme, clocks against the server's time, one beat, polite polling,
// the choice of renditions, short messages.

/** Server time minus the browser's time, in milliseconds. */
let skew = 0;

/** The time on the server, in milliseconds since 1970, whatever this device's clock says. */
export function serverNow() {
    return Date.now() + skew;
}

/** Takes the server's time from an answer or from the page itself. */
export function learnTime(milliseconds) {
    if (Number.isFinite(milliseconds) && milliseconds > 0) skew = milliseconds - Date.now();
}

learnTime(Number(document.body.dataset.now));

// MARK: Theme

function currentTheme() {
    const chosen = document.documentElement.dataset.theme;
    if (chosen) return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function showTheme(button) {
    const dark = currentTheme() === "dark";
    button.setAttribute("aria-pressed", String(dark));
    for (const icon of button.querySelectorAll("[data-when]")) icon.toggleAttribute("hidden", (icon.dataset.when === "dark") !== dark);
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    showTheme(button);
    button.addEventListener("click", () => {
        const theme = currentTheme() === "dark" ? "light" : "dark";
        document.documentElement.dataset.theme = theme;
        try {
            localStorage.setItem("theme", theme);
        } catch {
            // The choice then lasts for this page.
        }
        showTheme(button);
    });
}

// MARK: Messages

/** Shows a short message and has it read out; the text is set as text, never as markup. */
export function say(text, seconds = 5) {
    const place = document.querySelector("[data-toast]");
    if (!place) return;
    const line = document.createElement("p");
    line.textContent = text;
    place.replaceChildren(line);
    setTimeout(() => line.remove(), seconds * 1000);
}

// MARK: Clocks

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

// MARK: The beat: one timer for everything on a page that goes on by itself

const works = new Set();
let beat = null;

function strike() {
    for (const work of [...works]) {
        if (work.part?.isConnected === false) works.delete(work);
        else work.run();
    }
    setBeat();
}

/** Runs while there is something to do and somebody who sees it. */
function setBeat() {
    const isWanted = works.size > 0 && !document.hidden;
    if (isWanted && beat === null) beat = setInterval(strike, 1000);
    if (!isWanted && beat !== null) {
        clearInterval(beat);
        beat = null;
    }
}

/**
 * Does some work once a second while the page is seen, until the function that is returned is called, or until `part`
 * has left the page.
 */
export function onBeat(run, part = null) {
    const entry = { run, part };
    works.add(entry);
    setBeat();
    return () => {
        works.delete(entry);
        setBeat();
    };
}

document.addEventListener("visibilitychange", () => {
    if (!document.hidden) strike();
    setBeat();
});
addEventListener("pagehide", () => {
    clearInterval(beat);
    beat = null;
});
addEventListener("pageshow", setBeat);

if (document.querySelector("[data-closes]")) {
    tick();
    onBeat(tick);
}

// MARK: Polling

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

// MARK: Films

/** Whether whoever watches pays for each byte, or waits for it: then the small rendition does, whatever the screen. */
export function isThrifty() {
    const network = navigator.connection;
    return Boolean(network?.saveData) || /^(slow-2g|2g|3g)$/.test(network?.effectiveType ?? "");
}

/** Whether a screen is wide enough to show more than the small rendition has; `source` elements say the same. */
export function wantsLarge() {
    return !isThrifty() && matchMedia("(min-width: 60rem)").matches;
}

/** Takes the large rendition away from a player where it would cost more than it shows. */
export function chooseRendition(film) {
    const large = film.querySelector("source[media]");
    if (!large || !isThrifty()) return;
    const isChosen = film.currentSrc === large.src;
    large.remove();
    if (isChosen) film.load();
}

// MARK: Small parts

// On a narrow screen the tab of this page may be one that has to be scrolled to.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const bar = tab.parentElement;
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
}

for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
        const source = document.getElementById(button.dataset.copy);
        try {
            await navigator.clipboard.writeText(source.textContent.trim());
            say("Copied.");
        } catch {
            getSelection().selectAllChildren(source);
            say("Copying is not allowed here; the text is selected.");
        }
    });
}

for (const opener of document.querySelectorAll("[data-dialog]")) {
    opener.addEventListener("click", (event) => {
        const dialog = document.getElementById(opener.dataset.dialog);
        if (!dialog?.showModal) return;
        event.preventDefault();
        dialog.showModal();
    });
}

for (const part of document.querySelectorAll("form[data-submits-on-change]")) {
    part.addEventListener("change", () => part.requestSubmit());
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
        const button = head.querySelector("button");
        if (!button) continue;
        button.addEventListener("click", () => {
            const falling = head.getAttribute("aria-sort") !== "descending";
            for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
            head.setAttribute("aria-sort", falling ? "descending" : "ascending");
            const key = (row) => {
                const cell = row.cells[column];
                const number = Number(cell.dataset.value ?? Number.NaN);
                return Number.isNaN(number) ? cell.textContent.trim() : number;
            };
            const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
            const rows = [...body.rows].sort((a, b) => order(key(a), key(b)) * (falling ? -1 : 1));
            body.replaceChildren(...rows);
        });
    }
}

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
