// Health as it changes; addresses and lines that are copied.
import { listen } from "../web/realtime.js";
import { say } from "../web/capstan.js";

for (const field of document.querySelectorAll("[data-copy]")) {
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = "Copy";
  button.addEventListener("click", async () => { await navigator.clipboard.writeText(field.value); say("Copied."); });
  field.after(button);
}

const words = {
  good: ["healthy", "good"], failing: ["failing", "bad"], tokenExpired: ["sign in again", "bad"], silent: ["silent", "gold"],
};

if (document.querySelector("[data-health]")) {
  listen("inbox/health", {
    message(note) {
      const line = document.querySelector(`[data-channel="${CSS.escape(note.channel)}"]`);
      const state = line?.querySelector("[data-state]");
      if (!state || !words[note.health]) return;
      const [label, kind] = words[note.health];
      state.textContent = label;
      state.className = `badge ${kind}`;
      const reason = line.querySelector("[data-reason]");
      if (reason) reason.textContent = note.reason ?? "";
    },
    signal(note) { if (note.buried) say(`${note.buried} deliveries could not be worked off.`); },
    lost() { location.reload(); },
  });
}
