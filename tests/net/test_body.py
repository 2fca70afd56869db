"""Received content with backpressure."""

import asyncio
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

import httpkit
from httpkit.net.body import EMPTY_PAYLOAD, StreamReader


class Flow:
    """What a stream pauses."""

    def __init__(self):
        self.paused = False
        self.pauses = 0

    def pause_reading(self):
        """Note it."""
        self.paused = True
        self.pauses += 1

    def resume_reading(self):
        """Note it."""
        self.paused = False


def _stream(*pieces, limit=2**16, eof=True, flow=None):
    stream = StreamReader(flow or Flow(), limit, loop=asyncio.get_running_loop())
    for piece in pieces:
        stream.feed_data(piece)
    if eof:
        stream.feed_eof()
    return stream


def _run(coro):
    return asyncio.run(coro)


pieces = st.lists(st.binary(min_size=1, max_size=12), max_size=8)

steps = st.lists(
    st.tuples(
        st.sampled_from(["read", "readany", "readline", "readexactly", "readchunk", "read_nowait", "unread"]),
        st.integers(1, 9),
    ),
    max_size=12,
)


@given(pieces, steps, st.lists(st.integers(0, 100), max_size=5))
def test_every_way_of_reading_gives_the_same_bytes(pieces, steps, ends):
    """Whatever is called in whatever order, nothing is lost, doubled or out of order."""

    async def check():
        stream = _stream(*pieces)
        body = b"".join(pieces)
        stream.note_chunk_ends(sorted({end % (len(body) + 1) for end in ends} - {0}))
        got = b""
        for name, size in steps:
            if name == "unread":
                back = got[-size:]
                stream.unread_data(back)
                got = got[: len(got) - len(back)]
            elif name == "readexactly":
                try:
                    got += await stream.readexactly(size)
                except asyncio.IncompleteReadError as error:
                    got += error.partial
            elif name == "readchunk":
                got += (await stream.readchunk())[0]
            elif name == "readline":
                got += await stream.readline()
            elif name == "readany":
                got += await stream.readany()
            elif name == "read_nowait":
                got += stream.read_nowait(size)
            else:
                piece = await stream.read(size)
                assert len(piece) <= size
                got += piece
        assert got + await stream.read() == body
        assert stream.at_eof()
        assert (stream.total_bytes, stream._size) == (len(body), 0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        _run(check())


@given(
    st.lists(st.text("ab|\n", max_size=6).map(str.encode), max_size=8),
    st.sampled_from([b"\n", b"|", b"ab", b"aba", b"||", b"a|b|"]),
)
def test_lines_are_those_of_the_whole_body(pieces, separator):
    """`readuntil` finds a separator wherever the pieces cut it."""

    async def check():
        stream = _stream(*pieces)
        lines = []
        while line := await stream.readuntil(separator):
            lines.append(line)
        return lines

    body = b"".join(pieces)
    parts = body.split(separator)
    expected = [part + separator for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
    assert _run(check()) == expected


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=6), st.integers(1, 9))
def test_chunks_are_those_that_were_sent(chunks, size):
    """`iter_chunks` joins to the chunks of the wire, whatever the pieces."""

    async def check():
        stream = StreamReader(Flow(), 2**16, loop=asyncio.get_running_loop())
        body, ends, total = b"".join(chunks), [], 0
        for chunk in chunks:
            total += len(chunk)
            ends.append(total)
        for at in range(0, len(body), size):
            stream.feed_data(body[at : at + size])
            stream.note_chunk_ends([end for end in ends if at < end <= at + size])
        stream.feed_eof()
        found, current = [], b""
        async for piece, is_end in stream.iter_chunks():
            current += piece
            if is_end:
                found.append(current)
                current = b""
        assert current == b""
        return found

    assert _run(check()) == chunks


async def test_a_chunk_s_end_may_come_late():
    """The bytes were read, and then the chunk turns out to have ended there: the reader is told, and woken."""
    stream = _stream(b"abc", eof=False)
    assert await stream.readchunk() == (b"abc", False)
    waiting = asyncio.create_task(stream.readchunk())
    await asyncio.sleep(0)
    stream.note_chunk_ends([3])
    assert await waiting == (b"", True)
    stream.feed_eof()
    assert await stream.readchunk() == (b"", False)


