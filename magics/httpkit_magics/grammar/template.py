r"""`{{expression}}` in text: where the placeholders are, and what becomes of them where they stand.

Nothing but two braces starts a placeholder, so `$x` and `{x}` stay what they are to JSON, shells and GraphQL. `\{{` is two
braces. `{{x|raw}}` is put in as it is, `{{%x}}` percent-encoded; every other value is escaped for its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.spelling import json_spelling, text_spelling

_OPEN: Final = re.compile(r"\\?\{\{")
# What matters inside an expression: strings, brackets, and the end. A quote without its partner is a plain character.
_INSIDE: Final = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[\[\](){}]""")
MAX_EXPRESSION: Final = 1_000
"""Characters in which the end of an expression is looked for beyond its brackets; a longer one ends at its first `}}`."""

_RAW: Final = re.compile(r"\|\s*raw\s*\Z")
_QUOTE: Final = re.compile(r'\\.|"', re.DOTALL)
_BETWEEN: Final = re.compile(r"([&=])")
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*\Z")
_NO_HEADER: Final = re.compile(r"[\r\n\0]")
_NO_AUTHORITY: Final = re.compile(r"[\s\0]")
_NO_NAME: Final = re.compile(r"([\[\]\\])")

_JSON: Final = re.compile(r"application/(?:[\w.+-]*\+)?(?:json|x-ndjson|jsonl)\s*(?:;|\Z)", re.IGNORECASE)
_XML: Final = re.compile(r"(?:application|text)/(?:[\w.+-]*\+)?xml\s*(?:;|\Z)", re.IGNORECASE)
_FORM: Final = re.compile(r"application/x-www-form-urlencoded\s*(?:;|\Z)", re.IGNORECASE)
_STARTS_JSON: Final = re.compile(r"\s*[{\[](?!\{)")


class Place(Enum):
    """What a text with placeholders is, which says how values are escaped in it. NAME is the path of a JSON field."""

    TEXT = auto()
    URL = auto()
    HEADER = auto()
    JSON = auto()
    FORM = auto()
    XML = auto()
    NAME = auto()


