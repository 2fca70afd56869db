"""The loop thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading

import pytest

from httpkit_magics.run.loop import LoopThread


@pytest.fixture
def loop_thread():
    """Return a loop thread that is closed after the test."""
    thread = LoopThread()
    yield thread
    thread.close()


async def name():
    """Return the name of the thread that runs this."""
    return threading.current_thread().name


def test_a_job_runs_in_the_loop_thread(loop_thread):
    """Whoever waits is another thread, and all jobs share one."""
    assert [loop_thread.submit(name()).result(5) for _ in range(2)] == ["httpkit", "httpkit"]


def test_a_job_raises_what_its_coroutine_raised(loop_thread):
    """The exception comes to whoever waits."""

    async def fail():
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        loop_thread.submit(fail()).result(5)


def test_a_job_that_is_not_done_times_out_and_goes_on(loop_thread):
    """Waiting ends, the job doesn't."""
    done = threading.Event()

    async def wait():
        await asyncio.to_thread(done.wait, 5)
        return "done"

    job = loop_thread.submit(wait())
    with pytest.raises(TimeoutError):
        job.result(0.01)
    assert not job.is_done()
    done.set()
    assert job.result(5) == "done"
    assert job.is_done()


def test_a_cancelled_job_can_say_what_it_makes_of_that(loop_thread):
    """The coroutine sees the cancellation, and its result is the job's; a job cancelled before it starts has none."""

    async def patient():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "was cancelled"

    async def impatient():
        await asyncio.sleep(30)

    jobs = [loop_thread.submit(patient()), loop_thread.submit(impatient())]
    loop_thread.submit(asyncio.sleep(0)).result(5)
    for job in jobs:
        job.cancel()
    assert jobs[0].result(5) == "was cancelled"
    with pytest.raises(concurrent.futures.CancelledError):
        jobs[1].result(5)


def test_closing_cancels_what_runs_and_ends_the_thread(loop_thread):
    """Nothing is left behind, and a later job starts a new thread."""
    job = loop_thread.submit(asyncio.sleep(30))
    loop_thread.close()
    with pytest.raises(concurrent.futures.CancelledError):
        job.result(5)
    assert "httpkit" not in [thread.name for thread in threading.enumerate()]
    assert loop_thread.submit(name()).result(5) == "httpkit"


def test_closing_twice_or_before_the_first_job_does_nothing():
    """Closing is for whoever unloads, however far it came."""
    thread = LoopThread()
    thread.close()
    thread.close()
    assert "httpkit" not in [each.name for each in threading.enumerate()]
