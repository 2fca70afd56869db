"""GraphQL text -> documents and schemas: the query language without subscriptions, and types (October 2021, section 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

MAX_TEXT = 50_000  # characters
MAX_DEPTH = 40  # selections and values within each other

_TOKEN = re.compile(
    r"""(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)
    |(?P<punctuator>\.\.\.|[!$&()\[\]{}:=@|])
    |(?P<name>[_A-Za-z][_0-9A-Za-z]*)
    |(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<block>\"\"\"(?:\\\"\"\"|[^\"]|\"(?!\"\"))*\"\"\")
    |(?P<string>"(?:[^"\\\n\r]|\\.)*")""",
    re.VERBOSE,
)


class GraphQLError(Exception):
    """What is wrong with a request, with the line and column from 1 (section 7.1.2)."""

    def __init__(self, message: str, place: tuple[int, int] | None = None, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.place = place
        self.path = path

    def as_json(self) -> dict[str, Any]:
        """Return the entry for `errors`."""
        entry: dict[str, Any] = {"message": str(self)}
        if self.place:
            entry["locations"] = [{"line": self.place[0], "column": self.place[1]}]
        if self.path:
            entry["path"] = list(self.path)
        return entry


class Enum(str):
    """A name that stands as a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as it is written: a name, or a list of a type; either may be required (`!`)."""

    name: str = ""
    of: TypeRef | None = None
    is_required: bool = False

    def __str__(self) -> str:
        return (f"[{self.of}]" if self.of else self.name) + "!" * self.is_required


@dataclass(frozen=True, slots=True)
class Selection:
    """A field (`name`), a fragment by name (`spread`) or an inline fragment (`selections` alone)."""

    place: tuple[int, int]
    name: str = ""
    alias: str = ""
    spread: str = ""
    on: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    """A variable or an argument: its type, and its default as a one-tuple, or nothing."""

    type: TypeRef
    default: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """An operation: `kind` is query, mutation or subscription."""

    kind: str
    name: str
    variables: dict[str, Argument]
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A request's operations, and its fragments by name."""

    operations: tuple[Query, ...]
    fragments: dict[str, Selection]


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of an object type."""

    type: TypeRef
    arguments: dict[str, Argument]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: tuple[int, int]


def _tokens(text: str) -> Iterator[_Token]:
    position, line, line_start = 0, 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            place = (line, position - line_start + 1)
            raise GraphQLError(f"Syntax Error: unexpected character {text[position]!r}.", place)
        kind, piece = str(match.lastgroup), match[0]
        if kind != "skip":
            yield _Token(kind, piece, (line, position - line_start + 1))
        if "\n" in piece:
            line += piece.count("\n")
            line_start = position + piece.rindex("\n") + 1
        position = match.end()
    yield _Token("end", "", (line, position - line_start + 1))


def _string(token: _Token) -> str:
    try:
        return str(json.loads(token.text, strict=False))
    except ValueError:
        raise GraphQLError("Syntax Error: bad escape in a string.", token.place) from None


class Parser:
    """A parser of one text, by recursive descent; every method is a rule of the grammar.

    Raises:
        GraphQLError: from each method, with the place.
    """

    _SCALARS: ClassVar[dict[str, Callable[[_Token], Any]]] = {
        "number": lambda token: json.loads(token.text),
        "string": _string,
        "block": lambda token: token.text[3:-3].replace('\\"""', '"""').strip(),
        "name": lambda token: {"true": True, "false": False, "null": None}.get(token.text, Enum(token.text)),
    }

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise GraphQLError(f"Syntax Error: more than {MAX_TEXT} characters.")
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _fail(self) -> NoReturn:
        raise GraphQLError(f"Syntax Error: unexpected {self._token.text or '<EOF>'!r}.", self._token.place)

    def _skip(self, text: str) -> bool:
        if self._token.kind in ("punctuator", "name") and self._token.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            self._fail()

    def _name(self) -> str:
        token = self._token
        if token.kind != "name":
            self._fail()
        self._next += 1
        return token.text

    def document(self) -> Document:
        """Return the document of a request."""
        operations: list[Query] = []
        fragments: dict[str, Selection] = {}
        while self._token.kind != "end":
            place = self._token.place
            if self._token.text == "{":
                operations.append(Query("query", "", {}, self._selections()))
            elif self._skip("fragment"):
                name = self._name()
                self._expect("on")
                on = self._name()
                fragments[name] = Selection(place, on=on, directives=self._directives(), selections=self._selections())
            elif self._token.text in ("query", "mutation", "subscription"):
                operations.append(self._operation())
            else:
                self._fail()
        return Document(tuple(operations), fragments)

    def _operation(self) -> Query:
        kind = self._name()
        name = self._name() if self._token.kind == "name" else ""
        variables: dict[str, Argument] = {}
        if self._skip("("):
            while not self._skip(")"):
                self._expect("$")
                variable = self._name()
                variables[variable] = self._argument()
        self._directives()
        return Query(kind, name, variables, self._selections())

    def _argument(self) -> Argument:
        self._expect(":")
        kind = self.type_ref()
        return Argument(kind, (self._value(),) if self._skip("=") else ())

    def type_ref(self) -> TypeRef:
        """Return a type as it is written."""
        self._enter()
        if self._skip("["):
            of, name = self.type_ref(), ""
            self._expect("]")
        else:
            of, name = None, self._name()
        self._depth -= 1
        return TypeRef(name, of, self._skip("!"))

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise GraphQLError(f"Syntax Error: nested more than {MAX_DEPTH} deep.", self._token.place)

    def _selections(self) -> tuple[Selection, ...]:
        self._enter()
        self._expect("{")
        found = [self._selection()]
        while not self._skip("}"):
            found.append(self._selection())
        self._depth -= 1
        return tuple(found)

    def _selection(self) -> Selection:
        place = self._token.place
        if self._skip("..."):
            if self._token.kind == "name" and self._token.text != "on":
                return Selection(place, spread=self._name(), directives=self._directives())
            on = self._name() if self._skip("on") else ""
            return Selection(place, on=on, directives=self._directives(), selections=self._selections())
        alias = name = self._name()
        if self._skip(":"):
            name = self._name()
        arguments, directives = self._arguments(), self._directives()
        inner = self._selections() if self._token.text == "{" else ()
        return Selection(place, name, alias, arguments=arguments, directives=directives, selections=inner)

    def _arguments(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if self._skip("("):
            while not self._skip(")"):
                name = self._name()
                self._expect(":")
                values[name] = self._value()
        return values

    def _directives(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while self._skip("@"):
            name = self._name()
            found[name] = self._arguments()
        return found

    def _value(self) -> Any:
        token = self._token
        if self._skip("$"):
            return Variable(self._name())
        if token.text in ("[", "{"):
            return self._collection()
        reader = self._SCALARS.get(token.kind)
        if reader is None:
            self._fail()
        self._next += 1
        return reader(token)

    def _collection(self) -> Any:
        self._enter()
        values: list[Any] = []
        members: dict[str, Any] = {}
        is_list = self._skip("[")
        if not is_list:
            self._expect("{")
        while not self._skip("]" if is_list else "}"):
            if is_list:
                values.append(self._value())
            else:
                name = self._name()
                self._expect(":")
                members[name] = self._value()
        self._depth -= 1
        return values if is_list else members

    def schema(self) -> dict[str, dict[str, FieldType]]:
        """Return the object types of a schema, each with its fields."""
        types: dict[str, dict[str, FieldType]] = {}
        while self._token.kind != "end":
            self._expect("type")
            fields = types[self._name()] = {}
            self._expect("{")
            while not self._skip("}"):
                name = self._name()
                arguments: dict[str, Argument] = {}
                if self._skip("("):
                    while not self._skip(")"):
                        argument = self._name()
                        arguments[argument] = self._argument()
                self._expect(":")
                fields[name] = FieldType(self.type_ref(), arguments)
        return types
