"""Requests that are made again."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cell_desk import answer

from httpkit_magics.record.record import Failure
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.retry import LONGEST_WAIT, is_worth_it, persist, wait_after


def failing(kind):
    """Return a record without a response."""
    return answer().replaced(status=None, failure=Failure(kind, "x", "x"))


async def tried(*records, retries):
    """Return the last record and how often was tried, with answers that allow no wait."""
    given = [record.replaced() for record in records]
    made = []

    async def attempt():
        made.append(given.pop(0))
        return made[-1]

    record = await persist(attempt, retries, Underway("GET", "h"))
    return record, len(made)


NOW = {"Retry_After": "0"}


@pytest.mark.parametrize(
    ("statuses", "retries", "expected"),
    [((503, 200), 3, (200, 2)), ((503, 503, 503), 2, (503, 3)), ((404,), 3, (404, 1)), ((429, 500, 201), 5, (201, 3))],
)
async def test_a_request_is_made_again_until_it_is_answered(statuses, retries, expected):
    """Statuses that say "later" are, others are not; the number of attempts is told."""
    record, count = await tried(*(answer(status=status, **NOW) for status in statuses), retries=retries)
    assert expected == (record.status, count)
    assert record.attempts == count


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (failing("refused"), True),
        (failing("timeout"), True),
        (failing("dns"), True),
        (failing("malformed"), True),
        (failing("tls"), False),
        (failing("url"), False),
        (failing("cancelled"), False),
        (answer(status=500), True),
        (answer(status=400), False),
        (answer(status=200), False),
    ],
)
def test_only_what_time_may_heal_is_tried_again(record, expected):
    """A bad certificate stays bad."""
    assert expected == is_worth_it(record)


def test_waits_double_and_vary_and_end():
    """Half a second, one, two ... less up to a half, thirty at most."""
    assert [wait_after(failing("dns"), n, lambda: 0.0) for n in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert wait_after(failing("dns"), 1, lambda: 1.0) == 0.25
    assert wait_after(failing("dns"), 20, lambda: 0.0) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("3", 3, 3),
        ("9999999", LONGEST_WAIT, LONGEST_WAIT),
        ("soon", 0.25, 0.5),
        ("-1", 0.25, 0.5),
    ],
)
def test_the_server_says_when(value, low, high):
    """Retry-After in seconds (RFC 9110 section 10.2.3), within bounds."""
    assert low <= wait_after(answer(status=503, Retry_After=value), 1) <= high


@pytest.mark.parametrize(("later", "low", "high"), [(20, 10, 20), (-86400, 0, 0)])
def test_the_server_says_when_by_a_date(later, low, high):
    """A date that has passed is no wait."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=later), usegmt=True)
    assert low <= wait_after(answer(status=503, Retry_After=date), 1) <= high


async def test_a_wait_can_be_cancelled():
    """The stop button gives the record of the attempt before, at once."""
    began = time.perf_counter()

    async def attempt():
        return answer(status=503, Retry_After="20")

    task = asyncio.create_task(persist(attempt, 3, Underway("GET", "h")))
    await asyncio.sleep(0.05)
    task.cancel()
    assert (await task).status == 503
    assert time.perf_counter() - began < 2
