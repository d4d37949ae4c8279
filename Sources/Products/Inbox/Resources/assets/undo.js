// What was done last can be taken back for a while.

import { say } from "../web/capstan.js";

let last = null;

/** Says what was done, with a way back for some seconds. */
export function sayUndoable(text, undo, seconds = 8) {
    say(text, seconds);
    const line = document.querySelector("[data-toast] > p");
    if (!line) return;
    const button = document.createElement("button");
    button.className = "button small";
    button.textContent = "Undo";
    const once = async () => {
        line.remove();
        await undo();
    };
    last = { line, once };
    button.addEventListener("click", once);
    line.append(" ", button);
}

/** Takes back what was done last, while that is offered: what is said since takes the offer's place. */
export function undo() {
    if (last?.line.isConnected) last.once();
    else say("There is nothing to undo.");
}
