"""`%%http` and `%httpkit env`: a cell of requests, run in this shell, and the environment that fills it."""

from __future__ import annotations

import dataclasses
import getpass
import random
from collections import ChainMap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from IPython.core.error import StdinNotImplementedError, UsageError

from httpkit_magics.config import HttpKit
from httpkit_magics.grammar.cell import line_cell, parse_cell
from httpkit_magics.grammar.line import parse_options, placeholders_end
from httpkit_magics.grammar.place import CellError, PlaceError
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.grammar.script import Say, Take
from httpkit_magics.grammar.script import Step as ScriptStep
from httpkit_magics.grammar.stream import Kind, StreamPlan, parse_stream
from httpkit_magics.grammar.template import Place, fill, placeholders
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.values import UsedValue
from httpkit_magics.record.visible import visible_line
from httpkit_magics.run.chain import Memory, NoInput, Step, line_scope, run_cell
from httpkit_magics.run.environment import PUBLIC, Environments, EnvironmentsError, read_environments
from httpkit_magics.run.scope import Notebook
from httpkit_magics.run.secret_sources import learnt

Run = Callable[[Plan, tuple[UsedValue, ...]], Record]
"""Sends a plan, shows its panel with these values and returns the record."""

LONGEST = 100
"""Characters of a value in the list of an environment."""


class CellUsageError(UsageError):
    """A `%%http` cell that can't be run; it shows the place instead of a traceback."""

    def __init__(self, error: CellError, cell: str) -> None:
        self.error = error
        self._is_elsewhere = error.text != cell
        super().__init__(VAULT.redactor.text(error.message))

    def _render_traceback_(self) -> list[str]:
        # The line of the magic is the first of the cell.
        place = f"line {self.error.row + 1}, column {self.error.column}"
        where = f"{place} of the cell it comes from" if self._is_elsewhere else place
        line, _, mark = VAULT.redactor.text(self.error.pointed()).partition("\n")
        message = VAULT.redactor.text(self.error.message)
        return [f"%%http: {where}: {message}", f"    {line}", f"    {mark}"]


