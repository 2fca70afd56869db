"""The requests of a cell in the order in which they run: those that a request refers to come first.

Everything that can be known before is checked before the first one is sent: names, files, cycles.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from httpkit_magics.grammar.body import FilePiece
from httpkit_magics.grammar.cell import Cell, CellRequest
from httpkit_magics.grammar.directives import Prompt
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.place import CellError, Piece, PlaceError
from httpkit_magics.grammar.plan import Capture, Plan
from httpkit_magics.grammar.queries import parse_capture, parse_checks
from httpkit_magics.grammar.reference import Reference
from httpkit_magics.grammar.template import Placeholder, Value, parse_template
from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.record import Record
from httpkit_magics.record.secrets import Secret
from httpkit_magics.record.values import UsedValue
from httpkit_magics.run.assemble import assemble, path_of
from httpkit_magics.run.checks import found
from httpkit_magics.run.references import value_of
from httpkit_magics.run.scope import Notebook, Scope
from httpkit_magics.run.secret_sources import learnt

MOST_NAMED: Final = 500
"""Named requests that are remembered; the oldest is forgotten first, and its record with it."""


class NoInput(Exception):
    """Nobody can be asked: the notebook runs without a person."""


@dataclass
class Named:
    """A request that has a name, the cell that it stands in, and the record of its last run, if it ran."""

    cell: Cell
    request: CellRequest
    record: Record | None = None


class Step(NamedTuple):
    """A request to run, and why it runs: empty where it stands in the cell itself."""

    cell: Cell
    request: CellRequest
    why: str


class Surroundings(Protocol):
    """What runs a chain: it sends, asks and binds names."""

    def send(self, step: Step, plan: Plan, values: tuple[UsedValue, ...]) -> Record:
        """Send a request, show its panel and return its record."""

    def bind(self, name: str, value: Any) -> None:
        """Give a value a name in the notebook."""

    def ask(self, question: str, *, is_secret: bool) -> str:
        """Return what somebody typed; raise NoInput where nobody is asked."""


@dataclass
class Memory:
    """What a notebook remembers of its cells.

    Attributes:
        named: the requests by name.
        captured: the values that were captured by name, and where each came from.
    """

    named: dict[str, Named] = field(default_factory=dict)
    captured: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def answer(self, reference: Reference) -> Value:
        """Return what `reference` names in the record of a request that ran.

        Raises:
            ValueError: it has not run, or there is no such part.
        """
        record = self.named[reference.name].record
        if record is None:
            raise ValueError(f"{reference.name} has not run")
        return value_of(reference, record)

    def learn(self, cell: Cell) -> None:
        """Remember the named requests of a cell; none of them has run."""
        for request in cell.requests:
            if (name := request.directives.name) is not None:
                self.named.pop(name.text, None)
                self.named[name.text] = Named(cell, request)
        while len(self.named) > MOST_NAMED:
            del self.named[next(iter(self.named))]


def run_cell(
    cell: Cell, options: Plan, notebook: Notebook, memory: Memory, surroundings: Surroundings
) -> Record | None:
    """Run the requests of a cell, and before each those that it refers to; return the record of the last.

    Raises:
        CellError: something can't be understood, has no value, or is refused; it points into the cell where it stands.
    """
    known = dict(memory.named)
    memory.learn(cell)
    try:
        run = _Run(options, notebook, memory, surroundings)
        steps = run.steps(cell)
        run.check(steps)
    except CellError:
        # Nothing was sent, so what ran before counts as before.
        memory.named = known
        raise
    record = None
    for step in steps:
        record = run.step(step, is_last=step is steps[-1])
    return record


def line_scope(notebook: Notebook, memory: Memory, cell: Cell | None = None) -> Scope:
    """Return what `{{ }}` in a line may name, above `cell` its variables too; of a request that has not run there is no value."""
    known = dataclasses.replace(notebook, captured=memory.captured)
    return Scope(cell or Cell("", (), ()), 0, known, memory.named, memory.answer)


class _Run:
    """One run of a cell."""

    def __init__(self, options: Plan, notebook: Notebook, memory: Memory, surroundings: Surroundings) -> None:
        self._options = options
        self._notebook = dataclasses.replace(notebook, captured=memory.captured)
        self._memory = memory
        self._surroundings = surroundings

    def steps(self, cell: Cell) -> list[Step]:
        """Return the requests in the order in which they run.

        Raises:
            CellError: requests refer to each other, or to one that nobody knows.
        """
        order: list[Step] = []
        for request in cell.requests:
            self._visit(Step(cell, request, ""), [], order)
        return order

    def check(self, steps: list[Step]) -> None:
        """Look for what can be found before anything is sent: unknown names, missing files, malformed captures.

        Raises:
            CellError: there is such.
        """
        coming: frozenset[str] = frozenset()
        for cell, request, _ in steps:
            scope = self._scope(cell, request)
            scope.coming = coming
            scope.prompted = {prompt.name: Value("", "prompt") for prompt in request.directives.prompts}
            with _placed(cell):
                for placeholder in _placeholders(request):
                    scope.check(placeholder)
                _look_ahead(request)
            coming |= {capture.name for capture, _ in request.directives.captures}

    def step(self, step: Step, *, is_last: bool) -> Record:
        """Run one request and keep what it captures."""
        cell, request, _ = step
        scope = self._scope(cell, request)
        with _placed(cell):
            for prompt in request.directives.prompts:
                if (value := self._prompted(prompt, scope)) is not None:
                    scope.prompted[prompt.name] = value
            self._confirm(request)
            options = self._options if is_last else dataclasses.replace(self._options, name=None)
            plan = parse_line(cell.text, scope) if cell.is_line else assemble(request, options, scope)
        record = self._surroundings.send(step, plan, tuple(scope.used.values()))
        name = request.directives.name
        if name is not None:
            self._memory.named[name.text] = Named(cell, request, record)
        with _placed(cell):
            for capture, place in request.directives.captures:
                self._capture(capture, place, record, name.text if name else "the request before")
        return record

    def _scope(self, cell: Cell, request: CellRequest) -> Scope:
        return Scope(cell, request.block, self._notebook, self._memory.named, self._memory.answer)

    def _visit(self, step: Step, path: list[Step], order: list[Step]) -> None:
        if any(step.request is done.request for done in order):
            return
        for name, place, always in self._needs(step):
            named = self._memory.named.get(name)
            if named is None:
                raise CellError(step.cell.text, PlaceError.at(_unknown(name, self._memory.named), place))
            before = Step(named.cell, named.request, f"{_title(step.request)} refers to it")
            trail = [*path, step]
            if any(named.request is each.request for each in trail):
                names = " -> ".join([*(_title(each.request) for each in trail), name])
                error = PlaceError.at(f"requests that need each other: {names}; expected one that can go first", place)
                raise CellError(step.cell.text, error)
            has_run = named.record is not None and named.record.status is not None
            if always or not has_run:
                self._visit(before, trail, order)
        order.append(step)

    def _needs(self, step: Step) -> Iterator[tuple[str, Piece, bool]]:
        """Yield the requests that one refers to: their names, where they are named, and whether they run in any case."""
        for ref in step.request.directives.refs:
            yield ref.name, ref.place, ref.always
        scope = self._scope(step.cell, step.request)
        for placeholder in _placeholders(step.request):
            for name in scope.references(placeholder.expression):
                yield name, placeholder.whole, False

    def _prompted(self, prompt: Prompt, scope: Scope) -> Value | None:
        """Ask for a value; None where the environment or the notebook has one."""
        if scope.has(prompt.name):
            return None
        is_secret = is_telling(prompt.name)
        question = prompt.question or prompt.name
        try:
            text = self._surroundings.ask(f"{question}: ", is_secret=is_secret)
        except NoInput:
            raise PlaceError.at(
                f"{prompt.name!r} is asked for, and input isn't allowed here; set it before: {prompt.name} = ... in "
                "Python, or in the active environment",
                prompt.place,
            ) from None
        if is_secret:
            learnt(text, prompt.name)
        return Value(text, "typed when asked", is_text=True, is_secret=is_secret)

    def _confirm(self, request: CellRequest) -> None:
        note = request.directives.note
        if note is None:
            return
        question = f"{note or f'Send {request.method} {request.target.text.partition(chr(10))[0]}'}? [y/N] "
        place = request.directives.first
        try:
            answer = self._surroundings.ask(question, is_secret=False)
        except NoInput:
            raise PlaceError.at(
                "@note asks before it sends, and input isn't allowed here; take the line out to send without a question",
                place,
            ) from None
        if answer.strip().lower() not in {"y", "yes"}:
            raise PlaceError.at("not sent, as the answer was not y", place)

    def _capture(self, capture: Capture, place: Piece, record: Record, source: str) -> None:
        try:
            value = found(record, parse_capture(capture, place))
        except ValueError as error:
            raise PlaceError.at(f"nothing to capture as {capture.name!r}: {error}", place) from error
        if capture.secret and not isinstance(value, Secret):
            value = learnt(value if isinstance(value, str) else str(value), capture.name)
        self._memory.captured[capture.name] = (value, f"captured from {source}")
        self._surroundings.bind(capture.name, value)


@contextlib.contextmanager
def _placed(cell: Cell) -> Iterator[None]:
    """Turn what is wrong at a place into what is wrong in a cell."""
    try:
        yield
    except PlaceError as error:
        raise CellError(cell.text, error) from None


def _placeholders(request: CellRequest) -> Iterator[Placeholder]:
    """Yield the placeholders of a request, those of files apart."""
    texts = [request.target, *(each.value for each in request.headers), *request.checks]
    texts += [piece.path if isinstance(piece, FilePiece) else piece for piece in request.body]
    for text in texts:
        yield from (part for part in parse_template(text) if isinstance(part, Placeholder))


def _look_ahead(request: CellRequest) -> None:
    """Read what is read anyway once the request was sent, and look for its files.

    Raises:
        PlaceError: a check or capture can't be understood, or a file isn't there.
    """
    for capture, place in request.directives.captures:
        parse_capture(capture, place)
    parse_checks([(check, check.text) for check in request.checks if "{{" not in check.text])
    for piece in request.body:
        if isinstance(piece, FilePiece) and "{{" not in piece.path.text:
            path_of(piece, piece.path.text)


def _title(request: CellRequest) -> str:
    name = request.directives.name
    return name.text if name else request.title or f"{request.method} {request.target.text.partition(chr(10))[0]}"


def _unknown(name: str, known: dict[str, Named]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"no request is named {name!r}; did you mean {near[0]}?"
    names = f"known are {', '.join(known)}" if known else "expected # @name before the request"
    return f"no request is named {name!r}; {names}"
