// What is done with a conversation and its messages; what can be taken back says so.

import { say } from "../web/capstan.js";
import { announce, ask, desk, me } from "./line.js";
import { sayUndoable } from "./undo.js";

const hour = 3_600_000;
/** What a form says of its act. */
const values = { snooze: data => Number(data.get("hours")), assign: data => data.get("assignee"), priority: data => data.get("priority"), team: data => data.get("teamId") };

export function startActs(thread) {
    const { id, root, list, answer, names } = thread;
    const own = `/conversations/${id}`;

    async function perform(method, path, body, text, undo) {
        const { refusal, isLost } = await ask(method, path, body);
        if (isLost) return say("There is no connection; nothing was changed.");
        thread.refreshHead();
        if (refusal) {
            const isTaken = refusal.code === "inbox.alreadyAssigned" && refusal.holder;
            return say(isTaken ? `${names.get(refusal.holder) ?? "Somebody else"} has it by now.` : refusal.detail);
        }
        if (!undo) return say(text);
        sayUndoable(text, async () => {
            const { refusal, isLost } = await undo();
            thread.refreshHead();
            const word = isLost ? "There is no connection; it is not undone." : refusal ? refusal.detail : "Undone.";
            say(word);
            announce(word);
        });
    }

    const reopen = () => ask("DELETE", `${own}/closing`);
    const bodyOf = item => item.querySelector("[data-body]")?.textContent ?? "";

    const acts = {
        close: () => perform("POST", `${own}/closing`, null, "Closed.", reopen),
        open: () => perform("DELETE", `${own}/closing`, null, "Open again."),
        takeover: () => perform("POST", `${own}/takeover`, null, "You have it now; the bot stays silent."),
        snooze(hours = 24) {
            const until = hours > 0 ? { until: new Date(Date.now() + hours * hour).toISOString() } : {};
            return perform("POST", `${own}/snooze`, until, hours > 0 ? "Put aside." : "Put aside until the customer writes.", reopen);
        },
        assign(to = me) {
            const from = root.dataset.holder;
            const whom = person => (person ? { assigneeId: person } : {});
            return perform("PUT", `${own}/assignee`, { ...whom(to), ...(from ? { from } : {}) }, to ? "Assigned." : "It is nobody's now.",
                () => ask("PUT", `${own}/assignee`, { ...whom(from), ...(to ? { from: to } : {}) }));
        },
        team: value => perform("PATCH", own, { teamId: value }, "The team is changed."),
        priority: value => perform("PATCH", own, { priority: Number(value) }, "The priority is changed."),
        async unread() {
            const { isLost } = await ask("DELETE", `${own}/cursor?from=${Math.max(1, thread.last)}`);
            if (isLost) return say("There is no connection; nothing was changed.");
            location.assign(`/inbox${desk.dataset.query}`);
        },

        // MARK: One message

        async withdraw(message) {
            const item = thread.find({ id: message });
            const text = item ? bodyOf(item) : "";
            const { refusal, isLost } = await ask("DELETE", `/messages/${message}`);
            if (isLost) return say("There is no connection; it may go out.");
            if (refusal) return say(refusal.detail);
            if (!answer.value.trim()) answer.value = text;
            say("Taken back; it was not sent.");
        },
        async retry(item) {
            if (item.dataset.message) {
                const { refusal, isLost } = await ask("POST", `/messages/${item.dataset.message}/retry`);
                return isLost || refusal ? say(refusal?.detail ?? "There is no connection; try again later.") : undefined;
            }
            const isNote = item.classList.contains("note");
            item.remove();
            thread.begin(bodyOf(item), isNote);
        },
        async copy(item) {
            try {
                await navigator.clipboard.writeText(bodyOf(item));
                say("Copied.");
            } catch {
                answer.value = bodyOf(item);
                say("Copying is not allowed here; the text is where you write.");
            }
        },

        // MARK: Forms and buttons

        submit(form) {
            form.closest("details")?.removeAttribute("open");
            const item = form.closest(".message");
            if (form.matches("[data-withdraw]")) return acts.withdraw(item.dataset.message);
            if (form.matches("[data-retry]")) return acts.retry(item);
            return acts[form.dataset.act](values[form.dataset.act]?.(new FormData(form)));
        },
        press(button) {
            const item = button.closest(".message");
            if (button.matches("[data-copy-text]")) return acts.copy(item);
            if (button.matches("[data-take-back]")) return acts.withdraw(item.dataset.message);
            return acts.retry(item);
        },
    };
    return acts;
}
