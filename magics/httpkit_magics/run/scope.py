"""Where the names in `{{ }}` get their values: cell, named requests, environment, notebook, `$dynamic`, in this order."""

from __future__ import annotations

import ast
import builtins
import difflib
import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from httpkit_magics.grammar.cell import Cell, Variable
from httpkit_magics.grammar.dynamic import Circumstances, DynamicError, dynamic_value, is_dynamic
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.reference import Reference, parse_reference
from httpkit_magics.grammar.spelling import text_spelling
from httpkit_magics.grammar.template import Place, Placeholder, Value, fill, parse_template
from httpkit_magics.record.credentials import is_secret_value
from httpkit_magics.record.naming import MAX_NAME
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK, SHORTEST, Secret
from httpkit_magics.record.values import MAX_KEPT, UsedValue
from httpkit_magics.run.environment import SHARED, Environment, Environments
from httpkit_magics.run.secret_sources import SecretError, from_keyring

Answer = Callable[[Reference], Value]
"""Gives the value of a part of a named request; raises ValueError where there is none."""

_OF_IPYTHON: Final = frozenset(("In", "Out", "exit", "get_ipython", "open", "quit"))
_MOST_SHOWN: Final = 12
"""Names that are listed where one isn't known."""


class Unresolved(ValueError):
    """An expression that has no value; the message says why, and which names come near."""


@dataclass(frozen=True)
class Notebook:
    """What a cell may draw on, besides itself.

    Attributes:
        names: the Python names of the notebook.
        environment: the active environment.
        environments: all that the files say.
        captured: where names that were captured came from, in words.
        chance: where random values come from.
    """

    names: Mapping[str, Any]
    environment: Environment = field(default_factory=Environment)
    environments: Environments = field(default_factory=Environments)
    captured: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.SystemRandom)