async def test_reading_stops_at_twice_the_limit_and_goes_on_below_it():
    """The marks of the buffer."""
    flow = Flow()
    stream = _stream(b"a" * 2000, limit=1000, flow=flow, eof=False)
    assert stream.get_read_buffer_limits() == (1000, 2000)
    assert not flow.paused
    stream.feed_data(b"a")
    assert flow.paused
    await stream.read(500)
    await stream.read(501)
    assert flow.paused
    await stream.read(1)
    assert not flow.paused
    stream.set_read_chunk_size(500)
    assert stream.get_read_buffer_limits() == (1000, 2000)
    stream.set_read_chunk_size(5000)
    assert stream.get_read_buffer_limits() == (5000, 10000)


async def test_many_tiny_pieces_count_for_more_than_their_bytes():
    """CVE-2025-69229: each piece costs memory and a step; so do the ends of chunks."""
    flow = Flow()
    stream = _stream(*[b"a"] * 126, limit=1000, flow=flow, eof=False)
    assert flow.paused
    assert len(await stream.readany()) == 126
    assert not flow.paused
    stream.feed_data(b"a" * 200)
    stream.note_chunk_ends(list(range(127, 327)))
    assert flow.paused
    assert await stream.readany() == b"a" * 200
    assert not flow.paused


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.readany(),
        lambda stream: stream.read(10),
        lambda stream: stream.readline(),
        lambda stream: stream.readchunk(),
    ],
)
def test_many_tiny_pieces_take_linear_time(read):
    """10^4 and 4 times 10^4 pieces of one byte."""

    async def drain(count):
        stream = StreamReader(Flow(), 2**30, loop=asyncio.get_running_loop())
        for index in range(count):
            stream.feed_data(b"a")
            if not index % 10:
                stream.note_chunk_ends([index + 1])
        stream.feed_data(b"\n")
        stream.feed_eof()
        while (got := await read(stream)) not in {b"", (b"", False)}:
            assert got

    assert growth(lambda count: _run(drain(count)), lambda size: size, 5000) < 9


async def test_a_line_is_limited():
    """`readline` and `readuntil`: LineTooLong names the limit; the default is twice the buffer's."""
    with pytest.raises(httpkit.errors.LineTooLong, match=r"line exceeds 20 bytes \(max_line_length\)"):
        await _stream(b"a" * 21, limit=10).readline()
    with pytest.raises(httpkit.errors.LineTooLong, match="5 bytes"):
        await _stream(b"a" * 6 + b"\n").readline(max_line_length=5)
    assert await _stream(b"a" * 4 + b"\n").readline(max_line_length=5) == b"aaaa\n"
    with pytest.raises(ValueError, match="separator"):
        await _stream(b"a").readuntil(b"")


async def test_an_endless_line_is_refused_before_it_is_whole():
    """Its memory is bounded even if the separator never comes."""
    stream = _stream(eof=False, limit=10)
    reading = asyncio.create_task(stream.readuntil(b"||"))
    for _ in range(5):
        await asyncio.sleep(0)
        stream.feed_data(b"a" * 10)
    with pytest.raises(httpkit.errors.LineTooLong):
        await reading


async def test_readexactly_says_what_there_was():
    """`asyncio.IncompleteReadError`, as of asyncio's streams."""
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await _stream(b"ab", b"c").readexactly(5)
    assert (caught.value.partial, caught.value.expected) == (b"abc", 5)
    assert await _stream(b"ab", b"c").readexactly(0) == b""


async def test_two_readers_at_once_are_a_mistake():
    """RuntimeError for the second, and the first goes on."""
    stream = _stream(eof=False)
    first = asyncio.create_task(stream.read(5))
    await asyncio.sleep(0)
    for reader in (stream.read(1), stream.readany(), stream.readline(), stream.readchunk()):
        with pytest.raises(RuntimeError, match="another coroutine is already waiting"):
            await reader
    with pytest.raises(RuntimeError, match="read_nowait"):
        stream.read_nowait()
    stream.feed_data(b"abc")
    assert await first == b"abc"


