"""The items of a line -> headers, query and body, by HTTPie's rules for which of them make JSON, a form or parts."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePath
from typing import Any, NamedTuple, NoReturn

from httpkit_magics.grammar.items import DATA, Item, parse_item
from httpkit_magics.grammar.message import MessageError, form_value, json_field, parse_json
from httpkit_magics.grammar.nested import PathError, build, parse_path
from httpkit_magics.grammar.options import Settings
from httpkit_magics.grammar.plan import Body, Field, Fields, FromFile, LineError, Multipart, Part, Text
from httpkit_magics.grammar.template import Place, place_of
from httpkit_magics.grammar.words import Word

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A field name (RFC 9110 section 5.6.2)."""

EXPECTED_ITEM = "Header:value, q==value, field=value, field:=json, field@file, Header: (not sent) or Header; (empty)"
JSON_HEADERS = (("Accept", "application/json, */*;q=0.5"), ("Content-Type", "application/json"))
FORM_HEADERS = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
"""What HTTPie sends with JSON and with a form, unless the line says something else."""


VALUE_PLACES = {":": Place.HEADER, ":=": Place.JSON}
"""How values are escaped behind a separator; behind every other they are text, which is encoded with the whole."""


class Placed(NamedTuple):
    """An item with its placeholders filled in, the word that wrote it, and whether nothing is written for its value."""

    item: Item
    word: Word
    is_bare: bool


