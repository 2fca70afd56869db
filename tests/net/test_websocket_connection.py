"""What a socket does after 101: hand-over, backpressure both ways, PING and PONG, and the pool's count."""

from __future__ import annotations

import asyncio
import resource
import zlib

import pytest
from servers.frames import BINARY, CLOSE, PING, PONG, TEXT, close_frame, frame, read_close, read_frame, websocket_server

import httpkit
from httpkit import ClientSession, WSMsgType

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


def deflated(payload: bytes, *, opcode: int = TEXT) -> bytes:
    """Return a frame with a compressed message that needs no context."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return frame(opcode, (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv1=True)


def peak_memory() -> int:
    """Return the most memory that this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def until(condition, within: float = 5.0) -> None:
    """Wait until `condition()` is true."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.005)


# -- the hand-over ----------------------------------------------------------------------------------------------------


async def test_messages_that_came_with_the_101_are_received():
    """Bytes behind the head of the 101 are the first frames (RFC 9110 section 7.8)."""
    async with (
        websocket_server(frame(TEXT, b"one") + frame(TEXT, b"two")) as server,
        ClientSession() as session,
        session.ws_connect(server.url) as ws,
    ):
        assert [await ws.receive_str(), await ws.receive_str()] == ["one", "two"]


async def test_messages_before_a_lost_connection_are_received():
    """A server that sends and leaves at once, before anybody took over, loses no message."""

    async def talk(_reader, writer):
        writer.write(frame(TEXT, b"one") + close_frame(1001))

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        assert (await ws.receive()).data == "one"
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == 1001


async def test_a_101_that_nobody_takes_over_closes_its_connection():
    """GHSA-mfx4-hv73-q22v: what follows a 101 is never taken for an answer, and the slot comes back."""
    async with websocket_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server, ClientSession() as session:
        fields = {"Upgrade": "x", "Connection": "Upgrade", "Sec-WebSocket-Key": "x"}
        async with session.get(server.url.replace("ws", "http"), headers=fields) as response:
            assert response.status == 101
        await until(lambda: not session.connector._busy)
        assert not session.connector._idle


# -- the pool ---------------------------------------------------------------------------------------------------------


async def test_an_open_websocket_takes_a_slot_and_gives_it_back():
    """A WebSocket counts in the pool until its socket is closed."""
    connector = httpkit.TCPConnector(limit=1)
    async with websocket_server(b"") as server, ClientSession(connector=connector) as session:
        for _ in range(3):
            async with session.ws_connect(server.url):
                assert len(connector._busy) == 1
            await until(lambda: not connector._busy)


async def test_closing_the_session_ends_an_open_websocket():
    """The reader of an open WebSocket learns that the session was closed."""
    async with websocket_server(b"") as server:
        session = ClientSession()
        ws = await session.ws_connect(server.url)
        receiving = asyncio.ensure_future(ws.receive())
        await asyncio.sleep(0.01)
        await session.close()
        assert (await receiving).type is WSMsgType.CLOSED
        assert ws.close_code == 1006
        await until(lambda: not server.open)


# -- backpressure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 80, 100_000], ids=["empty messages", "small", "large"])
async def test_a_server_faster_than_its_reader_waits(size):
    """Not CVE'd, aiohttp 3.14.4/5: what arrives before somebody reads is bounded, and nothing is lost."""
    count = 60_000 if size < 1000 else 300
    sent = 0

    async def talk(reader, writer):
        nonlocal sent
        for _ in range(count):
            writer.write(frame(BINARY, b"x" * size))
            sent += 1
            if writer.transport.get_write_buffer_size() > 2**16:
                await writer.drain()
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session:
        ws = await session.ws_connect(server.url)
        await asyncio.sleep(0.3)
        messages = ws._connection.messages
        assert sum(len(message.data) + 64 for message in messages) <= 2**18 + 2 * 2**16 + size + 64 * 2**15
        if size == 100_000:
            assert sent < count
        received = 0
        while received < count:
            assert (await ws.receive()).type is WSMsgType.BINARY
            received += 1
        await ws.close()
        assert ws.close_code == 1000


async def test_messages_that_inflate_a_thousandfold_wait_compressed():
    """CVE-2018-1000518: many bombs below max_msg_size are inflated one batch at a time, as they are read."""
    bomb = deflated(b"\0" * 1_000_000)
    before = peak_memory()
    async with (
        websocket_server(bomb * 200, fields=(DEFLATE,)) as server,
        ClientSession() as session,
        session.ws_connect(server.url, compress=15) as ws,
    ):
        await asyncio.sleep(0.1)
        assert sum(len(message.data) for message in ws._connection.messages) <= 3_000_000
        received = [len((await ws.receive()).data) for _ in range(200)]
    assert received == [1_000_000] * 200
    assert peak_memory() - before < 64 * 2**20


