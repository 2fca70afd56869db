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


def values(record: Record, redactor: Redactor) -> Fold | None:
    """Return the Values section, or None for a request without placeholders."""
    used = record.values
    if not used:
        return None
    return Fold("Values", count(len(used)), (rows(_lines(used, redactor), len(used), "r.values"),))


def _lines(used: tuple[UsedValue, ...], redactor: Redactor) -> Iterator[tuple[str, Line]]:
    for value in used:
        shown = (Span(MASK),) if value.is_secret or is_telling(value.name) else cut_line(value.text, redactor.url, 200)
        source = Span(f"  {cut(value.source, redactor.url)}", "muted")
        yield cut(value.name, redactor.text, 60), (*shown, source)
