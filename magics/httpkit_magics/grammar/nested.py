r"""Names of JSON fields -> one JSON value: HTTPie's nested syntax, `a[b]=1`, `a[0]=1`, `a[]=1`, `[]=1`.

A name is a word and then brackets: with text a key, with digits an index, empty the place after the last one. `\` before
a bracket, a backslash or digits makes text of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

MAX_INDEX = 9_999
"""The highest index; places before it that nothing fills are null, so a typing error must not fill the memory."""

TOKEN = re.compile(r"[\[\]]|(?:[^\\\[\]]|\\.|\\\Z)+", re.DOTALL)
ESCAPED = re.compile(r"\\([\[\]\\])")
INDEX = re.compile(r"-?[0-9]+")
ESCAPED_INDEX = re.compile(r"\\(-?[0-9]+)")

KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


class PathError(ValueError):
    """A name that can't be understood, or that doesn't fit what is there.

    Attributes:
        start: where in the name the trouble starts, in characters.
        end: where it ends; not included.
        index: which of the fields has the name.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.index = 0
        super().__init__(message)


class Step(NamedTuple):
    """One step down: a key, an index, or None for the place after the last; and where in the name it is written."""

    to: str | int | None
    start: int
    end: int


Value: TypeAlias = Any
"""A JSON value in Python."""


def build(fields: Iterable[tuple[str, Value]]) -> Value:
    """Return the object or array that `fields` add up to.

    Raises:
        PathError: a name is malformed, or asks for a key of what is an array and the like.
    """
    root: Value = None
    for index, (name, value) in enumerate(fields):
        try:
            path = parse_path(name)
            if root is None:
                root = _container(path[0])
            _assign(root, name, path, value)
        except PathError as error:
            error.index = index
            raise
    return {} if root is None else root


def parse_path(name: str) -> list[Step]:
    """Return the steps that `name` writes, at least one.

    Raises:
        PathError: brackets don't pair up, or something stands between them and the next.
    """
    tokens = [(found[0], found.start(), found.end()) for found in TOKEN.finditer(name)]
    steps = []
    if not tokens or tokens[0][0] != "[":
        text, start, end = tokens.pop(0) if tokens else ("", 0, 0)
        if text == "]":
            raise PathError("expected a name or '[' before ']'", start, end)
        steps.append(Step(_key(text), start, end))
    queue = iter(tokens)
    for text, start, end in queue:
        if text != "[":
            raise PathError(f"expected '[' after ']' and not {text!r}", start, end)
        steps.append(_bracketed(queue, start, len(name), is_root=not steps))
    return steps


def _bracketed(queue: Any, start: int, end: int, *, is_root: bool) -> Step:
    text, at, to = next(queue, ("", end, end))
    if text == "]":
        return Step(None, start, to)
    if text in ("", "["):
        raise PathError("expected a key, an index or ']' after '['", at if text else start, to)
    closing, _, last = next(queue, ("", end, end))
    if closing != "]":
        raise PathError("expected ']'", start, last)
    if not INDEX.fullmatch(text):
        if is_root:
            raise PathError("expected an index or ']' after '[' at the start of a name", at, to)
        return Step(_key(text), start, last)
    if text[0] == "-":
        raise PathError("expected an index that is not negative", at, to)
    if len(text) > len(str(MAX_INDEX)) or int(text) > MAX_INDEX:
        raise PathError(f"expected an index of at most {MAX_INDEX} (MAX_INDEX)", at, to)
    return Step(int(text), start, last)


def _key(text: str) -> str:
    if escaped := ESCAPED_INDEX.fullmatch(text):
        return escaped[1]
    return ESCAPED.sub(r"\1", text)


def _container(step: Step) -> Value:
    """Return what holds the place that `step` goes to."""
    return {} if isinstance(step.to, str) else []


def _assign(cursor: Value, name: str, path: list[Step], value: Value) -> None:
    """Put `value` at the end of `path` in `cursor`, with objects and arrays on the way."""
    for step, following in zip(path, [*path[1:], None], strict=True):
        expected = dict if isinstance(step.to, str) else list
        if not isinstance(cursor, expected):
            what, found = KINDS[expected], KINDS.get(type(cursor), "null")
            where = name[: step.start] or "the body"
            raise PathError(f"expected an {what} at {where}, which is {_article(found)}", step.start, step.end)
        place: Any = step.to
        if isinstance(cursor, list):
            place = len(cursor) if place is None else place
            cursor.extend([None] * (place - len(cursor) + 1))
            is_free = cursor[place] is None
        else:
            is_free = place not in cursor
        if following is None:
            cursor[place] = value
            return
        if is_free:
            cursor[place] = _container(following)
        cursor = cursor[place]


def _article(kind: str) -> str:
    return kind if kind == "null" else f"{'an' if kind[0] in 'ao' else 'a'} {kind}"
