// Somebody has answered while an answer was written: whoever wrote it decides.

/** Letters that wait for the decision. */
const waiting = [];

export function askWhether(thread, letter, send) {
    const { root, answer } = thread;
    const box = root.querySelector("[data-moved]");
    const anyway = box.querySelector("[data-send-anyway]");
    waiting.push(letter);
    box.querySelector("p").textContent = "Somebody has answered meanwhile. Read it, then send yours all the same if it is still right.";
    box.hidden = false;
    anyway.focus();
    anyway.onclick = () => {
        box.hidden = true;
        for (const one of waiting.splice(0)) send({ ...one, confirm: true });
        answer.focus();
    };
    box.querySelector("[data-keep]").onclick = () => {
        box.hidden = true;
        const text = waiting.splice(0).map(one => one.body).join("\n");
        answer.value = answer.value.trim() ? `${text}\n${answer.value}` : text;
        thread.keepDraft();
        answer.focus();
    };
}
