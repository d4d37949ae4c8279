// The film so far: one scene after another in one player.
const cinema = document.querySelector("[data-cinema]");
const screen = cinema.querySelector("[data-screen]");
const scenes = [...cinema.querySelectorAll("[data-scene]")];
const line = cinema.querySelector("[data-now-playing]");
let position = 0;

function show(index, plays) {
    position = index;
    const scene = scenes[index];
    for (const other of scenes) other.removeAttribute("aria-current");
    scene.setAttribute("aria-current", "true");
    screen.poster = scene.dataset.poster;
    screen.src = scene.dataset.video;
    line.textContent = `Scene ${index + 1} of ${scenes.length}: ${scene.dataset.title}`;
    if (plays) screen.play().catch(() => {});
}

for (const [index, scene] of scenes.entries()) {
    scene.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        show(index, true);
    });
}
screen.addEventListener("ended", () => { if (position + 1 < scenes.length) show(position + 1, true); });
show(0, false);
