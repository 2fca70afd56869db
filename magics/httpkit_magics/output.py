"""A Record in IPython: one output that changes while its request runs, and shows the same record only once a cell.

A notebook gets a MIME bundle under one display id; a terminal gets text, printed once.
"""

from __future__ import annotations

import asyncio
import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any

from IPython.terminal.interactiveshell import TerminalInteractiveShell

from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.render.display import Look, mimebundle, shown_line, terminal
from httpkit_magics.run.client import Sending
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.streams import Feed

STEP = 0.1
"""Seconds between two looks at a running request, so at most 10 updates a second."""


class Outputs:
    """Shows records in one shell, and knows which of them stand in the current cell already."""

    def __init__(self, shell: Any, look: Callable[[], Look] = Look) -> None:
        self._shell = shell
        self.look = look
        self._show_traceback: Any = None
        self._shown: weakref.ref[Record | Feed] | None = None
        self.in_terminal = isinstance(shell, TerminalInteractiveShell)

    def register(self) -> None:
        """Show a record or a feed as its panel wherever the shell displays one."""
        formatter = self._shell.display_formatter
        for kind in (Record, Feed):
            formatter.mimebundle_formatter.for_type(kind, self._bundle)
            formatter.ipython_display_formatter.for_type(kind, self._hide)
        self._shell.events.register("pre_run_cell", self._forget)
        # The one place that every traceback of a cell goes through; IPython has no hook there.
        self._show_traceback = self._shell._showtraceback  # noqa: SLF001
        self._shell._showtraceback = self._masked_traceback  # noqa: SLF001

    def unregister(self) -> None:
        """Undo `register`."""
        formatter = self._shell.display_formatter
        for kind in (Record, Feed):
            formatter.mimebundle_formatter.pop(kind, None)
            formatter.ipython_display_formatter.pop(kind, None)
        self._shell.events.unregister("pre_run_cell", self._forget)
        self._shell._showtraceback = self._show_traceback  # noqa: SLF001 - as in register()

    def _masked_traceback(self, kind: type[BaseException], error: Any, lines: list[str]) -> None:
        """Show a traceback without the secrets that its source lines, variables and message may hold."""
        *frames, message = map(str, lines) if lines else [""]
        masked = [*map(VAULT.wary.text, frames), VAULT.wary.url(message)]
        said = VAULT.wary.url(str(error))
        # The frontend is given str() of the error as well.
        self._show_traceback(kind, error if said == str(error) else said, masked)

    def mark_shown(self, record: Record | Feed) -> None:
        """Note that `record` needs no output when the cell ends with it."""
        self._shown = weakref.ref(record)

    def _forget(self, _info: Any) -> None:
        self._shown = None

    def _was_shown(self, record: Record | Feed) -> bool:
        """Return whether `record` is displayed because a cell ended with it, and its panel stands in that cell."""
        hook = self._shell.displayhook
        # ipykernel's hook has a message in hand while it runs, IPython's says so.
        running = hook.is_active or getattr(hook, "msg", None) is not None
        return running and self._shown is not None and self._shown() is record

    def _hide(self, record: Record | Feed) -> None:
        """Show nothing for a record that the cell shows already.

        Raises:
            NotImplementedError: the other formatters are to show it; IPython takes this for an answer.
        """
        if self.in_terminal or not self._was_shown(record):
            raise NotImplementedError

    def _bundle(self, record: Record | Feed, **_formats: Any) -> dict[str, str]:
        shown = record.transcript if isinstance(record, Feed) else record
        if not self.in_terminal:
            return mimebundle(shown, look=self.look())
        return {"text/plain": repr(record) if self._was_shown(record) else terminal(shown, look=self.look())}


class Output:
    """The output of one request."""

    def __init__(self, shell: Any, outputs: Outputs, *, silent: bool) -> None:
        self._shell = shell
        self._outputs = outputs
        self._silent = silent
        self._display_id: str | None = None
        self._last: dict[str, str] = {}
        self._printed = 0
        self._line = b""

    def wait(self, sending: Sending) -> Record:
        """Return the record of `sending`, showing how far it is until then."""
        began = time.perf_counter()
        while True:
            try:
                return sending.job.result(STEP)
            except TimeoutError:
                if sending.job.is_done():
                    raise
            self._show_progress(sending, began)

    async def follow(self, sending: Sending) -> Record:
        """Return the record of `sending` as `wait` does, and let the loop that is running go on meanwhile."""
        began = time.perf_counter()
        done = sending.job.signal()
        while not (await asyncio.wait({done}, timeout=STEP))[0]:
            self._show_progress(sending, began)
        return sending.job.result()

    def _show_progress(self, sending: Sending, began: float) -> None:
        if self._silent:
            return
        if self._outputs.in_terminal:
            self._print_arrived(sending.progress)
        else:
            self._publish(mimebundle(sending.progress.at(time.perf_counter() - began)))

    def _print_arrived(self, progress: Underway) -> None:
        """Print the lines of a streamed body that are whole by now; the panel at the end has the rest."""
        arrived, self._printed = progress.after(self._printed)
        *whole, self._line = (self._line + arrived).split(b"\n")
        for line in whole:
            print(shown_line(line.decode("utf-8", "replace")))  # noqa: T201 - a terminal is printed to

    def finish(self, record: Record) -> None:
        """Show the final state."""
        self._outputs.mark_shown(record)
        if self._silent:
            return
        if self._outputs.in_terminal:
            print(terminal(record, look=self._outputs.look()))  # noqa: T201 - a terminal is printed to
        else:
            self._publish(mimebundle(record, look=self._outputs.look()))

    def _publish(self, bundle: dict[str, str]) -> None:
        if bundle == self._last:
            return
        update = self._display_id is not None
        self._display_id = self._display_id or f"httpkit-{uuid.uuid4().hex}"
        self._last = bundle
        self._shell.display_pub.publish(bundle, transient={"display_id": self._display_id}, update=update)
