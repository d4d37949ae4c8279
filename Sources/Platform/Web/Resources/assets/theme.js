// Runs before the first paint, so that a chosen theme never flashes. Everything else waits in modules.
(function () {
    const root = document.documentElement;
    root.classList.add("scripted");
    try {
        const theme = localStorage.getItem("theme");
        if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    } catch {
        // Storage may be forbidden; then the system's choice stands.
    }
})();