class Cells:
    """The `%%http` cells of one shell: what they named and captured, and the environment they are filled from."""

    def __init__(self, shell: Any, settings: HttpKit, run: Run) -> None:
        self._shell = shell
        self._settings = settings
        self._run = run
        self._memory = Memory()
        self._chance = random.SystemRandom()

    def http(self, line: str, text: str) -> Record | None:
        """Run the requests of a cell with the options of its line, and return the record of the last one.

        Raises:
            LineError: the line has something that is no option.
            CellUsageError: the cell can't be understood, or a value is missing.
        """
        try:
            cell = parse_cell(text)
            notebook = self._notebook()
            options = parse_options(line, line_scope(notebook, self._memory, cell))
            for start, hint in cell.hints:
                print(f"line {cell.line_of(start)}: {hint}")  # noqa: T201 - a hint is text
            return run_cell(cell, options, notebook, self._memory, self)
        except CellError as error:
            raise CellUsageError(error, text.replace("\r\n", "\n")) from None

    def line(self, line: str, names: Mapping[str, Any]) -> Record | None:
        """Run a line that has placeholders, after the requests that it refers to; `names` are those around it.

        Raises:
            LineError: the line can't be understood, or a value is missing.
            CellUsageError: the same of a cell that the line refers to.
        """
        end, silent = placeholders_end(line)
        cell = line_cell(line, end)
        notebook = self._notebook()
        notebook = dataclasses.replace(notebook, names=ChainMap(dict(names), self._shell.user_ns))
        try:
            return run_cell(cell, Plan("", "", silent=silent), notebook, self._memory, self)
        except CellError as error:
            if error.text == line:
                raise
            raise CellUsageError(error, line) from None

    def stream(self, line: str, kind: Kind) -> StreamPlan:
        """Return the stream of a line of `%ws` or `%sse`, its placeholders filled in as in a line of `%http`.

        Raises:
            LineError: the line can't be understood, or a value is missing.
        """
        if "{{" not in line:
            return parse_stream(line, kind)
        return parse_stream(line, kind, line_scope(self._notebook(), self._memory))

    def filler(self, text: str, steps: tuple[ScriptStep, ...]) -> Callable[[Say], str]:
        """Return what fills the placeholders of the messages of a `%%ws` cell, once each has a value or will have one.

        Raises:
            CellError: a name is not known, or an environment can't be read.
        """
        scope = line_scope(self._notebook(), self._memory)
        scope.coming = frozenset(step.name for step in steps if isinstance(step, Take))
        try:
            for step in steps:
                for placeholder in placeholders(step.piece) if isinstance(step, Say) else ():
                    scope.check(placeholder)
        except PlaceError as error:
            raise CellError(text, error) from None

        def filled(message: Say) -> str:
            is_json = message.text.lstrip()[:1] in {"{", "["}
            return fill(message.piece, Place.JSON if is_json else Place.TEXT, scope)

        return filled

    def send(self, step: Step, plan: Plan, values: tuple[UsedValue, ...]) -> Record:
        """Send one request of a cell."""
        why = (UsedValue("runs first", "", step.why),) if step.why else ()
        return self._run(plan, (*why, *values))

    def bind(self, name: str, value: Any) -> None:
        """Give a value a name in the notebook."""
        self._shell.push({name: value})

    def ask(self, question: str, *, is_secret: bool) -> str:
        """Return what somebody typed.

        Raises:
            NoInput: nobody is asked here.
        """
        try:
            return getpass.getpass(question) if is_secret else input(question)
        except (StdinNotImplementedError, EOFError, OSError) as error:
            raise NoInput from error

    def env(self, words: list[str]) -> None:
        """Choose an environment, or show which there are and what the active one holds.

        Raises:
            UsageError: there is no such environment, or a file can't be read.
        """
        environments = self._environments()
        match words:
            case [] | ["list"]:
                print(self._listed(environments))  # noqa: T201 - a list is text
            case ["show"]:
                print(self._shown(environments))  # noqa: T201
            case ["off"]:
                self._settings.environment = ""
                print("No environment is active; what all share is.")  # noqa: T201
            case [name]:
                self._active(environments, name)
                self._settings.environment = name
                print(f"{name} is active.")  # noqa: T201
            case _:
                raise UsageError("%httpkit env: expected one name, list, show or off")

    def names(self) -> tuple[list[str], list[str]]:
        """Return what `{{ }}` may hold besides Python's names, and the names of the environments; none where unreadable."""
        names = [*self._memory.named, *self._memory.captured]
        try:
            found = self._environments()
            active = found.active(self._settings.environment)
        except (UsageError, EnvironmentsError):
            return names, []
        return [*names, *active.entries, *(f"$dotenv {name}" for name in found.dotenv)], list(found.named)

    def _notebook(self) -> Notebook:
        environments = self._environments()
        active = self._active(environments, self._settings.environment)
        return Notebook(self._shell.user_ns, active, environments, {}, self._chance)

    def _environments(self) -> Environments:
        try:
            found = read_environments(Path.cwd())
        except EnvironmentsError as error:
            raise UsageError(f"environments: {error}") from None
        for environment in (found.shared, *found.named.values()):
            for name, entry in environment.entries.items():
                if entry.is_secret and isinstance(entry.value, str) and "{{" not in entry.value:
                    learnt(entry.value, name)
        return found

    def _active(self, environments: Environments, name: str) -> Any:
        try:
            return environments.active(name)
        except EnvironmentsError as error:
            raise UsageError(f"%httpkit env: {error}") from None

    def _listed(self, environments: Environments) -> str:
        if not environments.named:
            return f"There is no environment; {PUBLIC} in this folder or above holds them."
        active = self._settings.environment
        lines = [f"{'*' if name == active else ' '} {visible_line(name)}" for name in environments.named]
        files = ", ".join(path.name for path in environments.files)
        return "\n".join([*lines, f"from {files}; %httpkit env NAME makes one active"])

    def _shown(self, environments: Environments) -> str:
        active = self._active(environments, self._settings.environment)
        if not active.entries:
            return "The active environment has no values."
        width = min(40, max(map(len, active.entries)))
        lines = []
        for name, entry in active.entries.items():
            text = MASK if entry.is_secret else VAULT.redactor.json_text(str(entry.value))
            cut = visible_line(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")
            lines.append(f"{visible_line(name):<{width}}  {cut}  ({entry.source})")
        return "\n".join(lines)
