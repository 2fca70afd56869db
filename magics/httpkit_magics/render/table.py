"""Rows of named values as a table: an array of objects, NDJSON, CSV."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count
from httpkit_magics.render.clip import cut
from httpkit_magics.render.panel import MAX_BODY, Grid, Line, Span
from httpkit_magics.render.tree import Number, kind

MAX_ROWS: Final = 20
MAX_COLUMNS: Final = 12
MAX_CELL: Final = 60
MAX_HEAD: Final = 40
MAX_CSV: Final = 65_536
"""Characters of CSV that are read for the rows that are shown."""

_DELIMITERS: Final = ",;\t|"


def is_table(value: Any) -> bool:
    """Return whether `value` is an array of two objects or more, judged by its first 20 items."""
    return isinstance(value, list) and len(value) > 1 and all(isinstance(row, dict) and row for row in value[:MAX_ROWS])


def table_of(
    rows: Sequence[Mapping[str, Any]], total: int, redactor: Redactor, rest: str, room: int = MAX_BODY
) -> tuple[Grid, bool]:
    """Return the first rows as a table of at most `room` characters, and whether something in it is masked.

    `total` is the number of rows that there are, `rest` the expression that gives them.
    """
    shown = rows[:MAX_ROWS]
    names = list(dict.fromkeys(name for row in shown for name in itertools.islice(row, MAX_COLUMNS * 2)))
    columns = names[:MAX_COLUMNS]
    cells = list(_fitting((tuple(_cell(name, row, redactor) for name in columns) for row in shown), room))
    shown = shown[: len(cells)]
    right = frozenset(
        index
        for index, name in enumerate(columns)
        if all(isinstance(row.get(name), Number) or row.get(name) is None for row in shown)
    )
    masked = any(redactor.hides(name, row.get(name)) for name in columns for row in shown)
    left = (total - len(shown), len(names) - len(columns))
    said = [count(left[0], "more row")] * (left[0] > 0) + [count(left[1], "more column")] * (left[1] > 0)
    more = f"{' and '.join(said)}: {rest}" if said else ""
    return Grid(tuple(cut(name, redactor.text, MAX_HEAD) for name in columns), tuple(cells), right, more), masked


def has_depth(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the first rows hold values that a cell can't show."""
    return any(isinstance(value, (dict, list)) and value for row in rows[:MAX_ROWS] for value in row.values())


def read_csv(text: str, *, tabs: bool) -> list[dict[str, Any]]:
    """Return the first rows of CSV text with a head (RFC 4180); the delimiter is the most frequent one of the head.

    Cells that look like numbers are `Number`.

    Raises:
        ValueError: not CSV, or no row under the head.
    """
    head = text.partition("\n")[0]
    delimiter = "\t" if tabs else max(_DELIMITERS, key=head.count)
    try:
        lines = list(
            itertools.islice(csv.reader(io.StringIO(text[:MAX_CSV], newline=""), delimiter=delimiter), MAX_ROWS + 1)
        )
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error
    lines = [line for line in lines if line]
    if len(lines) < 2 or not any(lines[0]):
        raise ValueError("no rows under a head")
    names = [name.strip() or f"column {number}" for number, name in enumerate(lines[0], 1)]
    return [dict(zip(names, map(_number, line), strict=False)) for line in lines[1:]]


def _number(cell: str) -> str:
    try:
        float(cell)
    except ValueError:
        return cell
    return Number(cell)


def _fitting(rows: Iterable[Line], room: int) -> Iterator[Line]:
    """Yield the rows that fit `room` characters."""
    for row in rows:
        room -= sum(len(cell.text) for cell in row)
        if room < 0:
            return
        yield row


def _is_short(value: Any) -> bool:
    """Return whether `value` is a list of texts or numbers that a cell has room for, without commas."""
    return (
        isinstance(value, list)
        and 0 < len(value) <= MAX_CELL
        and all(isinstance(text, str) and "," not in text for text in value)
        and sum(map(len, value)) + 2 * len(value) <= MAX_CELL
    )


def _cell(name: str, row: Mapping[str, Any], redactor: Redactor) -> Span:
    if name not in row:
        return Span("")
    value = row[name]
    if redactor.hides(name, value):
        return Span(MASK, "muted")
    if _is_short(value):
        return Span(cut(", ".join(value), redactor.text, MAX_CELL))
    if isinstance(value, (dict, list)):
        return Span(kind(value), "muted")
    if value is None or isinstance(value, bool):
        return Span(json.dumps(value), "muted")
    return Span(cut(value, redactor.url if "://" in value else redactor.text, MAX_CELL))
