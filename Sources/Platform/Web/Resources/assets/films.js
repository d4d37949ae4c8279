// The choice of renditions.

/** Whether whoever watches pays for each byte, or waits for it: then the small rendition does, whatever the screen. */
export function isThrifty() {
    const network = navigator.connection;
    return Boolean(network?.saveData) || /^(slow-2g|2g|3g)$/.test(network?.effectiveType ?? "");
}

/** Whether a screen is wide enough to show more than the small rendition has; `source` elements say the same. */
export function wantsLarge() {
    return !isThrifty() && matchMedia("(min-width: 60rem)").matches;
}

/** Takes the large rendition away from a player where it would cost more than it shows. */
export function chooseRendition(film) {
    const large = film.querySelector("source[media]");
    if (!large || !isThrifty()) return;
    const isChosen = film.currentSrc === large.src;
    large.remove();
    if (isChosen) film.load();
}