class Scope:
    """The values that one request of a cell sees. Calling it gives a placeholder's; it remembers which were used."""

    def __init__(
        self, cell: Cell, block: int, notebook: Notebook, requests: Iterable[str], answer: Answer | None = None
    ) -> None:
        self._cell = cell
        self._variables = _visible(cell, block)
        self._notebook = notebook
        self._requests = frozenset(requests)
        self._answer = answer
        self._filling: list[str] = []
        self.prompted: dict[str, Value] = {}
        self.coming: frozenset[str] = frozenset()
        """Names that will have a value by the time the request is sent, such as captures of an earlier one."""
        self.used: dict[str, UsedValue] = {}

    def __call__(self, placeholder: Placeholder) -> Value:
        """Return the value of a placeholder.

        Raises:
            PlaceError: it has none.
        """
        try:
            value = self.value(placeholder.expression)
        except Unresolved as error:
            raise PlaceError.at(str(error), placeholder.whole) from error
        self._note(placeholder, value)
        return value

    def value(self, expression: str) -> Value:
        """Return the value of an expression.

        Raises:
            Unresolved: it has none.
        """
        for find in (self._in_cell, self._in_request, self._in_environment, self._made):
            if (value := find(expression)) is not None:
                return value
        return self._in_python(expression)

    def has(self, name: str) -> bool:
        """Return whether the environment or the notebook has a value for `name`, so that nobody need be asked."""
        return self._notebook.environment.find(name) is not None or name in self._notebook.names

    def check(self, placeholder: Placeholder) -> None:
        """Do nothing for an expression whose names are known, without evaluating it.

        Raises:
            PlaceError: a name isn't.
        """
        try:
            self._check(placeholder.expression, ())
        except Unresolved as error:
            raise PlaceError.at(str(error), placeholder.whole) from error

    def references(self, expression: str, seen: tuple[str, ...] = ()) -> Iterable[str]:
        """Yield the names of the requests that `expression` takes a value from, through variables of the cell too."""
        if (reference := parse_reference(expression)) is not None and self._is_request(reference):
            yield reference.name
        for name in _names(expression):
            if name in self._variables and name not in seen:
                for part in parse_template(self._variables[name].value):
                    if isinstance(part, Placeholder):
                        yield from self.references(part.expression, (*seen, name))

    def _is_request(self, reference: Reference) -> bool:
        # `r.response.body` of a Python object is an expression like any other.
        return reference.name in self._requests or reference.name not in self._notebook.names

    def _in_cell(self, expression: str) -> Value | None:
        if expression in self.prompted:
            return self.prompted[expression]
        variable = self._variables.get(expression)
        if variable is None:
            return None
        if expression in self._filling:
            raise Unresolved(f"{' -> '.join([*self._filling, expression])}: a variable that needs itself")
        self._filling.append(expression)
        try:
            value = self._filled(variable.value, f"line {self._cell.line_of(variable.value.start)} of the cell")
        finally:
            self._filling.pop()
        is_secret = value.is_secret or is_secret_value(expression, value.value)
        return Value(value.value, value.source, is_text=value.is_text, is_secret=is_secret)

    def _filled(self, template: Piece, source: str) -> Value:
        """Return the value of a text with placeholders; one that is a single placeholder keeps its type."""
        parts = parse_template(template)
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            inner = self(parts[0])
            return Value(inner.value, f"{source}, {inner.source}", is_text=inner.is_text, is_secret=inner.is_secret)
        inside: list[Value] = []

        def resolve(placeholder: Placeholder) -> Value:
            inside.append(self(placeholder))
            return inside[-1]

        text = fill(Piece(Variable.unescaped(template.text), template.start), Place.TEXT, resolve)
        return Value(text, source, is_text=True, is_secret=any(value.is_secret for value in inside))

    def _in_request(self, expression: str) -> Value | None:
        reference = parse_reference(expression)
        if reference is None or not self._is_request(reference):
            return None
        if reference.name not in self._requests or self._answer is None:
            raise Unresolved(f"no request is named {reference.name!r}{_near(reference.name, self._requests)}")
        try:
            return self._answer(reference)
        except ValueError as error:
            raise Unresolved(str(error)) from error

    def _in_environment(self, expression: str) -> Value | None:
        shared = expression.startswith(f"{SHARED} ")
        name = expression.removeprefix(SHARED).strip() if shared else expression
        environment = self._notebook.environments.shared if shared else self._notebook.environment
        entry = environment.find(name)
        if entry is None:
            return None
        if expression in self._filling:
            raise Unresolved(f"{' -> '.join([*self._filling, expression])}: a variable that needs itself")
        source = f"{environment.name or SHARED} in {entry.source}"
        if not isinstance(entry.value, str):
            return Value(entry.value, source, is_secret=entry.is_secret)
        self._filling.append(expression)
        try:
            value = self._filled(Piece(entry.value, 0), source)
        except PlaceError as error:
            raise Unresolved(f"{name} of {entry.source}: {error.message}") from error
        finally:
            self._filling.pop()
        return Value(value.value, value.source, is_text=value.is_text, is_secret=value.is_secret or entry.is_secret)

    def _made(self, expression: str) -> Value | None:
        if not is_dynamic(expression):
            return None
        words = expression.split()
        try:
            if words[0] == "$keyring":
                secret = from_keyring(*words[1:])
                return Value(secret.reveal(), "keyring", is_text=True, is_secret=True)
            value = dynamic_value(expression, self._circumstances())
        except (DynamicError, SecretError) as error:
            raise Unresolved(str(error)) from error
        except TypeError:
            raise Unresolved("$keyring expects a service and a user: {{$keyring example.org ada}}") from None
        return (
            value
            if not is_secret_value(words[-1], value.value)
            else Value(value.value, value.source, value.is_text, is_secret=True)
        )

    def _circumstances(self) -> Circumstances:
        def lookup(name: str) -> str:
            entry = self._notebook.environment.find(name)
            if entry is None:
                raise KeyError(name)
            return str(entry.value)

        now = datetime.now().astimezone()
        return Circumstances(now, self._notebook.chance, os.environ, self._notebook.environments.dotenv, lookup)

    def _in_python(self, expression: str) -> Value:
        names = _python_names(expression)
        if names is None:
            raise Unresolved(f"{expression!r} has no value, and is no expression of Python{self._hint(expression)}")
        scope = dict(self._notebook.names)
        for name in sorted(names):
            if (value := self._overlay(name)) is not None:
                scope[name] = Secret(str(value.value), name) if value.is_secret else value.value
            elif name not in scope and not hasattr(builtins, name):
                raise Unresolved(f"{name!r} has no value{self._hint(name)}")
        try:
            # The text of the user's own cell, evaluated as the cell's Python would be.
            result = eval(compile(expression, "{{ }}", "eval"), scope)  # noqa: S307
        except Exception as error:  # an expression of the user's may raise anything
            raise Unresolved(
                f"{expression!r} raises {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            ) from error
        return self._python_value(expression, result)

    def _overlay(self, name: str) -> Value | None:
        return self._in_cell(name) or self._in_environment(name)

    def _python_value(self, expression: str, result: Any) -> Value:
        source = "Python"
        if expression in self._notebook.captured and self._notebook.captured[expression][0] is result:
            source = self._notebook.captured[expression][1]
        if isinstance(result, Secret):
            return Value(result.reveal(), source, is_secret=True)
        if isinstance(result, str) and MASK in result:
            raise Unresolved(f"{expression!r} gives the mask of a Secret; expected .reveal() on it")
        return Value(result, source, is_secret=is_secret_value(expression[:MAX_NAME], result))

    def _check(self, expression: str, seen: tuple[str, ...]) -> None:
        if expression in self.prompted or expression in self.coming:
            return
        reference = parse_reference(expression)
        if expression not in self._variables and reference is not None and self._is_request(reference):
            if reference.name not in self._requests:
                raise Unresolved(f"no request is named {reference.name!r}{_near(reference.name, self._requests)}")
            return
        names = {expression} if expression in self._variables else _python_names(expression)
        if is_dynamic(expression) or names is None or self._notebook.environment.find(expression) is not None:
            self.value(expression)
            return
        for name in sorted(names):
            if name in self._variables:
                self._check_variable(name, seen)
            elif not (name in self.coming or name in self.prompted or self.has(name) or hasattr(builtins, name)):
                raise Unresolved(f"{name!r} has no value{self._hint(name)}")

    def _check_variable(self, name: str, seen: tuple[str, ...]) -> None:
        if name in seen:
            raise Unresolved(f"{' -> '.join([*seen, name])}: a variable that needs itself")
        for part in parse_template(self._variables[name].value):
            if isinstance(part, Placeholder):
                self._check(part.expression, (*seen, name))

    def _hint(self, name: str) -> str:
        known = {*self._variables, *self.prompted, *self._notebook.environment.entries, *self.coming}
        python = {each for each in self._notebook.names if not each.startswith("_")} - _OF_IPYTHON
        near = _near(name, known | python | self._requests)
        if near:
            return near
        few = sorted(known)[:_MOST_SHOWN]
        return (
            f"; the cell and its environment have {', '.join(few)}"
            if few
            else "; expected a name of the notebook or of an environment"
        )

    def _note(self, placeholder: Placeholder, value: Value) -> None:
        """Remember a value that goes into the request, and let nothing show one that is secret."""
        try:
            text = text_spelling(value.value)
        except (TypeError, ValueError):
            text = ""
        if value.is_secret and len(text) >= SHORTEST and isinstance(value.value, str):
            VAULT.learn(Secret(text, placeholder.expression))
        shown = "" if value.is_secret else text[:MAX_KEPT]
        self.used[placeholder.expression] = UsedValue(placeholder.expression, shown, value.source, value.is_secret)


def _visible(cell: Cell, block: int) -> dict[str, Variable]:
    """Return the variables as a block sees them: the last one up to it, else the first one after it."""
    found: dict[str, Variable] = {}
    for variable in cell.variables:
        if variable.block <= block or variable.name not in found:
            found[variable.name] = variable
    return found


def _names(expression: str) -> frozenset[str]:
    return frozenset((expression,)) | (_python_names(expression) or frozenset())


def _python_names(expression: str) -> frozenset[str] | None:
    """Return the names that an expression of Python reads from outside; None where it isn't one."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return frozenset(read - bound)


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
