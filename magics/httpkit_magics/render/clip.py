"""Cutting: nothing is shown longer than its limit, and what was left out is said in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from httpkit_magics.record.redaction import LONGEST
from httpkit_magics.record.units import count
from httpkit_magics.record.visible import visible
from httpkit_magics.render.panel import MAX_LABEL, MAX_ROWS, MAX_SECTION, MAX_VALUE, Line, Rows, Span, Tone

MORE = "\u2026"

Mask = Callable[[str], str]
"""What takes the credentials out of a text: a method of the redactor."""


def clip(text: str, limit: int) -> str:
    """Return `text` with its hidden characters written out, at most `limit` characters and then an ellipsis."""
    # Writing out makes text longer, never shorter: what lies beyond the limit need not be looked at.
    shown = visible(text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + MORE


def cut(text: str, mask: Mask, limit: int = MAX_LABEL) -> str:
    """Return `text` masked and then cut, so that no half of a credential is left; its far end is not even looked at."""
    return clip(mask(text[: limit + LONGEST]), limit)


def cut_line(text: str, mask: Mask, limit: int = MAX_VALUE, tone: Tone = "plain") -> Line:
    """Return `text` masked and cut, and in words how much was left out."""
    beyond = len(text) - limit - LONGEST
    masked = mask(text[: limit + LONGEST])
    left = len(masked) - limit + max(beyond, 0)
    shown = Span(clip(masked, limit), tone)
    return (shown,) if left <= 0 else (shown, Span(f" {count(left, 'more character')}", "muted"))


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
