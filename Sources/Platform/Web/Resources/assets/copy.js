// Buttons that copy the text of a part of the page.

/** Wires them; `say` tells how it went. */
export function startCopying(say) {
    for (const button of document.querySelectorAll("button[data-copy]")) {
        button.addEventListener("click", async () => {
            const source = document.getElementById(button.dataset.copy);
            try {
                await navigator.clipboard.writeText(source.textContent.trim());
                say("Copied.");
            } catch {
                getSelection().selectAllChildren(source);
                say("Copying is not allowed here; the text is selected.");
            }
        });
    }
}
