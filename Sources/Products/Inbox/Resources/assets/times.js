// Times in the reader's own zone: pages carry them in UTC.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function clockOf(iso) { return clock.format(new Date(iso)); }

export function dayOf(iso) { return day.format(new Date(iso)); }

/** A moment as lists show it: the time today, else the day. */
export function momentOf(iso) {
    const date = new Date(iso);
    return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

export function localise(part = document) {
    for (const time of part.querySelectorAll("time[data-clock]")) if (time.dateTime) time.textContent = clockOf(time.dateTime);
    for (const time of part.querySelectorAll("time[data-full]")) if (time.dateTime) time.textContent = full.format(new Date(time.dateTime));
    for (const time of part.querySelectorAll("time[data-moment]")) if (time.dateTime) time.textContent = momentOf(time.dateTime);
}

localise();
