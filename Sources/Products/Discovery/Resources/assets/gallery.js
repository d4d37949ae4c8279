// The gallery: never more than sixty cards in the page, whatever was found. What scrolls out of sight above is taken out and
// its height kept; what is needed below is fetched.

const gallery = document.querySelector("[data-gallery]");
const cardsMax = 60;
const step = 24;
let next = gallery?.dataset.next || null;
let isLoading = false;
const removed = [];

function firstRow(cards) {
    const top = cards[0]?.offsetTop;
    return cards.filter((card) => card.offsetTop === top);
}

/** Takes whole rows out at the top until there is room, and keeps the place. */
function trim() {
    while (gallery.children.length > cardsMax) {
        const row = firstRow([...gallery.children]);
        const height = row[0].offsetHeight + parseFloat(getComputedStyle(gallery).rowGap || "0");
        removed.push({ cards: row, height });
        for (const card of row) card.remove();
        pad(height);
    }
}

let padding = 0;
function pad(change) {
    padding = Math.max(0, padding + change);
    gallery.style.setProperty("padding-block-start", `${padding}px`);
}

/** Puts rows back at the top when they come into sight again. */
function restore() {
    while (removed.length > 0 && scrollY < gallery.offsetTop + padding - innerHeight) {
        const { cards, height } = removed.pop();
        gallery.prepend(...cards);
        pad(-height);
        while (gallery.children.length > cardsMax) tail.unshift(gallery.lastElementChild), gallery.lastElementChild.remove();
    }
}

const tail = [];

async function more() {
    if (isLoading) return;
    if (tail.length > 0) {
        gallery.append(...tail.splice(0, step));
        trim();
        return;
    }
    if (!next) return;
    isLoading = true;
    try {
        const answer = await fetch(next, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-gallery]");
        gallery.append(...fresh.children);
        next = page.querySelector("[data-pager] [data-next]")?.getAttribute("href") ?? null;
        trim();
    } catch {
        // Scrolling again asks again.
    } finally {
        isLoading = false;
    }
}

if (gallery) {
    const pager = document.querySelector("[data-pager]");
    pager.setAttribute("hidden", "");
    if (!pager.querySelector("[data-next]")) next = null;
    const watcher = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more();
    }, { rootMargin: "600px" });
    const end = document.createElement("div");
    gallery.after(end);
    watcher.observe(end);
    const scrolled = () => requestAnimationFrame(() => {
        restore();
        if (end.getBoundingClientRect().top < innerHeight + 600) more();
    });
    addEventListener("scroll", scrolled, { passive: true });
    addEventListener("pagehide", () => {
        watcher.disconnect();
        removeEventListener("scroll", scrolled);
    });
}
