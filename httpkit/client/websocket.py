"""A WebSocket as a user sees it: messages in and out, and how it ends (RFC 6455). Names and meaning are aiohttp's."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from httpkit.client.fragments import Assembly
from httpkit.client.response import ClientResponse
from httpkit.client.websocket_sender import WebSocketSender
from httpkit.errors import ServerTimeoutError, WebSocketError, WSMessageTypeError
from httpkit.net.websocket_connection import Heartbeat, Received, WebSocketConnection
from httpkit.values.websocket import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    ClientWSTimeout,
    WSCloseCode,
    WSFragment,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)
from httpkit.wire.websocket import encode_close
from httpkit.wire.websocket_handshake import Handshake

NO_CODE = 1005
"""The close code of a close frame that has none (RFC 6455 section 7.4.1)."""

Message = WSMessage | WSMessageTextBytes

_TEXT, _BINARY = WSMsgType.TEXT, WSMsgType.BINARY
_LAST = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})
# What may be taken without further thought, where nothing may.
_NOTHING: deque[Received] = deque()


class ClientWebSocketResponse(WebSocketSender):
    """An open WebSocket: iterate over its messages, or `receive` them one by one; at most one task may do so.

    A subclass may be given to a session as `ws_response_class`.
    """

    def __init__(
        self,
        connection: WebSocketConnection,
        response: ClientResponse,
        handshake: Handshake,
        timeout: ClientWSTimeout,
        *,
        loop: asyncio.AbstractEventLoop,
        autoclose: bool = True,
        heartbeat: float | None = None,
        max_msg_size: int = 0,
    ) -> None:
        super().__init__(connection)
        self._response = response
        self._handshake = handshake
        self._timeout = timeout
        self._loop = loop
        self._autoclose = autoclose
        # Emptied for good as soon as a message needs more than to be handed out: `receive` tests nothing else.
        self._ready = connection.messages
        self._assembly = Assembly(max_msg_size)
        self._is_waiting = False
        self._is_closing = False
        self._is_closed = False
        self._has_peer_closed = False
        self._close_code: int | None = None
        self._exception: BaseException | None = None
        self._close_waiter: asyncio.Future[None] | None = None
        if heartbeat:
            self._silence = heartbeat / 2
            Heartbeat(connection, heartbeat, self._on_silence, loop=loop)

    def __repr__(self) -> str:
        state = f"closed {self._close_code}" if self._is_closed else "closing" if self._is_closing else "open"
        return f"<{type(self).__name__} {self._response.url} {state}>"

    # -- facts --------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether `close` was called, by the user or because the peer closed."""
        return self._is_closed

    @property
    def close_code(self) -> int | None:
        """Why it was closed: the peer's code, 1005 where it sent none, 1006 where the connection was lost."""
        return self._close_code

    @property
    def protocol(self) -> str | None:
        """The subprotocol that the server chose."""
        return self._handshake.protocol

    @property
    def compress(self) -> int:
        """The window bits of what is sent compressed; 0 where nothing is."""
        return 0 if self._handshake.deflate is None else self._handshake.deflate.client_max_window_bits

    @property
    def client_notakeover(self) -> bool:
        """Whether each message is compressed on its own."""
        return self._handshake.deflate is not None and self._handshake.deflate.client_no_context_takeover

    @property
    def latency(self) -> float | None:
        """Seconds between the last PING that was answered, ours or the heartbeat's, and its PONG; None before."""
        return self._connection.latency

    @property
    def response(self) -> ClientResponse:
        """The response that completed the handshake."""
        return self._response

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows, such as `peername` or `ssl_object`, while the connection lasts."""
        return self._connection.carrier.get_extra_info(name, default)

    def exception(self) -> BaseException | None:
        """Return what went wrong, or None."""
        return self._exception

    # -- receiving ----------------------------------------------------------------------------------------------

    async def receive(self, timeout: float | None = None) -> Message:
        """Return the next message, waiting `timeout` seconds for it; `ClientWSTimeout.ws_receive` by default.

        CLOSE, CLOSING, CLOSED and ERROR are messages too: the WebSocket is closed, or about to be, after them.

        Raises:
            RuntimeError: another task is receiving.
            TimeoutError: there was none in time; the WebSocket stays open.
        """
        messages = self._ready
        if messages and not self._is_waiting:
            # A message that is there already costs no future and no task switch.
            message = messages.popleft()
            if not messages and self._connection.is_resting:
                self._connection.refill()
            if message[0] is _TEXT or message[0] is _BINARY:
                return message  # type: ignore[return-value]  # a fragment comes only after receive_stream()
        else:
            message = await self._next(timeout)
            if message[0] is _TEXT or message[0] is _BINARY:
                return message  # type: ignore[return-value]  # as above
        return await self._settle(message)

    async def _next(self, timeout: float | None, *, in_pieces: bool = False) -> Received:
        if self._is_waiting:
            raise RuntimeError("Concurrent call to receive() is not allowed")
        if self._is_closed:
            return WS_CLOSED_MESSAGE
        if self._is_closing:
            await self.close()
            return WS_CLOSED_MESSAGE
        limit = timeout or self._timeout.ws_receive
        self._is_waiting = True
        try:
            if limit:
                async with asyncio.timeout(limit):
                    message = await self._next_received(in_pieces=in_pieces)
            elif self._ready is not _NOTHING:
                message = await self._connection.next()
            else:
                message = await self._next_received(in_pieces=in_pieces)
        except (asyncio.CancelledError, TimeoutError):
            self._close_code = WSCloseCode.ABNORMAL_CLOSURE
            raise
        finally:
            self._is_waiting = False
            if self._close_waiter is not None and not self._close_waiter.done():
                self._close_waiter.set_result(None)
        return WS_CLOSED_MESSAGE if message is None else message

    async def _next_received(self, *, in_pieces: bool) -> Received | None:
        assembly = self._assembly
        while True:
            message = await self._connection.next()
            if type(message) is not WSFragment:
                return message
            try:
                taken = assembly.take(message, in_pieces=in_pieces)
            except WebSocketError as error:
                return WSMessage(WSMsgType.ERROR, error, None)
            if taken is not None:
                return taken

    async def _settle(self, message: Received) -> Message:
        """Do what `message` asks for, and return it."""
        type_ = message.type
        data: Any = message.data
        if type_ is WSMsgType.CLOSE:
            self._set_closing()
            self._has_peer_closed = True
            self._close_code = data or NO_CODE
            if self._autoclose:
                await self._close(encode_close(data))
        elif type_ is WSMsgType.CLOSING:
            self._set_closing()
        elif type_ is WSMsgType.CLOSED and not self._is_closed:
            self._set_closed()
            self._close_code = WSCloseCode.ABNORMAL_CLOSURE
            self._exception = self._connection.failure
        elif type_ is WSMsgType.ERROR and not self._is_closed:
            self._has_peer_closed = True
            self._exception = data
            self._close_code = data.code
            await self._close(encode_close(data.code))
        return message  # type: ignore[return-value]  # who asks for pieces doesn't come here with one

    async def receive_str(self, *, timeout: float | None = None) -> Any:
        """Return the next message, which is TEXT: a str, or bytes with `decode_text=False`.

        Raises:
            WSMessageTypeError: it is something else.
        """
        message = await self.receive(timeout)
        if message.type is not _TEXT:
            raise WSMessageTypeError(f"Received message {message.type}:{message.data!r} is not WSMsgType.TEXT")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """Return the next message, which is BINARY.

        Raises:
            WSMessageTypeError: it is something else.
        """
        message = await self.receive(timeout)
        if message.type is not _BINARY:
            raise WSMessageTypeError(f"Received message {message.type}:{message.data!r} is not WSMsgType.BINARY")
        return bytes(message.data)

    async def receive_json(self, *, loads: Callable[[Any], Any] = json.loads, timeout: float | None = None) -> Any:
        """Return the next message, which is TEXT, parsed as JSON by `loads`.

        Raises:
            WSMessageTypeError: it is something else.
            ValueError: it is not JSON.
        """
        return loads(await self.receive_str(timeout=timeout))

    async def receive_stream(self, *, timeout: float | None = None) -> AsyncIterator[str | bytes]:
        """Give the next TEXT or BINARY message in pieces as they arrive, however large it is.

        What is left of the message when the iteration stops is dropped by the next `receive`. `timeout` is for each
        piece. A message that was there before it was asked for comes as one piece.

        Raises:
            WSMessageTypeError: the WebSocket was closed instead, or in the middle of the message.
        """
        self._ready = _NOTHING
        self._assembly.begin_stream()
        self._connection.begin_stream()
        try:
            while True:
                message = await self._next(timeout, in_pieces=True)
                type_ = message.type
                if type_ is _TEXT or type_ is _BINARY:
                    final = message.final if isinstance(message, WSFragment) else True
                    if final:
                        self._connection.end_stream()
                    yield message.data
                    if final:
                        return
                elif type_ is not WSMsgType.PING and type_ is not WSMsgType.PONG:
                    await self._settle(message)
                    raise WSMessageTypeError(f"Received message {type_}:{message.data!r} is neither TEXT nor BINARY")
        finally:
            self._connection.end_stream()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        messages = self._ready
        if messages and not self._is_waiting:
            # As in receive(): calling it would cost a fifth of what a message costs.
            message = messages.popleft()
            if not messages and self._connection.is_resting:
                self._connection.refill()
            if message[0] is _TEXT or message[0] is _BINARY:
                return message  # type: ignore[return-value]  # a fragment comes only after receive_stream()
            settled = await self._settle(message)
        else:
            settled = await self._settle(await self._next(None))
        if settled.type in _LAST:
            raise StopAsyncIteration
        return settled

    # -- the end ------------------------------------------------------------------------------------------------

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> bool:
        """Close with `code` and a reason, and wait `ClientWSTimeout.ws_close` seconds for the peer's close frame.

        A `receive` that waits in another task gets CLOSING.

        Returns:
            False where it was closed already.

        Raises:
            ValueError: a code that must not be sent, or a reason of more than 123 bytes.
        """
        payload = encode_close(code, message.encode() if isinstance(message, str) else message)
        if self._is_waiting and not self._is_closing:
            self._close_waiter = self._loop.create_future()
            self._set_closing()
            self._connection.put(WS_CLOSING_MESSAGE)
            await self._close_waiter
        return await self._close(payload)

    async def _close(self, payload: bytes) -> bool:
        if self._is_closed:
            return False
        self._set_closed()
        connection = self._connection
        try:
            connection.send_close(payload)
        except ConnectionResetError as error:
            if not self._has_peer_closed:
                self._fail(connection.failure or error)
            connection.abort()
            return True
        if self._has_peer_closed:
            connection.end()
            return True
        try:
            async with asyncio.timeout(self._timeout.ws_close):
                await self._wait_for_peer()
        except TimeoutError as error:
            self._give_up(error)
            return True
        except BaseException:
            self._give_up(None)
            raise
        connection.end()
        return True

    async def _wait_for_peer(self) -> None:
        """Drop what comes before the peer's close frame, and note its code."""
        while True:
            message = await self._connection.next()
            if message is None:
                self._fail(self._connection.failure)
                return
            data: Any = message.data
            if message.type is WSMsgType.ERROR:
                self._fail(data)
                return
            if message.type is WSMsgType.CLOSE:
                self._close_code = data or NO_CODE
                return

    def _fail(self, error: BaseException | None) -> None:
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._exception = error

    def _give_up(self, error: Exception | None) -> None:
        self._set_closed()
        self._fail(error)
        self._connection.abort(error)

    def _set_closing(self) -> None:
        self._ready = _NOTHING
        self._is_closing = True
        self._connection.stop_heartbeat()

    def _set_closed(self) -> None:
        self._ready = _NOTHING
        self._is_closed = True
        self._connection.stop_heartbeat()

    def _on_silence(self) -> None:
        """Give the peer up: it did not answer the heartbeat."""
        error = ServerTimeoutError(f"No PONG received after {self._silence} seconds")
        self._give_up(error)
        if self._is_waiting and not self._is_closing:
            self._connection.put(WSMessage(WSMsgType.ERROR, error, None))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
