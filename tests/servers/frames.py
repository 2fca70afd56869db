"""The server's side of a WebSocket, byte by byte (RFC 6455): for tests that say exactly what a server sends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha1

from servers.scripted import Handler

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def accept(request: bytes, *fields: str) -> bytes:
    """Return the head of the response that accepts the handshake in `request`, with more fields."""
    key = next(line[18:].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {b64encode(sha1(key + GUID).digest()).decode()}",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv1: bool = False) -> bytes:
    """Return an unmasked frame."""
    first = opcode | 0x80 * fin | 0x40 * rsv1
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return first byte and payload of the client's next frame, which must be masked."""
    first, second = await reader.readexactly(2)
    assert second & 0x80, "the client's frames are masked"
    length = second & 0x7F
    if length > 125:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(length)
    return first, bytes(byte ^ mask[at & 3] for at, byte in enumerate(masked))


async def read_close(reader: asyncio.StreamReader) -> int | None:
    """Drop frames until the client's close frame; return its code, 0 where it has none, None where the client left."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            first, payload = await read_frame(reader)
            if first & 0x0F == CLOSE:
                return int.from_bytes(payload[:2], "big")
    return None


class WebSocketServer:
    """Accepts handshakes, and lets a talk of the test say the rest.

    Attributes:
        url: `ws://127.0.0.1:PORT`, or wss.
        requests: the heads of the handshakes.
        close_codes: what clients closed with in talks that `hang_up`; None where one left without a close frame.
        open: how many connections are open now.
    """

    def __init__(self, talks: tuple[Handler, ...], fields: tuple[str, ...]) -> None:
        self.url = ""
        self.port = 0
        self.requests: list[bytes] = []
        self.close_codes: list[int | None] = []
        self.open = 0
        self._talks = talks
        self._fields = fields

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection: talk N is for connection N, the last one for all further ones."""
        self.open += 1
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(accept(self.requests[-1], *self._fields))
            await self._talks[min(len(self.requests), len(self._talks)) - 1](reader, writer)
        self.open -= 1
        writer.close()

    def saying(self, *parts: bytes) -> Handler:
        """Return a talk that sends `parts` at once, waits for the client's close frame, and answers it."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"".join(parts))
            await self.hang_up(reader, writer)

        return talk

    async def hang_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Wait for the client's close frame, and answer it."""
        code = await read_close(reader)
        self.close_codes.append(code)
        if code is not None:
            writer.write(close_frame(code or 1000))
            await writer.drain()


@contextlib.asynccontextmanager
async def websocket_server(
    *talks: Handler | bytes, fields: tuple[str, ...] = (), context: ssl.SSLContext | None = None
) -> AsyncIterator[WebSocketServer]:
    """Run a server on the test's loop; bytes are a talk that sends them and closes in good order."""
    server = WebSocketServer((), fields)
    server._talks = tuple(server.saying(talk) if isinstance(talk, bytes) else talk for talk in talks)
    listener = await asyncio.start_server(server, "127.0.0.1", 0, ssl=context, limit=2**24)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"{'wss' if context else 'ws'}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        for _ in range(100):
            if not server.open:
                break
            await asyncio.sleep(0.01)
