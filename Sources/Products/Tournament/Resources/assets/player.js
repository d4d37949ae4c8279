// Films that wait to be played: the poster until the film runs, never a spinner over it; the rendition by the network.

import { chooseRendition } from "../web/films.js";

for (const frame of document.querySelectorAll("[data-player]")) {
    const film = frame.querySelector("video");
    const button = frame.querySelector("[data-play]");
    if (!film || !button) continue;
    chooseRendition(film);
    film.controls = false;
    button.hidden = false;
    let isWanted = false;

    button.addEventListener("click", () => {
        isWanted = true;
        button.hidden = true;
        // What cannot be played is the browser's own player to explain.
        film.play().catch(() => { film.controls = true; });
    });
    film.addEventListener("loadstart", () => { film.controls = false; });
    film.addEventListener("playing", () => {
        button.hidden = true;
        film.controls = true;
        if (isWanted) film.focus({ preventScroll: true });
        isWanted = false;
    });
    film.addEventListener("error", () => {
        film.controls = true;
        button.hidden = true;
    }, true);
}
