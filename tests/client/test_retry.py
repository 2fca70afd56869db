"""Trying again."""

import asyncio
import time

import pytest

import httpkit
from httpkit import ClientSession, RetryMiddleware

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nlater"


def answer(status, *fields):
    """Return a response without a body."""
    lines = "".join(f"{line}\r\n" for line in fields)
    return f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n{lines}\r\n".encode()


@pytest.fixture
def sleeps(monkeypatch):
    """Sleep no longer, and give what would have been slept."""
    seconds = []
    sleep = asyncio.sleep

    async def note(delay):
        seconds.append(delay)
        await sleep(0)

    monkeypatch.setattr("httpkit.client.retry.asyncio.sleep", note)
    return seconds


async def send(url, method="GET", *, retry, **options):
    """Return the status."""
    async with ClientSession(middlewares=(retry,)) as session, session.request(method, url, **options) as response:
        await response.read()
        return response.status


def most(_low, high):
    """Return the longest wait that jitter could choose."""
    return high


async def test_a_request_is_sent_until_its_answer_is_good(scripted_server, sleeps):
    """The waits double, up to a limit; the connection of a dropped answer is used again."""
    server = await scripted_server(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, OK)
    retry = RetryMiddleware(5, backoff=1.0, max_backoff=3.0, jitter=most)
    assert await send(server.url, retry=retry) == 200
    assert (len(server.requests), server.connections, sleeps) == (4, 1, [1.0, 2.0, 3.0])


async def test_jitter_is_full(scripted_server, sleeps):
    """A wait is anything between nothing and its limit (the default is random.uniform)."""
    server = await scripted_server(*[UNAVAILABLE] * 3, OK)
    assert await send(server.url, retry=RetryMiddleware(4, backoff=1.0)) == 200
    assert all(0.0 <= wait <= limit for wait, limit in zip(sleeps, (1.0, 2.0, 4.0), strict=True))


async def test_the_last_answer_is_returned(scripted_server, sleeps):
    """After `attempts` tries it is what it is."""
    server = await scripted_server(*[UNAVAILABLE] * 3)
    assert await send(server.url, retry=RetryMiddleware(3)) == 503
    assert (len(server.requests), len(sleeps)) == (3, 2)


@pytest.mark.parametrize(
    ("fields", "jitter", "expected"),
    [(["Retry-After: 7"], 0.0, [7.0]), (["Retry-After: 1"], 5.0, [5.0]), (["Retry-After: soon"], 2.0, [2.0])],
)
async def test_retry_after_is_the_least_wait(scripted_server, sleeps, fields, jitter, expected):
    """The server's number of seconds holds unless our own wait is longer; what is no number is not there."""
    server = await scripted_server(answer(429, *fields), OK)
    assert await send(server.url, retry=RetryMiddleware(jitter=lambda _low, _high: jitter)) == 200
    assert sleeps == expected


async def test_a_server_that_wants_too_long_a_wait_is_believed(scripted_server, sleeps):
    """Beyond `max_retry_after` the answer is returned: coming back sooner would be rude, waiting could be for ever."""
    server = await scripted_server(answer(429, "Retry-After: 3600"))
    assert await send(server.url, retry=RetryMiddleware(max_retry_after=60)) == 429
    assert sleeps == []


async def test_the_demo_lets_the_patient_in(demo_server):
    """/limited answers 429 with Retry-After: 1; the retry waits that second and comes in."""
    url = f"{demo_server}/limited?limit=1&window=1&key=retry"
    started = time.monotonic()
    assert [await send(url, retry=RetryMiddleware(backoff=0.01)) for _ in range(2)] == [200, 200]
    assert time.monotonic() - started > 0.5


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_is_not_idempotent_is_sent_once(scripted_server, sleeps, method):
    """The server may have done it already (RFC 9110 section 9.2.2)."""
    server = await scripted_server(UNAVAILABLE)
    assert await send(server.url, method, retry=RetryMiddleware()) == 503
    assert (len(server.requests), sleeps) == (1, [])


