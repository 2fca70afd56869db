"""Records of the history -> a panel: one line for each, the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.units import count, duration, size
from httpkit_magics.render.clip import cut
from httpkit_magics.render.panel import Fold, Grid, Line, Panel, Span, Tone

MAX_SHOWN: Final = 50
"""Records of one panel."""
MAX_URL: Final = 120

_TONES: Final[dict[int, Tone]] = {1: "info", 2: "good", 3: "info", 4: "warn", 5: "bad"}


def outline_history(found: Sequence[tuple[int, Record]], total: int, sought: str, redactor: Redactor) -> Panel:
    """Return the panel of the records that were found, each with its number in the history of `total`."""
    shown = found[-MAX_SHOWN:]
    left = len(found) - len(shown)
    said = f"with {cut(sought, redactor.text, 60)!r}, of {count(total)}" if sought else "in this notebook"
    grid = Grid(
        ("", "cell", "at", "method", "URL", "answer", "size", "time"),
        tuple(_line(number, record, redactor) for number, record in shown),
        frozenset((0, 1, 6, 7)),
        f"{count(left)} before: http.history" if left else "",
    )
    note = "http.history[0] is the first; %httpkit diff 0 1 compares two"
    return Panel(
        "info",
        "History",
        f"{count(len(found), 'request')} {said}",
        (),
        sections=(Fold("Requests", note if shown else "none", (grid,) if shown else (), is_open=True),),
    )


def _line(number: int, record: Record, redactor: Redactor) -> Line:
    status = record.status
    if record.failure is not None or status is None:
        answer = Span(
            cut(record.failure.title if record.failure else "not sent", redactor.text, 30),
            "bad" if record.failure else "muted",
        )
    else:
        answer = Span(cut(f"{status} {record.reason}".strip(), redactor.text, 30), _TONES.get(status // 100, "bad"))
    held = "dropped" if record.dropped else size(len(record.content) if record.saved is None else record.saved.size)
    cells = (
        Span(str(number), "muted"),
        Span("" if record.cell is None else str(record.cell)),
        Span("" if record.started is None else f"{record.started.astimezone():%H:%M:%S}", "muted"),
        Span(cut(record.request.method, redactor.text, 20)),
        Span(cut(record.url, redactor.url, MAX_URL)),
        answer,
        Span(held),
        Span(duration(record.elapsed)),
    )
    return tuple(Span(cell.text.replace("\n", " "), cell.tone) for cell in cells)
