"""Panel -> HTML that stands alone: readable on white and on black, saved or live, trusted or not.

An untrusted JupyterLab drops style elements, scripts, `position`, `var()`, ids and data attributes: none is used. What
folds is `details`; colours are literal and of one middle luminance, so that each has a contrast above 4 on both grounds.
Text enters through `_text()` and nowhere else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from html import escape
from typing import Any, Final

from httpkit_magics.record.visible import visible
from httpkit_magics.render.panel import (
    Bars,
    Block,
    Code,
    Fold,
    Grid,
    Line,
    Media,
    Messages,
    Node,
    Panel,
    Prose,
    Rows,
    Span,
    Tone,
)

_INKS: Final[dict[Tone, str]] = {
    "plain": "",
    "muted": "opacity:.62",
    "good": "color:#1b894a",
    "info": "color:#1f70f5",
    "warn": "color:#a56b00",
    "bad": "color:#d93d3d",
}
_GROUNDS: Final[dict[Tone, str]] = {
    "good": "#1b894a",
    "info": "#1f70f5",
    "warn": "#a56b00",
    "bad": "#d93d3d",
    "muted": "#767676",
    "plain": "#767676",
}
_BARS: Final = {"DNS": "#0c848f", "connect": "#a56b00", "TLS": "#a046f6", "wait": "#1b894a", "receive": "#1f70f5"}
_BAR: Final = "rgba(127,127,127,.7)"

_LINE: Final = "1px solid rgba(127,127,127,.25)"
_MUTED: Final = "opacity:.62"
_MONO: Final = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px"
_WRAP: Final = "overflow-wrap:break-word"
# JupyterLab stretches tables, stripes their rows and aligns cells to the right; these undo it.
_TABLE: Final = f"border-collapse:collapse;table-layout:auto;margin:0;{_MONO}"
_ROW: Final = "background:transparent"
_CELL: Final = "text-align:left;vertical-align:top;white-space:normal;max-width:none;padding:1px"
_HAND: Final = "cursor:pointer"
_RUN: Final = re.compile(r"\S{32}")
"""What a column would be as wide as; `word-break:break-word`, which helps, does not pass the sanitizer."""


def to_html(panel: Panel) -> str:
    """Return the panel as one `div`, with nothing outside of what JupyterLab's sanitizer keeps."""
    ground = _GROUNDS[panel.tone]
    pill = (
        f'<span style="display:inline-block;padding:1px 9px;margin-right:8px;border-radius:10px;background:{ground};'
        f'color:#fff;font-weight:600;font-size:12px;white-space:nowrap">{_text(panel.badge)}</span>'
    )
    asked = f'<span style="{_MONO};font-size:13px;font-weight:600;{_WRAP}">{_text(panel.asked)}</span>'
    facts = " \u00b7 ".join(map(_text, panel.facts))
    return (
        f'<div style="border:{_LINE};border-left:3px solid {ground};border-radius:4px;padding:8px 14px 5px 12px;'
        f'margin:2px 0 8px 0;max-width:900px;font-size:13px;line-height:1.45">'
        f'<div style="padding-bottom:3px">{pill}{asked}</div>'
        f'<div style="font-size:12px;{_MUTED};padding-bottom:6px;{_WRAP}">{facts}</div>'
        f"{''.join(map(_block, panel.notes))}{''.join(map(_section, panel.sections))}</div>"
    )


def _text(text: str) -> str:
    """Return `text` for an element or a quoted attribute, its hidden characters written out."""
    return escape(visible(text), quote=True)


