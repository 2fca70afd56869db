"""The values that were filled into a request, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator

from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count
from httpkit_magics.record.values import UsedValue
from httpkit_magics.render.clip import cut, cut_line, rows
from httpkit_magics.render.panel import Fold, Line, Span

MAX_NAME = 60
"""Characters of an expression."""
MAX_SHOWN = 200
"""Characters of a value."""


def values(record: Record, redactor: Redactor) -> Fold | None:
    """Return the Values section, or None for a request without placeholders."""
    used = record.values
    if not used:
        return None
    return Fold("Values", count(len(used)), (rows(_lines(used, redactor), len(used), "r.values"),))


def _lines(used: tuple[UsedValue, ...], redactor: Redactor) -> Iterator[tuple[str, Line]]:
    for value in used:
        shown: Line = ()
        if value.is_secret or is_telling(value.name):
            shown = (Span(f"{MASK}  "),)
        elif value.text:
            shown = (*cut_line(value.text, redactor.url, MAX_SHOWN), Span("  "))
        yield cut(value.name, redactor.text, MAX_NAME), (*shown, Span(cut(value.source, redactor.url), "muted"))
