"""What a socket becomes after 101: frames in, messages out, with backpressure both ways (RFC 6455).

Messages wait in a queue until somebody takes them. Where the reader lags behind, the socket rests, and what is not
inflated yet stays compressed; so a server that sends faster than it is read costs no more memory than `limit`, give or
take one message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from httpkit.errors import ClientConnectionResetError, ClientOSError, ServerDisconnectedError
from httpkit.net.http1_connection import Http1Connection
from httpkit.values.websocket import WSFragment, WSMessage, WSMessageTextBytes, WSMsgType
from httpkit.wire.websocket import FrameDecoder, FrameEncoder

Received = WSMessage | WSMessageTextBytes | WSFragment

MESSAGE_OVERHEAD = 64
"""Bytes that a queued message counts beside those it had on the wire."""

MAX_PINGS = 1024
"""PINGs that wait for their PONG; beyond that the oldest is given up."""

# Plain ints: naming a member of an IntEnum takes three times as long.
_BINARY, _PING, _PONG = 0x2, 0x9, 0xA
_type_of = itemgetter(0)
_data_of = itemgetter(1)


class WebSocketConnection:
    """One end of an open WebSocket.

    Attributes:
        messages: what was received and not taken. Whoever empties it while `is_resting` calls `refill`.
        is_resting: nothing more is received, or decoded, before `refill`.
        is_lost: the transport is closed; what is in `messages` is all that there will be.
        failure: why the transport was closed, where that was not our doing.
        heard: when bytes last arrived, in seconds of the loop's clock; kept up only while there is a heartbeat.
        heartbeat: what asks a silent peer whether it is there.
        latency: seconds between the last PING that was answered and its PONG; None before.
    """

    def __init__(
        self,
        carrier: Http1Connection,
        decoder: FrameDecoder,
        encoder: FrameEncoder,
        *,
        loop: asyncio.AbstractEventLoop,
        limit: int,
        autoping: bool = True,
        is_deflated: bool = False,
    ) -> None:
        """Take over `carrier`.

        Args:
            carrier: the connection that was switched.
            decoder: for what comes.
            encoder: for what goes.
            loop: the event loop.
            limit: bytes of messages that are received ahead of the reader, before the socket rests.
            autoping: answer PINGs as they arrive, and keep PINGs and PONGs from the reader.
            is_deflated: whether messages may be larger than they were on the wire.
        """
        self.carrier = carrier
        self.decoder = decoder
        self.messages: deque[Received] = deque()
        self.is_resting = False
        self.is_lost = False
        self.failure: BaseException | None = None
        self.heard = 0.0
        self.heartbeat: Heartbeat | None = None
        self.latency: float | None = None
        self._encoder = encoder
        self._loop = loop
        self._limit = limit
        self._autoping = autoping
        self._is_deflated = is_deflated
        self._transport = carrier.transport
        self._cost = 0
        self._waiter: asyncio.Future[None] | None = None
        self._pings: deque[tuple[bytes, float, asyncio.Future[float]]] = deque()
        self._owed_pong: bytes | None = None
        self._has_closed = False
        carrier.switch(self)
        if not self.is_resting:
            carrier.resume_reading()

    # -- receiving ----------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Decode received bytes, and wake the reader if they complete a message."""
        messages, decoder = self.messages, self.decoder
        if self.heartbeat is not None and data:
            self.heard = self._loop.time()
        self._cost = self._cost + len(data) if messages else len(data)
        batch = decoder.feed(data)
        if batch:
            # One pass in C over all of them, where looking at each would cost as much as decoding it.
            if (max(map(_type_of, batch)) if len(batch) > 1 else batch[0][0]) > _BINARY:
                batch = self._take_control(batch)
            self._cost += MESSAGE_OVERHEAD * len(batch)
            if self._is_deflated:
                self._cost += sum(map(_size_of, batch))
            messages.extend(batch)
        if messages:
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)
            if self._cost > self._limit or decoder.has_more:
                self._rest()
        elif decoder.has_more:
            # In the middle of a message that inflates to a lot: others have their turn before it goes on.
            self._rest()
            self._loop.call_soon(self.refill)

    def _rest(self) -> None:
        if not self.is_resting:
            self.is_resting = True
            self.carrier.pause_reading()

    def refill(self) -> None:
        """Go on receiving: the reader has taken everything."""
        if self.messages:
            return
        self._cost = 0
        self.is_resting = False
        if self.decoder.has_more:
            self.feed(b"")
        if not self.is_resting:
            self.carrier.resume_reading()

    def _take_control(self, batch: list[Received]) -> list[Received]:
        """Answer the PINGs of `batch`, note its PONGs, and return what the reader should get."""
        kept = []
        for message in batch:
            type_ = message[0]
            payload: Any = message[1]
            if type_ == _PING:
                if self._autoping:
                    self._pong(payload)
                    continue
            elif type_ == _PONG:
                self._note_pong(payload)
                if self._autoping:
                    continue
            kept.append(message)
        return kept

    def begin_stream(self) -> None:
        """Give messages in pieces from now on, and at once what there is of the one that is arriving."""
        self.messages.extend(self.decoder.begin_stream())

    def end_stream(self) -> None:
        """Give whole messages again, from the one after the last that has begun."""
        self.decoder.streaming = False

    async def next(self) -> Received | None:
        """Return the next message, waiting for it; None when the connection is lost and nothing is left."""
        messages = self.messages
        while not messages:
            if self.is_resting:
                self.refill()
            elif self.is_lost:
                return None
            else:
                self._waiter = self._loop.create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
            if not messages and self.is_resting:
                await asyncio.sleep(0)
        message = messages.popleft()
        if not messages and self.is_resting:
            self.refill()
        return message

    def put(self, message: WSMessage) -> None:
        """Let the reader find `message` behind those that were received."""
        self.messages.append(message)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def lose(self, exc: BaseException | None) -> None:
        """End: the transport is closed."""
        self.is_lost = True
        if self.failure is None:
            self.failure = _loss(exc)
        self.stop_heartbeat()
        while self._pings:
            _fail(self._pings.popleft()[2], self.failure)
        self._wake()

    # -- sending ------------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether whoever sends more should `drain` first."""
        return self.carrier.drain_waiters is not None

    async def drain(self) -> None:
        """Wait until the transport's buffer has room.

        Raises:
            ClientConnectionResetError: the connection was lost meanwhile.
        """
        await self.carrier.drain()

    def send(self, opcode: int, payload: bytes | bytearray | memoryview, compress: int | None = None) -> None:
        """Send a whole message, or a control frame.

        Raises:
            ClientConnectionResetError: the WebSocket is closed, or about to be.
            ValueError: a control frame with more than 125 bytes, or a wrong `compress`.
        """
        transport = self._transport
        # As in _open_transport(): a call less for each message.
        if transport is None or self._has_closed or self.is_lost or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        transport.write(self._encoder.encode(opcode, payload, compress))

    def send_fragment(self, opcode: int, payload: bytes, *, final: bool) -> None:
        """Send one fragment of a message; `opcode` is that of the message in each call.

        Raises:
            ClientConnectionResetError: the WebSocket is closed, or about to be.
        """
        self._open_transport().write(self._encoder.encode_fragment(opcode, payload, final=final))

    def send_close(self, payload: bytes) -> None:
        """Send the close frame; nothing can be sent after it.

        Raises:
            ClientConnectionResetError: the connection is closed.
        """
        transport = self._open_transport()
        self._has_closed = True
        transport.write(self._encoder.encode(WSMsgType.CLOSE, payload))

    def _open_transport(self) -> asyncio.Transport:
        transport = self._transport
        if transport is None or self._has_closed or self.is_lost or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        return transport

    def ping(self, payload: bytes) -> asyncio.Future[float]:
        """Send a PING; return what is done when its PONG is in, with the seconds that took.

        Raises:
            ClientConnectionResetError: the WebSocket is closed, or about to be.
            ValueError: more than 125 bytes.
        """
        self.send(WSMsgType.PING, payload)
        answered: asyncio.Future[float] = self._loop.create_future()
        self._pings.append((payload, self._loop.time(), answered))
        if len(self._pings) > MAX_PINGS:
            self._pings.popleft()[2].cancel()
        return answered

    def _note_pong(self, payload: bytes) -> None:
        """Answer the oldest PING with `payload`, and those before it: a peer may skip PINGs (RFC 6455 section 5.5.3)."""
        if all(payload != sent for sent, _, _ in self._pings):
            return
        now = self._loop.time()
        while True:
            sent, when, answered = self._pings.popleft()
            self.latency = now - when
            if not answered.done():
                answered.set_result(self.latency)
            if sent == payload:
                return

    def _pong(self, payload: bytes) -> None:
        if self.is_full:
            # The peer asks and doesn't read the answers: the last PING is enough (RFC 6455 section 5.5.3).
            self._owed_pong = payload
        elif self._transport is not None and not self._has_closed and not self._transport.is_closing():
            self._transport.write(self._encoder.encode(WSMsgType.PONG, payload))

    def resume_writing(self) -> None:
        """Send the PONG that there was no room for."""
        payload, self._owed_pong = self._owed_pong, None
        if payload is not None:
            self._pong(payload)

    # -- the end ------------------------------------------------------------------------------------------------

    def stop_heartbeat(self) -> None:
        """Ask the peer nothing more."""
        if self.heartbeat is not None:
            self.heartbeat.stop()
            self.heartbeat = None

    def end(self) -> None:
        """Close the transport when what was written has gone out."""
        self.stop_heartbeat()
        if self.is_full:
            self.carrier.close(abort=True)  # the peer reads nothing: it would never go out
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self, failure: BaseException | None = None) -> None:
        """Close the transport now, with `failure` as the reason."""
        self.stop_heartbeat()
        if self.failure is None:
            self.failure = failure
        self.carrier.close(abort=True)


