"""The pool: limits, turns, idle connections, and closing at every moment."""

import asyncio
import gc
import io
import warnings

import pytest
from pools import given_back, holdings
from servers.raw import raw_server

import httpkit
from httpkit import BaseConnector, ClientSession, ClientTimeout, TCPConnector, TraceConfig
from httpkit.net import pool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gate:
    """A server that answers when it is told, and knows what it was asked."""

    def __init__(self):
        self.asked = []
        self.open = asyncio.Event()
        self.most = 0
        self.now = 0

    async def __call__(self, reader, writer):
        """Answer one connection."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(head.split(b" ")[1].decode())
                await self.open.wait()
                writer.write(OK)
        finally:
            self.now -= 1


async def _get(session, url, **options):
    async with session.get(url, **options) as response:
        return await response.read()


async def _turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0.002)


# -- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({"limit": 3}, 3),
        ({"limit": 0}, 10),
        ({"limit": 0, "limit_per_host": 2}, 2),
        ({"limit": 3, "limit_per_host": 5}, 3),
    ],
)
async def test_no_more_connections_than_the_limit(options, most):
    """`limit` and `limit_per_host`; 0 is no limit."""
    gate = Gate()
    async with raw_server(gate) as url, ClientSession(connector=TCPConnector(**options)) as session:
        requests = [asyncio.create_task(_get(session, url)) for _ in range(10)]
        await _turns()
        held = holdings(session.connector)
        assert (held["busy"] + held["opening"], held["waiting"]) == (most, 10 - most)
        gate.open.set()
        assert await asyncio.gather(*requests) == [b"ok"] * 10
        assert gate.most == most
        await given_back(session.connector, idle=most)


async def test_who_waits_longest_is_served_first():
    """FIFO: the order of asking is the order of answering."""
    gate = Gate()
    gate.open.set()
    async with raw_server(gate) as url, ClientSession(connector=TCPConnector(limit=1)) as session:
        requests = []
        for index in range(8):
            requests.append(asyncio.create_task(_get(session, f"{url}/{index}")))
            await asyncio.sleep(0)
        await asyncio.gather(*requests)
    assert gate.asked == [f"/{index}" for index in range(8)]


async def test_a_newcomer_does_not_overtake():
    """A free idle connection goes to who waits, even if somebody asks at the moment it is given back."""
    gate = Gate()
    async with raw_server(gate) as url, ClientSession(connector=TCPConnector(limit=1)) as session:

        async def chain():
            for index in range(4):
                await _get(session, f"{url}/first{index}")

        first = asyncio.create_task(chain())
        await _turns()
        second = asyncio.create_task(_get(session, f"{url}/second"))
        await _turns(2)
        gate.open.set()
        await asyncio.gather(first, second)
    assert gate.asked.index("/second") == 1


async def test_one_full_host_does_not_block_the_others():
    """`limit_per_host`: who waits for one host lets those for another pass."""
    slow, fast = Gate(), Gate()
    fast.open.set()
    connector = TCPConnector(limit=10, limit_per_host=1)
    async with raw_server(slow) as one, raw_server(fast) as other, ClientSession(connector=connector) as session:
        waiting = [asyncio.create_task(_get(session, one)) for _ in range(3)]
        await _turns()
        assert await _get(session, other, timeout=ClientTimeout(2)) == b"ok"
        slow.open.set()
        await asyncio.gather(*waiting)
        await given_back(connector, idle=2)


async def test_limits_hold_when_hosts_take_turns():
    """A slot that one host's idle connection doesn't need is given to another host."""
    gate = Gate()
    gate.open.set()
    connector = TCPConnector(limit=1)
    async with raw_server(gate) as one, raw_server(gate) as other, ClientSession(connector=connector) as session:
        requests = [_get(session, url) for _ in range(5) for url in (one, other)]
        assert await asyncio.gather(*requests) == [b"ok"] * 10
        await given_back(connector, idle=2)


@pytest.mark.parametrize("victims", [[1], [1, 2], [2], [0], [0, 1]])
async def test_a_cancelled_waiter_takes_no_slot(victims):
    """Whoever stops waiting, or is cancelled at the moment a slot becomes free, leaves it to the next."""
    gate = Gate()
    connector = TCPConnector(limit=1, limit_per_host=1)
    async with raw_server(gate) as url, ClientSession(connector=connector) as session:
        requests = [asyncio.create_task(_get(session, f"{url}/{index}")) for index in range(4)]
        await _turns()
        gate.open.set()
        for victim in victims:
            requests[victim].cancel()
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert [isinstance(result, bytes) for result in results] == [index not in victims for index in range(4)]
        await given_back(connector, idle=1)


async def test_a_waiter_that_is_cancelled_with_its_slot_in_hand_passes_it_on():
    """The slot was given, and the task was cancelled before it ran again."""
    gate = Gate()
    gate.open.set()
    connector = TCPConnector(limit=1)
    async with raw_server(gate) as url, ClientSession(connector=connector) as session:
        for turns in range(40):
            requests = [asyncio.create_task(_get(session, url)) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
            requests[1].cancel()
            await asyncio.gather(*requests, return_exceptions=True)
            assert isinstance(requests[2].result(), bytes)
            assert holdings(connector)["opening"] == holdings(connector)["busy"] == 0


async def test_waiting_in_the_pool_counts_for_the_timeouts():
    """`connect` covers the wait for a slot, and so does `total`; both errors are TimeoutError."""
    gate = Gate()
    connector = TCPConnector(limit=1)
    async with raw_server(gate) as url, ClientSession(connector=connector) as session:
        first = asyncio.create_task(_get(session, url))
        await _turns()
        with pytest.raises(httpkit.ConnectionTimeoutError, match=r"within 0.05 s \(ClientTimeout.connect\)"):
            await _get(session, url, timeout=ClientTimeout(connect=0.05))
        with pytest.raises(TimeoutError):
            await _get(session, url, timeout=ClientTimeout(total=0.05))
        gate.open.set()
        await first
        await given_back(connector, idle=1)


async def test_a_thousand_waiters_are_served():
    """Nobody is forgotten, and nothing is counted twice."""
    gate = Gate()
    gate.open.set()
    connector = TCPConnector(limit=5, limit_per_host=3)
    async with raw_server(gate) as one, raw_server(gate) as other, ClientSession(connector=connector) as session:
        results = await asyncio.gather(*[_get(session, url) for _ in range(500) for url in (one, other)])
        assert results == [b"ok"] * 1000
        assert gate.most <= 6
        held = holdings(connector)
        assert held == {"busy": 0, "opening": 0, "waiting": 0, "per host": 0, "idle": held["idle"]}


# -- idle connections -----------------------------------------------------------------------------------------------


async def test_the_warmest_connection_is_used_first():
    """Idle connections are a stack: the others may grow old and close."""
    gate = Gate()
    async with raw_server(gate) as url, ClientSession() as session:
        requests = [asyncio.create_task(_get(session, url)) for _ in range(3)]
        await _turns()
        gate.open.set()
        await asyncio.gather(*requests)
        (stack,) = session.connector._idle.values()
        warmest = stack[-1]
        for _ in range(3):
            await _get(session, url)
            assert stack[-1] is warmest


async def test_an_idle_connection_is_closed_in_time(scripted_server):
    """`keepalive_timeout` seconds after its last use, and not before."""
    server = await scripted_server(OK, OK, OK)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=0.1)) as session:
        await _get(session, server.url)
        await asyncio.sleep(0.05)
        await _get(session, server.url)
        assert server.connections == 1
        assert holdings(session.connector)["idle"] == 1
        await server.closed(within=0.5)
        assert session.connector._idle == {}
        await _get(session, server.url)
    assert server.connections == 2


async def test_a_connection_that_is_too_old_is_not_used(scripted_server, monkeypatch):
    """Even if the sweep is late."""
    server = await scripted_server(OK, OK)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=10)) as session:
        await _get(session, server.url)
        now = pool.monotonic()
        monkeypatch.setattr(pool, "monotonic", lambda: now + 11)
        await _get(session, server.url)
    assert server.connections == 2


async def test_idle_connections_may_be_kept_for_ever(scripted_server, monkeypatch):
    """`keepalive_timeout=None` (aiohttp 3.14.4)."""
    server = await scripted_server(OK, OK)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=None)) as session:
        await _get(session, server.url)
        assert session.connector._sweep is None
        now = pool.monotonic()
        monkeypatch.setattr(pool, "monotonic", lambda: now + 1e6)
        await _get(session, server.url)
    assert server.connections == 1


async def test_force_close_closes_after_each_answer(scripted_server):
    """No keep-alive, nothing idle; with `keepalive_timeout` it is a contradiction."""
    server = await scripted_server(OK, OK)
    async with ClientSession(connector=TCPConnector(force_close=True)) as session:
        for _ in range(2):
            await _get(session, server.url)
        await given_back(session.connector)
    assert server.connections == 2
    with pytest.raises(ValueError, match="keepalive_timeout cannot be set if force_close is True"):
        TCPConnector(force_close=True, keepalive_timeout=5)


async def test_an_idle_connection_that_the_server_closes_is_forgotten(scripted_server):
    """No socket is kept half closed."""
    server = await scripted_server(OK, OK, close=True)
    async with ClientSession() as session:
        for count in (1, 2):
            await _get(session, server.url)
            await given_back(session.connector)
            assert server.connections == count


# -- closing --------------------------------------------------------------------------------------------------------


async def test_closing_fails_those_who_wait_and_those_who_read(scripted_server):
    """`close()` while waiting for a slot, for an answer and for a body: ClientConnectionError for each, and no socket."""

    async def half(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await reader.read()

    server = await scripted_server(half)  # and silence for the second
    connector = TCPConnector(limit=2)
    session = ClientSession(connector=connector)
    reading = await session.get(server.url)
    read = asyncio.create_task(reading.read())
    tasks = [asyncio.create_task(_get(session, server.url)) for _ in range(2)]
    await server.received(2)
    assert holdings(connector) | {"busy": 2, "waiting": 1} == holdings(connector)
    await session.close()
    for result in await asyncio.gather(read, *tasks, return_exceptions=True):
        assert isinstance(result, httpkit.ClientConnectionError)
    await given_back(connector)
    await server.closed()


async def test_closing_does_not_wait_for_an_upload_that_nobody_reads():
    """Megabytes in the buffer of a connection that is given up are nobody's."""

    async def deaf(_reader, _writer):
        await asyncio.sleep(60)

    async with raw_server(deaf) as url:
        session = ClientSession()
        upload = asyncio.create_task(_post(session, url))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            await session.close()
        with pytest.raises(httpkit.ClientConnectionError):
            await upload


