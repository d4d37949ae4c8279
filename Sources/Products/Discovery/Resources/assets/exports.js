// The exports centre: what is being written tells how far it is; when one ends the page is shown anew.

import { say } from "../web/capstan.js";
import { watch } from "../web/watch.js";
const grouped = new Intl.NumberFormat("en");

for (const line of document.querySelectorAll("[data-status]")) {
    const stop = watch(line.dataset.status, 1500, (state) => {
        line.querySelector("[data-progress]").value = state.rowsWritten;
        line.querySelector("[data-rows]").textContent =
            `${grouped.format(state.rowsWritten)} of ${grouped.format(state.rowsPlanned)} rows`;
        if (state.state === "queued" || state.state === "running") return;
        stop();
        say(state.state === "ready" ? "A file is ready." : `An export is ${state.state}.`);
        setTimeout(() => location.reload(), 800);
    });
}
