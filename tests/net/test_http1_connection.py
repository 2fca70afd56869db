"""A connection: reuse, every way in which it breaks, uploads, and cancellation at every point."""

import asyncio
import socket
import struct

import pytest
from pools import given_back, holdings
from servers.raw import raw_server
from waiting import until

import httpkit
from httpkit import ClientSession, ClientTimeout, TCPConnector
from httpkit.net import http1_connection
from httpkit.net.http1_connection import BUFFER_SIZE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

ABORT = struct.pack("ii", 1, 0)


async def _get(session, url, **options):
    async with session.get(url, **options) as response:
        return await response.read()


async def _reset(_reader, writer):
    """Close with RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    writer.transport.abort()


async def _silence(reader, _writer):
    """Say nothing until the client leaves."""
    await reader.read()


def _saying(*parts, then=_silence):
    """Return a handler that sends `parts`, and goes on with `then`."""

    async def handle(reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
        await then(reader, writer)

    return handle


# -- reuse ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [OK, CHUNKED + b"2\r\nok\r\n0\r\n\r\n", [OK[:10], OK[10:40], OK[40:]]])
async def test_a_connection_is_used_again(scripted_server, answer):
    """Keep-alive: one connection for one request after the other, however the answers come."""
    server = await scripted_server(*[answer] * 5)
    async with ClientSession() as session:
        for _ in range(5):
            assert await _get(session, server.url) == b"ok"
        assert server.connections == 1
        await given_back(session.connector, idle=1)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"]
)
async def test_an_answer_without_body_is_complete_at_once(scripted_server, head):
    """RFC 9112 section 6.3: nothing is waited for, and the connection goes on."""
    server = await scripted_server(head, OK)
    async with ClientSession() as session:
        assert await _get(session, server.url, timeout=ClientTimeout(3)) == b""
        assert await _get(session, server.url) == b"ok"
    assert server.connections == 1


async def test_a_server_that_closes_is_believed(scripted_server):
    """RFC 9112 section 9.6: after `Connection: close` a new connection is made."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    server = await scripted_server(closing, closing)
    async with ClientSession() as session:
        for _ in range(2):
            assert await _get(session, server.url) == b"ok"
        await given_back(session.connector)
    assert server.connections == 2


async def test_a_request_that_closes_is_the_last(scripted_server):
    """`Connection: close` in a request holds for this side too."""
    server = await scripted_server(OK, OK)
    async with ClientSession(headers={"Connection": "close"}) as session:
        for _ in range(2):
            await _get(session, server.url)
    assert server.connections == 2


async def test_bytes_on_an_idle_connection_close_it(scripted_server):
    """Response smuggling: what came before the question is not its answer."""

    async def late(reader, writer):
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await _silence(reader, writer)

    server = await scripted_server(late, OK)
    async with ClientSession() as session:
        assert await _get(session, server.url) == b"ok"
        await given_back(session.connector)
        assert await _get(session, server.url) == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("extra", [b"x", b"\r\n", OK])
async def test_bytes_behind_an_answer_close_the_connection(scripted_server, extra):
    """Response smuggling: an answer with something behind it is good, its connection isn't."""
    server = await scripted_server(OK + extra, OK)
    async with ClientSession() as session:
        for _ in range(2):
            assert await _get(session, server.url) == b"ok"
    assert server.connections == 2


async def test_a_flood_behind_an_answer_is_not_kept():
    """While an upload still runs, what the server says after its answer costs no memory."""
    flooded = asyncio.Event()

    async def flood(_reader, writer):
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        for _ in range(200):
            writer.write(bytes(2**16))
            await writer.drain()
        flooded.set()

    async def body():
        yield b"a"
        await flooded.wait()
        yield b"b"

    async with _answering(flood) as url, ClientSession() as session:
        async with session.post(url, data=body(), headers={"Content-Length": "2"}) as response:
            (connection,) = session.connector._busy
            async with asyncio.timeout(5):
                await flooded.wait()
            assert len(connection._decoder._buffer) <= BUFFER_SIZE
            assert response.status == 413
        await given_back(session.connector)


# -- breaking -------------------------------------------------------------------------------------------------------