async def test_a_fast_producer_waits_for_the_socket():
    """Sending waits while the server does not read, and goes on when it does."""
    may_read = asyncio.Event()

    async def talk(reader, writer):
        writer.transport.pause_reading()
        await may_read.wait()
        writer.transport.resume_reading()
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session:
        ws = await session.ws_connect(server.url)
        sent = 0

        async def produce():
            nonlocal sent
            for _ in range(400):
                await ws.send_bytes(b"x" * 65536)
                sent += 1

        producing = asyncio.ensure_future(produce())
        await asyncio.sleep(0.3)
        assert sent < 400
        assert ws._connection._transport.get_write_buffer_size() < 4 * 65536
        may_read.set()
        await asyncio.wait_for(producing, 10)
        assert sent == 400
        await ws.close()


async def test_a_producer_that_waits_learns_that_the_connection_is_lost():
    """A sender that waits for room is told when there will be none."""

    async def talk(_reader, writer):
        writer.transport.pause_reading()
        await asyncio.sleep(0.2)
        writer.transport.abort()

    async with websocket_server(talk) as server, ClientSession() as session:
        ws = await session.ws_connect(server.url)

        async def produce():
            while True:
                await ws.send_bytes(b"x" * 65536)

        with pytest.raises(httpkit.ClientConnectionResetError):
            await produce()


# -- hostile servers --------------------------------------------------------------------------------------------------


async def test_a_frame_that_declares_too_much_is_refused_at_its_header():
    """CVE-2026-54274: 100 MB declared, sent byte by byte, is refused before any of it is kept."""

    async def talk(reader, writer):
        for byte in bytes((0x82, 127)) + (100_000_000).to_bytes(8, "big"):
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.001)
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session:
        async with session.ws_connect(server.url) as ws:
            message = await ws.receive()
            assert message.type is WSMsgType.ERROR
            assert ws.close_code == message.data.code == 1009
        await until(lambda: server.close_codes)
        assert server.close_codes == [1009]


async def test_a_message_in_drips_of_one_byte_arrives():
    """CVE-2026-54274: partial frames cost no more than their bytes."""

    async def talk(reader, writer):
        for byte in frame(TEXT, b"x" * 3000):
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        assert await ws.receive_str() == "x" * 3000


@pytest.mark.parametrize(
    ("flood", "fields", "code"),
    [
        (deflated(b"\0" * 50_000_000, opcode=BINARY), (DEFLATE,), 1009),
        (frame(BINARY, b"x" * 60_000, fin=False) + frame(0, b"x" * 60_000, fin=False) * 100, (), 1009),
        (frame(BINARY, fin=False) + frame(0, fin=False) * 300_000, (), 1009),
    ],
    ids=["an inflate bomb", "fragments beyond max_msg_size", "empty fragments without end"],
)
async def test_an_endless_message_ends_with_1009_and_little_memory(flood, fields, code):
    """CVE-2018-1000518, CVE-2026-54274: a message that grows without end is refused with flat memory."""
    before = peak_memory()
    async with websocket_server(flood, fields=fields) as server, ClientSession() as session:
        async with session.ws_connect(server.url, compress=15 if fields else 0) as ws:
            message = await ws.receive()
            assert (message.type, message.data.code) == (WSMsgType.ERROR, code)
        await until(lambda: server.close_codes)
    assert server.close_codes == [code]
    assert peak_memory() - before < 32 * 2**20


async def test_a_flood_of_pings_is_answered_with_bounded_memory():
    """A server that asks and does not read the answers gets the last one only (RFC 6455 section 5.5.3)."""
    count = 200_000
    may_read, answered = asyncio.Event(), asyncio.Event()

    async def talk(reader, writer):
        writer.transport.pause_reading()
        for number in range(count):
            writer.write(frame(PING, b"%d" % number + b"x" * 100))
            if not number % 1000:
                await writer.drain()
        may_read.set()
        writer.transport.resume_reading()
        writer.write(frame(TEXT, b"done"))
        last = b""
        while not last.startswith(b"%d" % (count - 1)):
            first, last = await read_frame(reader)
            assert first == 0x80 | PONG
        answered.set()
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        while not may_read.is_set():
            await asyncio.sleep(0.01)
            assert ws._connection._transport.get_write_buffer_size() < 2**18
        assert await ws.receive_str() == "done"
        # Closing now would come before the answer that is still owed.
        await asyncio.wait_for(answered.wait(), 30)
    assert server.close_codes == [1000]


