"""The Asserts section: what was asserted, what became of it, and where it failed what was found instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.render.clip import clip, rows
from httpkit_magics.render.panel import MAX_LABEL, MAX_VALUE, Fold, Line, Span


def asserts(verdicts: Sequence[Verdict], redactor: Redactor) -> Fold | None:
    """Return the section, open where one failed; None where nothing was asserted."""
    if not verdicts:
        return None
    bad = sum(not verdict for verdict in verdicts)
    counted = [f"{len(verdicts) - bad} passed"] * (bad < len(verdicts)) + [f"{bad} failed"] * bool(bad)
    listed = rows(_lines(verdicts, redactor), len(verdicts), "r.checks")
    return Fold("Asserts", ", ".join(counted), (listed,), is_open=bool(bad))


def _lines(verdicts: Sequence[Verdict], redactor: Redactor) -> Iterator[tuple[str, Line]]:
    for verdict in verdicts:
        asked, found = verdict.shown(redactor)
        line: Line = (Span(clip(asked, MAX_LABEL)),)
        yield ("passed", line) if verdict else ("failed", (*line, Span(f", {clip(found, MAX_VALUE)}", "bad")))
