// Tables whose columns sort them.

for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
        const button = head.querySelector("button");
        if (!button) continue;
        button.addEventListener("click", () => {
            const falling = head.getAttribute("aria-sort") !== "descending";
            for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
            head.setAttribute("aria-sort", falling ? "descending" : "ascending");
            const key = (row) => {
                const cell = row.cells[column];
                const number = Number(cell.dataset.value ?? Number.NaN);
                return Number.isNaN(number) ? cell.textContent.trim() : number;
            };
            const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
            const rows = [...body.rows].sort((a, b) => order(key(a), key(b)) * (falling ? -1 : 1));
            body.replaceChildren(...rows);
        });
    }
}
