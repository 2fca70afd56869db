"""`session.ws_reconnect`: which ends lead to a new connection, which errors count, and how long it waits."""

from __future__ import annotations

import asyncio
import time

import pytest
from servers.frames import TEXT, close_frame, frame, read_frame, websocket_server
from servers.process import free_ports

import httpkit
from httpkit import Backoff, ClientSession
from httpkit.client.backoff import Pauses, retry_after
from httpkit_magics.demo.launch import start_demo

FAST = Backoff(initial=0.01, maximum=0.05)


def test_the_bound_grows_to_its_maximum():
    """Attempt n waits below initial * factor**n seconds, and never longer than the maximum."""
    backoff = Backoff(initial=1, maximum=30, factor=2)
    assert [backoff.bound(failures) for failures in (0, 1, 4, 5, 10**9)] == [1, 2, 16, 30, 30]


async def test_waits_are_full_jitter():
    """The waits of many clients spread over the whole time below the bound, so that they do not come back at once."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    for _ in range(300):
        pauses = Pauses(Backoff(initial=2, attempts=None), sleep=sleep)
        for _ in range(2):
            assert pauses.note_failure()
        await pauses.wait()
    assert min(waits) < 1
    assert 3 < max(waits) <= 4
    await pauses.wait(at_least=20)
    await pauses.wait(at_least=1e9)
    assert waits[-2:] == [20, 60]


async def test_a_good_connection_resets_the_count():
    """A connection that lasted `reset_after` seconds starts the count again; one that ended at once does not."""
    pauses = Pauses(Backoff(reset_after=10))
    assert pauses.note_failure()
    pauses.note_end(9)
    assert pauses.failures == 2
    pauses.note_end(10)
    assert pauses.failures == 0


def test_retry_after_is_read_in_seconds():
    """`Retry-After` of a refused handshake is a wish; whatever is no number of seconds is none."""

    def error(value):
        return httpkit.ClientResponseError(None, (), status=503, headers={"Retry-After": value})

    assert [retry_after(error(value)) for value in ("7", "-1", "soon", "9" * 20)] == [7, 0, 0, 0]
    assert retry_after(OSError()) == 0


async def test_a_websocket_survives_a_server_that_drops_it_mid_message():
    """A connection lost in the middle of a message is followed by another; half a message is never given."""

    async def drop(_reader, writer):
        writer.write(frame(TEXT, b"one") + frame(TEXT, b"half of this")[:6])

    restart = frame(TEXT, b"two") + close_frame(1012)
    async with (
        websocket_server(drop, restart, frame(TEXT, b"three") + close_frame(1000)) as server,
        ClientSession() as session,
    ):
        sockets = session.ws_reconnect(server.url, backoff=FAST)
        messages, codes = [], []
        async for ws in sockets:
            messages += [message.data async for message in ws]
            codes.append(ws.close_code)
    assert messages == ["one", "two", "three"]
    assert codes == [1006, 1012, 1000]
    assert (sockets.connections, sockets.last_close_code, sockets.last_error) == (3, 1000, None)


async def test_a_real_server_that_drops_is_connected_to_again():
    """The demo API's /ws/drop breaks every connection off; the loop goes on as long as it is wanted."""
    with start_demo() as demo:
        url = "ws" + demo.url.removeprefix("http").rstrip("/") + "/ws/drop?after=2"
        async with ClientSession() as session, session.ws_reconnect(url, backoff=FAST) as sockets:
            received = []
            async for ws in sockets:
                received += [message.json()["id"] async for message in ws]
                assert ws.close_code == 1006
                if sockets.connections == 3:
                    break
    assert received == [1, 2] * 3


async def test_the_codes_that_end_it_can_be_chosen():
    """`is_final` sees each close code; a WebSocket that the loop leaves open is closed and replaced."""
    async with websocket_server(close_frame(1000), b"", close_frame(4001)) as server, ClientSession() as session:
        sockets = session.ws_reconnect(server.url, backoff=FAST, is_final=lambda code: code == 4001)
        codes = []
        async for ws in sockets:
            if sockets.connections != 2:
                assert [message async for message in ws] == []
            codes.append(sockets.last_close_code)
        assert codes == [None, 1000, 1000]
        assert sockets.last_close_code == 4001
    assert server.close_codes == [1000, 1000, 4001]


async def test_leaving_the_loop_closes_the_websocket():
    """After a break, nothing stays open: at once with `async with`, else when the iterator is dropped."""
    async with websocket_server(b"") as server, ClientSession() as session:
        async with session.ws_reconnect(server.url) as sockets:
            ws = await anext(aiter(sockets))
        assert ws.closed
        async for each in session.ws_reconnect(server.url):
            ws = each
            break
        for _ in range(100):
            await asyncio.sleep(0.01)
            if ws.closed and not session.connector._busy:
                break
        assert (ws.closed, session.connector._busy) == (True, set())


async def test_errors_that_pass_are_tried_again(scripted_server):
    """503, with its Retry-After, and a dropped handshake lead to another attempt."""

    async def drop(_reader, writer):
        writer.close()

    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    server = await scripted_server(busy, drop, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    started = time.monotonic()
    async with ClientSession(retry_connection=False) as session:
        sockets = session.ws_reconnect(server.url.replace("http", "ws"), backoff=Backoff(initial=0.01, maximum=0.2))
        with pytest.raises(httpkit.WSServerHandshakeError) as caught:
            await anext(aiter(sockets))
    assert caught.value.status == 404
    assert sockets.failures == 2
    assert len(server.requests) == 3
    assert time.monotonic() - started >= 0.2


async def test_attempts_in_a_row_are_limited():
    """After `attempts` failures in a row the last error is raised; nobody listens here."""
    (port,) = free_ports(1)
    async with ClientSession() as session:
        sockets = session.ws_reconnect(f"ws://127.0.0.1:{port}", backoff=Backoff(initial=0.001, attempts=3))
        with pytest.raises(httpkit.ClientConnectorError):
            await anext(aiter(sockets))
        assert sockets.failures == 3
        assert isinstance(sockets.last_error, httpkit.ClientConnectorError)


async def test_which_errors_count_can_be_chosen():
    """`should_retry` decides instead of `is_passing`."""
    (port,) = free_ports(1)
    seen = []
    async with ClientSession() as session:
        sockets = session.ws_reconnect(f"ws://127.0.0.1:{port}", backoff=FAST, should_retry=seen.append)
        with pytest.raises(httpkit.ClientConnectorError):
            await anext(aiter(sockets))
    assert len(seen) == 1


async def test_messages_can_be_sent_on_each():
    """Each WebSocket is an ordinary one: a subscription is sent again on each."""
    subscriptions = []

    async def talk(reader, _writer):
        subscriptions.append((await read_frame(reader))[1])

    async with websocket_server(talk, talk, close_frame(1000)) as server, ClientSession() as session:
        async for ws in session.ws_reconnect(server.url, backoff=FAST, headers={"X-A": "1"}):
            await ws.send_str("subscribe")
            assert [message async for message in ws] == []
    assert subscriptions == [b"subscribe"] * 2
    assert all(b"X-A: 1" in request for request in server.requests)
