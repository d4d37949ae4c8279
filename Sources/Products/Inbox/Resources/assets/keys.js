// Shortcuts and the command bar: everything that is done with the mouse is done without.

export function startKeys({ me, desk, rows, thread }) {
    const palette = document.getElementById("palette");
    const input = palette.querySelector("[data-palette-input]");
    const list = palette.querySelector("ul");
    let shown = [];
    let chosen = 0;

    function step(by) {
        const all = [...rows.children];
        const at = all.findIndex(row => row.classList.contains("is-current"));
        const focused = all.findIndex(row => row.contains(document.activeElement));
        const from = focused >= 0 ? focused : at;
        const next = all[Math.min(all.length - 1, Math.max(0, from + by))];
        const link = next?.querySelector("a");
        if (!link) return;
        if (thread) link.click();
        else link.focus();
    }

    const write = () => thread?.answer.focus();
    const commands = [
        { name: "Next conversation", key: "J", run: () => step(1) },
        { name: "Previous conversation", key: "K", run: () => step(-1) },
        { name: "Write an answer", key: "R", run: write, needsThread: true },
        { name: "Write a note", key: "N", run: () => { write(); desk.querySelector("[data-send-note]")?.scrollIntoView({ block: "nearest" }); }, needsThread: true },
        { name: "Assign to me", key: "A", run: () => thread.acts.assign(me), needsThread: true },
        { name: "Give back, assign to nobody", run: () => thread.acts.assign(""), needsThread: true },
        { name: "Take over from the bot", key: "T", run: () => thread.acts.takeover(), needsThread: true },
        { name: "Snooze until tomorrow", key: "S", run: () => thread.acts.snooze(24), needsThread: true },
        { name: "Snooze for an hour", run: () => thread.acts.snooze(1), needsThread: true },
        { name: "Snooze until the customer writes", run: () => thread.acts.snooze(0), needsThread: true },
        { name: "Close", key: "E", run: () => thread.acts.close(), needsThread: true },
        { name: "Open again", run: () => thread.acts.open(), needsThread: true },
        { name: "Mark as unread", key: "U", run: () => thread.acts.unread(), needsThread: true },
        { name: "Mark as urgent", run: () => thread.acts.priority(3), needsThread: true },
        ...[...desk.querySelectorAll("[data-view-link]")].map(link => ({ name: `Show ${link.querySelector("span").textContent}`, run: () => link.click() })),
        ...[...document.querySelectorAll("[data-frame] .tabs a")].map(link => ({ name: `Go to ${link.textContent}`, run: () => link.click() })),
        { name: "Shortcuts", key: "?", run: () => document.getElementById("shortcuts").showModal() },
    ].filter(command => thread || !command.needsThread);

    // MARK: The command bar

    function draw() {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        shown = commands.filter(command => words.every(word => command.name.toLowerCase().includes(word)));
        const text = input.value.trim();
        if (text) shown.push({ name: `Search all messages for “${text}”`, run: () => location.assign(`/inbox/search?q=${encodeURIComponent(text)}`) });
        chosen = Math.min(chosen, Math.max(0, shown.length - 1));
        list.replaceChildren(...shown.map((command, index) => {
            const item = document.createElement("li");
            item.id = `command-${index}`;
            item.setAttribute("role", "option");
            item.setAttribute("aria-selected", String(index === chosen));
            item.textContent = command.name;
            if (command.key) item.append(Object.assign(document.createElement("kbd"), { textContent: command.key }));
            item.addEventListener("click", () => { chosen = index; run(); });
            return item;
        }));
        input.setAttribute("aria-activedescendant", shown.length > 0 ? `command-${chosen}` : "");
    }

    function run() {
        const command = shown[chosen];
        palette.close();
        command?.run();
    }

    function open() {
        input.value = "";
        chosen = 0;
        draw();
        palette.showModal();
        input.focus();
    }

    input.addEventListener("input", () => { chosen = 0; draw(); });
    input.addEventListener("keydown", event => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by && shown.length > 0) {
            event.preventDefault();
            chosen = (chosen + by + shown.length) % shown.length;
            draw();
            list.children[chosen]?.scrollIntoView({ block: "nearest" });
        }
        if (event.key === "Enter") { event.preventDefault(); run(); }
        // A search field would only be emptied.
        if (event.key === "Escape") { event.preventDefault(); palette.close(); }
    });
    desk.querySelector("[data-palette]")?.addEventListener("click", open);

    // MARK: Keys

    document.addEventListener("keydown", event => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
            event.preventDefault();
            if (palette.open) palette.close();
            else open();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
        if (event.target.closest("input, textarea, select, [contenteditable]")) return;
        if (event.key === "/" && thread) {
            event.preventDefault();
            thread.answer.focus();
            thread.answer.setRangeText("/", thread.answer.selectionStart, thread.answer.selectionEnd, "end");
            thread.answer.dispatchEvent(new Event("input"));
            return;
        }
        const command = commands.find(one => one.key === (event.key === "?" ? "?" : event.key.toUpperCase()));
        if (!command) return;
        event.preventDefault();
        command.run();
    });
}
