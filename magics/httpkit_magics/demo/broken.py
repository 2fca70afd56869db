"""The raw side: a server on a port of its own where each path does exactly one wrong or odd thing.

No HTTP library would let us say most of this, so it writes bytes. Every answer is the last on its connection.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable

MAX_HEAD = 65_536  # bytes of a request head that are read
ENDLESS = 256 << 20  # bytes after which even an endless answer stops
BOMB = 100_000_000  # bytes that the bomb inflates to
SILENCE = 600  # seconds until a silent connection is closed after all

_OK = b"HTTP/1.1 200 OK\r\n"
_PLAIN = b"Content-Type: text/plain\r\nConnection: close\r\n"
_JSON = b"Content-Type: application/json\r\nConnection: close\r\n"

Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader


def _whole(body: bytes, fields: bytes = _PLAIN, status: bytes = _OK) -> bytes:
    return b"%s%sContent-Length: %d\r\n\r\n%s" % (status, fields, len(body), body)


def _chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def _bad_gzip() -> bytes:
    packed = bytearray(gzip.compress(json.dumps({"spoilt": True, "pad": "x" * 200}).encode(), mtime=0))
    packed[-8] ^= 0xFF  # the CRC: all is inflated, and only then it is wrong (RFC 1952 section 2.3.1)
    return _whole(bytes(packed), _JSON + b"Content-Encoding: gzip\r\n")


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1_000_000)
    packed = b"".join(packer.compress(zeros) for _ in range(BOMB // len(zeros))) + packer.flush()
    return _whole(packed, b"Content-Type: application/octet-stream\r\nConnection: close\r\nContent-Encoding: gzip\r\n")


_MANY = b"".join(b"X-Field-%d: %d\r\n" % (n, n) for n in range(10_000))
_GARBAGE = random.Random(7).randbytes(2000)  # noqa: S311 - the same bytes on every run, nothing secret

# path -> (what is wrong with it, the bytes of the answer; then the connection is closed)
_WRITTEN: dict[str, tuple[str, bytes | Callable[[], bytes]]] = {
    "/ok": ("nothing: to compare with", _whole(b"all is well\n")),
    "/cut-body": (
        "Content-Length is 1000, the connection ends after 500 bytes",
        _OK + _PLAIN + b"Content-Length: 1000\r\n\r\n" + b"x" * 500,
    ),
    "/cut-chunk": (
        "a chunk of 1000 bytes ends after 500",
        _OK + _PLAIN + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(b"whole\n") + b"3e8\r\n" + b"x" * 500,
    ),
    "/cut-head": ("the connection ends in the middle of a field line", _OK + b"Content-Type: text/pl"),
    "/bad-chunk-size": (
        "a chunk size that isn't hexadecimal",
        _OK + _PLAIN + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(b"good\n") + b"xyz\r\nbad\r\n0\r\n\r\n",
    ),
    "/two-lengths": (
        "two Content-Length fields that differ",
        _OK + _PLAIN + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nseven!\n",
    ),
    "/length-and-chunked": (
        "both Content-Length and Transfer-Encoding",
        _OK
        + _PLAIN
        + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        + _chunked(b"smuggled\n")
        + b"0\r\n\r\n",
    ),
    "/extra-bytes": ("a second response that nobody asked for", _whole(b"first\n") + _whole(b"second\n")),
    "/bad-status-line": ("a status code of four digits", b"HTTP/1.1 2000 Fine\r\n" + _PLAIN + b"\r\n"),
    "/bad-field": ("a NUL in a field value", _OK + _PLAIN + b"X-Bad: a\0b\r\nContent-Length: 0\r\n\r\n"),
    "/folded-field": (
        "a field value folded over two lines (obsolete)",
        _whole(b"folded\n", _PLAIN + b"X-Folded: first\r\n second\r\n"),
    ),
    "/garbage": ("2000 random bytes instead of a response", _GARBAGE),
    "/empty": ("the connection is closed with no byte sent", b""),
    "/many-headers": ("10 000 fields", _whole(b"many\n", _PLAIN + _MANY)),
    "/huge-header": ("a field of 1 MB", _whole(b"huge\n", _PLAIN + b"X-Huge: " + b"x" * 1_000_000 + b"\r\n")),
    "/early-hints": (
        "103 Early Hints before the 200 (odd, but right)",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n" + _whole(b"hinted\n"),
    ),
    "/trailers": (
        "fields after the content (odd, but right)",
        _OK
        + _PLAIN
        + b"Trailer: X-Checksum, Server-Timing\r\nTransfer-Encoding: chunked\r\n\r\n"
        + _chunked(b"hello ", b"trailers\n")
        + b"0\r\nX-Checksum: 3b1f\r\nServer-Timing: shop;dur=12.5\r\n\r\n",
    ),
    "/no-length": ("the content ends with the connection (odd, but right)", _OK + _PLAIN + b"\r\nuntil the end\n"),
    "/bad-gzip": ("gzip with a wrong checksum", _bad_gzip),
    "/not-gzip": (
        "Content-Encoding is gzip, the content is plain",
        _whole(b"plain text\n", _PLAIN + b"Content-Encoding: gzip\r\n"),
    ),
    "/gzip-bomb": (f"100 KB of gzip that inflate to {BOMB // 1_000_000} MB", _bomb),
}


async def _endless_head(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    lines = b"".join(b"X-Endless-%d: %s\r\n" % (n, b"x" * 100) for n in range(500))
    writer.write(_OK)
    for _ in range(ENDLESS // len(lines)):
        writer.write(lines)
        await writer.drain()


async def _endless_line(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    writer.write(_OK + b"X-Endless: ")
    for _ in range(ENDLESS // MAX_HEAD):
        writer.write(b"x" * MAX_HEAD)
        await writer.drain()


async def _endless_hints(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 500
    for _ in range(ENDLESS // len(hints)):
        writer.write(hints)
        await writer.drain()


async def _silent(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    # Reading on is what shows that the client has gone.
    async with asyncio.timeout(SILENCE):
        while await reader.read(MAX_HEAD):
            pass


async def _slow_head(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    for byte in _whole(b"slow\n"):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def _reset(reader: Reader, writer: Writer) -> None:  # noqa: ARG001 - each takes both
    writer.write(_OK + _PLAIN + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
    await writer.drain()
    # What was written must be there before the RST, which may throw away the rest.
    await asyncio.sleep(0.05)
    # To linger for zero seconds makes close() send RST rather than FIN.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


_ACTED: dict[str, tuple[str, Callable[[Reader, Writer], Awaitable[None]]]] = {
    "/endless-head": ("field lines without end", _endless_head),
    "/endless-line": ("one field line without end", _endless_line),
    "/endless-hints": ("103 Early Hints without end", _endless_hints),
    "/silent": ("the request is read and never answered", _silent),
    "/slow-head": ("the head comes a byte every half second", _slow_head),
    "/reset": ("the connection is reset (RST) in the middle of the content", _reset),
}

PATHS: dict[str, str] = {path: row[0] for table in (_WRITTEN, _ACTED) for path, row in table.items()}


class BrokenServer:
    """The raw server, on a socket that already listens; every connection is one request and one answer."""

    def __init__(self) -> None:
        self._made: dict[str, bytes] = {}
        self._writers: set[Writer] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=MAX_HEAD)

    async def stop(self) -> None:
        """Stop accepting, and drop every connection."""
        if self._server:
            self._server.close()
        while self._writers:
            for writer in self._writers:
                writer.transport.abort()
            # The handlers end by themselves once their connection is gone.
            await asyncio.sleep(0.01)

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self._writers.add(writer)
        try:
            path = await _read_path(reader)
            if path in _ACTED:
                await _ACTED[path][1](reader, writer)
            else:
                writer.write(await self._answer(path))
                await writer.drain()
                writer.write_eof()
                # To close with unread bytes would reset the connection, and the client lose what was sent.
                async with asyncio.timeout(5):
                    while await reader.read(MAX_HEAD):
                        pass
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return  # The client has gone, or said too little or too much.
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _answer(self, path: str) -> bytes:
        if path == "/":
            return _whole(json.dumps(PATHS, indent=2).encode() + b"\n", _JSON)
        if path not in _WRITTEN:
            return _whole(b"not found: / lists the paths\n", _PLAIN, b"HTTP/1.1 404 Not Found\r\n")
        answer = _WRITTEN[path][1]
        if isinstance(answer, bytes):
            return answer
        if path not in self._made:
            # The bomb takes half a second to pack.
            self._made[path] = await asyncio.to_thread(answer)
        return self._made[path]


async def _read_path(reader: Reader) -> str:
    """Return the path of the request's target, without its query."""
    async with asyncio.timeout(SILENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    target = head.partition(b" ")[2].partition(b" ")[0]
    return target.partition(b"?")[0].decode("latin-1")
