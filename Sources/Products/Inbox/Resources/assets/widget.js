// The visitor's side of a conversation, in a frame of its own.
import { listen, state as connection, overEvents } from "../web/realtime.js";

const page = document.querySelector("[data-widget]");
const { channel, accent, onAccent, radius, botName, opens, asks, takesFiles } = page.dataset;
const part = name => page.querySelector(`[data-part="${name}"]`);
const key = `capstan.inbox.${channel}`;
const api = "/api/inbox/widget";
const isAlone = window.parent === window;

let site = isAlone ? location.origin : null;
let user = null;
let token = recall("token");
let topic = null;
let thread = { state: null, next: 0, place: null };
let takesRatings = false;
let stop = null;
let isOpen = false;
let unread = 0;
let opening = null;
const messages = new Map();
const waiting = new Map();
const pictures = new Map();

document.documentElement.style.setProperty("--accent", accent);
document.documentElement.style.setProperty("--on-accent", onAccent);
document.documentElement.style.setProperty("--radius", `${radius}px`);
overEvents();

// Browsers that keep nothing for frames of other sites: the visitor is somebody new after each page.
function recall(name) { try { return localStorage.getItem(`${key}.${name}`); } catch { return null; } }
function keep(name, value) { try { localStorage.setItem(`${key}.${name}`, value); } catch { /* as above */ } }
function forget(name) { try { localStorage.removeItem(`${key}.${name}`); } catch { /* as above */ } }

// ---- Asking

async function ask(method, path, body, options = {}) {
  const headers = { accept: "application/json", ...(token ? { "x-inbox-visitor": token } : {}) };
  if (body && !options.isFile) headers["content-type"] = "application/json";
  if (options.isFile) headers["content-type"] = body.type || "application/octet-stream";
  const answer = await fetch(`${api}${path}`, {
    method, headers, credentials: "omit", body: body && !options.isFile ? JSON.stringify(body) : body,
  });
  if (answer.status === 401 && !options.isSession && token) {
    token = null;
    forget("token");
    await session();
    return ask(method, path, body, { ...options, isSession: true });
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(problem.detail ?? "It did not work; try again."), {
      status: answer.status, retryAfter: problem.retryAfter,
    });
  }
  return answer.status === 204 ? null : options.isBlob ? answer.blob() : answer.json();
}

function session(details = {}) {
  opening ??= (async () => {
    const known = user ? { userId: user.id, userExpires: user.expires, userSignature: user.signature } : {};
    const about = { name: details.name ?? user?.name, email: details.email ?? user?.email, phone: details.phone };
    const filled = Object.fromEntries(Object.entries(about).filter(([, value]) => value));
    const body = { site: site ?? "null", locale: navigator.language, ...known, ...filled };
    if (token) body.token = token;
    const answer = await ask("POST", `/${channel}/session`, body, { isSession: true });
    token = answer.token;
    takesRatings = answer.takesRatings;
    keep("token", token);
    take(answer.thread);
    if (topic !== answer.topic) {
      stop?.();
      topic = answer.topic;
      stop = topic ? listen(topic, { message: heard, signal: heard, lost: catchUp, back() {} }) : null;
    }
  })().finally(() => { opening = null; });
  return opening;
}

// Everything that was missed, from the last number that has nothing open before it.
async function catchUp() {
  if (!token) return;
  try {
    for (;;) {
      const before = thread.next;
      const part = await ask("GET", `/messages?channel=${channel}&after=${before}`);
      if (part.state && thread.state && part.state.conversation !== thread.state.conversation) {
        messages.clear();
        thread.next = 0;
        thread.state = part.state;
        continue;
      }
      take(part);
      if (part.messages.length < 100 || thread.next === before) return;
    }
  } catch { /* the stream comes back, and asks again */ }
}

function take(part) {
  if (part.state) thread.state = part.state;
  thread.place = part.place ?? null;
  thread.next = Math.max(thread.next, part.next);
  for (const line of part.messages) put(line, false);
  draw();
}

function heard(note) {
  if (note.kind === "typing") return typing();
  if (note.kind === "state" && note.state) {
    const isNew = thread.state?.conversation !== note.state.conversation;
    thread.state = note.state;
    if (isNew) { thread.next = 0; messages.clear(); catchUp(); }
    if (note.state.answering === "waiting") catchUp();
  }
  if (note.message) put(note.message, true);
  draw();
}

function put(line, isNew) {
  if (line.clientId) waiting.delete(line.clientId);
  const isKnown = messages.has(line.id);
  messages.set(line.id, line);
  if (line.sequence === thread.next + 1) thread.next = line.sequence;
  if (!isNew || isKnown || line.from === "visitor") return;
  part("typing").hidden = true;
  if (!isOpen || document.hidden) unread += 1;
}

// ---- Saying

async function send(text, file) {
  const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  waiting.set(clientId, { text: text || file?.name, file, state: "sending" });
  draw();
  await deliver(clientId, 0);
}