class Request:
    """What a line's items add up to; `add` takes them one after the other."""

    def __init__(self, line: str, settings: Settings) -> None:
        self._line = line
        self._settings = settings
        self._kind: str | None = settings.get("kind")
        # By where their words start, and those of a name: as lists they would take quadratic time.
        self._headers: dict[int, tuple[str, Text | None]] = {}
        self._same: dict[str, list[int]] = {}
        self._query: list[tuple[str, Text]] = []
        self._data: list[Placed] = []
        self._files: list[Placed] = []

    @property
    def has_data(self) -> bool:
        """Whether there is something that makes a request a POST."""
        return bool(self._data or self._files or "raw" in self._settings.values)

    def add(self, word: Word) -> None:
        """Take the item that `word` writes.

        Raises:
            LineError: it is no item, or none that fits.
        """
        item = parse_item(word.text)
        if item is None:
            self._refuse(word, f"{word.text!r} has no separator; expected {EXPECTED_ITEM}")
        placed = Placed(self._filled(item), word, not item.value)
        if item.separator == "@":
            self._files.append(placed)
        elif item.separator in DATA:
            self._data.append(placed)
        elif item.separator in ("==", "==@"):
            self._query.append((placed.item.key, self._text(placed, "trim")))
        else:
            self._add_header(placed)

    def headers(self) -> tuple[tuple[str, Text | None], ...]:
        """Return the field lines: those of the body first, unless the line names them."""
        defaults: tuple[tuple[str, str], ...] = ()
        if self._is_json and (self._kind or self._sends_something):
            defaults = JSON_HEADERS
        elif not self._is_json and not self._is_multipart:
            defaults = FORM_HEADERS
        if guessed := self._media_type_of_file():
            defaults = (*(pair for pair in defaults if pair[0] != "Content-Type"), ("Content-Type", guessed))
        named = {name.lower() for name, _ in self._headers.values()}
        return (*(pair for pair in defaults if pair[0].lower() not in named), *self._headers.values())

    def query(self) -> tuple[tuple[str, Text], ...]:
        """Return the query's parameters, those of one name together."""
        return tuple(_grouped(self._query))

    def body(self) -> Body | None:
        """Return what the body is made of.

        Raises:
            LineError: its items contradict each other.
        """
        if "raw" in self._settings.values:
            return self._raw_body()
        if self._is_multipart:
            if self._settings.get("compress"):
                self._settings.refuse("compress", "a multipart body is not compressed; expected no -x")
            parts = [(placed.item.key, self._part(placed)) for placed in self._ordered()]
            return Multipart(tuple(part for _, part in _grouped(parts)), self._settings.get("boundary"))
        if self._kind == "form":
            fields = [(placed.item.key, self._form_field(placed)) for placed in self._data]
            return Fields("form", tuple(each for _, each in _grouped(fields))) if fields else None
        if self._files:
            return self._file_body()
        return self._json_body() if self._data else None

    def _filled(self, item: Item) -> Item:
        """Return `item` with its placeholders filled in, each for its place."""
        fill = self._settings.slots.fill
        is_path = item.separator in DATA and self._kind in (None, "json")
        key = fill(item.key, Place.NAME if is_path else Place.TEXT)
        return Item(key, item.separator, fill(item.value, VALUE_PLACES.get(item.separator, Place.TEXT)))

    @property
    def _is_json(self) -> bool:
        return self._kind in (None, "json")

    @property
    def _is_multipart(self) -> bool:
        return self._kind == "multipart" or (self._kind == "form" and bool(self._files))

    @property
    def _sends_something(self) -> bool:
        return bool(self._data or self._files or self._settings.get("raw"))

    def _ordered(self) -> list[Placed]:
        return sorted([*self._data, *self._files], key=lambda placed: placed.word.start)

    def _raw_body(self) -> bytes:
        for placed in self._ordered():
            self._refuse(placed.word, "--raw is the whole body; expected no fields and files beside it")
        if self._is_multipart:
            self._settings.refuse("raw", "--raw is the whole body; expected no --multipart beside it")
        typed = str(self._settings.get("raw"))
        named = [
            value for name, value in self._headers.values() if name.lower() == "content-type" and isinstance(value, str)
        ]
        media_type = named[-1] if named else FORM_HEADERS[0][1] if self._kind == "form" else ""
        return self._settings.slots.fill(typed, place_of(media_type, typed)).encode("utf-8", "surrogatepass")

    def _file_body(self) -> Body:
        """Return the body that is a file: `@file` alone."""
        for placed in self._files:
            if placed.item.key:
                hint = f"expected -f to send it as a field, or @{placed.item.value} as the whole body"
                self._refuse(placed.word, f"{placed.word.text!r} is a file in JSON; {hint}")
        for placed in [*self._data, *self._files[1:]]:
            self._refuse(placed.word, "a file is the whole body; expected -f to send fields and files together")
        return (FromFile(self._file(self._files[0])[0]),)

    def _media_type_of_file(self) -> str | None:
        return self._file(self._files[0])[1] if self._files and not self._is_multipart else None

    def _file(self, placed: Placed) -> tuple[str, str | None]:
        """Return the path and the media type of `field@path;type=media/type`."""
        path, *types = placed.item.value.split(";type=")
        if not path:
            self._refuse(placed.word, f"{placed.word.text!r} names no file; expected a path after @")
        media_type = types[0] if types else ""
        if not media_type.isprintable() or not media_type.isascii():
            self._refuse(placed.word, f"{media_type!r} is no media type; expected one such as text/csv")
        return path, media_type or mimetypes.guess_type(path, strict=False)[0]

    def _part(self, placed: Placed) -> Part:
        item = placed.item
        if item.separator == "@":
            path, media_type = self._file(placed)
            return Part(item.key, FromFile(path), PurePath(path).name, media_type)
        field = self._form_field(placed)
        if not field.is_json:
            return Part(item.key, field.value)
        if isinstance(field.value, FromFile):
            self._refuse(
                placed.word, f"{placed.word.text!r} is JSON from a file; expected {item.key}=@ in a multipart body"
            )
        return Part(item.key, form_value(field, {}))

    def _form_field(self, placed: Placed) -> Field:
        field = self._field(placed)
        if field.is_json and isinstance(field.value, str):
            try:
                form_value(field, {})
            except MessageError as error:
                self._refuse(placed.word, str(error), error)
        return field

    def _json_body(self) -> Fields:
        """Return the fields, of which it is sure that they make one JSON value, as far as no file decides it."""
        fields = [self._field(placed) for placed in self._data]
        known = [
            index for index, field in enumerate(fields) if not (field.is_json and isinstance(field.value, FromFile))
        ]
        try:
            build((fields[index].name, self._known_value(fields[index])) for index in known)
        except PathError as error:
            self._refuse_path(self._data[known[error.index]], error)
        for placed in self._data:
            try:
                parse_path(placed.item.key)
            except PathError as error:
                self._refuse_path(placed, error)
        return Fields("json", tuple(fields))

    def _known_value(self, field: Field) -> Any:
        return "" if isinstance(field.value, FromFile) else json_field(field, {})

    def _field(self, placed: Placed) -> Field:
        is_json = placed.item.separator.startswith(":=")
        value = self._text(placed, "")
        if is_json and isinstance(value, str):
            try:
                parse_json(value)
            except MessageError as error:
                key = placed.item.key
                # What a placeholder stands for may be secret, and is no part of the line.
                is_filled = self._settings.slots.has(placed.word.text)
                what = f"{placed.word.text!r} is no JSON once it is filled in" if is_filled else str(error)
                self._refuse(placed.word, f"{what}; expected {key}:=1, {key}:=true or {key}:='[\"a\"]'", error)
        return Field(placed.item.key, value, is_json)

    def _add_header(self, placed: Placed) -> None:
        name, value = placed.item.key, self._header(placed)
        same = self._same.setdefault(name.lower(), [])
        if value is None or (same and self._headers[same[0]][1] is None):
            # A name that is not sent takes back what was given, and the other way round.
            for start in same:
                del self._headers[start]
            same.clear()
        same.append(placed.word.start)
        self._headers[placed.word.start] = (name, value)

    def _header(self, placed: Placed) -> Text | None:
        item, word = placed.item, placed.word
        if not TOKEN.fullmatch(item.key):
            self._refuse(word, f"{item.key!r} is no header name; expected letters, digits and - (RFC 9110 section 5.1)")
        value = self._text(placed, "trim")
        if isinstance(value, FromFile):
            return value
        if item.separator == ";":
            if value:
                self._refuse(word, f"{word.text!r} has something after ';'; expected {item.key}; or {item.key}:{value}")
            return ""
        if any(character in value.strip() for character in "\r\n\0"):
            self._refuse(word, f"the value of {item.key} has a line break or NUL; expected one line")
        return None if placed.is_bare else value.strip()

    def _text(self, placed: Placed, change: Any) -> Text:
        """Return the value of an item, or the file that holds it."""
        if not placed.item.separator.endswith("@"):
            return placed.item.value
        if not placed.item.value:
            self._refuse(placed.word, f"{placed.word.text!r} names no file; expected a path after @")
        return FromFile(placed.item.value, change)

    def _refuse(self, word: Word, message: str, cause: BaseException | None = None) -> NoReturn:
        raise LineError(message, self._line, word.start, word.end) from cause

    def _refuse_path(self, placed: Placed, error: PathError) -> NoReturn:
        """Point at the place in the name, where the word is written as it is meant."""
        word, message = placed.word, f"{placed.item.key!r}: {error}"
        if not self._line.startswith(placed.item.key, word.start):
            self._refuse(word, message, error)
        start, end = word.start + error.start, max(word.start + error.end, word.start + error.start + 1)
        raise LineError(message, self._line, start, min(end, word.end)) from error


def _grouped(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return `pairs` with those of one name together, where the first of them stands; HTTPie sends them so."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for pair in pairs:
        groups.setdefault(pair[0], []).append(pair)
    return [pair for group in groups.values() for pair in group]
