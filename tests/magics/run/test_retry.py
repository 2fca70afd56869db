"""Requests that are made again, against a server that gives what it is told to."""

from __future__ import annotations

import asyncio

import pytest
from servers.threaded import response, serving

from httpkit_magics.grammar.plan import Plan
from httpkit_magics.run.execute import Resources, execute
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.retry import retrying
from httpkit_magics.run.settings import Settings

BUSY = response(b"", status="503 Service Unavailable", Retry_After="0")
SOON = response(b"", status="503 Service Unavailable", Retry_After="20")


async def made(plan, timeout=5):
    """Return the record of `plan`."""
    resources = Resources()
    try:
        return await execute(resources, plan, Settings(timeout=timeout), Underway(plan.method, plan.target))
    finally:
        await resources.sessions.close()


@pytest.mark.parametrize(
    ("method", "answer", "retries", "status", "attempts"),
    [
        ("GET", BUSY, 2, 503, 3),
        ("POST", BUSY, 1, 503, 2),
        ("GET", response(b"ok"), 3, 200, 1),
        ("GET", response(b"", status="404 Not Found"), 3, 404, 1),
        ("GET", BUSY, 0, 503, 1),
    ],
)
async def test_a_request_is_made_again_while_the_server_says_later(method, answer, retries, status, attempts):
    """Whatever its method, as somebody asked for it; the record says how often."""
    with serving({"/": answer}) as server:
        record = await made(Plan(method, f"{server.url}/", retries=retries))
    assert (record.status, record.attempts) == (status, attempts)
    assert len(server.requests) == attempts


async def test_a_wait_can_be_cancelled():
    """The stop button is heard between two attempts, too."""
    with serving({"/": SOON}) as server:
        task = asyncio.create_task(made(Plan("GET", f"{server.url}/", retries=3), timeout=60))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if server.requests:
                break
        await asyncio.sleep(0.05)
        task.cancel()
        record = await asyncio.wait_for(task, 1)
    assert (record.failure.kind, record.attempts) == ("cancelled", 1)


def test_a_plan_that_says_nothing_pays_nothing():
    """No middleware, so no call for any request."""
    assert retrying(Plan("GET", "h"), Underway("GET", "h")) == ()
