"""`UploadTracker`: how far an upload is, how often it began, and how it ended."""

from __future__ import annotations

import asyncio

import pytest
from servers.raw import raw_server
from waiting import until

import httpkit
from httpkit.client.upload import MAX_MARKS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
AGAIN = b"HTTP/1.1 307 Again\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n"


async def in_two(first=b"one", second=b"two", gate=None):
    """Give two pieces, the second once the gate is open."""
    yield first
    if gate is not None:
        await gate.wait()
    yield second


@pytest.mark.parametrize("data", [b"sixsix", in_two, "sixsix", {"six": "ty"}])
async def test_a_tracker_counts_what_was_sent(data, scripted_server):
    """At the end every byte of the body is written, and the upload is complete."""
    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    assert (tracker.bytes_written, tracker.attempts, tracker.upload_complete.done()) == (0, 0, False)
    async with httpkit.ClientSession() as session:
        body = data() if callable(data) else data
        await session.post(server.url, data=body, upload_tracker=tracker)
    assert (tracker.bytes_written, tracker.attempts, tracker.upload_complete.result()) == (6, 1, None)


async def test_a_request_without_a_body_is_complete(scripted_server):
    """Nothing to send is sent at once."""
    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        await session.get(server.url, upload_tracker=tracker)
    assert (tracker.bytes_written, tracker.attempts, tracker.upload_complete.result()) == (0, 1, None)
    assert server.requests[0].endswith(b"\r\n\r\n")


async def test_progress_is_seen_while_the_body_goes_out(scripted_server):
    """`bytes_written` grows as pieces leave."""
    server = await scripted_server(OK)
    tracker, gate = httpkit.UploadTracker(), asyncio.Event()
    async with httpkit.ClientSession() as session:
        body = in_two(b"a" * 1000, b"b" * 500, gate)
        call = asyncio.create_task(session.post(server.url, data=body, upload_tracker=tracker)._coro)
        await until(lambda: tracker.bytes_written >= 1000)
        assert (tracker.bytes_written, tracker.upload_complete.done()) == (1000, False)
        gate.set()
        await call
    assert tracker.bytes_written == 1500


async def test_what_waits_in_the_transport_is_not_written_yet():
    """A peer that reads nothing holds the count back, although the payload handed everything over."""

    async def read_nothing(reader, writer):
        del reader, writer
        await asyncio.sleep(30)

    size = 32 * 2**20
    tracker = httpkit.UploadTracker()
    async with raw_server(read_nothing, limit=2**10) as url, httpkit.ClientSession() as session:

        async def one_piece():
            yield b"x" * size

        call = asyncio.create_task(session.post(url, data=one_piece(), upload_tracker=tracker)._coro)
        await until(lambda: tracker.bytes_written)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert 0 < tracker.bytes_written < size
    assert isinstance(tracker.upload_complete.exception(), httpkit.UploadAbortedError)


async def test_every_attempt_counts_from_zero(scripted_server):
    """Redirects send the body again: two attempts, and the bytes of the last."""
    server = await scripted_server(AGAIN, OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=b"four", upload_tracker=tracker)
    assert (tracker.attempts, tracker.bytes_written) == (2, 4)
    assert [raw.rpartition(b"\r\n\r\n")[2] for raw in server.requests] == [b"four", b"four"]


async def test_a_retry_and_a_middleware_are_attempts_too(scripted_server):
    """What the session and a middleware send again is counted."""

    async def hang_up(reader, writer):
        del reader, writer

    async def twice(request, handler):
        await handler(request)
        return await handler(request)

    server = await scripted_server(hang_up, OK, OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession(middlewares=[twice]) as session:
        await session.put(server.url, data=b"four", upload_tracker=tracker)
    assert 3 == tracker.attempts == len(server.requests)


async def test_the_error_of_an_upload_is_told(scripted_server):
    """What the body failed with is in `upload_complete`, as the request raised it."""
    server = await scripted_server(OK)

    async def broken():
        yield b"one"
        raise ZeroDivisionError

    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ClientConnectionError, match="ZeroDivisionError") as caught:
            await session.post(server.url, data=broken(), upload_tracker=tracker)
    assert caught.value is tracker.upload_complete.exception()