async function deliver(clientId, attempt) {
  const entry = waiting.get(clientId);
  if (!entry) return;
  try {
    if (!token) await session();
    const name = entry.file ? encodeURIComponent(entry.file.name.slice(0, 200)) : "";
    if (entry.file) {
      await ask("POST", `/files?channel=${channel}&clientId=${clientId}&name=${name}`, entry.file, { isFile: true });
    } else await ask("POST", "/messages", { channel, text: entry.text, clientId });
    entry.state = "sent";
    // Told by the stream as a rule; asked for where that is down.
    setTimeout(() => { if (waiting.has(clientId)) catchUp(); }, 3_000);
  } catch (error) {
    const isOver = error.status && error.status < 500 && error.status !== 429;
    entry.state = isOver ? "refused" : "waiting";
    entry.reason = error.status ? error.message : "Waiting for the connection.";
    if (!isOver) {
      const wait = (error.retryAfter ?? Math.min(60, 2 ** attempt)) * 1_000;
      setTimeout(() => deliver(clientId, attempt + 1), wait);
    }
  }
  draw();
}

addEventListener("online", () => {
  for (const [clientId, entry] of waiting) if (entry.state === "waiting") deliver(clientId, 0);
  catchUp();
});
// After sleep the stream may take a while to notice: what was missed is asked for at once.
document.addEventListener("visibilitychange", () => { if (!document.hidden) { catchUp(); if (isOpen) read(); } });

// ---- Showing

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

// Addresses become links; nothing else of a text is more than text.
function words(text) {
  const made = document.createDocumentFragment();
  let last = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g)) {
    made.append(text.slice(last, match.index));
    const link = element("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    made.append(link);
    last = match.index + match[0].length;
  }
  made.append(text.slice(last));
  return made;
}

