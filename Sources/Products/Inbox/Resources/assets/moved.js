// Somebody has answered while an answer was written: whoever wrote it decides.

export function askWhether(thread, letter, send) {
    const { root, answer } = thread;
    const box = root.querySelector("[data-moved]");
    const anyway = box.querySelector("[data-send-anyway]");
    box.querySelector("p").textContent = "Somebody has answered meanwhile. Read it, then send yours all the same if it is still right.";
    box.hidden = false;
    anyway.focus();
    anyway.onclick = () => {
        box.hidden = true;
        send({ ...letter, confirm: true });
        answer.focus();
    };
    box.querySelector("[data-keep]").onclick = () => {
        box.hidden = true;
        answer.value = answer.value.trim() ? `${letter.body}\n${answer.value}` : letter.body;
        thread.keepDraft();
        answer.focus();
    };
}
