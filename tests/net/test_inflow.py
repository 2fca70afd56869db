"""Between the connection and the reader: decoding in bounded steps."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cut, cuts

import httpkit
from httpkit.net.inflow import Inflow
from httpkit.wire.codings import decoder_for


class Flow:
    """The connection below."""

    def __init__(self):
        self.paused = False

    def pause_reading(self):
        """Note it."""
        self.paused = True

    def resume_reading(self):
        """Note it."""
        self.paused = False


def _inflow(coding="gzip", limit=2**10, flow=None):
    return Inflow(asyncio.get_running_loop(), flow or Flow(), limit, decoder_for(coding) if coding else None)


@given(st.binary(max_size=5000), cuts, st.sampled_from(["gzip", "deflate", ""]), st.integers(1, 3000), st.booleans())
def test_what_arrives_is_read_decoded(data, places, coding, size, is_late):
    """Whatever the cuts, the coding and the reader's steps, and whether it starts before or after the end."""

    async def check():
        inflow = _inflow(coding, limit=100)
        encode = {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}[coding]
        if not is_late:
            inflow.start()
        for piece in cut(encode(data), places):
            if piece:
                inflow.feed(piece, [])
        inflow.feed_eof()
        inflow.start()
        got = b""
        while piece := await inflow.stream.read(size):
            got += piece
        return got

    assert asyncio.run(check()) == data


async def test_nothing_is_decoded_before_somebody_reads():
    """CVE-2026-21441: what comes is kept as it is, and the socket rests when that is enough."""
    flow = Flow()
    inflow = _inflow(flow=flow)
    inflow.feed(gzip.compress(bytes(10**6)), [])
    assert (inflow.stream.total_bytes, flow.paused) == (0, False)
    inflow.feed(bytes(3000), [])
    assert (inflow.stream.total_bytes, flow.paused) == (0, True)


async def test_a_reader_that_lags_behind_stops_decoding():
    """CVE-2025-69223: never more than the buffer's limits are inflated ahead of the reader; the socket rests."""
    flow = Flow()
    inflow = _inflow(flow=flow)
    inflow.start()
    inflow.feed(gzip.compress(bytes(10**6)), [])
    inflow.feed_eof()
    assert inflow.stream._size <= 3 * 2**10
    assert flow.paused
    assert not inflow.stream.is_eof()
    size = 0
    while piece := await inflow.stream.readany():
        size += len(piece)
        assert inflow.stream._size <= 3 * 2**10
    assert size == 10**6


@pytest.mark.parametrize("body", [b"nonsense", gzip.compress(b"abc" * 100)[:-3]])
async def test_what_can_not_be_decoded_is_an_error(body):
    """ClientPayloadError for the reader, with the decoder's error as its cause; nothing is raised into the connection."""
    inflow = _inflow()
    inflow.start()
    inflow.feed(body, [])
    inflow.feed_eof()
    with pytest.raises(httpkit.ClientPayloadError, match="gzip") as caught:
        await inflow.stream.read()
    assert isinstance(caught.value.__cause__, httpkit.errors.ContentEncodingError)


async def test_a_failure_drops_what_is_not_decoded():
    """CVE-2026-54278: after `fail`, nothing is inflated any more."""
    inflow = _inflow()
    inflow.start()
    inflow.feed(gzip.compress(bytes(10**6)), [])
    before = inflow.stream.total_bytes
    inflow.fail(LookupError())
    inflow.resume_reading()
    assert inflow.stream.total_bytes == before
    with pytest.raises(LookupError):
        await inflow.stream.read()


async def test_the_ends_of_coded_chunks_are_told_in_order():
    """A chunk frames coded bytes; its end is told at the decoded byte that was there, the last one at the end of the body."""
    inflow = _inflow(limit=2**16)
    inflow.start()
    data = bytes(range(256)) * 100
    encoder = zlib.compressobj(wbits=31)
    chunks = [encoder.compress(data) + encoder.flush(zlib.Z_SYNC_FLUSH), encoder.compress(data) + encoder.flush()]
    end = 0
    for chunk in chunks:
        half = len(chunk) // 2
        inflow.feed(chunk[:half], [])
        end += len(chunk)
        inflow.feed(chunk[half:], [end])
    inflow.feed_eof()
    joined, current = [], b""
    async for piece, is_end in inflow.stream.iter_chunks():
        current += piece
        if is_end:
            joined.append(current)
            current = b""
    assert (joined, current) == ([data, data], b"")


async def test_work_without_output_is_divided():
    """Codings within codings that decode to nothing: the event loop has its turns, the socket rests meanwhile."""
    flow = Flow()
    inflow = _inflow("deflate, gzip", flow=flow)
    inflow.start()
    inflow.feed(gzip.compress(b"\x00\x00\x00\xff\xff" * 2**22 + b"\x01\x00\x00\xff\xff"), [])
    assert flow.paused
    inflow.feed_eof()
    assert not inflow.stream.is_eof()
    async with asyncio.timeout(20):
        assert await inflow.stream.read() == b""
    assert not flow.paused
