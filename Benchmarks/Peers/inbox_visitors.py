"""Visitors of a widget, one after another: `HOST PORT CHANNEL COUNT PREFIX QUESTION...` opens a session for each, listens to
its topic as server-sent events, asks each question in turn and prints, in milliseconds from the moment in which the question
was accepted, when the first sign of typing and when the bot's answer came, and in how many the question was accepted; -1 for
what did not come within 20 seconds."""
import http.client
import json
import sys
import threading
import time

host, port, channel, count, prefix = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
questions = sys.argv[6:]
LIMIT = 20.0


def ask(path, body, headers):
    line = http.client.HTTPConnection(host, port, timeout=LIMIT)
    line.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
    answer = line.getresponse()
    text = answer.read()
    line.close()
    if answer.status not in (200, 201, 202):
        raise SystemExit(f"{path} answered {answer.status}: {text[:300]}")
    return json.loads(text)


def visit(number):
    # Each visitor comes from an address of their own, as visitors do.
    headers = {
        "origin": f"http://{host}:{port}", "host": f"{host}:{port}",
        "x-forwarded-for": f"10.{200 + number // 62500}.{number // 250 % 250}.{1 + number % 250}",
    }
    session = ask(f"/api/inbox/widget/{channel}/session", {"site": headers["origin"]}, headers)
    headers["x-inbox-visitor"] = session["token"]
    heard, ready = [], threading.Event()

    def listen():
        line = http.client.HTTPConnection(host, port, timeout=LIMIT)
        line.request("GET", f"/api/realtime/events?topics={session['topic']}", headers=headers)
        stream = line.getresponse()
        if stream.status != 200:
            print(f"the stream answered {stream.status}", file=sys.stderr)
        ready.set()
        try:
            while True:
                text = stream.fp.readline() if not stream.chunked else stream.readline()
                if not text:
                    return
                if not text.startswith(b"data:"):
                    continue
                now = time.perf_counter()
                event = json.loads(text[5:])
                note = event.get("data") or event.get("signal") or {}
                if note.get("kind") == "typing":
                    heard.append((now, "typing"))
                elif note.get("kind") == "message" and note["message"]["from"] == "bot":
                    heard.append((now, "bot"))
        except (OSError, ValueError, http.client.HTTPException):
            return

    threading.Thread(target=listen, daemon=True).start()
    if not ready.wait(LIMIT):
        raise SystemExit("no stream of events")
    time.sleep(0.05)
    question = questions[number % len(questions)]
    start = time.perf_counter()
    ask("/api/inbox/widget/messages", {"channel": channel, "text": question, "clientId": f"{prefix}{number}"}, headers)
    accepted = time.perf_counter()
    while time.perf_counter() - accepted < LIMIT and not any(kind == "bot" for _, kind in heard):
        time.sleep(0.001)

    def first(kind):
        times = [moment for moment, what in heard if what == kind]
        return (min(times) - accepted) * 1e3 if times else -1

    print(f"{first('typing'):.1f} {first('bot'):.1f} {(accepted - start) * 1e3:.1f}", flush=True)


for number in range(count):
    visit(number)