BREAKS = {
    "before the answer": (b"", httpkit.ServerDisconnectedError),
    "in the status line": (b"HTTP/1.1 2", httpkit.ClientResponseError),
    "in the fields": (b"HTTP/1.1 200 OK\r\nContent-Len", httpkit.ClientResponseError),
    "after an interim response": (b"HTTP/1.1 100 Continue\r\n\r\n", httpkit.ServerDisconnectedError),
    "before the body": (LONG, httpkit.ClientPayloadError),
    "in the body": (LONG + b"half", httpkit.ClientPayloadError),
    "before a chunk": (CHUNKED, httpkit.ClientPayloadError),
    "in a chunk's size": (CHUNKED + b"5", httpkit.ClientPayloadError),
    "in a chunk": (CHUNKED + b"5\r\nhe", httpkit.ClientPayloadError),
    "after a chunk": (CHUNKED + b"5\r\nhello", httpkit.ClientPayloadError),
    "before the last chunk": (CHUNKED + b"5\r\nhello\r\n", httpkit.ClientPayloadError),
    "in the trailers": (CHUNKED + b"0\r\nA: b\r\n", httpkit.ClientPayloadError),
}


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("place", BREAKS)
async def test_a_connection_that_breaks_is_a_documented_error(scripted_server, place, how):
    """Wherever the server leaves, the error is a ClientError, it comes at once, and the slot and the socket are given back."""
    sent, error = BREAKS[place]
    if how == "reset":
        error = (httpkit.ClientOSError, error) if error is not httpkit.ClientPayloadError else error

    async def handle(reader, writer):
        writer.write(sent)
        await writer.drain()
        await asyncio.sleep(0.01)
        if how == "reset":
            await _reset(reader, writer)

    server = await scripted_server(handle, handle)
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises(error):
            await _get(session, server.url)
        await given_back(session.connector)
    await server.closed()


@pytest.mark.parametrize("answer", [
    b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\x00" * 100,
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"HTTP/1.1 200 " + b"a" * 9000, b"HTTP/1.1 103 x\r\n\r\n" * 100,
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n\r\nx",
])  # fmt: skip
async def test_a_malformed_answer_closes_the_connection(scripted_server, answer):
    """ClientResponseError with status 400 and the decoder's sentence, and its error as the cause."""
    server = await scripted_server(_saying(answer))
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises(httpkit.ClientResponseError) as caught:
            await _get(session, server.url)
        assert caught.value.status == 400
        assert caught.value.message == str(caught.value.__cause__)
        await given_back(session.connector)
    await server.closed()


@pytest.mark.parametrize("sent", [CHUNKED + b"zz\r\n", CHUNKED + b"1\r\nabc", CHUNKED + b"0\r\nA : b\r\n\r\n"])
async def test_a_malformed_body_closes_the_connection(scripted_server, sent):
    """ClientPayloadError, with the decoder's error as the cause (GHSA-cq5v-8q36-5273)."""
    server = await scripted_server(_saying(CHUNKED, sent[len(CHUNKED) :]))
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises((httpkit.ClientPayloadError, httpkit.ClientResponseError)) as caught:
            await _get(session, server.url)
        assert isinstance(caught.value.__cause__, Exception)
        await given_back(session.connector)
    await server.closed()


async def test_a_server_may_close_its_half_and_still_be_heard(scripted_server):
    """A FIN right behind the answer doesn't take it away."""

    async def half(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil close")
        writer.write_eof()
        await _silence(reader, writer)

    server = await scripted_server(half)
    async with ClientSession() as session:
        assert await _get(session, server.url) == b"until close"
        await given_back(session.connector)
    await server.closed()


# -- backpressure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [b"Content-Length: 67108864\r\n\r\n", b"Connection: close\r\n\r\n"])
async def test_a_slow_reader_stops_the_server(scripted_server, framing):
    """Backpressure: of 64 MiB no more than the buffers come over until they are read; then all of them."""
    sent = 0

    async def flood(_reader, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing)
        piece = bytes(2**18)
        for _ in range(256):
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    server = await scripted_server(flood)
    async with ClientSession() as session:
        async with session.get(server.url, read_bufsize=2**16) as response:
            received = len(await response.content.readany())
            await asyncio.sleep(0.3)
            assert response.content._size <= 2**17 + BUFFER_SIZE
            assert sent < 2**25  # the rest of it is in the kernel's buffers
            async for piece in response.content.iter_any():
                received += len(piece)
            assert received == 2**26
        await given_back(session.connector, idle=framing.startswith(b"Content"))


async def test_a_paused_connection_reads_again_for_the_next_answer(scripted_server):
    """What a slow reader of one answer stopped is not stopped for the next."""
    size = 2**20
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size), OK)
    async with ClientSession() as session:
        async with session.get(server.url, read_bufsize=2**10) as response:
            await asyncio.sleep(0.05)
            assert len(await response.read()) == size
        assert await _get(session, server.url, timeout=ClientTimeout(3)) == b"ok"
    assert server.connections == 1


