// The moderators' queue by keyboard: J and K move, space plays, A approves, R goes to the reason.
const clips = [...document.querySelectorAll("[data-clip]")];
let current = -1;

function go(to, scrolls = true) {
    if (to < 0 || to >= clips.length) return;
    if (current >= 0) clips[current].querySelector("video").pause();
    current = to;
    const clip = clips[current];
    clip.focus({ preventScroll: true });
    if (scrolls) clip.scrollIntoView({ block: "start" });
    // A browser may refuse to play before the first gesture; the player then waits for one.
    clip.querySelector("video").play().catch(() => {});
}

document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, button, a")) return;
    const clip = clips[current];
    switch (event.key.toLowerCase()) {
        case "j":
            go(current + 1);
            break;
        case "k":
            go(current - 1);
            break;
        case " ": {
            if (!clip || event.target.closest("video")) return;
            const video = clip.querySelector("video");
            if (video.paused) video.play().catch(() => {});
            else video.pause();
            break;
        }
        case "a":
            clip?.querySelector("[data-approve]").requestSubmit();
            break;
        case "r":
            clip?.querySelector("[data-reject] input[name=reason]").focus();
            break;
        default:
            return;
    }
    event.preventDefault();
});

if (clips.length > 0) go(0, false);