async def test_a_body_that_is_too_short_is_an_error(scripted_server):
    """Fewer bytes than Content-Length promised are not a complete upload."""
    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        headers = {"Content-Length": "10"}
        with pytest.raises(httpkit.ClientPayloadError, match="4 bytes shorter"):
            await session.post(server.url, data=in_two(), headers=headers, upload_tracker=tracker)
    assert isinstance(tracker.upload_complete.exception(), httpkit.ClientPayloadError)


async def test_an_upload_that_never_began_is_aborted():
    """No connection, no upload."""
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ClientConnectorError):
            await session.post("http://127.0.0.1:9/", data=b"x", upload_tracker=tracker)
    assert tracker.attempts == 1
    assert isinstance(tracker.upload_complete.exception(), httpkit.UploadAbortedError)


async def test_an_upload_that_is_cancelled_is_aborted(scripted_server):
    """Cancelling the request ends its upload."""
    server = await scripted_server(OK)
    tracker, gate = httpkit.UploadTracker(), asyncio.Event()
    async with httpkit.ClientSession() as session:
        body = in_two(gate=gate)
        call = asyncio.create_task(session.post(server.url, data=body, upload_tracker=tracker)._coro)
        await until(lambda: tracker.bytes_written)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(httpkit.UploadAbortedError):
            await tracker.upload_complete


async def test_an_early_answer_leaves_the_upload_running():
    """A server may answer before it has read everything: the upload is complete only when it is."""

    async def answer_first(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"0\r\n\r\n")

    tracker, gate = httpkit.UploadTracker(), asyncio.Event()
    async with raw_server(answer_first) as url, httpkit.ClientSession() as session:
        response = await session.post(url, data=in_two(gate=gate), upload_tracker=tracker)
        assert (await response.read(), tracker.upload_complete.done()) == (b"ok", False)
        gate.set()
        await asyncio.wait_for(tracker.upload_complete, 5)
        await response.wait_for_close()
    assert tracker.bytes_written == 6


async def test_a_tracker_watches_one_request(scripted_server):
    """A second request is refused, and the first one's outcome stays."""
    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=b"x", upload_tracker=tracker)
        with pytest.raises(RuntimeError, match="already bound to a request"):
            await session.post(server.url, data=b"x", upload_tracker=tracker)
    assert tracker.upload_complete.result() is None


def test_a_tracker_needs_a_running_loop():
    """Its future belongs to the loop."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        httpkit.UploadTracker()


async def test_a_compressed_body_is_counted_as_it_was_given(scripted_server):
    """The tracker counts bytes of body, not bytes on the wire."""
    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=b"a" * 10_000, compress="gzip", upload_tracker=tracker)
    assert tracker.bytes_written == 10_000
    assert len(server.requests[0]) < 1000


async def test_many_pieces_need_little_memory(scripted_server):
    """Marks of what is out are dropped although nobody asks for the progress."""

    async def parts():
        for _ in range(2000):
            yield b"piece"

    server = await scripted_server(OK)
    tracker = httpkit.UploadTracker()
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=parts(), upload_tracker=tracker)
    assert tracker.bytes_written == 10_000
    assert list(tracker._marks) == []


async def test_marks_are_bounded_while_nobody_looks():
    """A tracker keeps at most MAX_MARKS pieces that have left already."""

    class Transport:
        def get_write_buffer_size(self):
            return 0

        def is_closing(self):
            return False

    class Writer:
        output_size = 0
        transport = Transport()
        on_body_write = None

        async def write_eof(self):
            """Do nothing."""

    writer, tracker, longest = Writer(), httpkit.UploadTracker(), 0

    async def write_body(writer):
        nonlocal longest
        for _ in range(3 * MAX_MARKS):
            writer.output_size += 5
            writer.on_body_write(5, writer.output_size)
            longest = max(longest, len(tracker._marks))

    await tracker.begin_attempt(write_body)(writer)
    assert longest == MAX_MARKS
    assert tracker.bytes_written == 15 * MAX_MARKS
