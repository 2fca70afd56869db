"""One HTTP/1.1 connection: `asyncio.BufferedProtocol` on one side, `wire.http1` on the other.

The received bytes go through one reused buffer: with a plain `asyncio.Protocol`, allocating 256 KiB for every read is
half of what a small request costs. A connection is owned by its pool, which gets it back by `put` exactly once for
every exchange that it performs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from httpkit.errors import (
    BadHttpMessage,
    ClientConnectionError,
    ClientConnectionResetError,
    ClientOSError,
    ClientPayloadError,
    HttpProcessingError,
    ServerDisconnectedError,
    SocketTimeoutError,
)
from httpkit.net.exchange import Exchange
from httpkit.net.writer import BodyWriter
from httpkit.values.messages import ConnectionKey, HttpVersion11
from httpkit.wire.http1 import (
    MAX_FIELD_SIZE,
    MAX_HEADERS,
    MAX_LINE_SIZE,
    End,
    Event,
    ResponseDecoder,
    ResponseHead,
)
from httpkit.wire.http1_request import encode_request_head

# Bytes that one read may take. Each read is a round of the event loop: 64 KiB cost a download 700 us of CPU per MB, these
# 400, a bare protocol with asyncio's own 256 KiB 410.
BUFFER_SIZE = 2**19
DEFAULT_LIMITS = (MAX_LINE_SIZE, MAX_FIELD_SIZE, MAX_HEADERS)
# How long a body waits for 100 (Continue) from a server that ignores `Expect`, in seconds; curl waits as long.
CONTINUE_TIMEOUT = 1.0


class Owner(Protocol):
    """What a connection is given back to."""

    def put(self, connection: Http1Connection) -> None:
        """Take `connection` back: its exchange is over, or it is closed."""


class Successor(Protocol):
    """What a connection speaks after 101 (RFC 9110 section 7.8)."""

    def feed(self, data: bytes) -> None:
        """Take received bytes."""

    def lose(self, exc: BaseException | None) -> None:
        """End: the transport is closed."""

    def resume_writing(self) -> None:
        """Go on: the transport's buffer has room again."""