def _spans(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    ink = _INKS[span.tone]
    return f'<span style="{ink}">{_text(span.text)}</span>' if ink else _text(span.text)


def _section(fold: Fold) -> str:
    title = f'<b>{_text(fold.title)}</b> <span style="{_MUTED}">{_text(fold.note)}</span>'
    if not fold.blocks:
        # Nothing to unfold: the same line without the handle.
        return f'<div style="border-top:{_LINE};padding:5px 0;font-size:12.5px">{title}</div>'
    return (
        f'<details{" open" if fold.is_open else ""} style="border-top:{_LINE};padding:5px 0">'
        f'<summary style="{_HAND};font-size:12.5px">{title}</summary>'
        f'<div style="padding:5px 0 4px 15px">{"".join(map(_block, fold.blocks))}</div></details>'
    )


def _block(block: Block) -> str:
    draw: Callable[[Any], str] = _DRAW[type(block)]
    return draw(block)


def _prose(prose: Prose) -> str:
    return f'<div style="padding:2px 0 6px;font-size:12.5px;{_WRAP}">{_spans(prose.line)}</div>'


def _more(words: str) -> str:
    return f'<div style="{_MUTED};font-size:12px;padding-top:3px">{_text(words)}</div>' if words else ""


def _rows(rows: Rows) -> str:
    cells = "".join(
        f'<tr style="{_ROW}"><td style="{_CELL} 14px 1px 0;{_MUTED};{_breaking(name) or "white-space:nowrap"}">'
        f'{_text(name)}</td><td style="{_CELL} 0;{_breaking("".join(span.text for span in line))}">{_spans(line)}</td></tr>'
        for name, line in rows.rows
    )
    return f'<table style="{_TABLE}">{cells}</table>{_more(rows.more)}' if cells else _more(rows.more)


def _breaking(text: str) -> str:
    """Return the style that lets a cell break anywhere, where it holds a run that no line should be as long as."""
    return "word-break:break-all" if _RUN.search(text) else ""


def _code(code: Code) -> str:
    wrap = f"white-space:pre-wrap;{_WRAP}" if code.wraps else "white-space:pre"
    lines = "\n".join(map(_spans, code.lines))
    shown = (
        f'<div style="{_MONO};line-height:1.5;{wrap};max-height:420px;overflow:auto;padding-top:2px">{lines}</div>'
        if lines
        else ""
    )
    return shown + _more(code.more)


def _grid(grid: Grid) -> str:
    sides = ["right" if index in grid.right else "left" for index in range(len(grid.columns))]
    head = "".join(
        f'<th style="{_CELL} 16px 3px 0;text-align:{side};font-weight:600;{_MUTED};border-bottom:{_LINE}">{_text(name)}</th>'
        for name, side in zip(grid.columns, sides, strict=True)
    )
    styles = [f"{_CELL} 16px 1px 0;white-space:nowrap;text-align:{side}" for side in sides]
    body = "".join(
        f'<tr style="{_ROW}">'
        + "".join(f'<td style="{style}">{_span(cell)}</td>' for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in grid.rows
    )
    table = f'<table style="{_TABLE}"><tr style="{_ROW}">{head}</tr>{body}</table>'
    return f'<div style="overflow-x:auto;max-width:100%">{table}</div>{_more(grid.more)}'


def _tree(node: Node) -> str:
    # The root has no line of its own: the section's note says what it is.
    inside = _children(node) or _node(node)
    return f'<div style="{_MONO};line-height:1.55;{_WRAP}">{inside}</div>'


def _node(node: Node) -> str:
    # A leaf is indented by the width of the handle that it lacks.
    if node.children is None:
        return f'<div style="padding-left:15px">{_spans(node.line)}</div>'
    inside = _children(node)
    if not inside:
        return f'<div style="padding-left:15px">{_spans(node.line)}</div>'
    return (
        f'<details{" open" if node.is_open else ""}><summary style="{_HAND}">{_spans(node.line)}</summary>'
        f'<div style="padding-left:15px">{inside}</div></details>'
    )


def _children(node: Node) -> str:
    more = f'<div style="padding-left:15px;{_MUTED}">{_text(node.more)}</div>' if node.more else ""
    return "".join(map(_node, node.children or ())) + more


def _bars(bars: Bars) -> str:
    rows = "".join(
        f'<tr style="{_ROW}"><td style="{_CELL} 14px 1px 0;{_MUTED};white-space:nowrap">{_text(name)}</td>'
        f'<td style="{_CELL} 0;vertical-align:middle;width:340px;min-width:90px"><div style="margin-left:{start:.1%};'
        f'width:{length:.1%};min-width:2px;height:9px;border-radius:2px;background:{_BARS.get(name, _BAR)}"></div></td>'
        f'<td style="{_CELL} 0 1px 12px;text-align:right;white-space:nowrap">{_text(label)}</td></tr>'
        for name, start, length, label in bars.bars
    )
    return f'<table style="{_TABLE}">{rows}</table>'


def _messages(messages: Messages) -> str:
    # Numbers are padded and stand in one cell: a cell of its own for each would double the size of a panel.
    sizes, times, deltas = (max((len(row[index]) for row in messages.rows), default=0) for index in (3, 4, 5))
    side = f"{_CELL} 0;white-space:pre"
    rows = "".join(
        f'<tr style="{_ROW}"><td style="{side}">{_span(row.arrow)}<span style="{_MUTED}"> {_text(row.kind)}  </span></td>'
        f'<td style="{_CELL} 0;width:100%;{_breaking(row.preview)}">{_text(row.preview)}</td>'
        f'<td style="{side};{_MUTED}">'
        f"{_text(f'  {row.size:>{sizes}}  {row.time:>{times}}  {row.delta:>{deltas}}')}</td></tr>"
        for row in messages.rows
    )
    return f'<table style="{_TABLE};width:100%">{rows}</table>{_more(messages.more)}' if rows else _more(messages.more)


def _media(media: Media) -> str:
    source = f"data:{media.media_type};base64,{base64.b64encode(media.content).decode()}"
    words = _text(media.words)
    if media.kind == "image":
        # Images with a transparent ground are mostly drawn for white.
        style = "max-width:100%;max-height:420px;background:#fff;border-radius:3px"
        return f'<img src="{source}" alt="{words}" title="{words}" style="{style}">'
    return f'<{media.kind} controls src="{source}" style="max-width:100%;max-height:420px">{words}</{media.kind}>'


_DRAW: Final[dict[type, Callable[[Any], str]]] = {
    Prose: _prose,
    Rows: _rows,
    Code: _code,
    Grid: _grid,
    Node: _tree,
    Bars: _bars,
    Media: _media,
    Messages: _messages,
    Fold: _section,
}
