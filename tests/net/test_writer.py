"""What a payload writes to."""

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

import httpkit
from httpkit.net.writer import BodyWriter
from httpkit.wire.http1 import ResponseDecoder


class Transport:
    """Keeps what is written."""

    def __init__(self):
        self.written = b""
        self.closing = False

    def write(self, data):
        """Keep it."""
        self.written += data

    def is_closing(self):
        """Return what the test says."""
        return self.closing


async def _no_wait():
    """The buffer always has room."""


def _body(head, raw):
    """Return the content of a message with `head` fields."""
    decoder = ResponseDecoder()
    decoder.expect("GET")
    return b"".join(
        event for event in decoder.feed(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + raw) if isinstance(event, bytes)
    )


@given(st.lists(st.binary(max_size=50), max_size=6), st.booleans(), st.sampled_from([None, "gzip"]))
def test_what_is_written_can_be_read(pieces, is_chunked, coding):
    """Framing and coding of any pieces, empty ones too: an empty chunk would end the body (RFC 9112 section 7.1)."""
    transport = Transport()

    async def write():
        writer = BodyWriter(transport, _no_wait)
        if coding:
            writer.enable_compression(coding)
        if is_chunked:
            writer.enable_chunking()
        for piece in pieces:
            await writer.write(piece)
        await writer.write_eof()
        await writer.write_eof()
        assert writer.output_size == writer.buffer_size == len(transport.written)

    asyncio.run(write())
    raw = transport.written
    if is_chunked:
        raw = _body(b"Transfer-Encoding: chunked", raw)
    if coding:
        raw = gzip.decompress(raw)
    assert raw == b"".join(pieces)


async def test_no_more_than_the_length_is_written():
    """The rest would be read as another request; too little is an error when the body ends."""
    transport = Transport()
    writer = BodyWriter(transport, _no_wait, length=5)
    for piece in (b"abc", memoryview(b"def"), bytearray(b"ghi")):
        await writer.write(piece)
    await writer.write_eof()
    assert transport.written == b"abcde"
    short = BodyWriter(Transport(), _no_wait, length=5)
    await short.write(b"abc")
    with pytest.raises(httpkit.ClientPayloadError, match="2 bytes shorter than its Content-Length"):
        await short.write_eof()


async def test_a_closed_transport_is_told():
    """ClientConnectionResetError, which is a ConnectionResetError."""
    transport = Transport()
    writer = BodyWriter(transport, _no_wait)
    transport.closing = True
    with pytest.raises(httpkit.ClientConnectionResetError, match="closing transport"):
        await writer.write(b"a")


async def test_writing_is_watched_and_waits():
    """`on_body_write` and `on_chunk_sent` see each piece; every write drains."""
    drained, seen, sent = [], [], []

    async def drain():
        drained.append(True)

    async def note(chunk):
        sent.append(chunk)

    writer = BodyWriter(Transport(), drain)
    writer.on_body_write = lambda size, total: seen.append((size, total))
    writer.on_chunk_sent = note
    await writer.write(b"abc")
    await writer.write(bytearray(b"de"))
    await writer.drain()
    assert (seen, sent, len(drained)) == ([(3, 3), (2, 5)], [b"abc", b"de"], 3)


async def test_a_head_can_be_written_by_hand():
    """For code that was written for aiohttp's writer."""
    transport = Transport()
    await BodyWriter(transport, _no_wait).write_headers("GET / HTTP/1.1", CIMultiDict({"A": "b"}))
    assert transport.written == b"GET / HTTP/1.1\r\nA: b\r\n\r\n"