class Http1Connection(asyncio.BufferedProtocol):
    """A connection that performs one exchange at a time.

    Attributes:
        room: how many exchanges it can still take: 1 while idle and open, else 0.
        idle_since: when it became idle, in seconds of the loop's clock.
        key: what a request must share with it.
        transport: the socket; None once it is lost.
        drain_waiters: who waits for room in the transport's buffer; None while it has some.
    """

    _successor: Successor | None = None

    def __init__(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, key: ConnectionKey, *, force_close: bool = False
    ) -> None:
        self._loop = loop
        self._owner = owner
        self.key = key
        self._force_close = force_close
        self.room = 0
        self.idle_since = 0.0
        self.transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._decoder = ResponseDecoder()
        self._limits = DEFAULT_LIMITS
        self._view = _buffer_of(loop)
        self._cut_short = False
        self._is_ending = False
        self._upload: asyncio.Task[None] | None = None
        self.drain_waiters: list[asyncio.Future[None]] | None = None
        self._closed_waiter: asyncio.Future[None] | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._last_read = 0.0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows: `peername`, `ssl_object`, `cipher` and so on."""
        return default if self.transport is None else self.transport.get_extra_info(name, default)

    # -- what the pool and the client call ----------------------------------------------------------------------

    def perform(self, exchange: Exchange) -> asyncio.Future[None]:
        """Send the request of `exchange`; return what is done when the head of its answer is in.

        Raises:
            ValueError: the request has characters that must not be in its head; nothing was sent.
        """
        if self._force_close or exchange.version != HttpVersion11:
            self._say_whether_it_closes(exchange)
        head = encode_request_head(exchange.method, exchange.target, exchange.version, exchange.headers)
        transport = self.transport
        self._exchange = exchange
        self.room = 0
        exchange.carrier = self
        if transport is None:
            exchange.fail(ServerDisconnectedError())
            self._retire()
            return exchange.head_arrived
        self._decoder.expect(exchange.method, read_until_eof=exchange.read_until_eof)
        limits = exchange.limits or DEFAULT_LIMITS
        if limits is not self._limits:
            self._limits = limits
            self._decoder.set_limits(*limits)
        if exchange.write_body is None:
            transport.write(head + exchange.body if exchange.body else head)
        else:
            transport.write(head)
            if exchange.expect_continue:
                exchange.continued = self._loop.create_future()
            exchange.upload = self._upload = self._loop.create_task(self._send_body(exchange))
            self._upload.add_done_callback(_take_note)
        exchange.timing.sent = monotonic()
        if exchange.sock_read:
            self._watch_reads(exchange.sock_read)
        return exchange.head_arrived

    def _say_whether_it_closes(self, exchange: Exchange) -> None:
        """Fill in `Connection` where it is not what the version implies (RFC 9112 section 9.3)."""
        if "Connection" in exchange.headers:
            return
        if exchange.version != HttpVersion11:
            if not self._force_close:
                exchange.headers["Connection"] = "keep-alive"
        else:
            exchange.headers["Connection"] = "close"

    def abandon(self, exchange: Exchange) -> None:
        """Drop the rest of `exchange`: what is still to come can't be told from the next answer, so close."""
        if self._exchange is exchange:
            self._cut_short = True
            self._retire()

    def close(self, *, abort: bool = False) -> None:
        """Close the transport; what it was doing fails with `ClientConnectionError`."""
        exchange = self._exchange
        if exchange is not None and not exchange.ended:
            exchange.fail(ClientConnectionError("Connection closed"))
        self.room = 0
        self._is_ending = True
        transport = self.transport
        if transport is not None:
            # A graceful end waits until the peer has read everything, of TLS until it answers; nothing is left to lose here.
            # Who asks a closing TLS transport for anything gets an AttributeError of asyncio's (3.11).
            is_closing = abort or exchange is not None or transport.is_closing()
            if is_closing or transport.get_extra_info("sslcontext") is not None:
                transport.abort()
            else:
                transport.close()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        if self.transport is not None:
            if self._closed_waiter is None:
                self._closed_waiter = self._loop.create_future()
            await asyncio.shield(self._closed_waiter)

    def take_transport(self) -> tuple[asyncio.Transport, bytes]:
        """Return the transport and the bytes that followed the head, after the protocol was switched.

        The connection stays in its pool's count until `put`.
        """
        assert self.transport is not None  # noqa: S101 - nothing else can be switched
        self._exchange = None
        self.resume_reading()
        return self.transport, self._decoder.take_rest()

    def switch(self, successor: Successor) -> None:
        """Give what is received from now on to `successor`, and at once what came behind the 101.

        The connection stays in its pool's count until it is closed.
        """
        self._exchange = None
        self._successor = successor
        self._stop_watching_reads()
        if rest := self._decoder.take_rest():
            successor.feed(rest)
        if self.transport is None:
            successor.lose(None)

    # -- what the event loop calls ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; the transport is open."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport, and cast() is a call
        self.room = 1
        self.idle_since = monotonic()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where received bytes go, whatever the size hint says."""
        del sizehint
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Take `nbytes` received bytes."""
        exchange = self._exchange
        if exchange is None:
            if self._successor is not None:
                self._successor.feed(bytes(self._view[:nbytes]))
                return
            # Nobody asked. Whatever it is, the next request must not take it for its answer.
            self.close(abort=True)
            return
        try:
            events = self._decoder.feed(bytes(self._view[:nbytes]))
        except HttpProcessingError as error:
            self._refuse(exchange, error)
            return
        if self._read_timer is not None:
            self._last_read = monotonic()
        self._dispatch(exchange, events)

    def eof_received(self) -> bool:
        """Take the end of what the peer sends; the transport closes then."""
        exchange = self._exchange
        self.room = 0
        self._is_ending = True
        if exchange is not None and not exchange.ended:
            try:
                self._dispatch(exchange, self._decoder.feed_eof())
            except HttpProcessingError as error:
                self._refuse(exchange, error)
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """End: the transport is closed."""
        self.transport = None
        self.room = 0
        if self._closed_waiter is not None:
            self._closed_waiter.set_result(None)
        for waiter in self.drain_waiters or ():
            if not waiter.done():
                waiter.set_exception(ClientConnectionResetError("Connection lost"))
        exchange = self._exchange
        if exchange is not None:
            if not exchange.ended:
                exchange.fail(_loss(exchange, exc))
            self._cut_short = True
            self._retire()
        else:
            self._owner.put(self)
            if self._successor is not None:
                self._successor.lose(exc)

    def pause_writing(self) -> None:
        """Hold the body back: the transport's buffer is full."""
        if self.drain_waiters is None:
            self.drain_waiters = []

    def resume_writing(self) -> None:
        """Let the body go on."""
        waiters, self.drain_waiters = self.drain_waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
        if self._successor is not None:
            self._successor.resume_writing()

    def pause_reading(self) -> None:
        """Rest the socket: the reader lags behind."""
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_reading():
            self._last_read = monotonic()
            self.transport.resume_reading()

    # -- in between ---------------------------------------------------------------------------------------------

    def _dispatch(self, exchange: Exchange, events: Sequence[Event]) -> None:
        for index, event in enumerate(events):
            if type(event) is bytes:
                self._receive(exchange, event)
            elif type(event) is End:
                if self._decoder.chunk_ends:
                    self._receive(exchange, b"")
                exchange.finish(event.trailers)
                self._settle()
            else:
                head: ResponseHead = event  # type: ignore[assignment]  # the third kind, and cast() is a call
                if head.status < 200 and head.status != 101:
                    self._inform(exchange, head)
                elif type(events[-1]) is End:
                    # The whole answer is here: no stream, and the connection is free before the waiting task wakes.
                    body = events[index + 1]
                    self._arrive(exchange, head, body if type(body) is bytes else b"", events[-1])
                    return
                elif not self._begin(exchange, head):
                    return
        if self._decoder.chunk_ends and self._exchange is exchange:
            # The end of a chunk whose bytes came before.
            self._receive(exchange, b"")

    def _receive(self, exchange: Exchange, data: bytes) -> None:
        chunk_ends = self._decoder.chunk_ends
        if chunk_ends:
            self._decoder.chunk_ends = []
        exchange.receive(data, chunk_ends)

    def _arrive(self, exchange: Exchange, head: ResponseHead, body: bytes, end: End) -> None:
        if head.status == 101 and "Upgrade" not in exchange.headers:
            self._refuse(exchange, BadHttpMessage("the server switched protocols without being asked"))
            return
        try:
            exchange.arrive(head, body, end.trailers, self._decoder.chunk_ends)
        except HttpProcessingError as error:
            self._refuse(exchange, error)
            return
        self._settle()

    def _begin(self, exchange: Exchange, head: ResponseHead) -> bool:
        try:
            exchange.begin(head, self)
        except HttpProcessingError as error:
            self._refuse(exchange, error)
            return False
        return True

    def _inform(self, exchange: Exchange, head: ResponseHead) -> None:
        try:
            exchange.inform(head)
        except Exception as error:  # noqa: BLE001 - a callback of the user's must not break the connection
            self._loop.call_exception_handler({"message": "exception in on_informational", "exception": error})

    def _refuse(self, exchange: Exchange, error: HttpProcessingError) -> None:
        """End the exchange with what the decoder said, and the connection with it."""
        if exchange.head is None:
            exchange.fail(error)
        else:
            failure = ClientPayloadError(f"Response payload is not completed: {error}")
            failure.__cause__ = error
            exchange.fail(failure)
        self._cut_short = True
        self._retire()

    def _settle(self) -> None:
        """Give the connection back once the answer is in and the request is out."""
        if self._decoder.switched:
            # What follows is for who comes after: until there is somebody, the socket holds it.
            self.pause_reading()
            return
        if self._upload is None or self._upload.done():
            self._retire()
        else:
            self._upload.add_done_callback(self._retire)

    def _retire(self, _upload: object = None) -> None:
        """Be done with the exchange: idle again, or closed."""
        if self._exchange is None:
            return
        exchange, self._exchange = self._exchange, None
        self._stop_watching_reads()
        if self._upload is not None:
            if not self._upload.done():
                self._cut_short = True
                self._upload.cancel()
            self._upload = None
            # It knows the request, which knows the exchange.
            exchange.write_body = exchange.on_chunk_sent = exchange.on_body_write = None
        if (
            self._cut_short
            or self._force_close
            or not self._decoder.is_clean
            or self.transport is None
            or self._is_ending
            or exchange.is_last
        ):
            self.close(abort=self._cut_short)
        else:
            if exchange.has_stream:
                self.resume_reading()
            self.room = 1
            self.idle_since = monotonic()
        self._owner.put(self)

    # -- sending a body -----------------------------------------------------------------------------------------

    async def _send_body(self, exchange: Exchange) -> None:
        assert self.transport is not None  # noqa: S101 - perform() has just written to it
        assert exchange.write_body is not None  # noqa: S101 - or there is no upload
        if exchange.continued is not None:
            await asyncio.wait((exchange.continued,), timeout=CONTINUE_TIMEOUT)
            if exchange.ended or exchange.head is not None:
                # Answered without the body: it must not follow now, and the server may still expect it.
                self._cut_short = True
                return
        exchange.writer = writer = BodyWriter(self.transport, self.drain, length=exchange.length)
        writer.on_body_write = exchange.on_body_write
        writer.on_chunk_sent = exchange.on_chunk_sent
        if exchange.compress is not None:
            writer.enable_compression(exchange.compress)
        if exchange.chunked:
            writer.enable_chunking()
        try:
            await exchange.write_body(writer)
            await writer.write_eof()
        except BaseException as error:
            # A cancellation that is not ours is the body's own doing, and ends the exchange too.
            if self._exchange is exchange:
                self._cut_short = True
                exchange.fail(upload_failure(error))
                self._retire()
            raise
        exchange.timing.sent = monotonic()

    async def drain(self) -> None:
        """Wait until the transport's buffer has room.

        Raises:
            ClientConnectionResetError: the connection was lost meanwhile.
        """
        if self.drain_waiters is not None:
            waiter = self._loop.create_future()
            self.drain_waiters.append(waiter)
            await waiter

    # -- sock_read ----------------------------------------------------------------------------------------------

    def _watch_reads(self, limit: float) -> None:
        self._last_read = monotonic()
        self._read_timer = self._loop.call_later(limit, self._check_reads, limit)

    def _stop_watching_reads(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _check_reads(self, limit: float) -> None:
        now = monotonic()
        is_resting = self.transport is not None and not self.transport.is_reading()
        if is_resting or (self._upload is not None and not self._upload.done()):
            # The server is not silent while the reader lags behind, or while it is being told.
            self._last_read = now
        left = self._last_read + limit - now
        if left > 0:
            self._read_timer = self._loop.call_later(left, self._check_reads, limit)
        elif self._exchange is not None:
            self._read_timer = None
            self._exchange.fail(SocketTimeoutError(f"no bytes for {limit:g} s (ClientTimeout.sock_read)"))
            self._cut_short = True
            self._retire()


_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


def _buffer_of(loop: asyncio.AbstractEventLoop) -> memoryview:
    """Return where what is received goes first: one place for all connections of `loop`, so that an idle one has none.

    Selector loops and uvloop read and hand over in one step. Windows' proactor fills several buffers at a time.
    """
    if isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        return memoryview(bytearray(BUFFER_SIZE))
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(BUFFER_SIZE))
    return buffer


def _loss(exchange: Exchange, cause: BaseException | None) -> BaseException:
    """Return what the user sees when the connection is lost under `exchange`."""
    failure: BaseException
    if exchange.head is not None:
        failure = ClientPayloadError(f"Response payload is not completed: {cause or 'connection closed'}")
    elif isinstance(cause, OSError):
        failure = ClientOSError(cause.errno, cause.strerror or str(cause))
    else:
        failure = ServerDisconnectedError()
    failure.__cause__ = cause
    return failure


def _take_note(upload: asyncio.Task[None]) -> None:
    """Look at how `upload` ended, which the exchange has been told: asyncio complains of what nobody looks at."""
    if not upload.cancelled():
        upload.exception()


def upload_failure(cause: BaseException) -> BaseException:
    """Return what the user sees when the request's body can't be sent because of `cause`."""
    failure: BaseException
    if isinstance(cause, (ClientConnectionError, ClientPayloadError)):
        return cause
    if isinstance(cause, OSError):
        failure = ClientOSError(cause.errno, f"cannot write request body: {cause.strerror or cause}")
    else:
        failure = ClientConnectionError(f"cannot write request body: {cause!r}")
    failure.__cause__ = cause
    return failure
