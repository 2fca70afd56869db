"""What a scripted proxy does after CONNECT: it says yes, and passes bytes on."""

from __future__ import annotations

import asyncio
import contextlib

from servers.scripted import Handler

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def tunnel_to(port: int, *, answer: bytes = ESTABLISHED) -> Handler:
    """Return what answers CONNECT and connects to a port of 127.0.0.1, whatever was asked for."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        origin_reader, origin_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(answer)
        await relay(reader, writer, origin_reader, origin_writer)

    return handle


async def relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other_reader: asyncio.StreamReader,
    other_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on both ways until one side closes."""
    ways = [
        asyncio.ensure_future(_pump(reader, other_writer)),
        asyncio.ensure_future(_pump(other_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        other_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
