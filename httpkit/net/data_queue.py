"""A queue of values with one reader and an end: what code written for aiohttp feeds messages through."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from httpkit.net.body import EofStream

T = TypeVar("T")


class DataQueue(Generic[T]):
    """Values in the order they were fed. `async for value in queue` ends where the queue does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._values: deque[T] = deque()
        self._is_over = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._values)

    def is_eof(self) -> bool:
        """Return whether nothing will be fed any more."""
        return self._is_over

    def at_eof(self) -> bool:
        """Return whether everything was read, too."""
        return self._is_over and not self._values

    def exception(self) -> BaseException | None:
        """Return what ended the queue, or None."""
        return self._exception

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End the queue: who reads gets what is left, and then `exc`."""
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        self._exception = exc
        self.feed_eof()

    def feed_data(self, data: T, size: int = 0) -> None:
        """Append `data`; `size` has no meaning and is kept for code written for aiohttp."""
        del size
        self._values.append(data)
        self._wake()

    def feed_eof(self) -> None:
        """End the queue."""
        self._is_over = True
        self._wake()

    async def read(self) -> T:
        """Return the next value.

        Raises:
            EofStream: there are no more.
            RuntimeError: another task is reading.
        """
        if not self._values and not self._is_over:
            if self._waiter is not None:
                raise RuntimeError("read() called while another coroutine is already waiting for incoming data")
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._values:
            return self._values.popleft()
        raise self._exception or EofStream

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                value = await self.read()
            except EofStream:
                return
            yield value

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
