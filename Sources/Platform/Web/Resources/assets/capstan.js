// What every page shares: the theme, short messages, small parts. What only some pages have is loaded by those.

// MARK: Theme

function currentTheme() {
    const chosen = document.documentElement.dataset.theme;
    if (chosen) return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function showTheme(button) {
    const dark = currentTheme() === "dark";
    button.setAttribute("aria-pressed", String(dark));
    for (const icon of button.querySelectorAll("[data-when]")) icon.toggleAttribute("hidden", (icon.dataset.when === "dark") !== dark);
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    showTheme(button);
    button.addEventListener("click", () => {
        const theme = currentTheme() === "dark" ? "light" : "dark";
        document.documentElement.dataset.theme = theme;
        try {
            localStorage.setItem("theme", theme);
        } catch {
            // The choice then lasts for this page.
        }
        showTheme(button);
    });
}

// MARK: Messages

/** Shows a short message and has it read out; the text is set as text, never as markup. */
export function say(text, seconds = 5) {
    const place = document.querySelector("[data-toast]");
    if (!place) return;
    const line = document.createElement("p");
    line.textContent = text;
    place.replaceChildren(line);
    setTimeout(() => line.remove(), seconds * 1000);
}

// MARK: Small parts

// On a narrow screen the tab of this page may be one that has to be scrolled to.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const bar = tab.parentElement;
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
}

for (const opener of document.querySelectorAll("[data-dialog]")) {
    opener.addEventListener("click", (event) => {
        const dialog = document.getElementById(opener.dataset.dialog);
        if (!dialog?.showModal) return;
        event.preventDefault();
        dialog.showModal();
    });
}

for (const part of document.querySelectorAll("form[data-submits-on-change]")) {
    part.addEventListener("change", () => part.requestSubmit());
}

// MARK: Parts that not every page has

if (document.querySelector("button[data-copy]")) import("./copy.js").then(({ startCopying }) => startCopying(say));
if (document.querySelector("[data-closes]")) import("./clocks.js");
if (document.querySelector("table[data-sortable]")) import("./sort.js");
if (document.querySelector("[data-refresh]")) import("./refresh.js");
