"""`%httpkit history` and `%httpkit diff`, and how what one shell asked gets into the history."""

from __future__ import annotations

import hashlib
from typing import Any

from IPython.core.error import UsageError

from httpkit_magics.output import Outputs
from httpkit_magics.record.difference import Difference, compare_runs
from httpkit_magics.record.history import HISTORY, History
from httpkit_magics.record.record import Record
from httpkit_magics.render.display import drawn, drawn_in_terminal, past_panel


class Past:
    """The history of one shell: the records of its cells, their list and their differences."""

    def __init__(self, shell: Any, outputs: Outputs) -> None:
        self._shell = shell
        self._outputs = outputs
        self._cell_id = ""

    def register(self) -> None:
        """Know the cell that runs, and show a history and a difference as their panels."""
        self._shell.events.register("pre_run_cell", self._enter)
        for kind in (History, Difference):
            self._shell.display_formatter.mimebundle_formatter.for_type(kind, self._bundle)

    def unregister(self) -> None:
        """Undo `register`."""
        self._shell.events.unregister("pre_run_cell", self._enter)
        for kind in (History, Difference):
            self._shell.display_formatter.mimebundle_formatter.pop(kind, None)

    def add(self, record: Record) -> None:
        """Take `record` into the history, with its cell and, after a 304, the body that is still good."""
        record.cell, record.cell_id = self._number(), self._cell_id
        record.stored = HISTORY.stored(record)
        HISTORY.add(record)

    def history(self, text: str) -> None:
        """Show the records that `text` stands in, or all."""
        self._show(past_panel(HISTORY, text))

    def diff(self, words: list[str]) -> None:
        """Show what differs between two records, by their names or their numbers in the history.

        Raises:
            UsageError: there are no such records, or no earlier run to compare with.
        """
        if len(words) > 2:
            raise UsageError("%httpkit diff: expected two records, one, or none for the last run and the one before it")
        records = [self._found(word) for word in words]
        try:
            self._show(compare_runs(HISTORY, *records))
        except LookupError as error:
            raise UsageError(f"%httpkit diff: {error.args[0]}") from None

    def _enter(self, info: Any) -> None:
        # A terminal's lines have no id, and a line that is typed again is the same cell.
        self._cell_id = info.cell_id or hashlib.sha256((info.raw_cell or "").encode("utf-8", "replace")).hexdigest()

    def _number(self) -> int | None:
        """Return the number of the cell that runs; None where none does, as in a thread that goes on after it."""
        # The shell's own count is that of the next cell in IPython 9.18 already.
        result = getattr(self._shell.displayhook, "exec_result", None)
        return None if result is None else result.execution_count

    def _found(self, word: str) -> Record:
        try:
            found = HISTORY[int(word)]
        except IndexError:
            raise UsageError(f"%httpkit diff: the history has no record {word}; %httpkit history lists them") from None
        except ValueError:
            found = self._shell.user_ns.get(word)
        if not isinstance(found, Record):
            raise UsageError(f"%httpkit diff: {word!r} is no Record; expected a name or a number of %httpkit history")
        return found

    def _show(self, shown: Any) -> None:
        if self._outputs.in_terminal:
            print(drawn_in_terminal(shown))  # noqa: T201 - a terminal is printed to
        else:
            self._shell.display_pub.publish(drawn(shown))

    def _bundle(self, shown: Any, **_formats: Any) -> dict[str, str]:
        return {"text/plain": drawn_in_terminal(shown)} if self._outputs.in_terminal else drawn(shown)
