"""A `Feed`: a stream that runs on the loop thread and is read from any other, while a cell computes or after it.

Whoever waits does so in short steps, so that the stop button is heard; it ends the wait, not the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from httpkit_magics.grammar.stream import StreamPlan
from httpkit_magics.record.record import SentRequest
from httpkit_magics.record.tabular import frame_of_rows
from httpkit_magics.record.transcript import Message, Transcript
from httpkit_magics.run.channels import CLOSE_TIMEOUT, Channel, Events, Opening, Stop, WebSocket
from httpkit_magics.run.conditions import Condition, condition_of
from httpkit_magics.run.execute import Resources
from httpkit_magics.run.loop import Job, LoopThread
from httpkit_magics.run.settings import Settings

STEP: Final = 0.1
"""Seconds between two looks at whether somebody wants to stop."""

WAIT: Final = 30.0
"""Seconds that `wait` and `send` take at most, unless they are told otherwise."""


class StreamClosed(ConnectionError):
    """The stream has ended: nothing comes any more, nothing can be sent. A notebook shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class StreamTimeout(TimeoutError):
    """What was waited for did not come in time; the stream goes on. A notebook shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Feed:
    """A running stream, and what it said so far.

        for message in feed: ...            the received messages kept, then each as it comes, until the end
        async for message in feed: ...      the same
        feed.messages  feed.df()            what is kept: the last 10 000 messages or 16 MB
        feed.send({"op": "ping"})           a text, bytes, or anything that JSON can write
        feed.wait('jsonpath "$.type" == "pong"')
        feed.close()

    Attributes:
        transcript: the messages, counters and state.
    """

    def __init__(self, thread: LoopThread, resources: Resources, plan: StreamPlan, settings: Settings) -> None:
        request = plan.request
        self.transcript = Transcript(SentRequest(request.method, request.target), plan.kind.upper())
        self._plan = plan
        self._thread = thread
        self._heard = 0
        self._over = threading.Event()
        opening = Opening(resources, plan, settings, self.transcript)
        self._channel: Channel = (WebSocket if plan.kind == "ws" else Events)(opening, _last_of(plan, self.transcript))
        self._job: Job[None] = thread.submit(self._run())

    # -- what there is ------------------------------------------------------------------------------------------

    @property
    def messages(self) -> list[Message]:
        """The messages that are kept, sent ones too, the oldest first."""
        return self.transcript.messages

    @property
    def received(self) -> int:
        """How many messages came, those that are no longer kept too."""
        return self.transcript.received

    @property
    def sent(self) -> int:
        """How many messages were sent."""
        return self.transcript.sent

    @property
    def is_open(self) -> bool:
        """Whether there may be more messages."""
        return not self.transcript.has_ended

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the stream; None where it ended well, or goes on."""
        return self.transcript.error

    def df(self, *, raw: bool = False) -> Any:
        """Return a table: members of JSON messages as columns and when each came; with `raw`, messages as they are.

        Raises:
            ImportError: neither pandas nor polars is installed.
        """
        return frame_of_rows(self.transcript.rows(raw=raw))

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, place: int | slice) -> Any:
        """Return one of the kept messages, or some."""
        return self.messages[place]

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return repr(self.transcript)

    # -- reading ------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Message]:
        """Give the received messages that are kept, and then each as it comes, until the stream ends.

        Who is slower than the stream by more than what is kept misses what was dropped; `number` shows it.
        """
        number = 0
        while True:
            # Looked at first: a message may come between two looks, but none after the end.
            is_over = self.transcript.has_ended
            for message in self.transcript.after(number):
                number = message.number
                if message.direction == "in" and message.is_data:
                    yield message
            if is_over:
                return
            self.transcript.wait_for_more(number, STEP)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Give the same messages as a plain loop, on the loop of whoever asks."""
        number = 0
        with _woken(self.transcript) as wake:
            while True:
                is_over = self.transcript.has_ended
                wake.clear()
                for message in self.transcript.after(number):
                    number = message.number
                    if message.direction == "in" and message.is_data:
                        yield message
                if is_over:
                    return
                # ipykernel hears the stop button only when its loop wakes.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), STEP)

    def wait(self, condition: Condition = None, timeout: float = WAIT) -> Message:
        """Return the next received message that fits; the next call goes on after it.

        `condition` is a text as in `=== wait` (`jsonpath "$.type" == "done"`, `/pattern/`, or what is contained), a
        pattern, or a function of the message. None is any message. `timeout` is in seconds.

        Raises:
            StreamTimeout: none came in time.
            StreamClosed: the stream ended without one.
            LineError: the text can't be understood.
        """
        fits = condition_of(condition)
        deadline = time.monotonic() + timeout
        number = self._heard
        while True:
            is_over = self.transcript.has_ended
            for message in self.transcript.after(number):
                number = message.number
                if message.direction == "in" and fits(message):
                    self._heard = number
                    return message
            if is_over:
                raise StreamClosed(f"the stream is {self.transcript.said}, and no message fitted")
            left = deadline - time.monotonic()
            if left <= 0:
                raise StreamTimeout(f"no message fitted within {timeout:g} s (timeout)")
            self.transcript.wait_for_more(number, min(left, STEP))

    def wait_until_over(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the end; return whether it is there."""
        return self._over.wait(timeout)

    # -- writing ------------------------------------------------------------------------------------------------

    def send(self, data: Any, timeout: float = WAIT) -> None:
        """Send a text, bytes, or a value as JSON; wait `timeout` seconds at most until there is a connection, and it left.

        Raises:
            StreamClosed: there is no connection any more, or the stream takes no messages.
            StreamTimeout: it did not leave in time.
        """
        ready = data if isinstance(data, str | bytes) else json.dumps(data, ensure_ascii=False)
        deadline = time.monotonic() + timeout
        while self.transcript.state in {"connecting", "reconnecting"} and time.monotonic() < deadline:
            self._over.wait(STEP / 10)
        self.transcript.carry(ready)
        job = self._thread.submit(self._channel.send(ready))
        while True:
            try:
                return job.result(min(STEP, max(deadline - time.monotonic(), 0.001)))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    job.cancel()
                    raise StreamTimeout(f"the message did not leave within {timeout:g} s (timeout)") from None
            except ConnectionError as error:
                raise StreamClosed(str(error)) from None

    def close(self, code: int = 1000) -> None:
        """End the stream and wait for that; a WebSocket is closed with `code`. A second call changes nothing."""
        if self.transcript.has_ended:
            return
        self._channel.code = code
        self._job.cancel()
        # A peer that doesn't answer the close frame holds up nobody for longer than that.
        self._over.wait(CLOSE_TIMEOUT + 1)

    async def _run(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        ending = None
        if self._plan.seconds is not None and task is not None:
            ending = loop.call_later(self._plan.seconds, task.cancel)
        try:
            await self._channel.run()
        finally:
            if ending is not None:
                ending.cancel()
            self.transcript.note("ended")
            self._over.set()


def _last_of(plan: StreamPlan, transcript: Transcript) -> Stop:
    """Return what says whether a message is the last one that `plan` wants."""
    limit, until = plan.count, plan.until
    if limit is None and until is None:
        return None
    fits = condition_of(until) if until is not None else None

    def is_last(message: Message) -> bool:
        return (limit is not None and transcript.received >= limit) or (fits is not None and fits(message))

    return is_last


@contextlib.contextmanager
def _woken(transcript: Transcript) -> Iterator[asyncio.Event]:
    """Give an event of the running loop that is set whenever the transcript, filled by another thread, changes."""
    loop, wake = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        # A loop is woken once for many messages; one that was closed meanwhile needs no news.
        if not wake.is_set():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(wake.set)

    transcript.watch(tell)
    try:
        yield wake
    finally:
        transcript.unwatch(tell)
