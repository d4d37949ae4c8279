// The form for a new search: what it would take, as one types, and words that others look for.

const form = document.querySelector("[data-compose]");
const words = form.querySelector("textarea");
let waiting = null;
let asked = 0;

function keywords() {
    return words.value.split(/[\n,;]/).map((word) => word.trim()).filter(Boolean);
}

function wish() {
    const data = new FormData(form);
    return {
        keywords: keywords().slice(0, 20),
        platforms: data.getAll("platforms"),
        region: data.get("region") || "US",
        target: Number(data.get("target") || 100),
        excludeListed: data.get("excludeListed") === "true",
        excludeKnown: data.get("excludeKnown") === "true",
        ...(data.get("excludeContactedDays") ? { excludeContactedDays: Number(data.get("excludeContactedDays")) } : {}),
        expansion: Number(data.get("expansion") || 0),
        enrich: Math.min(200, Math.max(0, Number(data.get("enrich") || 0))),
    };
}

function show(facts) {
    for (const [name, text] of Object.entries(facts)) {
        const place = form.querySelector(`[data-fact="${name}"]`);
        if (place) place.textContent = text;
    }
}

const number = new Intl.NumberFormat("en");
const note = form.querySelector("[data-estimate-note]");
const usual = note.textContent;

async function estimate() {
    const wanted = wish();
    if (wanted.keywords.length === 0 || wanted.platforms.length === 0) return;
    const turn = (asked += 1);
    try {
        const answer = await fetch(form.dataset.estimate, {
            method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(wanted),
        });
        const body = await answer.json();
        if (turn !== asked) return;
        if (!answer.ok) {
            note.textContent = body.detail ?? usual;
            return;
        }
        note.textContent = usual;
        show({
            credits: number.format(body.credits), calls: number.format(body.calls), time: body.minutes <= 1 ? "about a minute" : `about ${body.minutes} min`,
            held: number.format(body.held), excluded: number.format(body.excluded),
        });
    } catch {
        // The form works without an estimate.
    }
}

async function suggest() {
    const seed = keywords().at(-1) ?? "";
    if (seed.length < 3 || seed.length > 80) return;
    try {
        const answer = await fetch(`${form.dataset.suggest}?seed=${encodeURIComponent(seed)}`, { headers: { accept: "application/json" } });
        if (!answer.ok) return;
        const typed = new Set(keywords().map((word) => word.toLowerCase()));
        const found = (await answer.json()).keywords.filter((word) => !typed.has(word));
        const list = form.querySelector("[data-suggest-list]");
        list.replaceChildren(...found.map((word) => {
            const item = document.createElement("li");
            const chip = document.createElement("button");
            Object.assign(chip, { type: "button", className: "chip", textContent: word });
            chip.dataset.word = word;
            item.append(chip);
            return item;
        }));
        form.querySelector("[data-suggestions]").toggleAttribute("hidden", found.length === 0);
    } catch {
        // Nothing is suggested then.
    }
}

function changed() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
        estimate();
        suggest();
    }, 350);
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-word]");
    if (!chip) return;
    words.value = [...keywords(), chip.dataset.word].join("\n");
    chip.closest("li").remove();
    words.focus();
    changed();
});
addEventListener("pagehide", () => clearTimeout(waiting));
if (keywords().length > 0) changed();
