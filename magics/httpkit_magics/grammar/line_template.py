r"""`{{expression}}` in the line of `%http`: hidden while the line is told apart, filled in afterwards.

An expression may hold blanks, quotes and `=`, which mean something in a line. So each placeholder first becomes a number of
its own width: one word wherever it stands, a value in JSON too, and every error still points at its place.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Auth, Body, Field, Fields, FromFile, LineError, Multipart, Part, Plan, Text
from httpkit_magics.grammar.template import Place, Placeholder, Resolve, fill, placeholders

MOST_PLACEHOLDERS: Final = 0o7777
"""Placeholders of a line; the number of one is 9 and four octal digits, so that none begins inside of another."""

_JSON: Final = re.compile(r"\s*[{\[\"]")

T = TypeVar("T", str, str | None)


def parse_template_line(line: str, resolve: Resolve, parse: Callable[[str], Plan] = parse_line) -> Plan:
    """Return the plan that `line` writes, with the values that `resolve` gives in place of its placeholders.

    `parse` is what understands the line while they are hidden.

    Raises:
        LineError: the line can't be understood, a placeholder has no value, or it can't stand where it does.
    """
    try:
        numbers = _numbered(line, list(placeholders(Piece(line, 0))))
    except PlaceError as error:
        raise LineError(error.message, line, error.start, error.end) from None
    masked = line
    for number, placeholder in numbers.items():
        masked = f"{masked[: placeholder.whole.start]}{number}{masked[placeholder.whole.end :]}"
    filling = _Filling(line, numbers, resolve)
    try:
        plan = parse(masked)
    except LineError as error:
        raise LineError(filling.shown(error.message), line, error.start, error.end) from None
    return filling.plan(plan)


def _numbered(line: str, found: list[Placeholder]) -> dict[str, Placeholder]:
    free = (f"9{number:04o}" for number in range(MOST_PLACEHOLDERS + 1))
    heads = (head for head in free if head not in line)
    numbers = {head.ljust(len(each.whole.text), "0"): each for each, head in zip(found, heads, strict=False)}
    if len(numbers) < len(found):
        raise PlaceError.at(f"more than {len(numbers)} placeholders in a line (MOST_PLACEHOLDERS)", found[-1].whole)
    return numbers


class _Filling:
    """Puts the values into a plan; what isn't reached by then can't be filled in."""

    def __init__(self, line: str, numbers: Mapping[str, Placeholder], resolve: Resolve) -> None:
        self._line = line
        self._numbers = numbers
        self._resolve = resolve
        self._number = re.compile("|".join(numbers) or r"(?!)")
        self._left = dict(numbers)

    def shown(self, text: str) -> str:
        """Return `text` with the placeholders as they were typed."""
        return self._number.sub(lambda found: self._numbers[found[0]].whole.text, text)

    def plan(self, plan: Plan) -> Plan:
        """Return `plan` with the values in it.

        Raises:
            LineError: a placeholder stands where no value can.
        """
        filled = dataclasses.replace(
            plan,
            target=self._text(plan.target, Place.URL),
            headers=tuple((name, value and self._source(value, Place.HEADER)) for name, value in plan.headers),
            query=tuple((self._text(name), self._source(value)) for name, value in plan.query),
            body=self._body(plan.body),
            auth=self._auth(plan.auth),
            output=self._text(plan.output),
        )
        for placeholder in self._left.values():
            message = "no value can stand here; expected {{ }} in the URL, a header, the query, the body, -a or -O"
            raise LineError(message, self._line, placeholder.whole.start, placeholder.whole.end)
        return filled

    def _text(self, text: T, place: Place = Place.TEXT) -> T:
        if text is None:
            return text
        text = text.replace(r"\{{", "{{")
        if not (found := self._number.findall(text)):
            return text
        for number in found:
            self._left.pop(number, None)
        template = self.shown(text.replace("{{", r"\{{"))
        try:
            return fill(Piece(template, 0), place, self._resolve)
        except PlaceError as error:
            start = max(0, self._line.find(template[error.start : error.end]))
            raise LineError(error.message, self._line, start, start + error.end - error.start) from error

    def _source(self, value: Text, place: Place = Place.TEXT) -> Text:
        return self._file(value) if isinstance(value, FromFile) else self._text(value, place)

    def _auth(self, auth: Auth | None) -> Auth | None:
        if auth is None:
            return None
        user, secret = self._text(auth.user, Place.HEADER), self._text(auth.secret, Place.HEADER)
        return dataclasses.replace(auth, user=user, secret=secret)

    def _body(self, body: Body | None) -> Body | None:
        match body:
            case bytes():
                text = body.decode("utf-8", "surrogatepass")
                filled = self._text(text, Place.JSON if _JSON.match(text) else Place.TEXT)
                return filled.encode("utf-8", "surrogatepass")
            case Fields(fields=fields):
                return dataclasses.replace(body, fields=tuple(map(self._field, fields)))
            case Multipart(parts=parts):
                return dataclasses.replace(body, parts=tuple(map(self._part, parts)))
            case tuple():
                return tuple(piece if isinstance(piece, bytes) else self._file(piece) for piece in body)
        return None

    def _file(self, file: FromFile) -> FromFile:
        return dataclasses.replace(file, path=self._text(file.path))

    def _field(self, field: Field) -> Field:
        place = Place.JSON if field.is_json else Place.TEXT
        return dataclasses.replace(field, name=self._text(field.name), value=self._source(field.value, place))

    def _part(self, part: Part) -> Part:
        return dataclasses.replace(
            part, name=self._text(part.name), content=self._source(part.content), filename=self._text(part.filename)
        )
