"""The Body section: which way of showing a body suits its media type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count, size
from httpkit_magics.render.charset import Head, coding_problem, head_of
from httpkit_magics.render.clip import clip
from httpkit_magics.render.layout import laid_out
from httpkit_magics.render.markup import highlighted
from httpkit_magics.render.media import media_of
from httpkit_magics.render.panel import MAX_BODY, MAX_LINES, Block, Code, Fold, Line, Media, Prose, Span
from httpkit_magics.render.table import has_depth, is_table, read_csv, table_of
from httpkit_magics.render.tree import kind, parse, tree

MAX_PARSED: Final = 2_000_000
"""Bytes of JSON that are parsed to be shown, which takes up to 0.2 s; the head of a longer body is shown as text."""
MAX_HEX: Final = 256
"""Bytes of a binary body that are shown."""

_JSON: Final = re.compile(r"(?:application|text)/(?:[\w.-]+\+)?json|application/(?:manifest|vnd\.api)\+json")
_LINES_OF_JSON: Final = re.compile(r"application/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)|text/(?:x-)?ndjson")
_MARKUP: Final = re.compile(r"text/(?:html|xml)|(?:application|image|text)/(?:[\w.+-]+\+)?xml")
_TEXT: Final = re.compile(
    r"text/.*|application/(?:javascript|ecmascript|x-javascript|x-www-form-urlencoded|graphql|sql|toml|(?:x-)?yaml"
    r"|(?:[\w.-]+\+)yaml|http)"
)
_CSV: Final = re.compile(r"(?:text|application)/csv|text/tab-separated-values")
_MASKED: Final = f"{MASK} hides a secret, the record has it"


def media_type_of(content_type: str | None) -> str:
    """Return `type/subtype` of a Content-Type field, in lower case; empty where there is none (RFC 9110 section 8.3)."""
    return (content_type or "").partition(";")[0].partition(",")[0].strip().lower()


def body(record: Record, redactor: Redactor, room: int = MAX_BODY) -> Fold:
    """Return the Body section, open, with at most `room` characters; its note says what the body is."""
    if not record.content:
        return Fold("Body", "empty", ())
    note, blocks = _shown(record, redactor, room)
    if problem := coding_problem(record):
        blocks = (_say(problem), *blocks)
    return Fold("Body", note, blocks, is_open=True)


_Shown = tuple[str, tuple[Block, ...]]


def _shown(record: Record, redactor: Redactor, room: int) -> _Shown:
    """Return the note of the section and its blocks."""
    media_type = media_type_of(record.headers.get("content-type"))
    show = _way(media_type, record.content[:512])
    if show is _binary:
        return _media(record, media_type) or _binary(record, redactor, room)
    note, blocks = show(record, redactor, room)
    if media_type == "image/svg+xml" and (media := _media(record, media_type)):
        return media[0], (*media[1], Fold("Source", "", blocks))
    return note, blocks


def _way(media_type: str, start: bytes) -> Callable[[Record, Redactor, int], _Shown]:
    if media_type:
        return next((show for pattern, show in _WAYS if pattern.fullmatch(media_type)), _binary)
    if _looks_binary(start):
        return _binary
    return _json if start.lstrip()[:1] in {b"{", b"["} else _text


def _looks_binary(start: bytes) -> bool:
    return b"\0" in start or sum(byte < 9 or 13 < byte < 32 for byte in start) > len(start) // 10


def _json(record: Record, redactor: Redactor, room: int) -> _Shown:
    if len(record.content) > MAX_PARSED:
        return _long_json(record, redactor, room)
    try:
        value = _parsed(record)
    except RecursionError:
        return _not_parsed(record, redactor, room, "nested too deeply for a tree")
    except ValueError as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else "not in a Unicode encoding"
        return _not_parsed(
            record, redactor, room, f"not valid JSON: {what[:1].lower()}{what[1:].removesuffix(' at')}{where}"
        )
    if not is_table(value):
        root, masked = tree(value, redactor, "r.json()", room)
        return kind(value), _with_mask((root,), masked=masked)
    grid, masked = table_of(value, len(value), redactor, "r.json()", room)
    blocks: tuple[Block, ...] = (grid,)
    if has_depth(value):
        root, also_masked = tree(value, redactor, "r.json()", room)
        blocks = (grid, Fold("As a tree", "", (root,)))
        masked = masked or also_masked
    return f"array, {count(len(value), 'object')}", _with_mask(blocks, masked=masked)


def _parsed(record: Record) -> Any:
    try:
        return parse(record.content)
    except UnicodeDecodeError:
        # RFC 8259 wants UTF-8; a charset that was declared or detected is the next best.
        if record.encoding is None:
            raise
        return parse(record.text)


def _long_json(record: Record, redactor: Redactor, room: int) -> _Shown:
    head = head_of(record)
    said = f"over {size(MAX_PARSED)} the beginning is shown as text: r.json() parses all of it"
    return f"JSON, {size(len(record.content))}", (
        _say(said),
        *_as_text(record, head, laid_out(redactor.json_text(head.text), room), room),
    )


def _not_parsed(record: Record, redactor: Redactor, room: int, why: str) -> _Shown:
    head = head_of(record)
    problem = _say(why, is_problem=True)
    return "text", (problem, *_as_text(record, head, redactor.json_text(head.text), room))


def _lines_of_json(record: Record, redactor: Redactor, room: int) -> _Shown:
    head = head_of(record)
    lines = head.text.splitlines()[: MAX_LINES + 1]
    total = record.content.count(b"\n") + (not record.content.endswith(b"\n"))
    try:
        # The last line of a head that is cut off may be half a line.
        values = [parse(line) for line in (lines if head.is_whole else lines[:-1]) if line.strip()]
    except (ValueError, RecursionError):
        values = []
    if not is_table(values):
        return count(total, "line"), _as_text(record, head, redactor.json_text(head.text), room)
    grid, masked = table_of(values, total, redactor, "r.text", room)
    return count(total, "line"), _with_mask((grid,), masked=masked)


def _csv(record: Record, redactor: Redactor, room: int) -> _Shown:
    head = head_of(record)
    tabs = media_type_of(record.headers.get("content-type")) == "text/tab-separated-values"
    try:
        rows = read_csv(head.text, tabs=tabs)
    except ValueError:
        return _text(record, redactor, room)
    lines = record.content.count(b"\n") + (not record.content.endswith(b"\n"))
    # Cells may hold newlines, so the number of rows is at most this.
    grid, masked = table_of(rows, max(lines - 1, len(rows)), redactor, "r.text", room)
    note = f"{count(lines, 'line')}, {count(len(rows[0]), 'column')}"
    return note, _with_mask((grid, *map(_say, head.problems)), masked=masked)


def _markup(record: Record, redactor: Redactor, room: int) -> _Shown:
    head = head_of(record)
    return "source", _as_text(record, head, redactor.text(head.text), room, is_markup=True)


def _text(record: Record, redactor: Redactor, room: int) -> _Shown:
    head = head_of(record)
    return "text", _as_text(record, head, redactor.text(head.text), room)


def _as_text(record: Record, head: Head, text: str, room: int, *, is_markup: bool = False) -> tuple[Block, ...]:
    """Return the lines of an already redacted head, and what there is to say about its charset."""
    shown = clip(text, room)
    lines = shown.split("\n")
    is_cut = not head.is_whole or len(shown) > room or len(lines) > MAX_LINES
    shown = "\n".join(lines[:MAX_LINES])
    more = (
        f"the first {count(shown.count(chr(10)) + 1, 'line')} of {size(len(record.content))}: r.text" if is_cut else ""
    )
    spans = highlighted(shown) if is_markup else [Span(shown)]
    problems = tuple(_say(problem, is_problem=True) for problem in head.problems)
    return (*problems, Code(_lines(spans), more))


def _lines(spans: Any) -> tuple[Line, ...]:
    lines: list[list[Span]] = [[]]
    for span in spans:
        first, *others = span.text.split("\n")
        lines[-1].append(Span(first, span.tone))
        lines += [[Span(other, span.tone)] for other in others]
    return tuple(tuple(span for span in line if span.text) for line in lines)


def _media(record: Record, media_type: str) -> _Shown | None:
    found = media_of(media_type, record.content)
    if isinstance(found, Media):
        return found.words, (found,)
    return None


def _binary(record: Record, redactor: Redactor, room: int) -> _Shown:  # noqa: ARG001  # all ways of showing are called alike
    media_type = media_type_of(record.headers.get("content-type"))
    why = media_of(media_type, record.content)
    start = record.content[: min(MAX_HEX, room)]
    rows = tuple((Span(f"{at:04x}  ", "muted"), *_hex_row(start[at : at + 16])) for at in range(0, len(start), 16))
    left = len(record.content) - len(start)
    more = f"{count(left, 'more byte')}: r.content" if left else ""
    said = (_say(why, is_problem=True),) if isinstance(why, str) else ()
    return f"binary, {size(len(record.content))}", (*said, Code(rows, more, wraps=False))


def _hex_row(row: bytes) -> Line:
    pairs = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  "
    return Span(pairs), Span("".join(chr(byte) if 32 <= byte < 127 else "." for byte in row), "muted")


def _with_mask(blocks: tuple[Block, ...], *, masked: bool) -> tuple[Block, ...]:
    return (*blocks, _say(_MASKED)) if masked else blocks


def _say(sentence: str, *, is_problem: bool = False) -> Prose:
    return Prose((Span(sentence, "warn" if is_problem else "muted"),))


# In this order: text/csv is text too.
_WAYS: Final = ((_JSON, _json), (_LINES_OF_JSON, _lines_of_json), (_CSV, _csv), (_MARKUP, _markup), (_TEXT, _text))