class Placeholder(NamedTuple):
    """`{{expression}}`: the expression, the whole with its braces, and how its value is put in."""

    expression: str
    whole: Piece
    how: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression stands for, and where it came from.

    Attributes:
        value: a text, or any value of Python; a secret is here as its text.
        source: where it came from, in words.
        is_text: whether it was written as text in a cell or file, so that `5` may mean a number in JSON.
        is_secret: whether it must not be shown.
    """

    value: Any = field(repr=False)
    source: str
    is_text: bool = False
    is_secret: bool = False


Resolve = Callable[[Placeholder], Value]
"""Gives the value of a placeholder, or raises PlaceError."""


def place_of(media_type: str, text: str) -> Place:
    """Return what kind of text a body is: by its media type, and without one by how `text` begins."""
    if _JSON.match(media_type):
        return Place.JSON
    if _FORM.match(media_type):
        return Place.FORM
    if _XML.match(media_type):
        return Place.XML
    return Place.JSON if not media_type and _STARTS_JSON.match(text) else Place.TEXT


def parse_template(piece: Piece) -> tuple[str | Placeholder, ...]:
    """Return the texts and placeholders of `piece`, in order.

    Raises:
        PlaceError: a placeholder is empty or has no end.
    """
    parts: list[str | Placeholder] = []
    done = 0
    for start, end, part in marks(piece):
        parts += [piece.text[done:start], part]
        done = end
    parts.append(piece.text[done:])
    return tuple(part for part in parts if part)


def marks(piece: Piece) -> Iterator[tuple[int, int, str | Placeholder]]:
    r"""Yield the placeholders of `piece`, and the two braces that each `\{{` means; with where each starts and ends.

    Raises:
        PlaceError: as `parse_template`.
    """
    text = piece.text
    done = 0
    while opened := _OPEN.search(text, done):
        if opened[0][0] == "\\":
            done = opened.end()
            yield opened.start(), done, "{{"
            continue
        end = _end(text, opened.end())
        if end < 0:
            start = piece.start + opened.start()
            raise PlaceError(
                r"{{ has no end; expected }} after the expression, or \{{ for two braces", start, start + 2
            )
        done = end + 2
        yield opened.start(), done, _placeholder(piece.part(opened.start(), done))


def placeholders(piece: Piece) -> Iterator[Placeholder]:
    """Yield the placeholders of `piece`.

    Raises:
        PlaceError: as `parse_template`.
    """
    return (part for part in parse_template(piece) if isinstance(part, Placeholder))


def _placeholder(whole: Piece) -> Placeholder:
    inside = whole.text[2:-2].strip()
    raw = _RAW.search(inside)
    how = "raw" if raw else "url" if inside.startswith("%") else ""
    expression = inside[: raw.start()].strip() if raw else inside.lstrip("%").strip() if how else inside
    if not expression:
        raise PlaceError.at("nothing stands between {{ and }}; expected a name or an expression", whole)
    return Placeholder(expression, whole, how)


def _end(text: str, start: int) -> int:
    """Return where the `}}` of a placeholder is, the brackets and strings of its expression skipped; -1 is nowhere."""
    depth = 0
    at = start
    # The limit keeps quotes and brackets without partners from being looked for in all that follows, again and again.
    while token := _INSIDE.search(text, at, start + MAX_EXPRESSION):
        at = token.end()
        if token[0] == "{" and text[at : at + 1] == "{":
            # No expression of Python has it: a set or key that is a dict. It starts the next placeholder.
            break
        if token[0] in "([{":
            depth += 1
        elif token[0] == "}" and depth == 0 and text[at : at + 1] == "}":
            return token.start()
        elif token[0] in ")]}":
            depth -= 1
            if depth < 0:
                break
    # Brackets without partners: the first end that there is, and the expression says what is wrong with it.
    return text.find("}}", start)


def fill(piece: Piece, place: Place, resolve: Resolve) -> str:
    """Return the text of `piece` with its placeholders replaced, each value escaped for where it stands.

    Raises:
        PlaceError: a placeholder is malformed, has no value, or its value can't stand there.
    """
    return fill_parts(parse_template(piece), place, resolve)


def fill_parts(parts: Iterable[str | Placeholder], place: Place, resolve: Resolve) -> str:
    """Return `parts` as one text, the placeholders among them filled in as by `fill`.

    Raises:
        PlaceError: a placeholder has no value, or its value can't stand there.
    """
    filled: list[str] = []
    state = _State(place)
    for part in parts:
        if isinstance(part, str):
            text = _literal(part, place)
        else:
            try:
                text = _written(resolve(part), part.how, state)
            except (TypeError, ValueError) as error:
                if isinstance(error, PlaceError):
                    raise
                raise PlaceError.at(f"the value of {part.expression!r} {error}", part.whole) from error
        state.passed(text)
        filled.append(text)
    return "".join(filled)


def _literal(text: str, place: Place) -> str:
    """Return what stands between placeholders: the lines of a URL or form are joined, and blanks in them escaped."""
    if place is Place.URL:
        return _tight(text.split("\n")).replace(" ", "%20")
    if place is Place.FORM:
        return _tight(_BETWEEN.split(_tight(text.split("\n")))).replace(" ", "+")
    return text


def _tight(pieces: list[str]) -> str:
    """Return the pieces without blanks where they meet."""
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return "".join((first.rstrip(), *(piece.strip() for piece in middle), last.lstrip()))


class _State:
    """Where in its text a placeholder stands: what came before it, as far as that matters."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.is_in_string = False
        self.url = ""

    def passed(self, text: str) -> None:
        """Go on by `text`."""
        if self.place is Place.JSON:
            quotes = sum(1 for found in _QUOTE.finditer(text) if found[0] == '"')
            self.is_in_string ^= quotes % 2 == 1
        elif self.place is Place.URL:
            self.url += text


def _written(value: Value, how: str, state: _State) -> str:
    place = state.place
    if place is Place.JSON and not how:
        return _in_json(value, is_in_string=state.is_in_string)
    text = text_spelling(value.value)
    if how == "url":
        text = quote(text, safe="")
    if place is Place.HEADER and _NO_HEADER.search(text):
        raise ValueError("has a line break or NUL; expected one line in a header (RFC 9110 section 5.5)")
    if how:
        return text
    return _in_url(text, state.url) if place is Place.URL else _ESCAPES.get(place, str)(text)


_ESCAPES: Final[dict[Place, Callable[[str], str]]] = {
    Place.FORM: lambda text: quote(text, safe=""),
    Place.NAME: lambda text: _NO_NAME.sub(r"\\\1", text),
    Place.XML: lambda text: escape(text, {'"': "&quot;", "'": "&apos;"}),
}


def _in_url(text: str, before: str) -> str:
    """Return `text` percent-encoded, but for a host or the start of a URL, which has no escapes."""
    if not _AUTHORITY.match(before):
        return quote(text, safe="")
    if _NO_AUTHORITY.search(text):
        raise ValueError("has a blank in it; expected a host or the start of a URL")
    return text


def _in_json(value: Value, *, is_in_string: bool) -> str:
    if is_in_string:
        return json.dumps(text_spelling(value.value), ensure_ascii=False)[1:-1]
    if value.is_text and isinstance(value.value, str) and _is_json(value.value):
        return value.value
    return json_spelling(value.value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
