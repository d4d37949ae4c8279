// The film so far: one scene after another in one player, from the scene that was asked for.

import { wantsLarge } from "../web/films.js";

const cinema = document.querySelector("[data-cinema]");
const screen = cinema.querySelector("[data-screen]");
const scenes = [...cinema.querySelectorAll("[data-scene]")];
const line = cinema.querySelector("[data-now-playing]");
const ahead = document.createElement("video");
ahead.preload = "auto";
ahead.muted = true;
let position = Math.max(0, scenes.findIndex((scene) => scene.hasAttribute("aria-current")));

function address(scene) {
    return wantsLarge() && scene.dataset.large ? scene.dataset.large : scene.dataset.video;
}

function tell() {
    const scene = scenes[position];
    for (const other of scenes) {
        other.toggleAttribute("aria-current", other === scene);
        if (other === scene) other.setAttribute("aria-current", "true");
        other.closest("li").toggleAttribute("data-current", other === scene);
    }
    line.textContent = `Slot ${scene.dataset.position}, scene ${position + 1} of ${scenes.length}: ${scene.dataset.title}`;
}

function play(index) {
    position = index;
    const scene = scenes[index];
    screen.poster = scene.dataset.poster;
    screen.src = address(scene);
    tell();
    history.replaceState(null, "", scene.href);
    // What a browser may refuse before the first gesture, the button in the picture still does.
    screen.play().catch(() => {});
}

for (const [index, scene] of scenes.entries()) {
    scene.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        play(index);
    });
}
screen.addEventListener("playing", () => {
    if (position + 1 < scenes.length) ahead.src = address(scenes[position + 1]);
});
screen.addEventListener("ended", () => { if (position + 1 < scenes.length) play(position + 1); });
tell();
