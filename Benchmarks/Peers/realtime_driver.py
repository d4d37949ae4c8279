"""Opens many sockets on a server, then measures its memory and how fast what is published reaches all of them.

Usage: realtime_driver.py PORT PID CONNECTIONS MESSAGES [TOPIC]. Prints one line of JSON. Nothing but Python itself is used,
so that the client weighs the same beside every server.
"""

import asyncio
import base64
import json
import os
import sys
import time

port, pid, count, messages = (int(argument) for argument in sys.argv[1:5])
topic = sys.argv[5] if len(sys.argv) > 5 else None
delays = []
arrived = 0
wanted = asyncio.Event()
target = 0


def resident():
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def frame(text):
    data = text.encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else bytes([0x81, 0xFE]) + len(data).to_bytes(2, "big")
    return head + bytes(4) + data


class Client(asyncio.Protocol):
    def __init__(self):
        self.ready = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.is_open = False

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        path = "/api/realtime/socket" if topic else "/"
        transport.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())

    def data_received(self, data):
        global arrived
        self.buffer += data
        if not self.is_open:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:20]:
                self.ready.set_exception(RuntimeError(self.buffer[:200]))
                return
            self.buffer = self.buffer[end + 4:]
            self.is_open = True
            if topic:
                self.transport.write(frame(json.dumps({"id": 1, "do": "subscribe", "topic": topic})))
            else:
                self.ready.set_result(None)
        while len(self.buffer) >= 2:
            length, start = self.buffer[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + length:
                return
            payload, self.buffer = self.buffer[start:start + length], self.buffer[start + length:]
            place = payload.find(b'"at":')
            if place >= 0:
                delays.append(time.monotonic_ns() - int(payload[place + 5:].split(b"}")[0]))
                arrived += 1
                if arrived >= target:
                    wanted.set()
            elif not self.ready.done():
                self.ready.set_result(None)

    def connection_lost(self, error):
        if not self.ready.done():
            self.ready.set_exception(RuntimeError("closed"))


async def publish(number):
    global target
    target += count * number
    wanted.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port + (0 if topic else 1))
    for _ in range(number):
        body = json.dumps({"at": time.monotonic_ns()})
        writer.write(f"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await reader.readuntil(b"\r\n\r\n")
    await asyncio.wait_for(wanted.wait(), 120)
    writer.close()


async def main():
    loop = asyncio.get_running_loop()
    before = resident()
    started = time.monotonic()
    clients = []
    for start in range(0, count, 200):
        batch = [await loop.create_connection(Client, "127.0.0.1", port) for _ in range(min(200, count - start))]
        await asyncio.gather(*(client.ready for _, client in batch))
        clients += batch
    opened = time.monotonic() - started
    await asyncio.sleep(2)
    idle = resident()
    await publish(1)
    delays.clear()
    for _ in range(20):
        await publish(1)
        await asyncio.sleep(0.02)
    single = sorted(delays)
    started = time.monotonic()
    await publish(messages)
    passed = time.monotonic() - started
    print(json.dumps({
        "kilobytes": (idle - before) / count, "opened": count / opened, "p50": single[len(single) // 2] / 1e6,
        "p99": single[len(single) * 99 // 100] / 1e6, "perSecond": count * messages / passed}))


asyncio.run(main())
