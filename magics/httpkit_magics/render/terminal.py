"""Panel -> text for a terminal: the same lines in colour, closed sections as one line each.

The only escape sequences are ours: what came over the wire has its control characters written out.
"""

from __future__ import annotations

from typing import Final

from httpkit_magics.record.visible import visible_line
from httpkit_magics.render.lines import lines
from httpkit_magics.render.panel import Line, Panel, Span, Tone

# The eight basic colours (ECMA-48 section 8.3.117): the terminal's theme makes them readable on its own ground.
_CODES: Final[dict[Tone, str]] = {"plain": "", "muted": "2", "good": "32", "info": "34", "warn": "33", "bad": "31"}


def to_terminal(panel: Panel) -> str:
    """Return the panel with SGR colours; open sections are unfolded, the others say what is in them."""
    badge, *rest = lines(panel, fold=True)
    head = _sgr(badge[0].text, f"1;7;{_CODES[panel.tone]}") + _sgr(badge[1].text, "1")
    return "\n".join([head, *map(_coloured, rest)])


def _coloured(line: Line) -> str:
    return "".join(map(_span, line)).rstrip()


def _span(span: Span) -> str:
    return _sgr(span.text, _CODES[span.tone])


def _sgr(text: str, code: str) -> str:
    shown = visible_line(text.replace("\t", "    "))
    return f"\x1b[{code}m{shown}\x1b[0m" if code and shown.strip() else shown
