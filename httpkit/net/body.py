"""Received content with backpressure: what `response.content` is.

A reader that lags behind pauses the socket at twice its limit and lets it go on below the limit, so memory stays
bounded whatever the server sends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, cast

from httpkit.errors import LineTooLong
from httpkit.values.deprecation import warn

logger = logging.getLogger("httpkit.internal")

# Bytes below which reading goes on; it stops at twice that (aiohttp's default since 3.14).
DEFAULT_LIMIT = 2**18
# Every piece costs memory and a step to read: many tiny ones count as much as their bytes.
_BYTES_PER_PIECE = 16


class FlowControl(Protocol):
    """What a stream slows down when its reader lags behind."""

    def pause_reading(self) -> None:
        """Deliver no more for now."""

    def resume_reading(self) -> None:
        """Deliver again."""


class EofStream(Exception):
    """The end of a `DataQueue`."""


class StreamReader:
    """A body as it arrives. One reader at a time.

    `async for line in reader` gives lines; `iter_chunked`, `iter_any` and `iter_chunks` give bytes.

    Attributes:
        total_bytes: bytes given to the reader's side so far, after content decoding.
        total_compressed_bytes: bytes received so far, where they were decoded; None otherwise.
    """

    __slots__ = (
        "__weakref__", "_buffer", "_callbacks", "_chunk_ends", "_cursor", "_eof", "_eof_waiter", "_exception",
        "_high_water", "_loop", "_low_water", "_offset", "_paused", "_protocol", "_size", "_waiter", "total_bytes",
        "total_compressed_bytes",
    )  # fmt: skip

    def __init__(
        self, protocol: FlowControl, limit: int, *, timer: object = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        del timer  # deadlines end an exchange as a whole; the argument is kept for code written for aiohttp
        self._protocol = protocol
        self._low_water = limit
        self._high_water = limit * 2
        self._loop = loop or asyncio.get_running_loop()
        self._buffer: deque[bytes] = deque()
        self._offset = 0
        self._size = 0
        self._cursor = 0
        self._chunk_ends: deque[int] | None = None
        self._eof = False
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._eof_waiter: asyncio.Future[None] | None = None
        self._exception: BaseException | None = None
        self._callbacks: list[Callable[[], None]] = []
        self.total_bytes = 0
        self.total_compressed_bytes: int | None = None

    def __repr__(self) -> str:
        facts = [type(self).__name__]
        if self._size:
            facts.append(f"{self._size} bytes")
        if self._eof:
            facts.append("eof")
        if self._exception is not None:
            facts.append(f"e={self._exception!r}")
        return f"<{' '.join(facts)}>"

    # -- the side that receives ---------------------------------------------------------------------------------

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        """Append `data`; `size` has no meaning and is kept for code written for aiohttp."""
        del size
        if not data:
            return False
        self._buffer.append(data)
        self._size += len(data)
        self.total_bytes += len(data)
        self._wake()
        if not self._paused and (
            self._size > self._high_water or len(self._buffer) * _BYTES_PER_PIECE > self._high_water
        ):
            self._paused = True
            self._protocol.pause_reading()
        return False

    def feed_eof(self) -> None:
        """End the body: readers get what is left, and then empty bytes."""
        self._eof = True
        self._wake()
        if self._eof_waiter is not None and not self._eof_waiter.done():
            self._eof_waiter.set_result(None)
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Make this and every later read raise `exc`."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        self._exception = exc
        self._callbacks.clear()
        for waiter in (self._waiter, self._eof_waiter):
            if waiter is not None and not waiter.done():
                waiter.set_exception(exc)

    def begin_http_chunk_receiving(self) -> None:
        """Note that the body is chunked, so that `readchunk` can tell where chunks end."""
        if self._chunk_ends is None:
            if self.total_bytes:
                raise RuntimeError("chunked receiving must begin before the first byte of the body")
            self._chunk_ends = deque()

    def end_http_chunk_receiving(self) -> None:
        """Note that a chunk ends here; ends without new data in between count once."""
        if self._chunk_ends is None:
            raise RuntimeError("begin_http_chunk_receiving() was not called")
        last = self._chunk_ends[-1] if self._chunk_ends else self._cursor
        if self.total_bytes == last:
            return
        self.note_chunk_ends([self.total_bytes])

    def note_chunk_ends(self, offsets: list[int]) -> None:
        """Note the offsets in the body where chunks ended, all of them at bytes that were fed before."""
        if self._chunk_ends is None:
            self._chunk_ends = deque()
        # A chunk that was read already may turn out to have ended there.
        self._chunk_ends.extend(offset for offset in offsets if offset >= self._cursor)
        self._wake()
        if not self._paused and len(self._chunk_ends) * _BYTES_PER_PIECE > self._high_water:
            self._paused = True
            self._protocol.pause_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:  # a callback of the user's must not break the connection
            logger.exception("exception in a callback of on_eof()")

    # -- the side that reads ------------------------------------------------------------------------------------

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """Return the bytes below which reading goes on, and above which it pauses."""
        return self._low_water, self._high_water

    def set_read_chunk_size(self, n: int) -> None:
        """Let the buffer hold at least pieces of `n` bytes."""
        if n > self._low_water:
            self._low_water = n
            self._high_water = n * 2

    def exception(self) -> BaseException | None:
        """Return what went wrong, or None."""
        return self._exception

    def is_eof(self) -> bool:
        """Whether the last byte has arrived, read or not."""
        return self._eof

    def at_eof(self) -> bool:
        """Whether the last byte has been read."""
        return self._eof and not self._buffer

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the last byte has arrived; now if it has."""
        if self._eof:
            self._call(callback)
        else:
            self._callbacks.append(callback)

    async def wait_eof(self) -> None:
        """Wait for the last byte to arrive."""
        if self._exception is not None:
            raise self._exception
        if self._eof:
            return
        self._eof_waiter = self._loop.create_future()
        try:
            await self._eof_waiter
        finally:
            self._eof_waiter = None

    @property
    def total_raw_bytes(self) -> int:
        """Bytes received so far, before content decoding."""
        return self.total_bytes if self.total_compressed_bytes is None else self.total_compressed_bytes

    def unread_data(self, data: bytes) -> None:
        """Put `data` back to be read next; deprecated: keep it instead."""
        warn("unread_data() is deprecated, keep what you read")
        self.put_back(data)

    def put_back(self, data: bytes) -> None:
        """Put `data`, which was read before, in front of what is still to be read."""
        if not data:
            return
        if self._offset:
            self._buffer[0] = self._buffer[0][self._offset :]
            self._offset = 0
        self._buffer.appendleft(data)
        self._size += len(data)
        self._cursor -= len(data)

    async def read(self, n: int = -1) -> bytes:
        """Return at most `n` bytes as soon as there are any; all of the body where `n` is negative."""
        if self._exception is not None:
            raise self._exception
        if not n:
            return b""
        if n < 0:
            pieces = []
            while piece := await self.readany():
                pieces.append(piece)
            return b"".join(pieces)
        self.set_read_chunk_size(n)
        while not self._buffer and not self._eof:
            await self._wait("read")
        return self._take(n)

    async def readany(self) -> bytes:
        """Return what is there as soon as there is something; empty bytes at the end."""
        if self._exception is not None:
            raise self._exception
        while not self._buffer and not self._eof:
            await self._wait("readany")
        return self._take(-1)

    async def readexactly(self, n: int) -> bytes:
        """Return exactly `n` bytes.

        Raises:
            asyncio.IncompleteReadError: the body ended before.
        """
        pieces: list[bytes] = []
        missing = n
        while missing > 0:
            piece = await self.read(missing)
            if not piece:
                partial = b"".join(pieces)
                raise asyncio.IncompleteReadError(partial, n)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        r"""Return the bytes up to and with the next `\n`; the rest at the end of the body.

        Raises:
            LineTooLong: the line is longer than `max_line_length` bytes; twice the buffer's limit by default.
        """
        return await self._read_until(b"\n", max_line_length or self._high_water, "max_line_length")

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Return the bytes up to and with `separator`; the rest at the end of the body.

        Raises:
            ValueError: the separator is empty.
            LineTooLong: more than `max_size` bytes come before the separator ends.
        """
        if not separator:
            raise ValueError("separator must not be empty")
        return await self._read_until(separator, max_size or self._high_water, "max_size")

    async def _read_until(self, separator: bytes, limit: int, option: str) -> bytes:
        if self._exception is not None:
            raise self._exception
        pieces: list[bytes] = []
        size, tail = 0, b""
        while True:
            while self._buffer:
                end = self._find(separator, tail)
                pieces.append(self._take_piece(end))
                size += len(pieces[-1])
                if size > limit:
                    raise LineTooLong(f"line exceeds {limit} bytes ({option}), it starts with {pieces[0][:64]!r}")
                if end >= 0:
                    return b"".join(pieces)
                tail = (tail + pieces[-1][-len(separator) :])[1 - len(separator) :] if len(separator) > 1 else b""
            if self._eof:
                return b"".join(pieces)
            await self._wait("readuntil")

    def _find(self, separator: bytes, tail: bytes) -> int:
        """Return how many bytes of the first piece end with `separator`, which `tail` may have begun; -1 for none."""
        piece, offset = self._buffer[0], self._offset
        if tail:
            seam = (tail + piece[offset : offset + len(separator) - 1]).find(separator)
            if seam >= 0:
                return seam + len(separator) - len(tail)
        found = piece.find(separator, offset)
        return -1 if found < 0 else found - offset + len(separator)

    async def readchunk(self) -> tuple[bytes, bool]:
        """Return bytes and whether a chunk of the chunked coding ends with them; `(b"", False)` at the end."""
        while True:
            if self._exception is not None:
                raise self._exception
            ends = self._chunk_ends
            while ends:
                end = ends.popleft()
                if end == self._cursor:
                    return b"", True
                if end > self._cursor:
                    return self._take(end - self._cursor), True
            if self._buffer:
                return self._take_piece(-1), False
            if self._eof:
                return b"", False
            await self._wait("readchunk")

    def read_nowait(self, n: int = -1) -> bytes:
        """Return at most `n` bytes of what is there, all of it where `n` is negative; empty bytes if there is nothing."""
        if self._exception is not None:
            raise self._exception
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("read_nowait() called while another coroutine is waiting for data")
        return self._take(n)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._iterate(self.readline)

    def iter_any(self) -> AsyncIterator[bytes]:
        """Give bytes as they arrive."""
        return self._iterate(self.readany)

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Give pieces of at most `n` bytes."""
        self.set_read_chunk_size(n)
        return self._iterate(lambda: self.read(n))

    async def iter_lines(self, *, max_line_length: int | None = None) -> AsyncIterator[bytes]:
        r"""Give lines without the `\n` or `\r\n` that ends them, as in NDJSON; the last one may lack it.

        Raises:
            LineTooLong: a line is longer than `max_line_length` bytes; twice the buffer's limit by default.
        """
        while line := await self.readline(max_line_length=max_line_length):
            yield line.removesuffix(b"\n").removesuffix(b"\r")

    async def iter_chunks(self) -> AsyncIterator[tuple[bytes, bool]]:
        """Give what `readchunk()` gives until the body ends."""
        while (pair := await self.readchunk()) != (b"", False):
            yield pair

    async def _iterate(self, read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
        while piece := await read():
            yield piece

    async def _wait(self, reader: str) -> None:
        if self._waiter is not None:
            raise RuntimeError(f"{reader}() called while another coroutine is already waiting for incoming data")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _take(self, n: int) -> bytes:
        """Return at most `n` bytes of what is there now; resuming may already bring more."""
        if n < 0:
            pieces = [self._take_piece(-1) for _ in range(len(self._buffer))]
        else:
            pieces = []
            while self._buffer and n > 0:
                pieces.append(self._take_piece(n))
                n -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_piece(self, n: int) -> bytes:
        """Return at most `n` bytes of the first piece, all of it where `n` is negative."""
        piece, offset = self._buffer[0], self._offset
        if 0 <= n < len(piece) - offset:
            self._offset += n
            piece = piece[offset : offset + n]
        else:
            self._buffer.popleft()
            if offset:
                piece = piece[offset:]
                self._offset = 0
        self._size -= len(piece)
        self._cursor += len(piece)
        ends = self._chunk_ends
        while ends and ends[0] < self._cursor:
            ends.popleft()
        if self._paused and self._size < self._low_water and self._piece_count() * _BYTES_PER_PIECE < self._high_water:
            self._paused = False
            self._protocol.resume_reading()
        return piece

    def _piece_count(self) -> int:
        return max(len(self._buffer), len(self._chunk_ends or ()))


class _NoFlow:
    """The flow control of a body that is complete."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


NO_FLOW = _NoFlow()


_NO_LOOP = object()


class EmptyStreamReader(StreamReader):
    """The body of a response that has none; one for all of them."""

    def __init__(self) -> None:
        # One object serves every loop: it holds none, and never waits.
        super().__init__(NO_FLOW, DEFAULT_LIMIT, loop=cast("asyncio.AbstractEventLoop", _NO_LOOP))
        self._eof = True

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Do nothing: it is shared."""

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        """Do nothing: it is shared."""
        del data, size
        return False

    def unread_data(self, data: bytes) -> None:
        """Do nothing: it is shared."""


EMPTY_PAYLOAD: StreamReader = EmptyStreamReader()