async def _post(session, url):
    async with session.post(url, data=io.BytesIO(bytes(2**24))) as response:
        return await response.read()


async def test_closing_while_connecting_leaves_no_connection(scripted_server):
    """A connection that is ready after the pool was closed is closed at once."""
    server = await scripted_server(OK)
    started, go_on = asyncio.Event(), asyncio.Event()

    class Slow(httpkit.ThreadedResolver):
        async def resolve(self, host, port=0, **_):
            started.set()
            await go_on.wait()
            return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    connector = TCPConnector(resolver=Slow(), use_dns_cache=False)
    session = ClientSession(connector=connector)
    request = asyncio.create_task(_get(session, f"http://slow.test:{server.port}"))
    await started.wait()
    await session.close()
    go_on.set()
    with pytest.raises(httpkit.ClientConnectionError, match="Connector is closed"):
        await request
    await given_back(connector)
    await server.closed()


async def test_a_closed_pool_refuses(scripted_server):
    """After `close()`: RuntimeError from the session, ClientConnectionError from the connector; closing again does nothing."""
    server = await scripted_server(OK)
    connector = TCPConnector()
    async with ClientSession(connector=connector, connector_owner=False) as session:
        await connector.close()
        await connector.close()
        assert connector.closed
        with pytest.raises(httpkit.ClientConnectionError, match="Connector is closed"):
            await session.get(server.url)
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get(server.url)


