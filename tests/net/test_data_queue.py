"""`DataQueue`: values for one reader, and their end."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

import httpkit


@pytest_asyncio.fixture
async def queue():
    """An empty queue."""
    return httpkit.DataQueue(asyncio.get_running_loop())


async def test_values_come_in_the_order_they_were_fed(queue):
    """What is there is read at once; what is not is waited for."""
    queue.feed_data("a", 1)
    assert await queue.read() == "a"
    reading = asyncio.create_task(queue.read())
    await asyncio.sleep(0)
    queue.feed_data("b")
    assert await reading == "b"


async def test_the_end_comes_after_what_is_left(queue):
    """At the end a reader gets the rest, and then EofStream; iteration stops there."""
    for value in "abc":
        queue.feed_data(value)
    queue.feed_eof()
    assert (len(queue), queue.is_eof(), queue.at_eof()) == (3, True, False)
    assert await queue.read() == "a"
    assert [value async for value in queue] == ["b", "c"]
    assert queue.at_eof()
    with pytest.raises(httpkit.EofStream):
        await queue.read()


async def test_a_failure_comes_after_what_is_left(queue):
    """Values are read before the exception that ended the queue; its cause is kept."""
    failure, cause = ValueError("bad"), OSError("worse")
    queue.feed_data("a")
    queue.set_exception(failure, cause)
    assert (queue.exception(), failure.__cause__) == (failure, cause)
    assert await queue.read() == "a"
    with pytest.raises(ValueError, match="bad"):
        await queue.read()


async def test_a_waiting_reader_is_told_of_a_failure(queue):
    """`set_exception` wakes who waits."""
    reading = asyncio.create_task(queue.read())
    await asyncio.sleep(0)
    queue.set_exception(ValueError("bad"))
    with pytest.raises(ValueError, match="bad"):
        await reading


async def test_there_is_one_reader(queue):
    """A second one is refused, and the first goes on."""
    reading = asyncio.create_task(queue.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already waiting"):
        await queue.read()
    queue.feed_data("a")
    assert await reading == "a"


async def test_a_cancelled_reader_loses_nothing(queue):
    """The next reader gets the value."""
    reading = asyncio.create_task(queue.read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    queue.feed_data("a")
    assert await queue.read() == "a"
