"""The magics' client: sessions on the loop thread, made by the first request and kept, so that connections are reused."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

from httpkit_magics.grammar.plan import Plan
from httpkit_magics.grammar.stream import StreamPlan
from httpkit_magics.record.record import Record
from httpkit_magics.run.execute import Resources, execute
from httpkit_magics.run.loop import CLOSE_TIMEOUT, Job, LoopThread
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.settings import Settings
from httpkit_magics.run.streams import Feed


@dataclass(frozen=True, slots=True)
class Sending:
    """A request on its way: `job` gives the Record, `progress` says how far it is."""

    job: Job[Record]
    progress: Underway


class Client:
    """Sends plans from any thread. `close` gives back everything; a later request starts anew."""

    def __init__(self) -> None:
        self._thread = LoopThread()
        self._resources = Resources()
        self._feeds: list[Feed] = []

    def send(self, plan: Plan, settings: Settings) -> Sending:
        """Start the request that `plan` asks for and return at once."""
        progress = Underway(plan.method, plan.target)
        return Sending(self._thread.submit(self._execute(plan, settings, progress)), progress)

    def listen(self, plan: StreamPlan, settings: Settings) -> Feed:
        """Open the stream that `plan` asks for and return at once."""
        feed = Feed(self._thread, self._resources, plan, settings)
        self._feeds = [*(each for each in self._feeds if each.is_open), feed]
        return feed

    def run(self, coroutine: Coroutine[Any, Any, None]) -> Job[None]:
        """Run something on the loop thread, beside the streams; `close` cancels it."""
        return self._thread.submit(coroutine)

    def close(self) -> None:
        """End the streams, close the sessions and their connections, and end the loop thread."""
        feeds, self._feeds = self._feeds, []
        for feed in feeds:
            feed.close()
        resources, self._resources = self._resources, Resources()
        if resources.sessions.are_open:
            with contextlib.suppress(TimeoutError, CancelledError):
                self._thread.submit(resources.sessions.close()).result(CLOSE_TIMEOUT)
        self._thread.close()

    async def _execute(self, plan: Plan, settings: Settings, progress: Underway) -> Record:
        return await execute(self._resources, plan, settings, progress)