async def test_close_waits_only_when_it_is_awaited(scripted_server):
    """`connector.close()` without await closes too, and warns of nothing."""
    server = await scripted_server(OK)
    connector = TCPConnector()
    session = ClientSession(connector=connector)
    await _get(session, server.url)
    connector.close()
    session.detach()
    await server.closed()


async def test_a_pool_is_closed_by_its_context(scripted_server):
    """`async with connector`."""
    server = await scripted_server(OK)
    async with TCPConnector() as connector:
        session = ClientSession(connector=connector, connector_owner=False)
        await _get(session, server.url)
        await session.close()
        assert holdings(connector)["idle"] == 1
    assert connector.closed
    await server.closed()


def test_two_loops_in_sequence_have_two_pools(echo_server):
    """Nothing of a session outlives its loop."""

    async def use():
        async with ClientSession() as session:
            return await _get(session, echo_server)

    assert asyncio.run(use()) == asyncio.run(use())


def test_a_pool_needs_a_running_loop():
    """As in aiohttp: made inside a coroutine."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        TCPConnector()
    with pytest.raises(RuntimeError, match="no running event loop"):
        ClientSession()


# -- garbage --------------------------------------------------------------------------------------------------------


async def test_a_session_that_is_dropped_is_told_of_and_closed(scripted_server):
    """ResourceWarning "Unclosed client session"; its sockets don't stay."""
    server = await scripted_server(OK)
    session = ClientSession()
    await _get(session, server.url)
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["message"]))
    del session
    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        gc.collect()
    await server.closed()
    assert told == ["Unclosed client session"]


