"""What a payload writes its bytes to: content coding, framing and backpressure of a request body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from multidict import CIMultiDict

from httpkit.errors import ClientConnectionResetError, ClientPayloadError
from httpkit.values.abc import AbstractStreamWriter
from httpkit.wire.codings import ContentEncoder, encoder_for
from httpkit.wire.http1_request import LAST_CHUNK, encode_chunk


class BodyWriter(AbstractStreamWriter):
    """Writes one body to a transport.

    Attributes:
        length: bytes that `Content-Length` still promises; None without one.
    """

    def __init__(
        self, transport: asyncio.WriteTransport, drain: Callable[[], Awaitable[None]], *, length: int | None = None
    ) -> None:
        self.length = length
        self.buffer_size = 0
        self.output_size = 0
        self.on_body_write = None
        self.on_chunk_sent: Callable[[bytes], Awaitable[None]] | None = None
        self._transport = transport
        self._drain = drain
        self._encoder: ContentEncoder | None = None
        self._is_chunked = False
        self._is_ended = False

    @property
    def transport(self) -> asyncio.WriteTransport:
        """The transport below."""
        return self._transport

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what is written from now on with the content coding `encoding`."""
        del strategy  # aiohttp hands it to zlib; the default suits a body of any kind
        self._encoder = encoder_for(encoding)

    def enable_chunking(self) -> None:
        """Send the body in the chunked coding (RFC 9112 section 7.1)."""
        self._is_chunked = True

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write `chunk`, waiting while the transport's buffer is full.

        Raises:
            ClientConnectionResetError: the connection is closed.
        """
        size = len(chunk)
        if not size:
            return
        self._send(chunk)
        if self.on_body_write is not None:
            self.on_body_write(size, self.output_size)
        if self.on_chunk_sent is not None:
            await self.on_chunk_sent(bytes(chunk))
        await self._drain()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Write the last `chunk` and end the body.

        Raises:
            ClientPayloadError: fewer bytes were written than `Content-Length` promised.
        """
        if self._is_ended:
            return
        await self.write(chunk)
        self._is_ended = True
        if self._encoder is not None and (rest := self._encoder.flush()):
            self._frame(rest)
        if self.length:
            raise ClientPayloadError(f"request body is {self.length} bytes shorter than its Content-Length")
        if self._is_chunked:
            self._put(LAST_CHUNK)
        await self._drain()

    async def drain(self) -> None:
        """Wait until the transport's buffer has room."""
        await self._drain()

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Write a head by hand; a request's own head is written by its connection."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._put(f"{status_line}\r\n{fields}\r\n".encode())

    def _send(self, chunk: bytes | bytearray | memoryview) -> None:
        if self._encoder is None:
            self._frame(chunk)
        elif coded := self._encoder.feed(bytes(chunk)):
            self._frame(coded)

    def _frame(self, data: bytes | bytearray | memoryview) -> None:
        if self.length is not None:
            # What is beyond the promised length would be read as the next request.
            data = data[: self.length]
            self.length -= len(data)
        if data:
            self._put(encode_chunk(data) if self._is_chunked else bytes(data))

    def _put(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise ClientConnectionResetError("cannot write to closing transport")
        self._transport.write(data)
        self.buffer_size += len(data)
        self.output_size += len(data)
