"""The least client around `httpkit.wire`: a plain socket, no timeouts, no pool. It shows what the protocol half does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self
from urllib.parse import urlsplit

from multidict import CIMultiDict

from httpkit.values.websocket import WSMessage, WSMsgType
from httpkit.wire.deflate import Deflater, Inflater
from httpkit.wire.websocket import FrameDecoder, FrameEncoder, encode_close
from httpkit.wire.websocket_handshake import encode_handshake, new_key, parse_handshake

READ_SIZE = 65536


class WireClient:
    """One WebSocket: iterate over its TEXT and BINARY messages, and `send`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: FrameDecoder, encoder: FrameEncoder
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder
        self._encoder = encoder

    @classmethod
    async def connect(cls, url: str, *, compress: int = 15) -> Self:
        """Shake hands with the server at `url`, without a limit to the size of messages."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        key = new_key()
        fields = {"Host": parts.netloc, **encode_handshake(key, compress=compress)}
        lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status_line, *field_lines = head.rstrip().split("\r\n")
        headers = CIMultiDict((name, value.strip()) for name, _, value in (line.partition(":") for line in field_lines))
        deflate = parse_handshake(int(status_line.split()[1]), headers, key=key, compress=compress).deflate
        inflater, deflater = (Inflater(deflate), Deflater(deflate)) if deflate else (None, None)
        return cls(reader, writer, FrameDecoder(max_msg_size=0, inflater=inflater), FrameEncoder(deflater))

    async def send(self, message: WSMessage) -> None:
        """Send a TEXT or BINARY message."""
        data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
        self._writer.write(self._encoder.encode(message.type, data))
        await self._writer.drain()

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        try:
            while not self._decoder.closed:
                data = b"" if self._decoder.has_more else await self._reader.read(READ_SIZE)
                if not data and not self._decoder.has_more:
                    return
                for message in self._decoder.feed(data):
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        yield message
                    else:
                        self._answer(message)
            # The server closes the connection (RFC 6455 section 7.1.1), gently or not.
            with contextlib.suppress(ConnectionError):
                while await self._reader.read(READ_SIZE):
                    pass
        finally:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _answer(self, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            self._writer.write(self._encoder.encode(WSMsgType.PONG, message.data))
        elif message.type is WSMsgType.CLOSE:
            self._writer.write(self._encoder.encode(WSMsgType.CLOSE, encode_close(message.data)))
        elif message.type is WSMsgType.ERROR:
            self._writer.write(self._encoder.encode(WSMsgType.CLOSE, encode_close(message.data.code)))
