"""The sending half of a WebSocket: whole messages, fragmented ones, PING and PONG (RFC 6455 sections 5 and 6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from httpkit.client.fragments import each
from httpkit.net.websocket_connection import WebSocketConnection
from httpkit.values.websocket import WSCloseCode, WSMsgType

_TEXT, _BINARY = WSMsgType.TEXT, WSMsgType.BINARY


class WebSocketSender:
    """What both halves share is the connection; how it ends is the other half's affair."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self._fragmenting: asyncio.Lock | None = None

    async def ping(self, message: bytes = b"") -> asyncio.Future[float]:
        """Send a PING; return a future that gives the seconds until its PONG, for who wants to wait for that.

        It fails with `ServerDisconnectedError`, or another `ClientConnectionError`, where the connection is lost before.

        Raises:
            ClientConnectionResetError: the WebSocket is closed.
            ValueError: the message has more than 125 bytes.
        """
        answered = self._connection.ping(message)
        if self._connection.carrier.drain_waiters is not None:
            await self._connection.drain()
        return answered

    async def pong(self, message: bytes = b"") -> None:
        """Send a PONG.

        Raises:
            ClientConnectionResetError: the WebSocket is closed.
            ValueError: the message has more than 125 bytes.
        """
        await self.send_frame(message, WSMsgType.PONG)

    async def send_frame(
        self, message: bytes | bytearray | memoryview, opcode: WSMsgType, compress: int | None = None
    ) -> None:
        """Send a whole message, or a control frame; wait while the transport's buffer is full.

        Args:
            message: text as UTF-8.
            opcode: a type below 0x100.
            compress: for this message, where compression was negotiated: 0 is not at all, 1 to 9 a level, 10 to 15
                window bits.

        Raises:
            ClientConnectionResetError: the WebSocket is closed.
            ValueError: a control frame with more than 125 bytes, or a wrong `compress`.
        """
        if self._fragmenting is not None and opcode < WSMsgType.CLOSE:
            async with self._fragmenting:
                self._connection.send(opcode, message, compress)
        else:
            self._connection.send(opcode, message, compress)
        if self._connection.carrier.drain_waiters is not None:
            await self._connection.drain()

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a TEXT message; see `send_frame`.

        Raises:
            TypeError: not a str.
        """
        if not isinstance(data, str):
            raise TypeError(f"data argument must be str ({type(data)!r})")
        if self._fragmenting is not None:
            await self.send_frame(data.encode(), _TEXT, compress)
            return
        connection = self._connection
        connection.send(0x1, data.encode(), compress)
        if connection.carrier.drain_waiters is not None:
            await connection.drain()

    async def send_bytes(self, data: bytes | bytearray | memoryview, compress: int | None = None) -> None:
        """Send a BINARY message; see `send_frame`.

        Raises:
            TypeError: not bytes, bytearray or memoryview.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be byte-ish ({type(data)!r})")
        await self.send_frame(data, _BINARY, compress)

    async def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] = json.dumps
    ) -> None:
        """Send `data` as JSON in a TEXT message; see `send_frame`."""
        await self.send_str(dumps(data), compress)

    async def send_json_bytes(self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], bytes]) -> None:
        """Send `data` as JSON in a BINARY message; see `send_frame`."""
        await self.send_bytes(dumps(data), compress)

    async def send_fragments(self, fragments: AsyncIterable[str | bytes] | Iterable[str | bytes]) -> None:
        """Send one message in fragments as they come: TEXT where the first is a str, else BINARY (RFC 6455 section 5.4).

        Other messages wait until it is sent; PING and PONG don't. No fragments are no message. Where the iterable
        raises, the message can't be completed, and the WebSocket closes with 1011.

        Raises:
            TypeError: a fragment is not of the first one's type.
            ClientConnectionResetError: the WebSocket is closed.
        """
        if self._fragmenting is None:
            self._fragmenting = asyncio.Lock()
        async with self._fragmenting:
            opcode: WSMsgType | None = None
            try:
                async for fragment in each(fragments):
                    if opcode is None:
                        opcode = _TEXT if isinstance(fragment, str) else _BINARY
                    await self._send_fragment(opcode, fragment)
                if opcode is not None:
                    await self._send_fragment(opcode, "" if opcode is _TEXT else b"", final=True)
            except Exception:
                if opcode is not None:
                    await self.close(code=WSCloseCode.INTERNAL_ERROR)
                raise
            except BaseException:
                if opcode is not None:
                    self._give_up(None)  # cancelled: there is no time to close properly
                raise

    async def _send_fragment(self, opcode: WSMsgType, fragment: str | bytes, *, final: bool = False) -> None:
        if isinstance(fragment, str) != (opcode is _TEXT):
            raise TypeError(f"all fragments must be str, or all bytes-like, got {type(fragment)!r}")
        payload = fragment.encode() if isinstance(fragment, str) else bytes(fragment)
        self._connection.send_fragment(opcode, payload, final=final)
        if self._connection.is_full:
            await self._connection.drain()

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> bool:
        """Close with `code` and a reason."""
        raise NotImplementedError

    def _give_up(self, error: Exception | None) -> None:
        """Close the connection now."""
        raise NotImplementedError