# -- uploads --------------------------------------------------------------------------------------------------------


async def _pieces(count, size=1000, pause=0.0):
    for _ in range(count):
        await asyncio.sleep(pause)
        yield bytes(size)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "5000"}])
async def test_a_streaming_body_is_sent_whole(scripted_server, headers):
    """An async generator goes out as it comes, chunked where its length is unknown."""
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        for _ in range(2):
            async with session.post(server.url, data=_pieces(5), headers=headers) as response:
                assert await response.read() == b"ok"
        await given_back(session.connector, idle=1)
    assert server.connections == 1
    assert all(request.count(b"\0") == 5000 for request in server.requests)


async def test_a_large_body_waits_for_a_slow_server():
    """Backpressure of an upload: a generator is asked for no more than the buffers take."""
    asked = 0
    read_on = asyncio.Event()

    async def body():
        nonlocal asked
        for _ in range(256):
            asked += 1
            yield bytes(2**18)

    async def late(reader, writer):
        await read_on.wait()
        left = 2**26
        while left > 0:
            left -= len(await reader.read(2**20))
        writer.write(OK)
        await _silence(reader, writer)

    async with _answering(late) as url, ClientSession() as session:
        request = session.post(url, data=body(), headers={"Content-Length": str(2**26)})
        upload = asyncio.create_task(_awaited(request))
        await asyncio.sleep(0.3)
        assert asked < 64
        read_on.set()
        async with asyncio.timeout(20):
            assert await upload == b"ok"
        assert asked == 256


async def _awaited(request):
    async with request as response:
        return await response.read()


async def test_an_early_answer_ends_the_upload():
    """413 while the body is on its way: the answer is given, the upload stops, the connection is not used again."""
    closed = []

    async def body():
        try:
            for _ in range(1000):
                yield bytes(1000)
                await asyncio.sleep(0.01)
        finally:
            closed.append(True)

    async def refuse(reader, writer):
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await _silence(reader, writer)

    async with _answering(refuse) as url, ClientSession() as session:
        async with session.post(url, data=body()) as response:
            assert response.status == 413
            assert await response.read() == b"big"
        await given_back(session.connector)
        await asyncio.sleep(0.05)
        assert closed == [True]


