"""Waiting for a request and showing it, as a shell without a terminal does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher

from httpkit_magics.output import Output, Outputs
from httpkit_magics.record.record import Record, SentRequest
from httpkit_magics.run.client import Sending
from httpkit_magics.run.loop import LoopThread
from httpkit_magics.run.progress import Underway

RECORD = Record(SentRequest("GET", "http://h/"), "http://h/", status=200, reason="OK")


@pytest.fixture
def waited():
    """Return a function that waits for a coroutine as a magic does, and gives what was published."""
    thread = LoopThread()
    shell = SimpleNamespace(display_pub=CapturingDisplayPublisher())

    def wait(coroutine, silent=False):
        output = Output(shell, Outputs(shell), silent=silent)
        underway = Underway("GET", "http://h/")
        record = output.wait(Sending(thread.submit(coroutine), underway))
        output.finish(record)
        return shell.display_pub.outputs

    yield wait
    thread.close()


async def answer(seconds):
    """Return a record after some seconds."""
    await asyncio.sleep(seconds)
    return RECORD


def test_a_fast_answer_is_published_once(waited):
    """No progress is shown for what is there at once."""
    (published,) = waited(answer(0))
    assert not published["update"]
    assert "200 OK" in published["data"]["text/plain"]


def test_a_slow_answer_is_updated_in_its_place(waited):
    """The first output has an id, the others update it, and the record comes last."""
    first, *others = waited(answer(0.35))
    assert 2 <= len(others) <= 4
    assert {first["transient"]["display_id"]} == {each["transient"]["display_id"] for each in others}
    assert [False] + [True] * len(others) == [each["update"] for each in (first, *others)]
    assert "queued" in first["data"]["text/plain"]
    assert "200 OK" in others[-1]["data"]["text/plain"]


def test_silence_publishes_nothing(waited):
    """Neither progress nor the panel."""
    assert waited(answer(0.15), silent=True) == []


def test_a_timeout_of_the_job_itself_is_raised(waited):
    """It must not be taken for a job that needs more time."""

    async def fail():
        raise TimeoutError("a fault")

    with pytest.raises(TimeoutError, match="a fault"):
        waited(fail())
