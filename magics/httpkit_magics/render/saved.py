"""The Body section of a response whose body went to a file."""

from __future__ import annotations

from httpkit_magics.record.record import SavedFile
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.units import size, size_of
from httpkit_magics.render.clip import cut
from httpkit_magics.render.panel import Fold, Prose, Span


def saved(file: SavedFile, redactor: Redactor) -> Fold:
    """Return the section: where the body is, how much of it, and how to get the rest."""
    name = cut(str(file.path), redactor.text)
    if not file.is_complete:
        amount = size_of(file.size, file.total) if file.total else size(file.size)
        spans = [Span(f"{amount} in {name}"), Span(f"  -d -c -O {name} loads the rest", "muted")]
        return Fold("Body", f"in part in {name}", (Prose(tuple(spans)),), is_open=True)
    spans = [Span(f"{size(file.size)} in {name}")]
    if file.offset == file.size and file.size:
        spans.append(Span("  all of it was there before", "muted"))
    elif file.offset:
        spans.append(Span(f"  {size(file.offset)} of it were there before", "muted"))
    return Fold("Body", f"saved to {name}", (Prose(tuple(spans)),), is_open=True)
