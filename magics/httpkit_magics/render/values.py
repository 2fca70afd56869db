"""The values that were filled into a request, and where each came from."""

from __future__ import annotations

from httpkit_magics.record.credentials import carried
from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count
from httpkit_magics.record.values import UsedValue
from httpkit_magics.render.clip import cut
from httpkit_magics.render.panel import MAX_ROWS, Fold, Grid, Line, Span

MAX_CELL = 80
"""Characters of an expression, of a value and of a source."""


def values(record: Record, redactor: Redactor) -> Fold | None:
    """Return the Values section, or None for a request without placeholders."""
    used = record.values
    if not used:
        return None
    hidden = carried(record.request)
    lines = tuple(_line(value, redactor, hidden) for value in used[:MAX_ROWS])
    left = len(used) - len(lines)
    more = f"{count(left)} more: r.values" if left else ""
    return Fold("Values", count(len(used)), (Grid(("name", "value", "from"), lines, more=more),))


def _line(used: UsedValue, redactor: Redactor, hidden: frozenset[str]) -> Line:
    is_secret = used.is_secret or is_telling(used.name) or used.text in hidden
    return (
        Span(_one_line(used.name, redactor)),
        Span(MASK if is_secret else _one_line(used.text, redactor)),
        Span(_one_line(used.source, redactor), "muted"),
    )


def _one_line(text: str, redactor: Redactor) -> str:
    return cut(text.replace("\n", " "), redactor.url, MAX_CELL)
