"""A request's body is closed however its call ends, and sent again from its start where it must be."""

from __future__ import annotations

import asyncio
import io

import pytest
from servers.raw import raw_server
from waiting import until
from yarl import URL

import httpkit

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ERROR = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


def redirect(status):
    """Return a redirect to /to."""
    return b"HTTP/1.1 %d Moved\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n" % status


async def hang_up(reader, writer):
    """Close the connection instead of answering."""
    del reader, writer


@pytest.fixture
def file(tmp_path):
    """An open file of four bytes."""
    path = tmp_path / "file"
    path.write_bytes(b"four")
    with path.open("rb") as opened:
        yield opened


def bodies(server):
    """Return the bodies that a server received."""
    return [raw.rpartition(b"\r\n\r\n")[2] for raw in server.requests]


async def test_a_file_is_closed_after_it_was_sent(file, scripted_server):
    """The end of a call closes what `data=` was given."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.post(server.url, data=file) as response:
        assert response.status == 200
        await until(lambda: file.closed)
    assert bodies(server) == [b"four"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hang_up, httpkit.ServerDisconnectedError),
        (b"nonsense\r\n\r\n", httpkit.ClientResponseError),
        (ERROR, httpkit.ClientResponseError),
        (
            b"HTTP/1.1 307 X\r\nLocation: ftp://host/\r\nContent-Length: 0\r\n\r\n",
            httpkit.NonHttpUrlRedirectClientError,
        ),
    ],
)
async def test_a_file_is_closed_when_the_call_fails(answer, error, file, scripted_server):
    """No answer, a bad one, an error status and a redirect to nowhere close it too."""
    server = await scripted_server(answer)
    async with httpkit.ClientSession() as session:
        with pytest.raises(error):
            await session.post(server.url, data=file, raise_for_status=True)
        await until(lambda: file.closed)


async def test_a_file_is_closed_when_there_is_no_connection(file):
    """A connection that can't be made closes it."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ClientConnectorError):
            await session.post("http://127.0.0.1:9/", data=file)
    await until(lambda: file.closed)


async def test_a_file_is_closed_when_the_call_is_cancelled(file, scripted_server):
    """Cancelling a call whose upload waits for the server closes it; the slot is free again."""
    server = await scripted_server()
    connector = httpkit.TCPConnector(limit=1)
    async with httpkit.ClientSession(connector=connector) as session:
        call = asyncio.create_task(session.post(server.url, data=file)._coro)
        await server.received(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: file.closed)
        assert not connector._busy
        assert connector._opening == 0


async def test_a_file_is_closed_after_a_timeout(file, scripted_server):
    """So does the total time's end."""
    server = await scripted_server()
    async with httpkit.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.post(server.url, data=file, timeout=0.1)
    await until(lambda: file.closed)


async def test_a_generator_is_closed_when_the_call_is_cancelled():
    """A generator that waits is told, so that its `finally` runs."""
    closed = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0.01)
        finally:
            closed.set()

    async def read(reader, writer):
        del writer
        await reader.read(-1)

    async with raw_server(read) as url, httpkit.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.post(url, data=endless(), timeout=0.1)
        await asyncio.wait_for(closed.wait(), 2)


async def test_a_file_is_not_closed_under_its_upload(file):
    """Where the server answers first, the body is closed when it is sent."""
    gate = asyncio.Event()

    class Slow(httpkit.Payload):
        closed_after = None
        sent = b""

        def decode(self, encoding="utf-8", errors="strict"):
            return self._value.read().decode(encoding, errors)

        async def write(self, writer):
            await gate.wait()
            await writer.write(b"late")
            self.sent = b"late"

        async def close(self):
            self.closed_after = self.sent

    async def answer_first(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"0\r\n\r\n")

    payload = Slow(file)
    async with raw_server(answer_first) as url, httpkit.ClientSession() as session:
        response = await session.post(url, data=payload)
        assert payload.closed_after is None
        gate.set()
        await response.wait_for_close()
        assert payload.closed_after == b"late"


@pytest.mark.parametrize("status", [307, 308])
async def test_a_file_is_sent_again_after_a_redirect(status, file, scripted_server):
    """307 and 308 repeat the body from where it stood."""
    server = await scripted_server(redirect(status), OK)
    file.seek(1)
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=file)
    assert bodies(server) == [b"our", b"our"]
    await until(lambda: file.closed)


async def test_a_body_that_is_not_repeated_is_closed(file, scripted_server):
    """A redirect that turns POST into GET drops the body."""
    server = await scripted_server(redirect(303), OK)
    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=file)
    assert [raw.split()[0] for raw in server.requests] == [b"POST", b"GET"]
    assert bodies(server) == [b"four", b""]
    await until(lambda: file.closed)


async def test_a_file_is_sent_again_after_a_lost_connection(file, scripted_server):
    """The one retry of an idempotent request repeats the body."""
    server = await scripted_server(hang_up, OK)
    async with httpkit.ClientSession() as session:
        await session.put(server.url, data=file)
    assert bodies(server) == [b"four", b"four"]
    await until(lambda: file.closed)


async def test_a_generator_is_not_sent_twice(scripted_server):
    """What can be read only once fails where it would have to be read again."""

    async def parts():
        yield b"once"

    server = await scripted_server(redirect(307), hang_up)
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ClientPayloadError, match="read only once"):
            await session.post(server.url, data=parts())
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.put(server.url, data=parts())
    assert len(server.requests) == 2


async def test_a_replaced_body_is_closed(file, scripted_server):
    """`update_body` closes the old body, and forgets its length and type."""
    server = await scripted_server(OK)

    async def replace(request, handler):
        await request.update_body(io.BytesIO(b"something else"))
        await until(lambda: file.closed)
        return await handler(request)

    async with httpkit.ClientSession() as session:
        await session.post(server.url, data=file, middlewares=[replace])
    assert b"Content-Length: 14\r\n" in server.requests[0]
    assert bodies(server) == [b"something else"]


async def test_a_body_can_be_taken_away():
    """`update_body(None)` sends none."""
    request = httpkit.ClientRequest("POST", URL("http://host/"), data=b"x")
    await request.update_body(None)
    assert (request.body, request.headers["Content-Length"]) == (b"", "0")
    assert "Content-Type" not in request.headers


async def test_a_request_can_be_closed_by_hand(file):
    """`close()` closes the body of a request that was never sent."""
    request = httpkit.ClientRequest("POST", URL("http://host/"), data=file)
    await request.close()
    await until(lambda: file.closed)
    request.terminate()


@pytest.mark.parametrize("options", [{"chunked": True}, {"headers": {"Content-Length": "100"}}])
async def test_a_part_that_was_changed_to_nonsense_is_refused_before_anything_is_sent(options, scripted_server):
    """A head with a line end in it never leaves, however the body is framed."""
    server = await scripted_server(OK)
    with httpkit.MultipartWriter("mixed") as writer:
        writer.append("text").headers["X-A"] = "a\r\nb"
    async with httpkit.ClientSession() as session:
        with pytest.raises(ValueError, match=r"X-A|control"):
            await session.post(server.url, data=writer, **options)
    assert server.connections == 0
