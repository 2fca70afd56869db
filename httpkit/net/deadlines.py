"""Timeouts without a timer per request.

A request that ends in time, as nearly all do, should not pay for a heap push and a cancelled handle. So limits beyond
a few seconds sit in buckets of one second, swept by one timer; only shorter ones get a timer of their own.
"""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Protocol


class Expiring(Protocol):
    """What a deadline ends."""

    def expire(self) -> None:
        """End the wait: the time is over."""


class Deadlines:
    """The deadlines of one event loop, in seconds of its clock."""

    __slots__ = ("_buckets", "_loop", "_sweep")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buckets: dict[int, set[Expiring]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def bucket(self, when: float) -> set[Expiring]:
        """Return the bucket that expires at the first whole second not before `when`.

        Whatever is in it then is expired. Add to it to set a deadline, discard from it to lift the deadline.
        """
        second = ceil(when)
        bucket = self._buckets.get(second)
        if bucket is None:
            bucket = self._buckets[second] = set()
            if self._sweep is None or second < self._sweep.when():
                self._schedule()
        return bucket

    def close(self) -> None:
        """Forget every deadline and the timer."""
        self._buckets.clear()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _schedule(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = self._loop.call_at(min(self._buckets), self._expire_due) if self._buckets else None

    def _expire_due(self) -> None:
        # The loop may wake a clock tick early.
        now = self._loop.time() + 0.01
        due = [second for second in self._buckets if second <= now]
        for second in due:
            for expiring in tuple(self._buckets.pop(second)):
                expiring.expire()
        self._sweep = None
        self._schedule()
