"""What a panel holds, before it is drawn: one value that HTML, plain text and the terminal all draw.

Whoever builds a panel has redacted and cut what it holds; whoever draws it escapes. Text is kept as it came over the
wire until it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Tone = Literal["plain", "muted", "good", "info", "warn", "bad"]

# What bounds a panel, in characters unless said; 16 384 characters are at most 64 KB in UTF-8.
MAX_BODY: Final = 16_384
"""Of the body, in all of its forms."""
MAX_LINES: Final = 300
"""Lines of a body that is shown as text."""
MAX_SECTION: Final = 8_192
"""Of one section of rows: header fields, cookies, links, redirects."""
MAX_ROWS: Final = 100
"""Rows of one section."""
MAX_VALUE: Final = 1_000
"""Of one value in a row."""
MAX_LABEL: Final = 300
"""Of one URL, name or title."""
MAX_MEDIA: Final = 1_000_000
"""Bytes of an image, a sound or a film that is put into the notebook; base64 adds a third."""
MAX_HTML: Final = 640 * 1024
"""Bytes of a whole panel in HTML, media aside, on the most hostile input; an ordinary one has 5 to 40 KB."""


class Span(NamedTuple):
    """A run of text in one tone."""

    text: str
    tone: Tone = "plain"


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """One sentence of ours."""

    line: Line


@dataclass(frozen=True, slots=True)
class Rows:
    """Names and values that came over the wire; `more` says in words what was left out."""

    rows: tuple[tuple[str, Line], ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Text as it is, line by line; `more` says in words what was left out."""

    lines: tuple[Line, ...]
    more: str = ""
    wraps: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a head; columns whose index is in `right` hold numbers."""

    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    right: frozenset[int] = frozenset()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a tree: a leaf where `children` is None; `more` says in words what was left out."""

    line: Line
    children: tuple[Node, ...] | None = None
    more: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars on one scale: a name, where it begins and how long it is (both as parts of 1), and a label."""

    bars: tuple[tuple[str, float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a sound or a film; `words` stand for it where it can't be shown."""

    kind: Literal["image", "audio", "video"]
    media_type: str
    content: bytes
    words: str


class MessageRow(NamedTuple):
    """One message of a stream: an arrow, its kind, how it begins, its size, when it came and how long after the last."""

    arrow: Span
    kind: str
    preview: str
    size: str
    time: str
    delta: str


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of a stream, the oldest first; `more` says in words what was left out."""

    rows: tuple[MessageRow, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are seen only when asked for.

    Text, which has nothing to unfold, leaves out what `is_derived`: it says in other words what stands elsewhere.
    """

    title: str
    note: str
    blocks: tuple[Block, ...]
    is_open: bool = False
    is_derived: bool = False


Block = Prose | Rows | Code | Grid | Node | Bars | Media | Messages | Fold


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: what happened (`badge`), what was asked, what there is to know at once, and the sections."""

    tone: Tone
    badge: str
    asked: str
    facts: tuple[str, ...]
    notes: tuple[Prose, ...] = ()
    sections: tuple[Fold, ...] = ()
