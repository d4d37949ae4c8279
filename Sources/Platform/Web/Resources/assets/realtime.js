// Listens to topics: over a WebSocket, or over server-sent events where no socket comes through.
//
//   const stop = listen("inbox/list/open", { from: { epoch, offset }, message(data, offset) {…}, lost() {…} });
//
// Also signal(value, from), joined(member), left(member), refused(code). Documentation/Reference/realtime.md has more.

const base = new URL("/api/realtime/", location.href);
const topics = new Map();
const watchers = new Set();
const waits = { first: 500, most: 30_000, quiet: 60_000, proof: 8_000, topicsOfStream: 8 };

let line = null;
let failures = 0;
let socketFailures = 0;
let timer = 0;
let quiet = 0;
let lastID = 0;
let online = false;
let eventsOnly = false;

export function listen(topic, handler) {
  topics.set(topic, { handler, at: handler.from ?? null, isNew: !handler.from, stands: false });
  if (line?.join) line.join(topic);
  else if (line) restart(0);
  else connect();
  return () => {
    if (topics.get(topic)?.handler !== handler) return;
    topics.delete(topic);
    line?.leave?.(topic);
    if (topics.size === 0) end();
  };
}

// Listens over server-sent events alone: for pages without cookies, whose streams are counted by what they listen to.
export function overEvents() { eventsOnly = true; }

export function signal(topic, value) { line?.send?.({ do: "publish", topic, signal: value }); }

export function state(watcher) {
  watchers.add(watcher);
  watcher(online);
  return () => watchers.delete(watcher);
}

function setOnline(value) {
  if (online === value) return;
  online = value;
  for (const watcher of watchers) watcher(value);
}

function connect() {
  clearTimeout(timer);
  if (line || topics.size === 0) return;
  // A proxy that lets no socket through shows by sockets that never open.
  line = (eventsOnly || socketFailures >= 2) && window.EventSource ? openEvents() : openSocket();
  heard();
}

function end() {
  clearTimeout(timer);
  clearTimeout(quiet);
  const old = line;
  line = null;
  old?.close();
  setOnline(false);
}

function restart(wait) {
  end();
  for (const entry of topics.values()) entry.stands = false;
  if (topics.size > 0) timer = setTimeout(connect, wait);
}

function backOff() {
  const most = Math.min(waits.most, waits.first * 2 ** failures);
  failures += 1;
  restart(most * (0.5 + Math.random() / 2));
}

// Nothing at all for a minute means that the connection is dead, whatever the browser believes.
function heard() {
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    line?.send?.({ id: ++lastID, do: "ping" });
    quiet = setTimeout(() => backOff(), waits.proof);
  }, waits.quiet);
}

function openSocket() {
  const url = new URL("socket", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  let hasOpened = false;
  let hint = null;
  const self = {
    send(command) { if (socket.readyState === 1) socket.send(JSON.stringify(command)); },
    join(topic) {
      const at = topics.get(topic)?.at;
      self.send({ id: ++lastID, do: "subscribe", topic, ...(at ? { epoch: at.epoch, offset: at.offset } : {}) });
    },
    leave(topic) { self.send({ do: "unsubscribe", topic }); },
    close() { socket.onclose = null; socket.close(); },
  };
  socket.onopen = () => {
    hasOpened = true;
    socketFailures = 0;
    setOnline(true);
    for (const topic of topics.keys()) self.join(topic);
  };
  socket.onmessage = event => {
    heard();
    const text = JSON.parse(event.data);
    if (text.reconnect) hint = text.reconnect.afterMilliseconds;
    else take(text);
  };
  socket.onclose = event => {
    // Without a network it says nothing about sockets.
    if (!hasOpened && navigator.onLine) socketFailures += 1;
    if (event.code === 4001) return end();
    if (hint !== null) restart(hint);
    else backOff();
  };
  return self;
}

function openEvents() {
  const url = new URL("events", base);
  const names = [...topics.keys()].slice(0, waits.topicsOfStream);
  url.searchParams.set("topics", names.join(","));
  // A new EventSource cannot say where it stands in a header, so the address does.
  url.searchParams.set("from", names.map(name => position(topics.get(name).at)).join(","));
  const stream = new EventSource(url);
  stream.onopen = () => setOnline(true);
  stream.onmessage = event => { heard(); take(JSON.parse(event.data)); };
  stream.addEventListener("reconnect", () => setOnline(false));
  stream.onerror = () => {
    setOnline(false);
    // The browser comes back by itself unless it was refused; now and then a socket is tried again.
    if (stream.readyState === 2 || Math.random() < 0.2) { socketFailures = 0; backOff(); }
  };
  return { close() { stream.onerror = null; stream.close(); } };
}

const position = at => (at ? `${at.epoch}.${at.offset}` : "-");

function take(text) {
  const name = text.topic ?? text.reset;
  const entry = topics.get(name);
  if (!entry) return;
  const { handler } = entry;
  if (text.error) {
    if (text.retryAfter && line?.join) setTimeout(() => line?.join?.(name), text.retryAfter * 1000);
    else if (text.error !== "realtime.alreadySubscribed") handler.refused?.(text.error);
  } else if (text.ok === "subscribed") {
    failures = 0;
    entry.stands = true;
    const isLost = text.recovered === false || (!entry.isNew && !entry.at);
    entry.at = { epoch: text.epoch, offset: text.offset };
    entry.isNew = false;
    if (isLost) handler.lost?.();
    else if (text.recovered) handler.back?.();
    if (handler.joined) line?.send?.({ id: ++lastID, do: "presence", topic: name });
  } else if (text.ok === "presence") {
    for (const member of text.members) handler.joined?.(member);
  } else if (text.reset) {
    entry.at = { epoch: text.epoch, offset: text.offset };
    handler.lost?.();
  } else if ("data" in text) {
    // Never twice, whatever happens on the way.
    if (entry.at && text.offset <= entry.at.offset) return;
    entry.at = { epoch: entry.at?.epoch, offset: text.offset };
    handler.message?.(text.data, text.offset);
  } else if ("signal" in text) handler.signal?.(text.signal, text.from);
  else if (text.joined) handler.joined?.(text.joined);
  else if (text.left) handler.left?.(text.left);
}

// A browser that knows that it has no network is believed at once; what it had open may look alive for a minute.
addEventListener("offline", () => { if (line) backOff(); });
addEventListener("online", () => { if (topics.size > 0 && !online) { failures = socketFailures = 0; restart(Math.random() * 1000); } });
