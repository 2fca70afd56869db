"""`%curl` and `%%curl`: pasted command lines of curl, run in this shell as `%http` runs its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from IPython.core.error import UsageError

from httpkit_magics.grammar.curl import parse_curl
from httpkit_magics.grammar.line import parse_options
from httpkit_magics.grammar.place import CellError
from httpkit_magics.grammar.plan import LineError, Plan
from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import Secret

Run = Callable[[Plan], Record]
"""Sends a plan, shows its panel and returns the record."""

OURS: Final = ("name", "silent", "timeout", "show")
"""What the line of `%%curl` may set; everything else is said in the command, in curl's way."""


class CurlUsageError(UsageError):
    """A command of curl that can't be run; it shows the place instead of a traceback."""

    def __init__(self, error: CellError, *, is_cell: bool) -> None:
        self.error = error
        self._is_cell = is_cell
        super().__init__(VAULT.redactor.text(error.message))

    def _render_traceback_(self) -> list[str]:
        line, _, mark = VAULT.redactor.text(self.error.pointed()).partition("\n")
        # The line of the magic is the first of the cell.
        where = f"%%curl: line {self.error.row + 1}, column {self.error.column}" if self._is_cell else "%curl"
        return [f"{where}: {VAULT.redactor.text(self.error.message)}", f"    {line}", f"    {mark}"]


class Environment(Mapping[str, str]):
    """The variables of the process, as bash would fill them in; one that is named as a secret is masked from then on."""

    def __getitem__(self, name: str) -> str:
        value = os.environ[name]
        if value and is_telling(name):
            VAULT.learn(Secret(value, name))
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


def run_curl(line: str, cell: str | None, run: Run) -> Record:
    """Run the command of `line`, or with `cell` the commands of `cell` with our options of `line`.

    Returns the record of the last request; notes on what has no effect are printed first.

    Raises:
        LineError: the line of a cell has something that is no option of ours.
        CurlUsageError: a command can't be understood.
    """
    options = Plan("", "") if cell is None else _options(line)
    try:
        commands = parse_curl(line if cell is None else cell, Environment())
    except CellError as error:
        raise CurlUsageError(error, is_cell=cell is not None) from None
    *before, last = (_with_options(plan, options) for plan in commands.plans)
    if not last.silent:
        for note in commands.notes:
            print(note)  # noqa: T201 - a note is text
    for plan in before:
        run(plan)
    return run(replace(last, name=options.name))


def _options(line: str) -> Plan:
    """Return what the line of `%%curl` says.

    Raises:
        LineError: it says anything but `OURS`.
    """
    options = parse_options(line)
    if replace(options, **{name: getattr(Plan("", ""), name) for name in OURS}) != Plan("", ""):
        raise LineError(
            "the line of %%curl takes -o NAME, --timeout, -p, -q and ; only; the command below says the rest",
            line,
        )
    return options


def _with_options(plan: Plan, options: Plan) -> Plan:
    return replace(
        plan,
        silent=plan.silent or options.silent,
        timeout=options.timeout if plan.timeout is None else plan.timeout,
        show=options.show,
    )
