"""The sections Limits and Caching: what the fields say of calls that are left and of using the response again, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from httpkit_magics.record.allowance import allowance
from httpkit_magics.record.freshness import freshness
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.render.clip import cut
from httpkit_magics.render.panel import MAX_LABEL, Fold, Prose, Span

MAX_NOTE: Final = 120


def limits(record: Record, redactor: Redactor) -> Fold | None:
    """Return the calls that are left, and the time to wait; None where no field says so."""
    return _fold("Limits", allowance(record.headers, record.started or datetime.now(UTC)), redactor)


def caching(record: Record, redactor: Redactor) -> Fold | None:
    """Return how long the response is fresh, how old it is and what asks whether it changed; None where nothing says so."""
    return _fold("Caching", freshness(record.headers, record.status), redactor)


def unchanged(stored: Record) -> str:
    """Return what a 304 means where the body of `stored` is at hand."""
    when = f"{stored.started.astimezone():%H:%M:%S}" if stored.started else "before"
    return f"not changed, the body of {when}"


def _fold(title: str, sentences: Sequence[str], redactor: Redactor) -> Fold | None:
    """Return the section: its note is the first sentence, and what there is more unfolds."""
    if not sentences:
        return None
    note = cut(sentences[0], redactor.text, MAX_NOTE)
    rest = tuple(Prose((Span(cut(sentence, redactor.text, MAX_LABEL)),)) for sentence in sentences[1:])
    return Fold(title, note, rest)
