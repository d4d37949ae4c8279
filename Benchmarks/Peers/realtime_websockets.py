"""The server of Python's websockets: every socket is sent whatever is posted to PORT + 1."""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

port = int(sys.argv[1])
sockets = set()


async def handle(socket):
    sockets.add(socket)
    try:
        await socket.wait_closed()
    finally:
        sockets.discard(socket)


async def publish(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0]) if "content-length" in head else 0
            body = (await reader.readexactly(length)).decode()
            if length:
                broadcast(sockets, body)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except asyncio.IncompleteReadError:
        writer.close()


async def main():
    async with serve(handle, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096):
        await asyncio.start_server(publish, "127.0.0.1", port + 1)
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
