// Writing an answer or a note: drafts, keys, and canned replies once somebody asks for them.

import { ask, bring } from "./line.js";

const draftPause = 1500;
const slash = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u;

export function startComposing(thread) {
    const { id, root, form, answer, scroll } = thread;
    const draftState = root.querySelector("[data-draft-state]");
    let draftTimer = 0;
    let canned = null;

    async function keepDraft() {
        const { isLost } = await ask("PUT", `/conversations/${id}/draft`, { body: answer.value });
        draftState.textContent = isLost ? "The draft is only on this page" : answer.value ? "Draft kept" : "";
    }

    function submit(isNote) {
        const body = answer.value.trim();
        if (!body) return answer.focus();
        thread.begin(body, isNote);
        answer.value = "";
        thread.tellTyping();
        clearTimeout(draftTimer);
        ask("PUT", `/conversations/${id}/draft`, { body: "" });
        draftState.textContent = "";
        answer.focus();
    }

    async function suggest() {
        const match = slash.exec(answer.value.slice(0, answer.selectionStart));
        if (match && !canned) canned = (await bring(() => import("./canned.js")))?.startCanned(thread, slash) ?? null;
        canned?.suggest();
    }

    form.addEventListener("submit", event => {
        const button = event.submitter;
        if (button?.hasAttribute("data-schedule")) return;
        event.preventDefault();
        submit(button?.hasAttribute("data-send-note") ?? false);
    });
    answer.addEventListener("input", () => {
        thread.tellTyping();
        thread.showTypists();
        clearTimeout(draftTimer);
        draftTimer = setTimeout(keepDraft, draftPause);
        suggest();
    });
    answer.addEventListener("keydown", event => {
        if (canned?.takes(event)) return;
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            submit(event.shiftKey);
        }
        if (event.key === "Escape") {
            answer.blur();
            scroll.focus();
        }
    });
    addEventListener("pagehide", () => { if (answer.value) keepDraft(); });
    return { submit, keepDraft };
}