async def test_methods_may_be_named(scripted_server, sleeps):
    """Who knows that a POST may be repeated says so; its body is written again."""
    server = await scripted_server(UNAVAILABLE, OK)
    assert await send(server.url, "POST", retry=RetryMiddleware(methods={"post"}), json={"a": 1}) == 200
    assert [request.endswith(b'{"a": 1}') for request in server.requests] == [True, True]
    assert len(sleeps) == 1


async def test_a_body_that_can_be_read_once_is_sent_once(scripted_server, sleeps):
    """The answer is returned."""

    async def body():
        yield b"once"

    server = await scripted_server(UNAVAILABLE)
    assert await send(server.url, "PUT", retry=RetryMiddleware(), data=body()) == 503
    assert sleeps == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_could_not_be_made_is_tried_again(unused_tcp_port, sleeps, method):
    """Nothing was sent, so every method may; the last failure is raised."""
    with pytest.raises(httpkit.ClientConnectorError):
        await send(f"http://127.0.0.1:{unused_tcp_port}/", method, retry=RetryMiddleware(3))
    assert len(sleeps) == 2


@pytest.mark.parametrize(("method", "expected"), [("GET", 200), ("POST", None)])
async def test_a_lost_connection_is_tried_again_where_the_method_allows(scripted_server, sleeps, method, expected):
    """A server that hangs up may have done what it was asked for."""

    async def hang_up(reader, writer):
        pass

    server = await scripted_server(*[hang_up] * 2, OK) if expected else await scripted_server(hang_up)
    if expected:
        # Two of the three connections are the session's own silent retry.
        assert await send(server.url, method, retry=RetryMiddleware()) == expected
    else:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await send(server.url, method, retry=RetryMiddleware())
    assert len(sleeps) == (1 if expected else 0)


async def test_a_bad_certificate_stays_bad(nginx, certificates, sleeps):
    """No other try could end otherwise."""
    connector = httpkit.TCPConnector(ssl=certificates.client_context())
    async with ClientSession(connector=connector, middlewares=(RetryMiddleware(),)) as session:
        with pytest.raises(httpkit.ClientConnectorCertificateError):
            await session.get(f"{nginx.expired_url}/small.json")
    assert sleeps == []


async def test_the_budget_bounds_all_tries(scripted_server, sleeps):
    """No try begins after `budget` seconds."""
    server = await scripted_server(*[UNAVAILABLE] * 9)
    assert await send(server.url, retry=RetryMiddleware(9, backoff=8.0, budget=10.0, jitter=most)) == 503
    assert sleeps == [8.0]


async def test_no_wait_goes_beyond_the_total_time(scripted_server, sleeps):
    """A try that couldn't be sent any more is not waited for."""
    server = await scripted_server(UNAVAILABLE)
    options = {"timeout": httpkit.ClientTimeout(total=5)}
    assert await send(server.url, retry=RetryMiddleware(backoff=8.0, jitter=most), **options) == 503
    assert sleeps == []


async def test_the_total_time_is_not_retried(scripted_server, sleeps):
    """TimeoutError of the whole request is the caller's own limit."""
    server = await scripted_server()
    with pytest.raises(TimeoutError):
        await send(server.url, retry=RetryMiddleware(), timeout=httpkit.ClientTimeout(total=0.1))
    assert sleeps == []


async def test_a_dropped_answer_is_closed(scripted_server, sleeps):
    """One whose body never ends doesn't keep its connection."""
    endless = b"HTTP/1.1 503 x\r\nContent-Length: 100\r\n\r\nbegin"
    server = await scripted_server(endless, OK)
    assert await send(server.url, retry=RetryMiddleware()) == 200
    assert (server.connections, len(sleeps)) == (2, 1)
    await server.closed()


def test_at_least_one_try_is_made():
    """Zero attempts is a ValueError."""
    with pytest.raises(ValueError, match="at least 1, got 0"):
        RetryMiddleware(0)
