"""Holds the server's sockets to RFC 6455 with a client that is not ours (websockets from PyPI), in the manner of Autobahn.

Usage: websocket-cases.py PORT cases | drain

The server lets everybody into stage/room/ID; numbers are published to stage/hall/tick all the time.
"""

import asyncio
import base64
import json
import os
import socket
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

port = int(sys.argv[1])
address = f"ws://127.0.0.1:{port}/api/realtime/socket"
failures = []
cases = []


def case(function):
    cases.append(function)
    return function


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def opened(**options):
    return connect(address, compression=None, ping_interval=None, proxy=None, **options)


async def said(client, timeout=20):
    return json.loads(await asyncio.wait_for(client.recv(), timeout))


async def asked(client, identity, **command):
    await client.send(json.dumps({"id": identity, **command}))
    while True:
        answer = await said(client)
        if answer.get("id") == identity:
            return answer


async def lives(client):
    same(await asked(client, 77, do="ping"), {"id": 77, "ok": "pong"})


def write(client, *frames):
    for frame in frames:
        client.transport.write(frame if isinstance(frame, bytes) else frame.serialize(mask=True))


async def closed_with(client):
    try:
        while True:
            await asyncio.wait_for(client.recv(), 20)
    except websockets.ConnectionClosed:
        return client.close_code


async def breaks(code, *frames):
    async with opened() as client:
        write(client, *frames)
        same(await closed_with(client), code)