class Heartbeat:
    """Asks a silent peer whether it is there. One timer, set again when it fires and not with every message."""

    def __init__(
        self,
        connection: WebSocketConnection,
        interval: float,
        expire: Callable[[], None],
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Begin.

        Args:
            connection: what to watch.
            interval: seconds of silence before a PING; half of it after the PING ends the connection.
            expire: called where the peer stays silent.
            loop: the event loop.
        """
        self._connection = connection
        self._interval = interval
        self._expire = expire
        self._loop = loop
        self._asked: float | None = None
        connection.heard = loop.time()
        connection.heartbeat = self
        self._timer = loop.call_later(interval, self._check)

    def stop(self) -> None:
        """End."""
        self._timer.cancel()

    def _check(self) -> None:
        connection, now = self._connection, self._loop.time()
        if connection.is_resting:
            connection.heard = now  # resting because the reader lags behind is not the peer's silence
        if self._asked is not None and connection.heard <= self._asked:
            self._expire()
            return
        self._asked = None
        due = connection.heard + self._interval
        # The loop may wake a clock tick early.
        if now + 0.001 >= due:
            self._asked = now
            due = now + self._interval / 2
            try:
                connection.ping(b"")
            except ClientConnectionResetError:
                return  # the transport is closing: the loss is told elsewhere
        self._timer = self._loop.call_at(due, self._check)


def _size_of(message: Received) -> int:
    data = _data_of(message)
    return len(data) if isinstance(data, (str, bytes)) else 0


def _loss(exc: BaseException | None) -> BaseException:
    """Return what the user sees when the connection is lost."""
    failure: BaseException
    if isinstance(exc, OSError):
        failure = ClientOSError(exc.errno, exc.strerror or str(exc))
    else:
        failure = ServerDisconnectedError()
    failure.__cause__ = exc
    return failure


def _fail(answered: asyncio.Future[float], failure: BaseException) -> None:
    if not answered.done():
        answered.set_exception(failure)
        # Nobody may wait for it: then no warning is due.
        answered.exception()
