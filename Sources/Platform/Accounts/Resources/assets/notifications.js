// Reminders on this device: subscribes the browser's push service and tells the server about it.

import { say } from "../web/capstan.js";

const part = document.querySelector("[data-push]");
const on = part?.querySelector("[data-push-on]");
const off = part?.querySelector("[data-push-off]");
const state = part?.querySelector("[data-push-state]");
const subscriptions = "/api/push-subscriptions";

function show(isOn) {
    on.hidden = isOn;
    off.hidden = !isOn;
    state.textContent = isOn ? "This device is reminded although no page is open." : "Get a reminder here although no page is open.";
}

function bytes(text) {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

async function tell(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    const answer = await fetch(subscriptions, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ endpoint, key: keys.p256dh, secret: keys.auth }),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
}

async function subscribe(registration) {
    if ((await Notification.requestPermission()) !== "granted") {
        say("The browser does not allow reminders here; its settings can change that.");
        return;
    }
    const key = bytes(part.dataset.key);
    const known = await registration.pushManager.getSubscription();
    // A device that subscribed to another key than the server has now would never be reached.
    const same = known?.options.applicationServerKey && new Uint8Array(known.options.applicationServerKey).every((byte, place) => byte === key[place]);
    if (known && !same) await known.unsubscribe();
    const subscription = same ? known : await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await tell(subscription);
    show(true);
    say("This device is reminded from now on.");
}

async function unsubscribe(registration) {
    const subscription = await registration.pushManager.getSubscription();
    if (subscription) {
        const answer = await fetch(`${subscriptions}?endpoint=${encodeURIComponent(subscription.endpoint)}`, { method: "DELETE" });
        if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
        await subscription.unsubscribe();
    }
    show(false);
    say("This device is not reminded any more.");
}

function act(button, registration, work) {
    button.addEventListener("click", async () => {
        button.disabled = true;
        try {
            await work(registration);
        } catch {
            say("That did not work; try again in a moment.");
        }
        button.disabled = false;
    });
}

if (part) {
    if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
        on.hidden = true;
        state.textContent = "This browser cannot remind you while no page is open.";
    } else {
        try {
            const registration = await navigator.serviceWorker.register(part.dataset.worker);
            const subscription = await registration.pushManager.getSubscription();
            show(subscription !== null && Notification.permission === "granted");
            act(on, registration, subscribe);
            act(off, registration, unsubscribe);
        } catch {
            on.hidden = true;
            state.textContent = "This browser does not allow reminders here.";
        }
    }
}
