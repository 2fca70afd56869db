"""`http`: what the magics do, as Python calls; in a notebook with the same panels, in a plain script without any.

from httpkit_magics import http
r = http.get("https://example.org/items", params={"page": 2})
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import sys
from collections.abc import Iterable
from typing import Final, Protocol, Unpack

from httpkit_magics.grammar.plan import Plan
from httpkit_magics.record.difference import IGNORED, Difference, compare_runs
from httpkit_magics.record.history import HISTORY, History
from httpkit_magics.record.record import Record
from httpkit_magics.run.call import Options, call_plan
from httpkit_magics.run.client import Client, Sending
from httpkit_magics.run.settings import Settings

STEP: Final = 0.1
"""Seconds between two looks at a running request: on Windows a waiting thread hears no Ctrl-C."""
CANCEL_TIMEOUT: Final = 2.0
"""Seconds that a cancelled request may take to end."""


class Host(Protocol):
    """Who sends plans: the magics of a shell, or a script's own client."""

    def run(self, plan: Plan) -> Record:
        """Send `plan` and return its record."""

    async def arun(self, plan: Plan) -> Record:
        """Send `plan` and return its record, and let the running loop go on meanwhile."""


class Http:
    """Requests as Python calls, each giving a Record: `http.get(url, params=..., headers=..., json=..., data=..., ...)`.

    `run.call.Options` says what a call may say. In IPython the magics send them, so that cookies, connections,
    configuration and history are shared; in a plain script the defaults of the configuration count, nothing is printed,
    and a relative URL needs a host. A 4xx is a Record as well, and so is a failure: `r.ok`, `r.failure`.

    Every method has a twin for `await`: `aget`, `apost` and so on. The work is done on the loop thread all the same, and
    cancelling the awaiting task cancels the request.
    """

    def __init__(self) -> None:
        self._script: Script | None = None

    def request(self, method: str, url: str, **options: Unpack[Options]) -> Record:
        """Make a request and return its Record.

        Raises:
            TypeError: an option is unknown or of the wrong kind.
            ValueError: options contradict each other.
            RecordError: in a notebook, where the configuration says that a status of 400 and more is an error.
            KeyboardInterrupt: the request was interrupted, and cancelled.
        """
        return self._host().run(call_plan(method, url, options))

    async def arequest(self, method: str, url: str, **options: Unpack[Options]) -> Record:
        """Make a request as `request` does, while the loop that is running here goes on."""
        return await self._host().arun(call_plan(method, url, options))

    def get(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a GET request."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a POST request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a PUT request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a PATCH request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a DELETE request."""
        return self.request("DELETE", url, **options)

    def head(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a HEAD request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[Options]) -> Record:
        """Make an OPTIONS request."""
        return self.request("OPTIONS", url, **options)

    async def aget(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a GET request."""
        return await self.arequest("GET", url, **options)

    async def apost(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a POST request."""
        return await self.arequest("POST", url, **options)

    async def aput(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a PUT request."""
        return await self.arequest("PUT", url, **options)

    async def apatch(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a PATCH request."""
        return await self.arequest("PATCH", url, **options)

    async def adelete(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a DELETE request."""
        return await self.arequest("DELETE", url, **options)

    async def ahead(self, url: str, **options: Unpack[Options]) -> Record:
        """Make a HEAD request."""
        return await self.arequest("HEAD", url, **options)

    async def aoptions(self, url: str, **options: Unpack[Options]) -> Record:
        """Make an OPTIONS request."""
        return await self.arequest("OPTIONS", url, **options)

    @property
    def history(self) -> History:
        """All that was asked in this process, by the magics too."""
        return HISTORY

    @property
    def last(self) -> Record | None:
        """The last Record; None before the first request."""
        return HISTORY.last

    def diff(
        self, before: Record | None = None, after: Record | None = None, *, ignore: Iterable[str] = IGNORED
    ) -> Difference:
        """Return what differs between two records; of one, or of the last, from the run of its cell or request before it.

        Header fields named in `ignore` are not compared: those that change with every response, unless others are given.

        Raises:
            LookupError: the history has nothing to compare with.
        """
        return compare_runs(HISTORY, before, after, ignore=ignore)

    def close(self) -> None:
        """Close the connections of a script and end its loop thread, as the end of the interpreter does.

        A later request starts anew. In IPython the magics own them, and this does nothing.
        """
        script, self._script = self._script, None
        if script is not None:
            script.close()

    def _host(self) -> Host:
        """Return who sends: the magics of the shell that this runs in, loaded if they aren't yet, or a client of its own."""
        # Who runs in IPython has imported it.
        ipython = sys.modules.get("IPython")
        shell = None if ipython is None else ipython.get_ipython()
        if shell is not None:
            from httpkit_magics.extension import load  # noqa: PLC0415 - a script needs no IPython

            return load(shell)
        self._script = self._script or Script()
        return self._script


class Script:
    """Sends the requests of a script: one client, closed when the interpreter ends."""

    def __init__(self) -> None:
        self._client = Client()
        atexit.register(self._client.close)

    def close(self) -> None:
        """Close the client."""
        atexit.unregister(self._client.close)
        self._client.close()

    def run(self, plan: Plan) -> Record:
        """Send `plan` and return its record.

        Raises:
            KeyboardInterrupt: it was interrupted; the request is cancelled then.
        """
        sending = self._client.send(plan, Settings())
        while True:
            try:
                return _noted(sending.job.result(STEP))
            except TimeoutError:
                if sending.job.is_done():
                    raise
            except KeyboardInterrupt:
                _cancel(sending)
                raise

    async def arun(self, plan: Plan) -> Record:
        """Send `plan` and return its record, and let the running loop go on meanwhile.

        Raises:
            CancelledError: the awaiting task was cancelled; the request is then too.
        """
        sending = self._client.send(plan, Settings())
        try:
            await sending.job.signal()
        except asyncio.CancelledError:
            _cancel(sending)
            raise
        return _noted(sending.job.result())


def _cancel(sending: Sending) -> None:
    sending.job.cancel()
    with contextlib.suppress(TimeoutError):
        _noted(sending.job.result(CANCEL_TIMEOUT))


def _noted(record: Record) -> Record:
    record.stored = HISTORY.stored(record)
    HISTORY.add(record)
    return record


http: Final = Http()
"""The one of this process."""
