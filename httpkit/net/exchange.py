"""One request on its way and its answer.

The client fills in what to send, the connection fills in what came back; the two meet nowhere else. An exchange
carries values and not bytes, so that a connection of another protocol can perform it as well.
"""

from __future__ import annotations

import asyncio
import warnings
import weakref
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from httpkit.net.body import DEFAULT_LIMIT, EMPTY_PAYLOAD, NO_FLOW, FlowControl, StreamReader
from httpkit.net.deadlines import Deadlines, Expiring
from httpkit.net.inflow import Inflow
from httpkit.values.abc import AbstractStreamWriter
from httpkit.values.messages import HttpVersion, Timing
from httpkit.wire.codings import ContentDecoder, decoder_for
from httpkit.wire.http1 import ResponseHead

WriteBody = Callable[[AbstractStreamWriter], Awaitable[None]]


class Carrier(FlowControl, Protocol):
    """The connection, as an exchange sees it."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows."""

    def abandon(self, exchange: Exchange) -> None:
        """Drop the exchange: nobody wants the rest of its answer."""


class Exchange:
    """A request and what came of it.

    Most of what it may carry is not used most of the time, so the defaults live on the class and not in slots: making
    an exchange sets six attributes instead of thirty.

    Attributes:
        body: the whole request body, where it is at hand.
        write_body: writes the body to an `AbstractStreamWriter` otherwise.
        chunked: frame the written body in the chunked coding (RFC 9112 section 7.1).
        compress: the content coding to apply to the written body.
        length: the number of bytes that `Content-Length` promised; None without one.
        expect_continue: hold the body back until the server says 100 (RFC 9110 section 10.1.1).
        auto_decompress: decode the response's content codings.
        is_last: the request says that the connection closes after it.
        writer: what the body is written to, once that began.
        carrier: the connection that performs the exchange, while it does.
        read_until_eof: read a response without a length until the connection closes; it is empty otherwise.
        limits: (max_line_size, max_field_size, max_headers) where they are not the connection's.
        sock_read: the longest gap between two reads in seconds; None for any.
        on_chunk_sent: awaited with each piece of the written body.
        on_body_write: called with the size of each piece, and with all bytes given to the transport so far.
        on_informational: called with each interim response but 101 (RFC 9110 section 15.2).
        head_arrived: done when `head` is there; raises what went wrong before.
        content: the response's whole body as it came, where it came with its head.
        is_coded: whether `content` must be decoded (RFC 9110 section 8.4).
        has_stream: whether the body came through a stream, which may have paused the socket.
        chunk_ends: offsets in `content` where chunks ended.
        trailers: the fields after a chunked body (RFC 9112 section 7.1.2).
        on_end: called when the answer is over, where it did not come in one piece with its head.
        ended: whether the last byte of the answer has arrived, or never will.
        received: bytes of the response's body as they came over the wire.
    """

    body: bytes = b""
    write_body: WriteBody | None = None
    chunked = False
    compress: str | None = None
    length: int | None = None
    expect_continue = False
    auto_decompress = True
    read_until_eof = True
    read_bufsize: int = DEFAULT_LIMIT
    limits: tuple[int, int, int] | None = None
    sock_read: float | None = None
    on_informational: Callable[[ResponseHead], None] | None = None
    on_chunk_sent: Callable[[bytes], Awaitable[None]] | None = None
    on_body_write: Callable[[int, int], None] | None = None
    upload: asyncio.Task[None] | None = None
    writer: AbstractStreamWriter | None = None
    continued: asyncio.Future[None] | None = None
    head: ResponseHead | None = None
    content: bytes | None = None
    trailers: CIMultiDictProxy[str] | None = None
    is_coded = False
    has_stream = False
    ended = False
    received = 0
    chunk_ends: list[int] | tuple[()] = ()
    on_end: list[Callable[[], None]] | tuple[()] = ()
    error: BaseException | None = None
    _inflow: Inflow | None = None
    carrier: Carrier | None = None
    is_last = False
    _bucket: set[Expiring] | None = None
    _timer: asyncio.TimerHandle | None = None
    _limit: float = 0
    _holder: weakref.ref[object] | None = None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        method: str,
        target: str,
        version: HttpVersion,
        headers: CIMultiDict[str],
        timing: Timing,
    ) -> None:
        self.loop = loop
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.timing = timing
        self.head_arrived: asyncio.Future[None] = loop.create_future()

    # -- deadlines ----------------------------------------------------------------------------------------------

    def set_deadline(self, deadlines: Deadlines, when: float, limit: float, threshold: float) -> None:
        """End the exchange at `when`, which is `limit` seconds from its start.

        Limits of more than `threshold` seconds end at the next whole second of the loop's clock.
        """
        self._limit = limit
        if limit > threshold:
            self._bucket = deadlines.bucket(when)
            self._bucket.add(self)
        else:
            self._timer = self.loop.call_at(when, self.expire)

    def expire(self) -> None:
        """End the exchange: its total time is over."""
        self.fail(TimeoutError(f"no complete response within {self._limit:g} s (ClientTimeout.total)"))
        self.abandon()

    def _lift_deadline(self) -> None:
        if self._bucket is not None:
            self._bucket.discard(self)
            self._bucket = None
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- the connection's side ----------------------------------------------------------------------------------

    def arrive(
        self, head: ResponseHead, body: bytes, trailers: CIMultiDictProxy[str] | None, chunk_ends: list[int]
    ) -> None:
        """Take an answer that is complete."""
        self.timing.first_byte = self.timing.done = monotonic()
        self.received = len(body)
        self.trailers = trailers
        if chunk_ends:
            self.chunk_ends = chunk_ends
        self.head = head
        self.content = body
        self.is_coded = self.auto_decompress and "Content-Encoding" in head.headers
        self.ended = True
        if self._bucket is not None:
            self._bucket.discard(self)
        elif self._timer is not None:
            self._timer.cancel()
        if self.continued is not None:
            self._let_body_go()
        if not self.head_arrived.done():
            self.head_arrived.set_result(None)

    def begin(self, head: ResponseHead, flow: FlowControl) -> None:
        """Take the head of an answer whose body follows."""
        self.has_stream = True
        self._inflow = Inflow(self.loop, flow, self.read_bufsize, self._decoder(head))
        self.head = head
        self.timing.first_byte = monotonic()
        self._let_body_go()
        if not self.head_arrived.done():
            self.head_arrived.set_result(None)

    def receive(self, data: bytes, chunk_ends: list[int]) -> None:
        """Take a piece of the body."""
        self.received += len(data)
        if self._inflow is not None:
            self._inflow.feed(data, chunk_ends)

    def finish(self, trailers: CIMultiDictProxy[str] | None) -> None:
        """Take the end of the answer."""
        self.trailers = trailers
        self.timing.done = monotonic()
        self._end()
        if self._inflow is not None:
            self._inflow.detach(NO_FLOW)
            self._inflow.feed_eof()

    def inform(self, head: ResponseHead) -> None:
        """Take an interim response; 100 lets the body go."""
        if head.status == 100:
            self._let_body_go()
        if self.on_informational is not None:
            self.on_informational(head)

    def fail(self, error: BaseException) -> None:
        """End the exchange with `error`, wherever it stands."""
        if self.ended:
            return
        self.error = error
        self._end()
        if self._inflow is not None:
            self._inflow.detach(NO_FLOW)
            self._inflow.fail(error)
        if not self.head_arrived.done():
            self.head_arrived.set_exception(error)
            # Whoever waited may have been cancelled meanwhile: the error is then nobody's, and no warning is due.
            self.head_arrived.exception()

    def _end(self) -> None:
        self.ended = True
        self._lift_deadline()
        self._let_body_go()
        callbacks, self.on_end = self.on_end, ()
        for callback in callbacks:
            callback()

    def _let_body_go(self) -> None:
        if self.continued is not None and not self.continued.done():
            self.continued.set_result(None)

    # -- the client's side --------------------------------------------------------------------------------------

    def reader(self) -> StreamReader:
        """Return the body as a stream; made here where the whole body came with its head.

        Raises:
            ContentEncodingError: its coding can't be decoded here.
        """
        if self._inflow is None:
            if not self.content or self.head is None:
                return EMPTY_PAYLOAD
            self._inflow = Inflow(self.loop, NO_FLOW, self.read_bufsize, self._decoder(self.head))
            self._inflow.feed(self.content, list(self.chunk_ends))
            self._inflow.feed_eof()
        self._inflow.start()
        return self._inflow.stream

    def _decoder(self, head: ResponseHead) -> ContentDecoder | None:
        if not self.auto_decompress or "Content-Encoding" not in head.headers:
            return None
        return decoder_for(", ".join(head.headers.getall("Content-Encoding")))

    def abandon_with(self, holder: object) -> None:
        """Abandon the exchange when `holder`, who reads its answer, is gone."""
        self._holder = weakref.ref(holder, self._lose_holder)

    def _lose_holder(self, _holder: object) -> None:
        if self.ended or self.loop.is_closed():
            return
        if self.loop.get_debug():
            warnings.warn(f"Unclosed response to {self.method} {self.target}", ResourceWarning, stacklevel=2)
        # Garbage may be collected in any thread.
        self.loop.call_soon_threadsafe(self.abandon)

    def abandon(self) -> None:
        """Drop the rest of the answer and of the upload; the connection closes if anything is missing."""
        carrier, self.carrier = self.carrier, None
        if carrier is not None:
            carrier.abandon(self)
        self._end()
