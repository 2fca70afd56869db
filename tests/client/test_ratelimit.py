"""A limit on requests per second."""

import asyncio
import time

import pytest

from httpkit import ClientSession, ClientTimeout, RateLimitMiddleware, RetryMiddleware


async def get(session, url, **options):
    """Return the status."""
    async with session.get(url, **options) as response:
        await response.read()
        return response.status


async def test_a_burst_goes_out_and_the_rest_waits_in_turn(echo_server):
    """Three at once, and then one each 50 ms: the last of seven comes after 200 ms."""
    order = []

    async def one(session, number):
        await get(session, echo_server)
        order.append(number)

    async with ClientSession(middlewares=(RateLimitMiddleware(20, burst=3),)) as session:
        started = time.monotonic()
        await asyncio.gather(*(one(session, number) for number in range(7)))
        elapsed = time.monotonic() - started
    assert elapsed > 0.19
    assert order[3:] == [3, 4, 5, 6]


async def test_a_silence_earns_at_most_a_burst(echo_server):
    """Tokens don't pile up beyond the burst."""
    async with ClientSession(middlewares=(RateLimitMiddleware(50, burst=2),)) as session:
        await get(session, echo_server)
        await asyncio.sleep(0.2)
        started = time.monotonic()
        for _ in range(4):
            await get(session, echo_server)
    assert time.monotonic() - started > 0.035


async def test_each_origin_has_a_bucket_of_its_own(echo_server, nginx):
    """A slow rate for one doesn't hold another up."""
    # In one bucket the second would have to wait for an hour, and be refused.
    async with ClientSession(middlewares=(RateLimitMiddleware(1 / 3600),)) as session:
        assert [await get(session, url) for url in (echo_server, f"{nginx.url}/small.json")] == [200, 200]


async def test_the_demo_is_never_annoyed(demo_server):
    """Kept to its rate, /limited answers no 429."""
    url = f"{demo_server}/limited?limit=5&window=1&key=rate"
    async with ClientSession(middlewares=(RateLimitMiddleware(4, burst=1),)) as session:
        assert await asyncio.gather(*(get(session, url) for _ in range(8))) == [200] * 8


async def test_each_try_of_a_retry_counts(scripted_server):
    """Inside a retry, the limit holds the tries back."""
    unavailable = b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"
    server = await scripted_server(unavailable, unavailable, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    middlewares = (RetryMiddleware(backoff=0), RateLimitMiddleware(20))
    async with ClientSession(middlewares=middlewares) as session:
        started = time.monotonic()
        assert await get(session, server.url) == 200
    assert time.monotonic() - started > 0.09


async def test_who_could_not_wait_is_told_at_once(echo_server):
    """A turn that comes after the total time is a TimeoutError now, and takes no turn."""
    # Who waited first would hear of the total time, and a test that waits so long is ended.
    async with ClientSession(middlewares=(RateLimitMiddleware(1 / 3600),)) as session:
        await get(session, echo_server)
        with pytest.raises(TimeoutError, match="requests/s"):
            await get(session, echo_server, timeout=ClientTimeout(total=1000))


async def test_a_cancelled_turn_is_given_back(echo_server):
    """Who is cancelled while waiting leaves no gap behind."""
    limit = RateLimitMiddleware(2)
    async with ClientSession(middlewares=(limit,)) as session:
        await get(session, echo_server)
        tasks = [asyncio.ensure_future(get(session, echo_server)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Twenty turns take ten seconds: if they were lost, this would be refused.
        assert await get(session, echo_server, timeout=ClientTimeout(total=8)) == 200


async def test_the_number_of_buckets_is_bounded(echo_server):
    """Many origins, or keys, don't fill the memory."""
    limit = RateLimitMiddleware(1000, key=lambda request: request.url.path, max_origins=3)
    async with ClientSession(middlewares=(limit,)) as session:
        for number in range(10):
            await get(session, f"{echo_server}/{number}")
    assert len(limit._buckets) == 3


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_rate_and_burst_are_checked(rate, burst):
    """Nothing would ever go out."""
    with pytest.raises(ValueError, match="rate must be above 0"):
        RateLimitMiddleware(rate, burst=burst)
