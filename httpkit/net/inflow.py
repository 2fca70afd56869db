"""What stands between a connection and the stream that a user reads: content decoding, in steps of bounded size.

A small body can inflate to any size, so decoding stops whenever the reader lags behind, and what is not decoded yet
stays compressed; only then does the socket rest.
"""

from __future__ import annotations

import asyncio
from collections import deque

from httpkit.errors import ClientPayloadError, ContentEncodingError
from httpkit.net.body import FlowControl, StreamReader
from httpkit.wire.codings import ContentDecoder

# Steps without a byte of output, until the event loop has its turn again: codings within codings can be made to decode
# gigabytes of nothing.
_MAX_IDLE_STEPS = 4


class Inflow:
    """Feeds a `StreamReader` with a body as it comes over the wire, decoded if there is a decoder."""

    __slots__ = (
        "_carrier", "_chunk_end", "_decoder", "_ended", "_is_behind", "_is_chunked", "_is_resting", "_loop", "_pending",
        "_started", "stream",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, carrier: FlowControl, limit: int, decoder: ContentDecoder | None
    ) -> None:
        self.stream = StreamReader(self, limit, loop=loop)
        self._carrier = carrier
        self._decoder = decoder
        self._pending: deque[bytes] = deque()
        self._ended = False
        # Nothing is decoded before somebody wants it: the body of a redirect may be a bomb that nobody reads.
        self._started = decoder is None
        self._is_behind = False
        self._loop = loop
        self._is_resting = False
        self._is_chunked = False
        self._chunk_end = 0
        if decoder is not None:
            self.stream.total_compressed_bytes = 0

    def feed(self, data: bytes, chunk_ends: list[int]) -> None:
        """Take `data` from the wire; `chunk_ends` are the offsets in the body where chunks ended."""
        stream = self.stream
        if self._decoder is None:
            stream.feed_data(data)
            if chunk_ends:
                stream.note_chunk_ends(chunk_ends)
            return
        assert stream.total_compressed_bytes is not None  # noqa: S101 - set with the decoder
        stream.total_compressed_bytes += len(data)
        self._is_chunked = self._is_chunked or bool(chunk_ends)
        if data:
            self._pending.append(data)
        if not self._started:
            if stream.total_compressed_bytes > stream.get_read_buffer_limits()[1]:
                self._carrier.pause_reading()
            return
        self._decode()
        if chunk_ends:
            # Chunks frame the coded bytes; where one ends in the decoded ones is only known this closely.
            self._note_chunk_end()

    def start(self) -> None:
        """Begin to decode: somebody wants the body."""
        if not self._started:
            self._started = True
            self.resume_reading()

    def feed_eof(self) -> None:
        """Note that the wire has given everything; the stream ends when all of it is decoded."""
        self._ended = True
        if self._decoder is None:
            self.stream.feed_eof()
        else:
            self._decode()

    def fail(self, error: BaseException) -> None:
        """Make the reader see `error`."""
        self._pending.clear()
        self._decoder = None
        self.stream.set_exception(error)

    def detach(self, carrier: FlowControl) -> None:
        """Slow `carrier` down from now on: the connection is done with this body."""
        self._carrier = carrier

    def pause_reading(self) -> None:
        """Stop decoding, and the socket: the reader lags behind."""
        self._is_behind = True
        self._carrier.pause_reading()

    def resume_reading(self) -> None:
        """Go on where decoding stopped; the socket follows when that is not enough."""
        self._is_behind = False
        self._decode()
        if not self._is_behind and not self._is_resting:
            self._carrier.resume_reading()

    def _note_chunk_end(self) -> None:
        if self.stream.total_bytes > self._chunk_end:
            self._chunk_end = self.stream.total_bytes
            self.stream.note_chunk_ends([self._chunk_end])

    def _rest(self) -> None:
        """Let the event loop have a turn, and go on then."""
        self._is_resting = True
        self._carrier.pause_reading()
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_resting = False
        if not self._is_behind:
            self.resume_reading()

    def _decode(self) -> None:
        decoder, stream = self._decoder, self.stream
        if decoder is None or not self._started or stream.is_eof() or stream.exception() is not None:
            return
        step = stream.get_read_buffer_limits()[0]
        idle = 0
        try:
            while not self._is_behind and not self._is_resting and (decoder.has_pending or self._pending):
                piece = decoder.feed(b"" if decoder.has_pending else self._pending.popleft(), step)
                stream.feed_data(piece)
                idle = 0 if piece else idle + 1
                if idle == _MAX_IDLE_STEPS:
                    self._rest()
            if self._ended and not self._is_behind and not self._is_resting:
                decoder.feed_eof()
                if self._is_chunked:
                    self._note_chunk_end()
                stream.feed_eof()
        except ContentEncodingError as error:
            failure = ClientPayloadError(str(error))
            failure.__cause__ = error
            self.fail(failure)
