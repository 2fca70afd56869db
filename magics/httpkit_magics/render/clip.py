"""Cutting: nothing is shown longer than its limit, and what was left out is said in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from httpkit_magics.record.units import count
from httpkit_magics.record.visible import visible
from httpkit_magics.render.panel import MAX_ROWS, MAX_SECTION, MAX_VALUE, Line, Rows, Span, Tone

MORE = "\u2026"


def clip(text: str, limit: int) -> str:
    """Return `text` with its hidden characters written out, at most `limit` characters and then an ellipsis."""
    # Writing out makes text longer, never shorter: what lies beyond the limit need not be looked at.
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + MORE


def clipped(text: str, limit: int = MAX_VALUE, tone: Tone = "plain") -> Line:
    """Return `text` as spans, cut after `limit` characters, and how much was left out."""
    if len(text) <= limit:
        return (Span(clip(text, limit), tone),)
    return (Span(clip(text, limit), tone), Span(f" {count(len(text) - limit, 'more character')}", "muted"))


def rows(lines: Iterable[tuple[str, Line]], total: int, rest: str) -> Rows:
    """Return as many rows as fit a section; `rest` is the expression that gives all of them."""
    kept = tuple(_fitting(lines))
    left = total - len(kept)
    return Rows(kept, f"{count(left)} more: {rest}" if left > 0 else "")


def _fitting(lines: Iterable[tuple[str, Line]]) -> Iterator[tuple[str, Line]]:
    room = MAX_SECTION
    for number, (name, line) in enumerate(lines):
        room -= len(name) + sum(len(span.text) for span in line)
        if room < 0 or number >= MAX_ROWS:
            return
        yield name, line
