"""Difference -> panel: what is other in the status, the fields and the body, and how long both took.

Redaction happens here, by what either request carried and by the names of fields and members.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.difference import Change, Difference
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count, duration, size
from httpkit_magics.render.clip import clip, cut
from httpkit_magics.render.panel import Block, Code, Fold, Grid, Line, Panel, Prose, Span, Tone
from httpkit_magics.render.tree import kind

MAX_CELL: Final = 80
"""Characters of a path and of a value."""
MAX_LINE: Final = 200
"""Characters of a line of text."""
MAX_CHANGES: Final = 100
"""Changes of the body that are shown, and of the fields."""

_ARROW: Final = " \u2192 "
_TONES: Final[dict[str, Tone]] = {"added": "good", "removed": "bad", "changed": "warn"}


def outline_difference(difference: Difference, redactor: Redactor) -> Panel:
    """Return the panel of a difference."""
    before, after = difference.before, difference.after
    redactor = redactor.knowing([*credentials_of(before.request), *credentials_of(after.request)])
    asked = dict.fromkeys(_asked(record, redactor) for record in (before, after))
    sections = (_headers(difference, redactor), _body(difference, redactor), _timing(difference))
    return Panel(
        tone="warn" if difference else "good",
        badge="Different" if difference else "Same",
        asked=_ARROW.join(asked),
        facts=(
            _ARROW.join(dict.fromkeys(_outcome(record, redactor) for record in (before, after))),
            _ARROW.join(map(duration, difference.elapsed)),
            _ARROW.join(_when(record) for record in (before, after) if record.started),
        ),
        sections=tuple(section for section in sections if section is not None),
    )


def _asked(record: Record, redactor: Redactor) -> str:
    return f"{cut(record.request.method, redactor.text, 20)} {cut(record.url, redactor.url)}"


def _outcome(record: Record, redactor: Redactor) -> str:
    if record.failure is not None:
        return cut(record.failure.title, redactor.text, 60)
    return cut(f"{record.status or 'no response'} {record.reason}".strip(), redactor.text, 60)


def _when(record: Record) -> str:
    """Return the cell and the time of day of a record."""
    cell = f"cell {record.cell} at " if record.cell is not None else ""
    return f"{cell}{record.started.astimezone():%H:%M:%S}" if record.started else ""


def _headers(difference: Difference, redactor: Redactor) -> Fold:
    changes = difference.headers
    if not changes:
        return Fold("Headers", "the same, but for those that always change", ())
    rows = tuple(_row(each, _field, redactor) for each in changes[:MAX_CHANGES])
    return Fold("Headers", _counted(changes), (_grid("field", rows, len(changes)),), is_open=True)


def _field(change: Change, value: str, redactor: Redactor) -> str:
    def masked(text: str) -> str:
        return ", ".join(redactor.header(change.place, line) for line in text.split("\n"))

    return cut(value, masked, MAX_CELL)


def _body(difference: Difference, redactor: Redactor) -> Fold:
    changes = difference.body
    if difference.compared == "dropped":
        return Fold("Body", "not compared: the history let go of one", ())
    if not changes:
        return Fold("Body", f"the same, {size(len((difference.after.stored or difference.after).content))}", ())
    shown = changes[:MAX_CHANGES]
    block: Block
    if difference.compared == "text":
        left = len(changes) - len(shown)
        more = f"{count(left, 'more line')}: .body of this difference" if left else ""
        block = Code(tuple(_line(each, redactor) for each in shown), more)
    else:
        rows = tuple(_row(each, _value, redactor) for each in shown)
        block = _grid("path" if difference.compared == "json" else "place", rows, len(changes))
    note = f"{_counted(changes)}{' and more' if difference.is_cut else ''}"
    return Fold("Body", note, (block, *_masked(block)), is_open=True)


def _masked(block: Block) -> tuple[Block, ...]:
    if isinstance(block, Grid) and any(MASK in cell.text for row in block.rows for cell in row):
        return (Prose((Span(f"{MASK} hides a secret, the records have it", "muted"),)),)
    return ()


def _value(change: Change, value: Any, redactor: Redactor) -> str:
    """Return a value of the body: JSON on one line, masked where a name on the way to it says so."""
    if any(isinstance(key, str) and redactor.hides(key, value) for key in change.keys):
        return MASK
    if not change.keys and isinstance(value, str) and not change.place.startswith("$"):
        return clip(value, MAX_CELL)
    try:
        return cut(json.dumps(value, ensure_ascii=False), redactor.json_text, MAX_CELL)
    except RecursionError:
        return kind(value)


def _line(change: Change, redactor: Redactor) -> Line:
    is_new = change.kind == "added"
    text = cut(change.after if is_new else change.before, redactor.json_text, MAX_LINE).replace("\n", " ")
    place = change.place.removeprefix("line ")
    return Span(f"{place:>5} ", "muted"), Span(f"{'+' if is_new else '-'} {text}", _TONES[change.kind])


def _row(change: Change, show: Callable[[Change, Any, Redactor], str], redactor: Redactor) -> Line:
    before = "" if change.kind == "added" else show(change, change.before, redactor)
    after = "" if change.kind == "removed" else show(change, change.after, redactor)
    place = cut(change.place, redactor.text, MAX_CELL)
    tone = _TONES[change.kind]
    return Span(change.kind, tone), *(Span(cell.replace("\n", " ")) for cell in (place, before, after))


def _grid(place: str, rows: tuple[Line, ...], total: int) -> Grid:
    left = total - len(rows)
    more = f"{count(left, 'more change')} in this difference" if left else ""
    return Grid(("", place, "before", "after"), rows, more=more)


def _counted(changes: tuple[Change, ...]) -> str:
    """Return how many of each kind there are: `2 changed, 1 added`."""
    numbers = {name: sum(each.kind == name for each in changes) for name in _TONES}
    return ", ".join(f"{count(number)} {name}" for name, number in numbers.items() if number)


def _timing(difference: Difference) -> Fold | None:
    phases = difference.timing
    if not phases:
        return None
    rows = [(name, *pair) for name, pair in list(phases.items())[:MAX_CHANGES]]
    lines = tuple(
        (Span(clip(name, MAX_CELL)), Span(duration(old)), Span(duration(new)))
        for name, old, new in (*rows, ("whole", *difference.elapsed))
    )
    grid = Grid(("phase", "before", "after"), lines, frozenset((1, 2)))
    return Fold("Timing", _ARROW.join(map(duration, difference.elapsed)), (grid,))