# -- PING and PONG ----------------------------------------------------------------------------------------------------


async def test_pings_are_answered_while_nobody_receives():
    """With autoping, a PING is answered as it arrives, behind messages that nobody has read yet."""
    answered = asyncio.Event()

    async def talk(reader, writer):
        writer.write(frame(TEXT, b"unread") + frame(PING, b"are you there"))
        assert await read_frame(reader) == (0x80 | PONG, b"are you there")
        answered.set()
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        await asyncio.wait_for(answered.wait(), 5)
        assert await ws.receive_str() == "unread"


async def test_a_pong_answers_its_ping_and_those_before():
    """A peer may answer only the last of several PINGs (RFC 6455 section 5.5.3); an unknown PONG answers none."""

    async def talk(reader, writer):
        for _ in range(3):
            await read_frame(reader)
        writer.write(frame(PONG, b"unknown") + frame(PONG, b"b"))
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session:
        async with session.ws_connect(server.url) as ws:
            assert ws.latency is None
            pings = [await ws.ping(payload) for payload in (b"a", b"b", b"c")]
            first, second = await asyncio.gather(*pings[:2])
            assert 0 <= second <= first < 5
            assert ws.latency == second
            assert not pings[2].done()
        with pytest.raises(httpkit.ServerDisconnectedError):
            await pings[2]


async def test_pings_without_pongs_are_bounded():
    """Whoever pings a server that never answers does not collect waiting PINGs without end."""
    async with websocket_server(b"") as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        first = await ws.ping()
        for _ in range(1024):
            await ws.ping()
        assert first.cancelled()
        assert len(ws._connection._pings) == 1024


# -- heartbeat --------------------------------------------------------------------------------------------------------


async def test_a_silent_server_is_given_up():
    """A PING after `heartbeat` seconds, and the end half as long after it: ServerTimeoutError, code 1006."""
    frames = []

    async def talk(reader, _writer):
        frames.append(await read_frame(reader))
        await read_close(reader)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, heartbeat=0.1) as ws,
    ):
        started = asyncio.get_running_loop().time()
        message = await ws.receive()
        lasted = asyncio.get_running_loop().time() - started
        assert message.type is WSMsgType.ERROR
        assert isinstance(message.data, httpkit.ServerTimeoutError)
        assert str(message.data) == "No PONG received after 0.05 seconds"
        assert ws.closed
        assert ws.close_code == 1006
        assert ws.exception() is message.data
        assert (await ws.receive()).type is WSMsgType.CLOSED
    assert frames == [(0x80 | PING, b"")]
    assert 0.1 < lasted < 2


@pytest.mark.parametrize("answer", [frame(PONG), frame(TEXT, b"tick")], ids=["PONG", "data"])
async def test_a_server_that_is_heard_is_kept(answer):
    """Any received bytes show that the server is there."""

    async def talk(reader, writer):
        for _ in range(4):
            first, _ = await read_frame(reader)
            assert first == 0x80 | PING
            writer.write(answer)
        writer.write(close_frame(1000))
        await server.hang_up(reader, writer)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, heartbeat=0.05) as ws,
    ):
        last = [message.type async for message in ws][-1:]
        assert ws.close_code == 1000
        assert last == ([] if answer == frame(PONG) else [WSMsgType.TEXT])


async def test_traffic_postpones_the_heartbeat():
    """While data arrives nobody is asked: the timer is not set again with each message."""
    pings = []

    async def talk(reader, writer):
        for _ in range(20):
            writer.write(frame(TEXT, b"tick"))
            await asyncio.sleep(0.02)
        writer.write(close_frame(1000))
        while (received := await read_frame(reader))[0] & 0x0F != CLOSE:
            pings.append(received)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, heartbeat=0.2) as ws,
    ):
        assert len([message async for message in ws]) == 20
    assert pings == []


async def test_a_reader_that_lags_behind_is_not_the_servers_silence():
    """While the socket rests because nobody reads, the heartbeat does not give the server up."""

    async def talk(reader, writer):
        writer.write(frame(BINARY, b"x" * 100_000) * 100)
        await server.hang_up(reader, writer)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, heartbeat=0.1) as ws,
    ):
        await asyncio.sleep(0.5)
        assert not ws.closed
        for _ in range(100):
            assert (await ws.receive()).type is WSMsgType.BINARY
