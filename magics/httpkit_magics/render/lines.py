"""Panel -> lines of spans, for plain text and for the terminal. No width is asked for: the same panel, the same lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

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
)

_INDENT: Final = Span("  ")
_NAME: Final = 24
"""Characters to which short names of rows are padded."""
_BAR: Final = 40


def lines(panel: Panel, *, fold: bool) -> Iterator[Line]:
    """Yield the panel line by line; with `fold`, a closed section is only its title and its note."""
    yield (Span(f" {panel.badge} ", panel.tone), Span(f" {panel.asked}", "plain"))
    if panel.facts:
        yield (Span(" \u00b7 ".join(panel.facts), "muted"),)
    for note in panel.notes:
        yield note.line
    was_folded = False
    for section in panel.sections:
        is_folded = (fold and not section.is_open) or not section.blocks or section.is_derived
        if not (was_folded and is_folded):
            yield ()
        yield (Span(section.title), Span(f"  {section.note}", "muted"))
        if not is_folded:
            yield from _indented(section.blocks, fold=fold)
        was_folded = is_folded


def _indented(blocks: tuple[Block, ...], *, fold: bool) -> Iterator[Line]:
    for block in blocks:
        for line in _fold(block, fold=fold) if isinstance(block, Fold) else _drawn(block):
            yield (_INDENT, *line) if line else ()


def _fold(inner: Fold, *, fold: bool) -> Iterator[Line]:
    yield (Span(inner.title), Span(f"  {inner.note}", "muted"))
    if not fold or inner.is_open:
        yield from _indented(inner.blocks, fold=fold)


def _drawn(block: Block) -> Iterator[Line]:
    draw: Callable[[Any], Iterator[Line]] = _DRAW[type(block)]
    return draw(block)


def _more(words: str) -> Iterator[Line]:
    if words:
        yield (Span(words, "muted"),)


def _prose(prose: Prose) -> Iterator[Line]:
    yield prose.line


def _rows(rows: Rows) -> Iterator[Line]:
    width = min(_NAME, max((len(name) for name, _ in rows.rows), default=0))
    for name, line in rows.rows:
        yield (Span(f"{name:<{width}}  ", "muted"), *line)
    yield from _more(rows.more)


def _code(code: Code) -> Iterator[Line]:
    yield from code.lines
    yield from _more(code.more)


def _grid(grid: Grid) -> Iterator[Line]:
    widths = [
        max(len(name), *(len(row[index].text) for row in grid.rows)) if grid.rows else len(name)
        for index, name in enumerate(grid.columns)
    ]
    yield tuple(_cell(Span(name, "muted"), index, widths, grid) for index, name in enumerate(grid.columns))
    for row in grid.rows:
        yield tuple(_cell(cell, index, widths, grid) for index, cell in enumerate(row))
    yield from _more(grid.more)


def _cell(cell: Span, index: int, widths: list[int], grid: Grid) -> Span:
    width = widths[index]
    padded = f"{cell.text:>{width}}" if index in grid.right else f"{cell.text:<{width}}"
    return Span(padded if index == len(widths) - 1 else f"{padded}  ", cell.tone)


def _tree(node: Node) -> Iterator[Line]:
    # The root has no line of its own: the section's note says what it is.
    if not node.children and not node.more:
        yield node.line
    yield from _children(node)


def _children(node: Node) -> Iterator[Line]:
    for child in node.children or ():
        yield child.line
        for line in _children(child):
            yield (_INDENT, *line)
    yield from _more(node.more)


def _bars(bars: Bars) -> Iterator[Line]:
    names = max(len(name) for name, *_ in bars.bars)
    labels = max(len(label) for *_, label in bars.bars)
    for name, start, length, label in bars.bars:
        before = min(round(start * _BAR), _BAR - 1)
        bar = "#" * max(1, min(round(length * _BAR), _BAR - before))
        yield (Span(f"{name:<{names}}  ", "muted"), Span(f"{label:>{labels}}  "), Span(" " * before + bar, "info"))


def _messages(messages: Messages) -> Iterator[Line]:
    rows = messages.rows
    kinds = max((len(row.kind) for row in rows), default=0)
    sizes, times, deltas = (max((len(row[index]) for row in rows), default=0) for index in (3, 4, 5))
    for row in rows:
        numbers = f"{row.size:>{sizes}}  {row.time:>{times}}  {row.delta:>{deltas}}  "
        yield (row.arrow, Span(f" {row.kind:<{kinds}}  {numbers}", "muted"), Span(row.preview))
    yield from _more(messages.more)


def _media(media: Media) -> Iterator[Line]:
    yield (Span(media.words, "muted"),)


_DRAW: Final[dict[type, Callable[[Any], Iterator[Line]]]] = {
    Prose: _prose,
    Rows: _rows,
    Code: _code,
    Grid: _grid,
    Node: _tree,
    Bars: _bars,
    Media: _media,
    Messages: _messages,
}
