"""`# @retry n`: a request again, where it got no response or one that says "later"."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from httpkit_magics.record.record import Record
from httpkit_magics.record.units import duration
from httpkit_magics.run.progress import Underway

AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Statuses after which the same request may get another answer."""

NO_USE = frozenset(("url", "tls", "cancelled", "redirects", "other"))
"""Kinds of failure that time doesn't heal."""

FIRST_WAIT = 0.5
"""Seconds before the second attempt; each further wait is twice as long."""

LONGEST_WAIT = 30.0
"""Seconds between two attempts, whatever the server says in Retry-After."""


async def persist(attempt: Callable[[], Awaitable[Record]], retries: int, progress: Underway) -> Record:
    """Return the record of the last attempt; there are `retries` more after the first at most.

    A request that is cancelled while it waits gives the record of the attempt before.
    """
    number = 1
    while True:
        record = await attempt()
        record.attempts = number
        if number > retries or not is_worth_it(record):
            return record
        seconds = wait_after(record, number)
        progress.stage = f"attempt {number + 1} in {duration(seconds)}"
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            return record
        progress.received, progress.expected, progress.stage = 0, None, "queued"
        number += 1


def is_worth_it(record: Record) -> bool:
    """Return whether another attempt may end otherwise."""
    if record.failure is not None:
        return record.failure.kind not in NO_USE
    return record.status in AGAIN


def wait_after(record: Record, number: int, chance: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after attempt `number`: what Retry-After says, else doubling, less up to a half."""
    asked = _retry_after(record.headers.get("Retry-After") or "")
    if asked is not None:
        return min(asked, LONGEST_WAIT)
    doubled: float = FIRST_WAIT * 2.0 ** (number - 1)
    return min(doubled, LONGEST_WAIT) * (1 - chance() / 2)


def _retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After field says (RFC 9110 section 10.2.3)."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