def _answering(handler):
    """Run a server that answers as soon as the head is there."""

    async def connected(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await handler(reader, writer)

    return raw_server(connected)


async def test_an_answer_before_the_end_of_the_upload_is_used_when_both_are_done():
    """A server may answer early and read on: the connection goes back when the body is out too."""

    async def early(reader, writer):
        writer.write(OK)
        await reader.readuntil(b"0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await _silence(reader, writer)

    async with _answering(early) as url, ClientSession() as session:
        response = await session.post(url, data=_pieces(5, pause=0.02))
        assert await response.read() == b"ok"
        assert holdings(session.connector)["busy"] == 1
        await response.wait_for_close()
        await given_back(session.connector, idle=1)
        assert await _get(session, url) == b"ok"


@pytest.mark.parametrize("error", [ValueError("mine"), OSError(5, "disk"), asyncio.CancelledError()])
async def test_a_body_that_fails_fails_the_request(scripted_server, error, caplog):
    """A generator that raises: the request ends with a ClientError that has its error as the cause, and nothing is left."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: pytest.fail(str(context)))

    async def body():
        yield b"a"
        raise error

    server = await scripted_server(_silence)
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises(httpkit.ClientConnectionError, match="cannot write request body") as caught:
            await session.post(server.url, data=body())
        assert caught.value.__cause__ is error
        await given_back(session.connector)
    await server.closed()
    assert caplog.records == []


async def test_a_body_shorter_than_its_length_is_an_error(scripted_server):
    """The server would take the next request for the rest of this one."""
    server = await scripted_server(OK)
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises(httpkit.ClientPayloadError, match="995 bytes shorter than its Content-Length"):
            await session.post(server.url, data=_pieces(1, size=5), headers={"Content-Length": "1000"})
        await given_back(session.connector)


async def test_a_body_longer_than_its_length_is_cut(scripted_server):
    """What is beyond the length would be read as the next request."""
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        for data in (_pieces(3, size=5), b"123456789"):
            async with session.post(server.url, data=data, headers={"Content-Length": "7"}) as response:
                assert await response.read() == b"ok"
    assert [request.rpartition(b"\r\n\r\n")[2] for request in server.requests] == [bytes(7), b"1234567"]


async def test_a_server_that_leaves_during_an_upload_is_an_error():
    """RST while the body is on its way."""
    async with _answering(_reset) as url, ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises((httpkit.ClientOSError, httpkit.ServerDisconnectedError)):
            await session.post(url, data=_pieces(100, size=2**16, pause=0.01))
        await given_back(session.connector)


async def test_expect_100_holds_the_body_back():
    """RFC 9110 section 10.1.1: the body follows 100 (Continue)."""
    seen = []

    async def handle(reader, writer):
        await asyncio.sleep(0.05)
        seen.append(reader._buffer[:])
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(await reader.readexactly(4))
        writer.write(OK)
        await _silence(reader, writer)

    async with _answering(handle) as url, ClientSession() as session:
        async with session.post(url, data=b"body", expect100=True) as response:
            assert await response.read() == b"ok"
        await given_back(session.connector, idle=1)
    assert seen == [b"", b"body"]


async def test_expect_100_is_not_waited_for_longer_than_a_second(scripted_server, monkeypatch):
    """RFC 9110 section 10.1.1: a client should not wait for ever; HTTP/1.0 servers never send 100."""
    monkeypatch.setattr(http1_connection, "CONTINUE_TIMEOUT", 0.05)
    server = await scripted_server(OK)
    async with ClientSession() as session, session.post(server.url, data=b"body", expect100=True) as response:
        assert await response.read() == b"ok"
    assert server.requests[0].endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("body", [b"", b"no"])
async def test_a_final_answer_instead_of_100_keeps_the_body_here(body):
    """417 or 401 instead of 100: the body is not sent, and the connection is closed at once, for nobody knows what it waits for."""
    loop = asyncio.get_running_loop()
    received = loop.create_future()

    async def refuse(reader, writer):
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        received.set_result(await reader.read())

    async with _answering(refuse) as url, ClientSession() as session:
        response = await session.post(url, data=b"secret", expect100=True)
        assert await response.read() == body
        await given_back(session.connector, within=0.5)
        response.release()
        assert await asyncio.wait_for(received, 5) == b""


async def test_a_cancelled_wait_for_100_leaves_no_dirty_connection():
    """Aiohttp 3.14.5: the connection on which a 100 may still come is not used again."""
    async with _answering(_silence) as url, ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.post(url, data=b"body", expect100=True)
        await given_back(session.connector)


# -- after 101 ------------------------------------------------------------------------------------------------------


async def test_an_upgrade_that_nobody_takes_over_is_closed(scripted_server):
    """A connection after 101 can't carry another request: releasing the response closes it."""
    server = await scripted_server(_saying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"hello" * 1000))
    async with ClientSession() as session:
        async with session.get(server.url, headers={"Upgrade": "x", "Connection": "upgrade"}) as response:
            assert response.status == 101
            await asyncio.sleep(0.05)
        await given_back(session.connector)
    await server.closed()


# -- cancelling -----------------------------------------------------------------------------------------------------


async def _answer_slowly(writer):
    """Answer in many small steps, so that there are many points to cancel at."""
    raw = b"HTTP/1.1 103 x\r\n\r\n" + CHUNKED + b"5\r\nhello\r\n" * 5 + b"0\r\n\r\n"
    for at in range(0, len(raw), 16):
        writer.write(raw[at : at + 16])
        await writer.drain()
        await asyncio.sleep(0)


async def _use(session, url, kind):
    if kind == "get":
        async with session.get(url) as response:
            await response.read()
    elif kind == "upload":
        async with session.post(url, data=_pieces(3)) as response:
            await response.read()
    elif kind == "stream":
        async with session.get(url) as response:
            async for _ in response.content.iter_chunked(3):
                await asyncio.sleep(0)
    else:
        async with session.post(url, data=_pieces(3), expect100=True) as response:
            await response.read()


@pytest.mark.parametrize("kind", ["get", "upload", "stream", "expect"])
async def test_a_request_can_be_cancelled_at_every_point(kind):
    """Cancelled after 0, 1, 2, ... turns of the loop, a request gives its slot back and leaves no task and no warning."""

    async def connected(reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"Expect" in head:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if b"chunked" in head:
                await reader.readuntil(b"0\r\n\r\n")
            await _answer_slowly(writer)

    loop = asyncio.get_running_loop()
    complaints = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    async with raw_server(connected) as url:
        turns = 0
        while not await _cancelled_after(turns, url, kind):
            turns += 1
            assert turns < 2000
    assert turns > 10
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert complaints == []


async def _cancelled_after(turns, url, kind):
    """Cancel a request after so many turns of the loop; return whether it was done before."""
    async with ClientSession(connector=TCPConnector(limit=1)) as session:
        task = asyncio.create_task(_use(session, url, kind))
        for _ in range(turns):
            await asyncio.sleep(0)
        is_done = task.done()
        task.cancel()
        await asyncio.wait((task,))
        assert is_done or task.cancelled()
        held = holdings(session.connector)
        assert (held["busy"], held["opening"]) == (0, 0)
        async with asyncio.timeout(5):
            await _use(session, url, "get")  # the one slot is free
    return is_done


async def test_cancelling_a_read_closes_the_connection(scripted_server):
    """The rest of the body can't be told from the next answer."""
    server = await scripted_server(_saying(LONG + b"half"), OK)
    async with ClientSession() as session:
        async with session.get(server.url) as response:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await response.read()
        await given_back(session.connector)
        assert await _get(session, server.url) == b"ok"
    assert server.connections == 2


async def test_a_response_that_is_dropped_unread_gives_its_connection_back(scripted_server):
    """Without `release()`: garbage collection does it."""
    server = await scripted_server(_saying(LONG + b"half"))
    async with ClientSession() as session:
        response = await session.get(server.url)
        assert holdings(session.connector)["busy"] == 1
        del response
        await given_back(session.connector)
    await server.closed()


async def test_a_dropped_response_is_told_of_in_debug_mode(scripted_server):
    """`PYTHONASYNCIODEBUG=1` names the response that nobody released."""
    server = await scripted_server(_saying(LONG + b"half"))
    async with ClientSession() as session:
        response = await session.get(f"{server.url}/path")
        asyncio.get_running_loop().set_debug(True)
        with pytest.warns(ResourceWarning, match="Unclosed response to GET /path"):
            del response
        asyncio.get_running_loop().set_debug(False)
        await given_back(session.connector)


# -- sending once more ----------------------------------------------------------------------------------------------


async def _leave(_reader, _writer):
    """Close at once."""


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
async def test_an_idempotent_request_is_sent_once_more(scripted_server, method):
    """RFC 9112 section 9.3.1: a server may close an idle connection while it is used again."""
    server = await scripted_server(OK[:-2] if method == "HEAD" else OK, _leave, OK[:-2] if method == "HEAD" else OK)
    async with ClientSession() as session:
        for _ in range(2):
            async with session.request(method, server.url) as response:
                assert response.status == 200
    assert len(server.requests) == 3


@pytest.mark.parametrize(("method", "options"), [("POST", {}), ("PATCH", {}), ("GET", {"retry": False})])
async def test_others_are_not(scripted_server, method, options):
    """A POST may have been done already; and `retry_connection=False` sends nothing twice."""
    server = await scripted_server(_leave, OK)
    async with ClientSession(retry_connection=options.get("retry", True)) as session:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.request(method, server.url)
        await given_back(session.connector)
    assert len(server.requests) == 1


async def test_a_body_that_is_used_up_is_not_sent_again(scripted_server):
    """A generator can be read once; half a body is never sent as a whole one."""
    server = await scripted_server(_leave, OK)
    async with ClientSession() as session:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.put(server.url, data=_pieces(1))
    assert len(server.requests) == 1


async def test_once_more_is_once(scripted_server):
    """A server that always leaves is left."""
    server = await scripted_server(_leave, _leave, OK)
    async with ClientSession() as session:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.get(server.url)
    assert len(server.requests) == 2


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
@pytest.mark.parametrize("is_tls", [False, True])
def test_connections_share_a_buffer_and_nothing_of_what_is_in_it(certificates, kind, is_tls):
    """Bodies that arrive at the same time do not mix, on either loop, with and without TLS."""
    size = 3 * BUFFER_SIZE + 5
    factory = asyncio.new_event_loop if kind == "asyncio" else pytest.importorskip("uvloop").new_event_loop

    async def answer(reader, writer):
        letter = (await reader.readuntil(b"\r\n\r\n"))[5:6]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for start in range(0, size, 50_000):
            writer.write(letter * min(50_000, size - start))
            await writer.drain()
        await reader.read()
        writer.close()

    async def get(session, url):
        async with session.get(url) as response:
            return await response.read()

    async def run():
        context = certificates.good.server_context() if is_tls else None
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        origin = f"http{'s' * is_tls}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, ClientSession(connector=TCPConnector(ssl=certificates.client_context())) as session:
            bodies = await asyncio.gather(*(get(session, f"{origin}/{letter}") for letter in "abcdefgh"))
        await until(lambda: len(asyncio.all_tasks()) == 1)
        return [(body[:1], body.count(body[:1])) for body in bodies]

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(run()) == [(letter.encode(), size) for letter in "abcdefgh"]
