// Recounts a slot from its published ballots, here in the reader's browser: same order, same digest, same winner.

const part = document.querySelector("[data-recount]");
const status = part?.querySelector("[data-recount-status]");

function split(line) {
    const cells = [];
    let cell = "";
    let quoted = false;
    for (let index = 0; index < line.length; index += 1) {
        const sign = line[index];
        if (quoted && sign === '"' && line[index + 1] === '"') {
            cell += '"';
            index += 1;
        } else if (sign === '"') quoted = !quoted;
        else if (sign === "," && !quoted) {
            cells.push(cell);
            cell = "";
        } else cell += sign;
    }
    cells.push(cell);
    return cells;
}

/** Sums weights of standing votes by clip; ties go to the earlier last vote, then to the smaller id. */
export function recount(text) {
    const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
    const head = split(lines[0]);
    const column = (...names) => names.map((name) => head.indexOf(name)).find((index) => index >= 0) ?? -1;
    const at = { clip: column("clip", "clip_id", "clipId"), weight: column("weight"), time: column("cast_at", "castAt", "time"), state: column("state") };
    const clips = new Map();
    let counted = 0;
    for (const line of lines.slice(1)) {
        const cells = split(line);
        if (!["counted", "standing"].includes(cells[at.state])) continue;
        const clip = clips.get(cells[at.clip]) ?? { id: cells[at.clip], score: 0, last: "" };
        clip.score += Number(cells[at.weight]);
        if (cells[at.time] > clip.last) clip.last = cells[at.time];
        clips.set(clip.id, clip);
        counted += 1;
    }
    const order = (a, b) => b.score - a.score || (a.last < b.last ? -1 : a.last > b.last ? 1 : a.id < b.id ? -1 : 1);
    return { counted, ranking: [...clips.values()].sort(order) };
}

/** The bytes that the digest covers: all but the manifest, the last line, which begins with `#`. */
function ballots(buffer) {
    const bytes = new Uint8Array(buffer);
    let end = bytes.length - 1;
    while (end > 0 && bytes[end - 1] !== 10) end -= 1;
    return bytes[end] === 35 ? bytes.subarray(0, end) : bytes;
}

async function run() {
    status.textContent = "Fetching the ballots…";
    const answer = await fetch(part.dataset.ballots);
    if (!answer.ok) throw new Error(`the ballots could not be fetched (${answer.status})`);
    const bytes = await answer.arrayBuffer();
    status.textContent = "Counting…";
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", ballots(bytes)));
    const digest = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const { counted, ranking } = recount(new TextDecoder().decode(bytes));
    const stated = document.querySelector("[data-digest]").textContent.trim().replace(/^sha256:/, "");
    const same = stated === digest;
    const number = new Intl.NumberFormat("en");
    const first = ranking[0] ? ` First place: ${number.format(ranking[0].score)} points.` : "";
    status.textContent = same
        ? `The same digest. ${number.format(counted)} votes counted.${first}`
        : `Another digest: ${digest}. ${number.format(counted)} votes counted.${first}`;
}

part?.querySelector("[data-recount-start]").addEventListener("click", (event) => {
    event.currentTarget.disabled = true;
    const button = event.currentTarget;
    run()
        .catch((error) => { status.textContent = `The recount did not finish: ${error.message}.`; })
        .finally(() => { button.disabled = false; });
});
