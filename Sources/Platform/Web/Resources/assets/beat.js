// Times against the server's, and one timer for everything on a page that goes on by itself.

/** Server time minus the browser's time, in milliseconds. */
let skew = 0;

/** The time on the server, in milliseconds since 1970, whatever this device's clock says. */
export function serverNow() {
    return Date.now() + skew;
}

/** Takes the server's time from an answer or from the page itself. */
export function learnTime(milliseconds) {
    if (Number.isFinite(milliseconds) && milliseconds > 0) skew = milliseconds - Date.now();
}

learnTime(Number(document.body.dataset.now));

// MARK: The beat

const works = new Set();
let beat = null;

function strike() {
    for (const work of [...works]) {
        if (work.part?.isConnected === false) works.delete(work);
        else work.run();
    }
    setBeat();
}

/** Runs while there is something to do and somebody who sees it. */
function setBeat() {
    const isWanted = works.size > 0 && !document.hidden;
    if (isWanted && beat === null) beat = setInterval(strike, 1000);
    if (!isWanted && beat !== null) {
        clearInterval(beat);
        beat = null;
    }
}

/**
 * Does some work once a second while the page is seen, until the function that is returned is called, or until `part`
 * has left the page.
 */
export function onBeat(run, part = null) {
    const entry = { run, part };
    works.add(entry);
    setBeat();
    return () => {
        works.delete(entry);
        setBeat();
    };
}

document.addEventListener("visibilitychange", () => {
    if (!document.hidden) strike();
    setBeat();
});
addEventListener("pagehide", () => {
    clearInterval(beat);
    beat = null;
});
addEventListener("pageshow", setBeat);
