"""The magics' client: one session on the loop thread, made by the first request and kept, so that connections are reused."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpkit
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.record.record import Failure, Record, SentRequest
from httpkit_magics.run.execute import execute
from httpkit_magics.run.loop import CLOSE_TIMEOUT, Job, LoopThread
from httpkit_magics.run.progress import Underway, progress_trace
from httpkit_magics.run.retry import persist
from httpkit_magics.run.settings import Settings


@dataclass(frozen=True, slots=True)
class Sending:
    """A request on its way: `job` gives the Record, `progress` says how far it is."""

    job: Job[Record]
    progress: Underway


class Client:
    """Sends plans from any thread. `close` gives back everything; a later request starts anew."""

    def __init__(self) -> None:
        self._thread = LoopThread()
        self._session: httpkit.ClientSession | None = None
        self._trusted: dict[tuple[str, int], ssl.SSLContext] = {}

    def send(self, plan: Plan, settings: Settings) -> Sending:
        """Start the request that `plan` asks for and return at once."""
        progress = Underway(plan.method, plan.target)
        return Sending(self._thread.submit(self._execute(plan, settings, progress)), progress)

    def close(self) -> None:
        """Close the session and its connections, and end the loop thread."""
        if self._session is not None:
            try:
                self._thread.submit(self._close()).result(CLOSE_TIMEOUT)
            except (TimeoutError, CancelledError):
                self._session = None
        self._thread.close()

    async def _execute(self, plan: Plan, settings: Settings, progress: Underway) -> Record:
        try:
            verify = self._verify(settings.verify)
        except OSError as error:
            failure = Failure(
                "tls",
                "No certificates",
                f"HttpKit.verify names {str(settings.verify)!r}, which can't be used: {error.strerror or error}.",
                "Expected True, False or a file of PEM certificates.",
            )
            return Record(SentRequest(plan.method, plan.target), plan.target, failure=failure, error=error)
        if self._session is None:
            # Notebooks talk to servers by address all the time; their cookies are kept too.
            self._session = httpkit.ClientSession(
                cookie_jar=httpkit.CookieJar(unsafe=True), trace_configs=[progress_trace()]
            )
        session = self._session
        if plan.retries:
            return await persist(lambda: execute(session, plan, settings, progress, verify), plan.retries, progress)
        return await execute(session, plan, settings, progress, verify)

    def _verify(self, verify: bool | str) -> Any:
        """Return what the client takes as `ssl`.

        Raises:
            OSError: the file can't be read, or has no certificate in it (ssl.SSLError).
        """
        if isinstance(verify, bool):
            return verify
        path = Path(verify).expanduser()
        key = (str(path), path.stat().st_mtime_ns)
        if key not in self._trusted:
            self._trusted[key] = ssl.create_default_context(cafile=key[0])
        return self._trusted[key]

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        # Transports report that they are closed in the loop's next turn.
        await asyncio.sleep(0)
