"""A server that says exactly what a test tells it to, and remembers what it was sent. It runs on the test's loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Takes over the connection, after the request was read; the connection is closed when it returns."""

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
LIMIT = 64 * 1024 * 1024


class ScriptedServer:
    """Gives answer N to request N, whichever connection it comes on, and nothing after the last one.

    An answer is the bytes of a response (they need not be valid), a list of bytes sent with a pause of 10 ms between
    the parts, or a `Handler`.

    Attributes:
        requests: the bytes of every request, head and body, in the order they came.
        connections: how many connections were accepted.
        open: how many of them are open now.
        url: `http://127.0.0.1:PORT`, or https.
        port: the port.
    """

    def __init__(self, answers: tuple[bytes | list[bytes] | Handler, ...], *, close: bool) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.url = ""
        self.port = 0
        self._answers = iter(answers)
        self._close = close
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context, limit=LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Drop every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def closed(self, within: float = 5.0) -> None:
        """Wait until no connection is open, at most `within` seconds.

        Raises:
            TimeoutError: the client still holds one.
        """
        async with asyncio.timeout(within):
            while self.open:
                self._changed.clear()
                await self._changed.wait()

    async def received(self, count: int, within: float = 5.0) -> list[bytes]:
        """Return the requests when there are at least `count`, after at most `within` seconds.

        Raises:
            TimeoutError: fewer came.
        """
        async with asyncio.timeout(within):
            while len(self.requests) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.requests

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self._changed.set()
        # What the client does to its own connection is the test's affair: see `open` and `requests`.
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._converse(reader, writer)
        writer.close()
        self.open -= 1
        self._changed.set()
        self._tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await _read_request(reader):
            self.requests.append(request)
            self._changed.set()
            answer = next(self._answers, None)
            if answer is None:
                await reader.read()  # the script is over: say nothing, and wait for the client to leave
                return
            if callable(answer):
                await answer(reader, writer)
                return
            for number, part in enumerate([answer] if isinstance(answer, bytes) else answer):
                if number:
                    await asyncio.sleep(0.01)
                writer.write(part)
                await writer.drain()
            if self._close:
                return


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Return one request, head and body; empty where the client closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    if length := LENGTH.search(head):
        return head + await reader.readexactly(int(length[1]))
    if CHUNKED.search(head):
        return head + await _read_chunks(reader)
    return head


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a chunked body as it is on the wire, its trailer section included."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        raw += line
        size = int(line.split(b";")[0], 16)
        if size:
            raw += await reader.readexactly(size + 2)
            continue
        while line != b"\r\n":
            line = await reader.readuntil(b"\r\n")
            raw += line
        return raw
