"""A part of a crowd of sockets: opens them on one node, each as a person of its own, and comes back when it is cut off.

Usage: realtime_crowd.py PORT COUNT. Reads commands from standard input and answers each with a line of JSON:

    open          opens all sockets and subscribes them
    wait TOTAL    waits until every socket has been told TOTAL messages since it was opened; says how late they came
    back          waits until every socket is subscribed again after the node was killed

What a socket has been told is known by offsets, so that a gap or a second copy is seen. Nothing but Python itself is used.
"""

import asyncio
import base64
import json
import os
import random
import sys
import time

port, count = int(sys.argv[1]), int(sys.argv[2])
TOPIC = "bench/room/a"
delays = []
gaps = doubles = unrecovered = refused = failed = 0
clients = []
done = asyncio.Event()


def frame(opcode, data):
    head = bytes([0x80 | opcode, 0x80 | len(data)]) if len(data) < 126 \
        else bytes([0x80 | opcode, 0xFE]) + len(data).to_bytes(2, "big")
    return head + bytes(4) + data


class Client(asyncio.Protocol):
    """One socket at a time, and where its reader stands."""

    __slots__ = ("token", "epoch", "offset", "first", "transport", "buffer", "is_upgraded", "is_subscribed", "ended", "wait")

    def __init__(self, token):
        self.token, self.epoch, self.offset, self.first = token, None, 0, None
        self.is_subscribed = False
        self.reset()

    def reset(self):
        self.buffer, self.is_upgraded, self.transport, self.wait = b"", False, None, None
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /api/realtime/socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Cookie: capstan_session={self.token}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())

    def data_received(self, data):
        global refused
        data = self.buffer + data
        if not self.is_upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = data
                return
            if b" 101 " not in data[:20]:
                refused += 1
                place = data[:end].lower().find(b"retry-after:")
                self.wait = float(data[place + 12:].split(b"\r\n")[0]) if place >= 0 else None
                self.transport.abort()
                return
            data = data[end + 4:]
            self.is_upgraded = True
            command = {"id": 1, "do": "subscribe", "topic": TOPIC}
            if self.epoch:
                command.update(epoch=self.epoch, offset=self.offset)
            self.transport.write(frame(1, json.dumps(command).encode()))
        while len(data) >= 2:
            opcode, length, start = data[0] & 0x0F, data[1] & 0x7F, 2
            if length == 126:
                if len(data) < 4:
                    break
                length, start = int.from_bytes(data[2:4], "big"), 4
            if len(data) < start + length:
                break
            payload, data = data[start:start + length], data[start + length:]
            if opcode == 9:
                self.transport.write(frame(10, payload))
            elif opcode == 1:
                self.read(payload)
        self.buffer = data

    def read(self, payload):
        global gaps, doubles, unrecovered
        place = payload.find(b'"at":')
        if place >= 0:
            offset = int(payload.split(b'"offset":')[1].split(b",")[0])
            if offset <= self.offset:
                doubles += 1
                return
            gaps += offset != self.offset + 1
            self.offset = offset
            delays.append(time.monotonic_ns() - int(payload[place + 5:].split(b"}")[0]))
        elif payload.find(b'"ok":"subscribed"') >= 0:
            answer = json.loads(payload)
            if self.epoch and answer.get("recovered") is not True:
                unrecovered += 1
            if not self.epoch or answer.get("recovered") is not True:
                self.epoch, self.offset = answer["epoch"], answer["offset"]
                self.first = self.offset if self.first is None else self.first
            self.is_subscribed = True

    def connection_lost(self, error):
        self.is_subscribed = False
        if not self.ended.done():
            self.ended.set_result(None)

    async def live(self):
        """Comes back after a cut: within a second at first, later each time, and not before the server says."""
        global failed
        loop, pause = asyncio.get_running_loop(), 1.0
        while True:
            self.reset()
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", port)
                await self.ended
                pause = 1.0 if self.is_upgraded else min(8.0, pause * 2)
            except OSError:
                failed += 1
                pause = min(8.0, pause * 2)
            await asyncio.sleep((self.wait or 0) + random.random() * pause)


async def tokens(number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /sessions?count={number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    body = answer[answer.index(b"\r\n\r\n") + 4:]
    return json.loads(body[body.index(b"{"):body.rindex(b"}") + 1])["tokens"]


async def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def carry_out(words):
    started = time.monotonic()
    if words[0] == "open":
        tasks = []
        for start in range(0, count, 500):
            names = await tokens(min(500, count - start))
            clients.extend(map(Client, names))
            tasks += [asyncio.ensure_future(client.live()) for client in clients[start:]]
            await until(lambda: all(client.is_subscribed for client in clients[start:]), 120)
        complete = await until(lambda: all(client.is_subscribed for client in clients), 120)
        carry_out.tasks = tasks
    elif words[0] == "back":
        complete = await until(lambda: all(client.is_subscribed for client in clients), 300)
    else:
        total = int(words[1])
        complete = await until(lambda: all(client.offset - client.first >= total for client in clients), 120)
    late = sorted(delays)
    delays.clear()
    return {
        "seconds": time.monotonic() - started, "complete": complete, "gaps": gaps, "doubles": doubles,
        "unrecovered": unrecovered, "refused": refused, "failed": failed, "told": len(late),
        "late": late[:: max(1, len(late) // 2_000)]}


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        print(json.dumps(await carry_out(line)), flush=True)


asyncio.run(main())
