// Sending a clip: what can be known is checked before a byte leaves, progress is shown, and what broke off is sent again.
const form = document.querySelector("[data-upload]");
const note = form.querySelector("[data-file-note]");
const preview = form.querySelector("[data-preview]");
const hint = form.querySelector("[data-preview-hint]");
const send = form.querySelector("[data-send]");
const stop = form.querySelector("[data-stop]");
const progress = form.querySelector("[data-progress]");
const bar = progress.querySelector("progress");
const progressText = form.querySelector("[data-progress-text]");
const limits = { bytes: Number(form.dataset.bytesMax), longest: Number(form.dataset.millisecondsMax), shortest: Number(form.dataset.millisecondsMin) };
/** An entry whose bytes have not all arrived: sent again to the same address while that is good. */
let opened = null;
let running = null;
let shown = null;

function tell(text, isBad) {
    const line = document.createElement("span");
    line.className = isBad ? "error" : "hint";
    line.textContent = text;
    note.replaceChildren(line);
    form.file.toggleAttribute("aria-invalid", isBad);
    if (isBad) form.file.setAttribute("aria-invalid", "true");
}

function mebibytes(bytes) {
    return `${(bytes / 1048576).toFixed(1)} MiB`;
}

/** What is wrong with the clip as far as this browser can see; null when nothing is. */
function fault(file, seconds) {
    if (file.size === 0) return "The file is empty.";
    if (file.size > limits.bytes) return `The file has ${mebibytes(file.size)}; at most ${mebibytes(limits.bytes)} are taken.`;
    if (seconds === null) return null;
    // Browsers round: a tenth of a second is left to the server's own measure.
    if (seconds * 1000 > limits.longest + 100) return `The clip has ${seconds.toFixed(1)} seconds; at most ${limits.longest / 1000} are taken.`;
    if (seconds * 1000 < limits.shortest - 100) return `The clip has ${seconds.toFixed(1)} seconds; it needs ${limits.shortest / 1000}.`;
    return null;
}

function look() {
    const file = form.file.files[0];
    opened = null;
    if (shown) URL.revokeObjectURL(shown);
    shown = null;
    preview.hidden = true;
    hint.hidden = false;
    send.disabled = false;
    if (!file) return tell(`At most ${limits.longest / 1000} seconds and ${mebibytes(limits.bytes)}.`, false);
    const wrong = fault(file, null);
    if (wrong) {
        send.disabled = true;
        return tell(wrong, true);
    }
    shown = URL.createObjectURL(file);
    preview.src = shown;
    tell(`${mebibytes(file.size)}. Looking at its length …`, false);
}

preview.addEventListener("loadedmetadata", () => {
    const file = form.file.files[0];
    if (!file || !shown) return;
    const seconds = Number.isFinite(preview.duration) ? preview.duration : null;
    const wrong = fault(file, seconds);
    send.disabled = wrong !== null;
    tell(wrong ?? (seconds === null ? `${mebibytes(file.size)}.` : `${seconds.toFixed(1)} seconds, ${mebibytes(file.size)}: fits.`), wrong !== null);
    preview.hidden = false;
    hint.hidden = true;
    // A browser may refuse to play before the first gesture.
    preview.play().catch(() => {});
});

preview.addEventListener("error", () => {
    // This browser cannot show it, which says nothing about the server.
    if (shown) tell("This browser cannot play the file; it is measured once it is sent.", false);
});

/** The hash of the file, where this browser can tell: with it the bytes may go to the store itself. */
async function promise(file) {
    if (!globalThis.crypto?.subtle) return {};
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return { bytes: file.size, sha256: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

async function open(file) {
    if (opened && Date.parse(opened.upload.expiresAt) > Date.now() + 5000) return opened;
    const wish = { title: form.title.value, genre: form.genre.value, slotId: form.slotId.value, ...(await promise(file)) };
    if (form.replaces) wish.replaces = form.replaces.value;
    const answer = await fetch(form.dataset.open, { method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(wish) });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.detail ?? "The upload could not be begun.");
    // The clip that was replaced is gone now: a second try is an entry of its own.
    form.replaces?.remove();
    return value;
}

function put(upload, file) {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        running = request;
        request.open("PUT", upload.url);
        for (const header of upload.headers) request.setRequestHeader(header.name, header.value);
        request.upload.addEventListener("progress", (event) => {
            if (!event.lengthComputable) return;
            const part = Math.floor((100 * event.loaded) / event.total);
            bar.value = part;
            progressText.textContent = part < 100 ? `${part} % sent` : "Sent; being stored …";
        });
        request.addEventListener("load", () => {
            // The store has them from an attempt before, of which no answer came.
            if (request.status < 300 || (upload.isDirect && request.status === 412)) return resolve();
            let detail = "The clip was not taken.";
            try {
                detail = JSON.parse(request.responseText).detail ?? detail;
            } catch {
                // An answer of somebody in between; the sentence above stands in for it.
            }
            if (request.status < 500) opened = null;
            reject(new Error(detail));
        });
        request.addEventListener("error", () => reject(new Error("The connection broke off. Send it again: it begins anew at the same place.")));
        request.addEventListener("abort", () => reject(new Error("Stopped. Nothing of the clip is kept.")));
        request.send(file);
    });
}

/** Says that the bytes are in the store, which tells the server nothing. */
async function arrive(upload) {
    const answer = await fetch(upload.arrived, { method: "POST", headers: { accept: "application/json" } });
    if (answer.ok) return;
    const value = await answer.json().catch(() => ({}));
    if (answer.status < 500) opened = null;
    throw new Error(value.detail ?? "The clip was not taken.");
}

function busy(isBusy) {
    send.disabled = isBusy;
    stop.hidden = !isBusy;
    progress.hidden = !isBusy;
    for (const field of [form.title, form.genre, form.slotId, form.file]) field.disabled = isBusy;
}

async function run() {
    const file = form.file.files[0];
    if (!file) return;
    busy(true);
    bar.value = 0;
    progressText.textContent = "Beginning …";
    try {
        opened = await open(file);
        await put(opened.upload, file);
        if (opened.upload.isDirect) await arrive(opened.upload);
        location.assign(`${form.dataset.mine}?said=uploaded`);
    } catch (error) {
        busy(false);
        tell(error.message, true);
        send.textContent = "Send it again";
        send.focus();
    } finally {
        running = null;
    }
}

form.file.addEventListener("change", look);
form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!send.disabled) run();
});
stop.addEventListener("click", () => running?.abort());
addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
});
if (form.file.files.length > 0) look();
