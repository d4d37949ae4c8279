// What only few messages have: files, a reason why they were not sent, something that has happened.

import { clockOf } from "./times.js";

const failures = {
    windowClosed: "The channel takes no answer so long after the customer's last message.", contactGone: "The customer is no longer on this channel.",
    blocked: "The customer does not want to be written to.", unavailable: "The customer cannot be reached on this channel.",
    outcomeUnknown: "Whether it was sent is not certain: the channel did not say.", unreachable: "The channel could not be reached.",
    tokenExpired: "The channel has to be signed in again.", tooLong: "The channel does not take a text of this length.",
};
const happenings = {
    assigned: "assigned the conversation", unassigned: "gave the conversation back", takenOver: "took over", snoozed: "put the conversation aside",
    closed: "closed the conversation", opened: "opened the conversation", prioritised: "changed the priority", moved: "changed the team",
    woken: "The conversation woke up", handedOver: "The bot handed over", customerLeft: "The customer has left the channel",
    customerReturned: "The customer is back on the channel",
};

/** Makes the line of something that has happened out of a message. */
export function showEvent(item, message, who) {
    const line = document.createElement("p");
    line.className = "event-line";
    const what = happenings[message.body] ?? message.body;
    line.textContent = `${/^[A-Z]/.test(what) ? what : `${who || "A rule"} ${what}`} ${clockOf(message.sentAt)}`;
    item.replaceChildren(line);
}

/** Says that a message was not sent, and why: in `reason`'s words, else in those for the code. */
export function showFailure(item, code, reason) {
    let box = item.querySelector(".failed");
    if (!box) {
        box = document.querySelector("[data-message-template]").content.querySelector(".failed").cloneNode(true);
        item.append(box);
    }
    box.querySelector("p").textContent = reason ?? failures[code] ?? (code ? `The channel refused it (${code}).` : "It could not be sent.");
    box.hidden = false;
}

/** Shows files below a message's words. */
export function showFiles(item, files) {
    for (const file of item.querySelectorAll(".file, .photo")) file.remove();
    item.querySelector(".bubble").append(...files.map(lineOf));
}

function lineOf(file) {
    const label = file.title ?? file.name ?? file.kind;
    const href = file.id ? `/api/inbox/files/${file.id}` : "";
    if (href && file.kind === "image") {
        const link = Object.assign(document.createElement("a"), { className: "photo", href });
        link.append(Object.assign(document.createElement("img"), { src: href, alt: label, loading: "lazy" }));
        return link;
    }
    const line = Object.assign(document.createElement("p"), { className: "file" });
    if (href) line.append(Object.assign(document.createElement("a"), { href, textContent: label }));
    else line.textContent = `${label} (${file.failure === "expired" ? "no longer kept" : file.failure ? "could not be fetched" : file.kind})`;
    return line;
}