def test_a_connector_that_is_dropped_is_told_of(echo_server):
    """ResourceWarning "Unclosed connector" when its loop is gone and nobody closed it."""

    async def use():
        session = ClientSession(connector=TCPConnector())
        await _get(session, echo_server)
        session.detach()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(use())
        gc.collect()
    assert "Unclosed connector" in " ".join(str(warning.message) for warning in caught)


async def test_a_lent_connection_that_is_dropped_is_told_of(scripted_server):
    """ResourceWarning "Unclosed connection", and the slot is free again."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        connection = await _lend(session, server.url)
        assert holdings(session.connector)["busy"] == 1
        with pytest.warns(ResourceWarning, match="Unclosed connection Connection<"):
            del connection
        await given_back(session.connector)


async def _lend(session, url):
    request = httpkit.ClientRequest("GET", httpkit.client.session.URL(url))
    return await session.connector.connect(request, [], ClientTimeout())


# -- lent connections -----------------------------------------------------------------------------------------------


async def test_a_connection_can_be_lent_and_given_back(scripted_server):
    """`connector.connect()`, for code that speaks by itself: transport, callbacks, release, close."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        notes = []
        connection = await _lend(session, server.url)
        connection.add_callback(lambda: notes.append("released"))
        assert connection
        assert not connection.closed
        assert connection.transport is connection.protocol.transport
        connection.release()
        connection.release()
        assert connection.closed
        assert connection.transport is None
        assert notes == ["released"]
        await given_back(session.connector, idle=1)
        again = await _lend(session, server.url)
        again.close()
        again.close()
        with pytest.raises(httpkit.ClientConnectionError, match="released already"):
            again.detach()
        await given_back(session.connector)
    assert server.connections == 1


async def test_a_pool_without_a_way_to_connect_is_abstract():
    """`BaseConnector` is what others derive from."""
    async with ClientSession(connector=BaseConnector()) as session:
        with pytest.raises(NotImplementedError):
            await session.get("http://127.0.0.1:1/")
        await given_back(session.connector)


# -- watchers -------------------------------------------------------------------------------------------------------

SIGNALS = [
    "on_connection_queued_start",
    "on_connection_queued_end",
    "on_connection_create_start",
    "on_connection_create_end",
    "on_connection_reuseconn",
    "on_request_headers_sent",
    "on_request_end",
]


@pytest.mark.parametrize("signal", SIGNALS)
async def test_a_watcher_that_fails_takes_no_slot(signal):
    """An exception in a handler is the request's, and the pool has its slot back."""

    async def fail(*_):
        raise LookupError(signal)

    config = TraceConfig()
    getattr(config, signal).append(fail)
    gate = Gate()
    gate.open.set()
    connector = TCPConnector(limit=1, limit_per_host=1)
    async with raw_server(gate) as url, ClientSession(connector=connector, connector_owner=False) as plain:
        async with ClientSession(connector=connector, connector_owner=False, trace_configs=[config]) as session:
            if "queued" in signal:
                gate.open.clear()
                first = asyncio.create_task(_get(plain, url))
                await _turns()
                asyncio.get_running_loop().call_later(0.05, gate.open.set)
            elif "reuse" in signal:
                await _get(plain, url)
            with pytest.raises(LookupError, match=signal):
                await _get(session, url)
            if "queued" in signal:
                await first
        assert await _get(plain, url, timeout=ClientTimeout(2)) == b"ok"
        await given_back(connector, idle=1)
    await connector.close()
