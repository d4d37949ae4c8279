// Canned replies where one writes: `/` and the beginning of a shortcut.

import { ask } from "./line.js";

export function startCanned(thread, slash) {
    const { id, root, answer } = thread;
    const list = root.querySelector("[data-canned]");
    let choices = [];
    let chosen = 0;
    let asked = 0;

    const typed = () => slash.exec(answer.value.slice(0, answer.selectionStart));

    function hide() {
        list.hidden = true;
        answer.removeAttribute("aria-activedescendant");
    }

    async function suggest() {
        const match = typed();
        const number = ++asked;
        if (!match) return hide();
        const { value } = await ask("GET", `/replies?text=${encodeURIComponent(match[1])}`);
        if (number !== asked || !value) return;
        choices = value.replies;
        chosen = 0;
        if (choices.length === 0) return hide();
        list.hidden = false;
        draw();
    }

    function draw() {
        list.replaceChildren(...choices.map((reply, index) => {
            const item = document.createElement("li");
            item.id = `canned-${index}`;
            item.setAttribute("role", "option");
            item.setAttribute("aria-selected", String(index === chosen));
            item.append(Object.assign(document.createElement("b"), { textContent: `/${reply.shortcut} ` }), reply.body);
            item.addEventListener("mousedown", event => { event.preventDefault(); chosen = index; use(); });
            return item;
        }));
        answer.setAttribute("aria-activedescendant", `canned-${chosen}`);
        list.children[chosen].scrollIntoView({ block: "nearest" });
    }

    async function use() {
        const reply = choices[chosen];
        const match = typed();
        hide();
        if (!reply || !match) return;
        const start = answer.selectionStart - match[1].length - 1;
        // The server puts names into the text and counts its use; without an answer the text is taken as it is.
        const { value } = await ask("POST", `/replies/${reply.id}/uses`, { conversationId: id });
        answer.setRangeText(value?.body ?? reply.body, start, answer.selectionStart, "end");
        answer.dispatchEvent(new Event("input"));
        answer.focus();
    }

    /** Whether a key was meant for the list. */
    function takes(event) {
        if (list.hidden) return false;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
            chosen = (chosen + step + choices.length) % choices.length;
            draw();
        } else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey) {
            use();
        } else if (event.key === "Escape") {
            hide();
            event.stopPropagation();
        } else {
            return false;
        }
        event.preventDefault();
        return true;
    }

    return { suggest, takes };
}