function bubble(line) {
  const item = element("li", `line ${line.from}`);
  const who = line.from === "visitor" ? "You" : line.from === "bot" ? botName : line.name ?? "A colleague";
  const time = new Date(line.sentAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const head = element("p", "who", `${who} · `);
  const stamp = element("time", "", time);
  stamp.dateTime = line.sentAt;
  head.append(stamp);
  item.append(head);
  if (line.isDeleted) item.append(element("p", "text gone", "This message was deleted."));
  else if (line.body) {
    const text = element("p", "text");
    text.append(words(line.body));
    item.append(text);
  }
  for (const file of line.files) item.append(attachment(file));
  if (line.sources.length) {
    const list = element("p", "sources", "From: ");
    list.append(line.sources.map(source => source.title + (source.heading ? ` › ${source.heading}` : "")).join("; "));
    item.append(list);
  }
  return item;
}

function attachment(file) {
  if (!file.id) return element("p", "file", `${file.name ?? file.kind}: being fetched`);
  const path = `/files/${file.id}?channel=${channel}`;
  if (file.kind === "image") {
    const picture = element("img", "picture");
    picture.alt = file.name ?? "Picture";
    pictures.set(file.id, pictures.get(file.id) ?? ask("GET", path, null, { isBlob: true }).then(URL.createObjectURL));
    pictures.get(file.id).then(address => { picture.src = address; }, () => { picture.alt = "The picture cannot be shown."; });
    return picture;
  }
  const button = element("button", "file", `${file.name ?? file.kind} · ${Math.max(1, Math.round((file.bytes ?? 0) / 1024))} KB`);
  button.type = "button";
  button.onclick = async () => {
    const link = element("a");
    link.href = URL.createObjectURL(await ask("GET", path, null, { isBlob: true }));
    link.download = file.name ?? "file";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  return button;
}

function pending(clientId, entry) {
  const item = element("li", "line visitor pending");
  item.append(element("p", "text", entry.text ?? ""));
  const note = { sending: "Sending …", sent: "Sent", waiting: entry.reason, refused: entry.reason }[entry.state];
  item.append(element("p", entry.state === "refused" ? "who bad" : "who", note));
  if (entry.state === "refused") {
    const drop = element("button", "quiet", "Remove");
    drop.type = "button";
    drop.onclick = () => { waiting.delete(clientId); draw(); };
    item.append(drop);
  }
  return item;
}

const drawn = new Map();

function draw() {
  const log = part("log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const lines = [...messages.values()].sort((a, b) => a.sequence - b.sequence).slice(-200);
  const items = lines.map(line => {
    const known = drawn.get(line.id);
    const text = JSON.stringify(line);
    if (known?.text === text) return known.item;
    const item = bubble(line);
    drawn.set(line.id, { text, item });
    return item;
  });
  const open = [...waiting].map(([clientId, entry]) => pending(clientId, entry));
  part("lines").replaceChildren(...items, ...open);
  if (isAtEnd) log.scrollTop = log.scrollHeight;
  const state = thread.state;
  part("hand-over").hidden = !(state?.answering === "bot" && !state.isClosed);
  part("waiting").hidden = !(state?.answering === "waiting" && !state.isClosed);
  if (thread.place) {
    part("place").textContent = thread.place === 1 ? "You are next." : `${thread.place - 1} before you.`;
  }
  part("closed").hidden = !state?.isClosed;
  part("rating").hidden = !(state?.isClosed && takesRatings && recall("rated") !== `${state.conversation}.${state.closings}`);
  part("about").hidden = !(asks && !token && messages.size === 0 && waiting.size === 0 && recall("asked") === null);
  part("badge").hidden = unread === 0;
  part("badge").textContent = unread > 9 ? "9+" : String(unread);
  part("launch-label").textContent = unread ? `Open the chat, ${unread} new` : "Open the chat";
}

let fade = 0;
function typing() {
  part("typing").hidden = false;
  clearTimeout(fade);
  fade = setTimeout(() => { part("typing").hidden = true; }, 6_000);
}

function read() { unread = 0; draw(); }

// ---- Opening

function show(open) {
  isOpen = open;
  part("panel").hidden = !open;
  part("launch").hidden = open;
  if (!isAlone) parent.postMessage({ inbox: { is: "shown", open } }, site ?? "*");
  if (!open) return part("launch").focus();
  keep("opened", "1");
  read();
  // Somebody who only looks is nobody yet: a session begins with a word, unless there was one before.
  if (token || user) session().catch(complain);
  setTimeout(() => { part("log").scrollTop = part("log").scrollHeight; part("text").focus(); }, 50);
}

function complain(error) {
  part("fault").textContent = error.message;
  part("fault").hidden = false;
  setTimeout(() => { part("fault").hidden = true; }, 8_000);
}

part("launch").onclick = () => show(true);
part("close").onclick = () => show(false);
addEventListener("keydown", event => { if (event.key === "Escape" && isOpen) show(false); });

part("form").onsubmit = event => {
  event.preventDefault();
  const text = part("text").value.trim();
  if (!text) return;
  part("text").value = "";
  part("text").style.height = "";
  send(text).catch(complain);
};
part("text").onkeydown = event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    part("form").requestSubmit();
  }
};
let told = 0;
part("text").oninput = () => {
  const box = part("text");
  box.style.height = "";
  box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
  if (!token || !thread.state || Date.now() - told < 4_000) return;
  told = Date.now();
  ask("POST", "/typing", { channel }).catch(() => {});
};
if (takesFiles) {
  part("attach").hidden = false;
  part("attach").onclick = () => part("file").click();
  part("file").onchange = () => {
    for (const file of part("file").files) {
      if (file.size > 25 * 1024 * 1024) complain(new Error("A file has at most 25 MB."));
      else send("", file).catch(complain);
    }
    part("file").value = "";
  };
}
part("hand-over").onclick = async () => {
  part("hand-over").disabled = true;
  try {
    await ask("POST", "/hand-over", { channel });
    await catchUp();
  } catch (error) { complain(error); }
  part("hand-over").disabled = false;
};
part("about").onsubmit = async event => {
  event.preventDefault();
  const details = Object.fromEntries(new FormData(part("about")));
  keep("asked", "1");
  part("about").hidden = true;
  if (event.submitter?.value !== "skip" && Object.values(details).some(Boolean)) {
    await session(details).catch(complain);
  }
  draw();
  part("text").focus();
};
part("rating").onsubmit = async event => {
  event.preventDefault();
  const form = new FormData(part("rating"));
  const text = String(form.get("text") ?? "").trim();
  try {
    await ask("POST", "/ratings", { channel, score: Number(form.get("score")), ...(text ? { text } : {}) });
    keep("rated", `${thread.state.conversation}.${thread.state.closings}`);
    draw();
  } catch (error) { complain(error); }
};

connection(isOnline => { part("offline").hidden = isOnline || !topic; });
setInterval(() => { if (isOpen && thread.state?.answering === "waiting" && !thread.state.isClosed) catchUp(); }, 20_000);

addEventListener("message", event => {
  if (event.source !== window.parent || !event.data?.inbox) return;
  const message = event.data.inbox;
  // The browser says on which site this frame stands, and no script can change it.
  site = event.origin;
  if (message.is === "open") show(true);
  if (message.is === "close") show(false);
  if (message.is === "size") page.classList.toggle("phone", Boolean(message.isPhone));
  if (message.is !== "hello") return;
  if (message.user && message.user.id !== user?.id) {
    user = message.user;
    token = null;
    session().catch(complain);
  } else if (token && !topic) session().catch(() => {});
  begin();
});

let hasBegun = false;
function begin() {
  if (hasBegun) return;
  hasBegun = true;
  show(isAlone);
  if (opens && recall("opened") === null && !isOpen) setTimeout(() => { if (!isOpen) show(true); }, opens * 1_000);
}

draw();
if (isAlone) begin();
else parent.postMessage({ inbox: { is: "ready" } }, "*");
