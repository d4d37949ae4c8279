// The table: cells are edited where they stand, rows are chosen together. Without this script the form above does both.

import { say } from "../web/capstan.js";

const form = document.querySelector("[data-bulk]");

if (form) {
    const boxes = () => [...form.querySelectorAll("input[name=entry]")];
    const told = form.querySelector("[data-chosen]");
    const count = () => {
        const chosen = boxes().filter((box) => box.checked).length;
        if (told) told.textContent = chosen === 0 ? "For the chosen rows:" : `${chosen} chosen:`;
        for (const button of form.querySelectorAll(".bulk button")) button.disabled = chosen === 0;
    };
    form.querySelector("[data-all]")?.addEventListener("change", (event) => {
        for (const box of boxes()) box.checked = event.target.checked;
        count();
    });
    form.addEventListener("change", (event) => {
        if (event.target.name === "entry") count();
    });
    // A range is chosen with Shift, as elsewhere.
    let last = null;
    form.addEventListener("click", (event) => {
        const box = event.target;
        if (box.name !== "entry") return;
        const all = boxes();
        if (event.shiftKey && last) {
            const [a, b] = [all.indexOf(last), all.indexOf(box)].sort((x, y) => x - y);
            for (const other of all.slice(a, b + 1)) other.checked = box.checked;
        }
        last = box;
        count();
    });
    count();

    for (const cell of form.querySelectorAll("[data-edit]")) {
        cell.tabIndex = 0;
        cell.setAttribute("role", "button");
        name(cell);
        cell.addEventListener("click", () => edit(cell));
        cell.addEventListener("keydown", (event) => {
            if (event.target !== cell || (event.key !== "Enter" && event.key !== "F2")) return;
            event.preventDefault();
            edit(cell);
        });
    }
}

/** Says what a cell is, which as something to press is no longer told by its column and row. */
function name(cell) {
    const who = cell.closest("tr").querySelector("a").textContent.trim();
    cell.setAttribute("aria-label", `${cell.dataset.label} of ${who}: ${cell.textContent.trim() || "empty"}. Edit`);
}

function edit(cell) {
    if (cell.querySelector("input, select.in-cell")) return;
    const old = cell.textContent.trim();
    const select = cell.querySelector("[data-options]");
    if (cell.hasAttribute("data-check")) return save(cell, old === "Yes" ? "" : "true", old, old === "Yes" ? "" : "Yes");
    let field;
    if (select) {
        field = document.createElement("select");
        field.className = "in-cell";
        field.add(new Option("–", ""));
        for (const option of select.dataset.options.split("|").filter(Boolean)) field.add(new Option(option, option));
    } else {
        field = document.createElement("input");
        field.className = "in-cell";
        field.type = cell.dataset.type;
        if (field.type === "number") field.step = "any";
        field.maxLength = 1000;
    }
    field.value = old;
    field.setAttribute("aria-label", cell.dataset.label);
    const kept = [...cell.childNodes];
    cell.replaceChildren(field);
    field.focus();
    let isOver = false;
    const finish = async (wanted) => {
        if (isOver) return;
        isOver = true;
        const value = field.value.trim();
        cell.replaceChildren(...kept);
        if (wanted && value !== old) await save(cell, value, old, value);
        cell.focus();
    };
    field.addEventListener("blur", () => finish(true));
    field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") finish(true);
        else if (event.key === "Escape") finish(false);
        else return;
        event.preventDefault();
        event.stopPropagation();
    });
}

async function save(cell, value, old, shown) {
    const holder = cell.querySelector("[data-options]") ?? cell;
    holder.textContent = shown;
    cell.setAttribute("aria-busy", "true");
    let problem = null;
    try {
        const answer = await fetch(form.dataset.address, {
            method: "PATCH", headers: { "content-type": "application/json", accept: "application/json" },
            body: JSON.stringify({ entryIds: [cell.dataset.entry], fields: [{ key: cell.dataset.field, value }] }),
        });
        if (!answer.ok) problem = (await answer.json().catch(() => ({}))).detail ?? "It could not be saved.";
    } catch {
        problem = "The server cannot be reached; nothing was saved.";
    }
    cell.removeAttribute("aria-busy");
    if (problem) {
        holder.textContent = old;
        say(problem);
    }
    name(cell);
}