def masked(opcode, payload, first=None, length=None):
    """A frame that the library refuses to make."""
    key = b"\1\2\3\4"
    head = bytes([first if first is not None else 0x80 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


ping = json.dumps({"id": 5, "do": "ping"})


@case
async def a_message_in_one_frame_and_in_many():
    async with opened() as client:
        await lives(client)
        await client.send([ping[:4], ping[4:9], ping[9:]])
        same(await said(client), {"id": 5, "ok": "pong"})
        write(client, *[Frame(Opcode.TEXT if place == 0 else Opcode.CONT, ping[place : place + 1].encode(), fin=place == len(ping) - 1) for place in range(len(ping))])
        same(await said(client), {"id": 5, "ok": "pong"})


@case
async def control_frames_stand_between_the_parts_of_a_message():
    async with opened() as client:
        write(client, Frame(Opcode.TEXT, ping[:4].encode(), fin=False))
        await asyncio.wait_for(await client.ping(b"within"), 20)
        write(client, Frame(Opcode.PONG, b"unasked"), Frame(Opcode.CONT, ping[4:].encode()))
        same(await said(client), {"id": 5, "ok": "pong"})


@case
async def pings_are_answered_with_what_they_carry():
    async with opened() as client:
        for payload in [b"", b"\0\xff\xfe", b"x" * 125]:
            await asyncio.wait_for(await client.ping(payload), 20)
        await lives(client)


@case
async def frames_may_come_byte_by_byte_and_many_at_once():
    async with opened() as client:
        for byte in masked(0x1, ping.encode()):
            write(client, bytes([byte]))
            await asyncio.sleep(0.001)
        same(await said(client), {"id": 5, "ok": "pong"})
        write(client, masked(0x1, ping.encode()) * 20)
        for _ in range(20):
            same(await said(client), {"id": 5, "ok": "pong"})


@case
async def text_is_utf_8():
    valid = json.dumps({"id": 1, "do": "wörld κόσμε \U0001f600"}, ensure_ascii=False)
    async with opened() as client:
        data = valid.encode()
        for cut in range(1, len(data)):
            write(client, Frame(Opcode.TEXT, data[:cut], fin=False), Frame(Opcode.CONT, data[cut:]))
            same((await said(client))["error"], "realtime.malformedCommand")
            if cut > 60:
                break
    for bad in [b"\xff", b"\xce\xba\xe1", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"]:
        await breaks(1007, Frame(Opcode.TEXT, b"{" + bad))
        await breaks(1007, Frame(Opcode.TEXT, b"{" + bad[:1], fin=False), Frame(Opcode.CONT, bad[1:] + b"}"))


@case
async def what_is_too_large_is_refused():
    await breaks(1009, Frame(Opcode.TEXT, b"x" * 9000))
    await breaks(1009, *[Frame(Opcode.TEXT if place == 0 else Opcode.CONT, b"x" * 4000, fin=False) for place in range(3)])
    # Sixteen exabytes are announced; nobody waits for them.
    await breaks(1009, bytes([0x81, 0xFF]) + (2**62).to_bytes(8, "big") + b"\1\2\3\4")


@case
async def what_breaks_the_protocol_is_refused():
    await breaks(1003, Frame(Opcode.BINARY, b"\1\2"))
    await breaks(1002, bytes([0x81, 2]) + b"{}")
    for bit in (0x40, 0x20, 0x10):
        await breaks(1002, masked(0x1, b"{}", first=0x81 | bit))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        await breaks(1002, masked(opcode, b""))
    await breaks(1002, Frame(Opcode.CONT, b"{}"))
    await breaks(1002, Frame(Opcode.TEXT, b"{", fin=False), Frame(Opcode.TEXT, b"}"))
    await breaks(1002, masked(0x9, b"x" * 126))
    await breaks(1002, masked(0x9, b"x", first=0x09))


@case
async def a_close_is_answered():
    for code in (1000, 1001, 3000, 4999):
        async with opened() as client:
            await client.close(code, "bye")
            same(client.protocol.close_rcvd is not None, True)
    for payload, answer in [(b"", 1000), (b"\3", 1002), (b"\3\xe7", 1002), (b"\3\xec", 1002), (b"\7\xd0", 1002), (b"\3\xe8\xff", 1007)]:
        await breaks(answer, masked(0x8, payload))


@case
async def after_a_close_nothing_is_answered():
    async with opened() as client:
        write(client, masked(0x8, b"\3\xe8"), masked(0x1, ping.encode()))
        same(await closed_with(client), 1000)


def request(extra="", path="/api/realtime/socket", key=None):
    key = key or base64.b64encode(os.urandom(16)).decode()
    return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extra}\r\n").encode()


async def raw(*parts):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
    return reader, writer


async def head(reader):
    return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()


@case
async def frames_that_come_with_the_request_are_not_lost():
    reader, writer = await raw(request() + masked(0x1, ping.encode()))
    same((await head(reader)).startswith("http/1.1 101"), True)
    answer = await asyncio.wait_for(reader.readexactly(2 + len('{"id":5,"ok":"pong"}')), 20)
    same(answer[2:], b'{"id":5,"ok":"pong"}')
    writer.close()


@case
async def a_connection_that_has_served_requests_becomes_a_socket():
    plain = f"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    reader, writer = await raw(plain)
    first = await head(reader)
    same(first.startswith("http/1.1 404"), True)
    length = int(first.split("content-length: ")[1].split("\r\n")[0])
    await reader.readexactly(length)
    writer.write(request())
    same((await head(reader)).startswith("http/1.1 101"), True)
    writer.write(masked(0x1, ping.encode()))
    same((await asyncio.wait_for(reader.readexactly(22), 20))[2:], b'{"id":5,"ok":"pong"}')
    writer.close()


@case
async def what_opens_no_socket_is_refused_as_a_problem():
    for bytes_, status in [
        (request("Origin: http://elsewhere.test\r\n"), 403),
        (request(key="c2hvcnQ="), 400),
        (request().replace(b"Version: 13", b"Version: 8"), 400),
        (f"GET /api/realtime/socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode(), 400),
    ]:
        reader, writer = await raw(bytes_)
        answer = await head(reader)
        same(answer.split(" ")[1], str(status))
        same("application/problem+json" in answer, True)
        writer.close()
    reader, writer = await raw(request(f"Origin: http://127.0.0.1:{port}\r\n"))
    same((await head(reader)).split(" ")[1], "101")
    writer.close()


@case
async def commands_are_answered_or_refused():
    async with opened() as client:
        same((await asked(client, 1, do="subscribe", topic="stage/attic"))["error"], "realtime.unknownTopic")
        same((await asked(client, 2, do="unsubscribe", topic="stage/room/a"))["error"], "realtime.notSubscribed")
        same((await asked(client, 3, do="subscribe", topic="stage/room/a"))["ok"], "subscribed")
        same((await asked(client, 4, do="subscribe", topic="stage/room/a"))["error"], "realtime.alreadySubscribed")
        same((await asked(client, 5, do="unsubscribe", topic="stage/room/a"))["ok"], "unsubscribed")
        same((await asked(client, 6, do="dance"))["error"], "realtime.malformedCommand")
        await client.send("no JSON")
        same((await said(client))["error"], "realtime.malformedCommand")


@case
async def too_many_commands_are_refused_and_then_end_the_connection():
    async with opened() as client:
        try:
            for _ in range(2000):
                await client.send(ping)
        except websockets.ConnectionClosed:
            pass
        same(await closed_with(client), 4029)


@case
async def who_was_cut_goes_on_where_they_were():
    async with opened() as client:
        answer = await asked(client, 1, do="subscribe", topic="stage/hall/tick")
        epoch, offset = answer["epoch"], answer["offset"]
        for _ in range(5):
            message = await said(client)
            same(message["offset"], offset + 1)
            offset += 1
        client.transport.abort()
    for _ in range(3):
        async with opened() as client:
            answer = await asked(client, 1, do="subscribe", topic="stage/hall/tick", epoch=epoch, offset=offset)
            same((answer["recovered"], answer["offset"]), (True, offset))
            for _ in range(3):
                message = await said(client)
                same((message["offset"], message["data"]), (offset + 1, offset + 1))
                offset += 1
            client.transport.abort()


async def events(query, last=None):
    extra = f"Last-Event-ID: {last}\r\n" if last else ""
    reader, writer = await raw(
        f"GET /api/realtime/events?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n{extra}\r\n".encode())
    return reader, writer, await head(reader)


async def next_event(reader):
    fields = {}
    while True:
        line = (await asyncio.wait_for(reader.readline(), 20)).decode().rstrip("\n")
        if not line and "data" in fields:
            return fields.get("id"), json.loads(fields["data"])
        if not line:
            fields = {}
        elif ": " in line:
            name, value = line.split(": ", 1)
            fields[name] = value


@case
async def a_stream_of_events_says_the_same_and_goes_on_too():
    reader, writer, answer = await events("topics=stage/hall/tick,stage/room/quiet")
    same((answer.split(" ")[1], "text/event-stream" in answer), ("200", True))
    offset, last = None, None
    while offset is None or offset < 5:
        last, message = await next_event(reader)
        if message["topic"] == "stage/hall/tick":
            if offset is not None and "data" in message:
                same(message["offset"], offset + 1)
            offset = message["offset"]
    writer.close()
    reader, writer, _ = await events("topics=stage/hall/tick,stage/room/quiet", last)
    recovered = False
    for _ in range(6):
        _, message = await next_event(reader)
        if message["topic"] == "stage/hall/tick" and "recovered" in message:
            same((message["recovered"], message["offset"]), (True, offset))
            recovered = True
        elif message["topic"] == "stage/hall/tick":
            same(message["offset"], offset + 1)
            offset += 1
    same(recovered, True)
    writer.close()
    _, writer, answer = await events("topics=stage/attic")
    same(answer.split(" ")[1], "404")
    writer.close()


@case
async def a_reader_that_does_not_read_is_cut_and_told_to_resume():
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", port))
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(plain, request())
    command = json.dumps({"id": 1, "do": "subscribe", "topic": "stage/room/flood"})
    await loop.sock_sendall(plain, masked(0x1, command.encode()))
    # By now the server has found out, and gives this side five seconds to hear of it.
    await asyncio.sleep(4)
    data = b""
    while True:
        part = await asyncio.wait_for(loop.sock_recv(plain, 1 << 20), 20)
        if not part:
            break
        data += part
    # The last frame: close, with the code.
    same(b"\x0f\xa0the reader is too slow" in data, True)
    plain.close()


@case
async def nobody_has_more_connections_than_allowed():
    clients = []
    try:
        while len(clients) < 60:
            clients.append(await opened())
        raise AssertionError("sixty connections were opened")
    except websockets.InvalidStatus as refusal:
        same(refusal.response.status_code, 429)
        same(refusal.response.headers["retry-after"] is not None, True)
    finally:
        for client in clients:
            await client.close()


async def drain():
    async with opened() as client:
        await asked(client, 1, do="subscribe", topic="stage/room/a")
        hint = None
        try:
            while True:
                hint = (await said(client, 60)).get("reconnect", hint)
        except websockets.ConnectionClosed:
            same(client.close_code, 1012)
        same(0 <= hint["afterMilliseconds"] <= 10_000, True)


async def run():
    for function in cases:
        try:
            await asyncio.wait_for(function(), 90)
            print(f"passed {function.__name__}", flush=True)
        except BaseException as error:
            failures.append(function.__name__)
            print(f"FAILED {function.__name__}: {type(error).__name__} {error}", flush=True)
    print(f"{len(cases) - len(failures)} of {len(cases)} cases passed")


asyncio.run(run() if sys.argv[2] == "cases" else drain())
sys.exit(1 if failures else 0)
