"""One event loop in a thread of its own, where everything that the magics send runs.

A cell that waits here can be stopped at once, and streams go on while a cell computes. Whoever waits does so on a
`concurrent.futures.Future`, in short steps, so that the stop button is heard on every platform.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

CLOSE_TIMEOUT = 2.0
"""Seconds that closing waits for the thread; it is a daemon, so nothing hangs after that."""


class Job(Generic[T]):
    """A coroutine that runs on the loop thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None
        self._future: concurrent.futures.Future[T] = concurrent.futures.Future()
        loop.call_soon_threadsafe(self._start)

    def result(self, timeout: float | None = None) -> T:
        """Wait at most `timeout` seconds for the coroutine's result and return it.

        Raises:
            TimeoutError: it isn't there yet.
            CancelledError: the job was cancelled and let it happen.
            BaseException: what the coroutine raised.
        """
        return self._future.result(timeout)

    def is_done(self) -> bool:
        """Return whether `result` has something to give at once."""
        return self._future.done()

    def signal(self) -> asyncio.Future[None]:
        """Return a future of the loop that is running here, which is done as soon as the job is."""
        loop = asyncio.get_running_loop()
        signal = loop.create_future()

        def give() -> None:
            if not signal.done():
                signal.set_result(None)

        def tell(_future: concurrent.futures.Future[T]) -> None:
            # The loop that waited may be closed by then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(give)

        self._future.add_done_callback(tell)
        return signal

    def cancel(self) -> None:
        """Ask the coroutine to stop; `result` then returns what it makes of that."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(self._done)

    def _cancel(self) -> None:
        # _start came first: callbacks run in the order they were handed over.
        if self._task is not None:
            self._task.cancel()

    def _done(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._future.cancel()
            self._future.set_running_or_notify_cancel()
        elif (error := task.exception()) is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(task.result())


class LoopThread:
    """The loop and its thread, started by the first job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Job[T]:
        """Run `coroutine` on the loop thread."""
        return Job(self._started(), coroutine)

    def close(self) -> None:
        """Cancel what still runs, stop the loop and end the thread. A later job starts a new one."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSE_TIMEOUT)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(loop,), name="httpkit", daemon=True)
                self._thread.start()
                # Last, so that an interrupt meanwhile leaves no loop that nobody runs.
                self._loop = loop
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run `loop` until it is stopped, then end its tasks and close it."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