async def test_a_cancelled_reader_leaves_the_stream_usable():
    """Nothing is lost, and another may read."""
    stream = _stream(eof=False)
    first = asyncio.create_task(stream.read(5))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait((first,))
    stream.feed_data(b"abc")
    assert await stream.read(5) == b"abc"


async def test_an_exception_is_for_every_reader():
    """Who waits and who comes later, by any method."""
    stream = _stream(b"left", eof=False)
    stream.read_nowait()
    waiting = asyncio.create_task(stream.readany())
    ending = asyncio.create_task(stream.wait_eof())
    await asyncio.sleep(0)
    stream.set_exception(LookupError("x"), ValueError("why"))
    readers = [
        waiting,
        ending,
        stream.read(),
        stream.read(1),
        stream.readany(),
        stream.readline(),
        stream.readexactly(1),
        stream.readchunk(),
        stream.wait_eof(),
    ]
    for reader in readers:
        with pytest.raises(LookupError):
            await reader
    with pytest.raises(LookupError):
        stream.read_nowait()
    assert isinstance(stream.exception(), LookupError)
    assert isinstance(stream.exception().__cause__, ValueError)


async def test_the_end_is_told():
    """`on_eof`, `wait_eof`, `is_eof` and `at_eof`; a callback that fails hurts nobody."""
    stream = _stream(b"a", eof=False)
    told = []
    stream.on_eof(lambda: told.append(1))
    stream.on_eof(lambda: 1 / 0)
    stream.on_eof(lambda: told.append(2))
    waiting = asyncio.create_task(stream.wait_eof())
    await asyncio.sleep(0)
    stream.feed_eof()
    await waiting
    await stream.wait_eof()
    stream.on_eof(lambda: told.append(3))
    assert told == [1, 2, 3]
    assert (stream.is_eof(), stream.at_eof()) == (True, False)
    await stream.read()
    assert stream.at_eof()


async def test_iterating_gives_lines_or_pieces():
    """`async for` is lines; `iter_chunked` never gives more than it was asked for; `iter_any` what there is."""
    assert [line async for line in _stream(b"a\nb", b"c\n\nd")] == [b"a\n", b"bc\n", b"\n", b"d"]
    assert [piece async for piece in _stream(b"abcde", b"f").iter_chunked(4)] == [b"abcd", b"ef"]
    assert [piece async for piece in _stream(b"abc", b"de").iter_any()] == [b"abcde"]


async def test_chunks_can_be_marked_by_hand():
    """For code that feeds streams itself: begin before the first byte, end where a chunk ends; empty ones don't count."""
    stream = _stream(eof=False)
    with pytest.raises(RuntimeError, match="begin_http_chunk_receiving"):
        stream.end_http_chunk_receiving()
    stream.begin_http_chunk_receiving()
    stream.feed_data(b"ab")
    stream.end_http_chunk_receiving()
    stream.end_http_chunk_receiving()
    stream.feed_data(b"c")
    stream.end_http_chunk_receiving()
    stream.feed_eof()
    assert [pair async for pair in stream.iter_chunks()] == [(b"ab", True), (b"c", True)]
    late = _stream(b"a", eof=False)
    with pytest.raises(RuntimeError, match="before the first byte"):
        late.begin_http_chunk_receiving()


async def test_a_stream_says_what_it_is():
    """`repr` shows bytes, end and exception."""
    stream = _stream(b"abc")
    assert repr(stream) == "<StreamReader 3 bytes eof>"
    stream.set_exception(ValueError())
    assert "e=ValueError()" in repr(stream)
    assert repr(_stream(eof=False)) == "<StreamReader>"


def test_the_empty_stream_serves_every_loop():
    """One object for all responses without a body: nothing that is done to it stays."""
    for _ in range(2):

        async def use():
            EMPTY_PAYLOAD.set_exception(ValueError())
            EMPTY_PAYLOAD.feed_data(b"x")
            assert await EMPTY_PAYLOAD.read() == b""
            assert await EMPTY_PAYLOAD.readchunk() == (b"", False)
            await EMPTY_PAYLOAD.wait_eof()
            assert EMPTY_PAYLOAD.at_eof()

        _run(use())
