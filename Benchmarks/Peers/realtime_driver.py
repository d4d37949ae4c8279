"""Opens many sockets on a server, then measures its memory and how fast what is published reaches all of them.

Usage: realtime_driver.py PORT PID CONNECTIONS MESSAGES [TOPIC]. Prints one line of JSON. Nothing but Python itself is used,
and of what arrives only the time is noted while it is measured, so that the client weighs little beside any server.
"""

import base64
import json
import os
import select
import socket
import sys
import time

port, pid, count, messages = (int(argument) for argument in sys.argv[1:5])
topic = sys.argv[5] if len(sys.argv) > 5 else None
sockets = {}
rest = {}
poll = select.epoll()


def resident():
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def frame(opcode, data):
    head = bytes([0x80 | opcode, 0x80 | len(data)]) if len(data) < 126 \
        else bytes([0x80 | opcode, 0xFE]) + len(data).to_bytes(2, "big")
    return head + bytes(4) + data


def length(data):
    """How long the first frame is, head and all; 0 when that cannot be seen yet."""
    if len(data) < 2:
        return 0
    if data[1] < 126:
        return 2 + data[1]
    return 4 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else 0


def read_frame(connection):
    data = rest.pop(connection.fileno(), b"")
    while not (size := length(data)) or len(data) < size:
        part = connection.recv(4096)
        if not part:
            raise RuntimeError("closed")
        data += part
    if len(data) > size:
        rest[connection.fileno()] = data[size:]
    return data[:size]


def connect():
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    path = "/api/realtime/socket" if topic else "/"
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        if not part:
            raise RuntimeError("closed")
        answer += part
    head, data = answer.split(b"\r\n\r\n", 1)
    if b" 101 " not in head[:20]:
        raise RuntimeError(answer[:200])
    if data:
        rest[connection.fileno()] = data
    if topic:
        connection.sendall(frame(1, json.dumps({"id": 1, "do": "subscribe", "topic": topic}).encode()))
        while b'"ok":"subscribed"' not in read_frame(connection):
            pass
    connection.setblocking(False)
    sockets[connection.fileno()] = connection
    poll.register(connection.fileno(), select.EPOLLIN)


def take(fd, now, data, arrived):
    """What came on a socket that was not exactly one message."""
    data = rest.pop(fd, b"") + data
    while (size := length(data)) and len(data) >= size:
        if data[0] & 0x0F == 9:
            sockets[fd].send(frame(10, data[2:size]))
        elif b'"at":' in data[:size]:
            arrived.append((now, data[:size]))
        data = data[size:]
    if data:
        rest[fd] = data


def publish(number):
    """Publishes so many messages, the next when the last was accepted; the delays of all that arrive, in nanoseconds."""
    publisher = socket.create_connection(("127.0.0.1", port + (0 if topic else 1)))
    own, arrived, sent = publisher.fileno(), [], 0
    poll.register(own, select.EPOLLIN)

    def send():
        body = json.dumps({"at": time.monotonic_ns()})
        publisher.sendall(
            f"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

    send()
    sent, deadline = 1, time.monotonic() + 120
    while len(arrived) < number * count or sent < number:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(arrived)} of {number * count} messages arrived")
        for fd, _ in poll.poll(1, 1024):
            if fd == own:
                publisher.recv(4096)
                if sent < number:
                    send()
                    sent += 1
                continue
            data = os.read(fd, 65536)
            now = time.monotonic_ns()
            if data[0] == 0x81 and length(data) == len(data) and fd not in rest and b'"at":' in data:
                arrived.append((now, data))
            else:
                take(fd, now, data, arrived)
    poll.unregister(own)
    publisher.close()
    return [now - int(data[data.find(b'"at":') + 5:].split(b"}")[0]) for now, data in arrived]


before = resident()
started = time.monotonic()
for _ in range(count):
    connect()
opened = time.monotonic() - started
time.sleep(2)
idle = resident()
publish(1)
single = []
for _ in range(20):
    single += publish(1)
    time.sleep(0.02)
single.sort()
started = time.monotonic()
publish(messages)
passed = time.monotonic() - started
print(json.dumps({
    "kilobytes": (idle - before) / count, "opened": count / opened, "p50": single[len(single) // 2] / 1e6,
    "p99": single[len(single) * 99 // 100] / 1e6, "perSecond": count * messages / passed}))
