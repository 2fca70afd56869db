"""JSON as a tree that folds. At most 200 nodes are taken, level by level, so that the top of a document is all there."""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Final

from httpkit_magics.record.redaction import LONGEST, Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count
from httpkit_magics.render.clip import MORE, clip
from httpkit_magics.render.panel import MAX_BODY, Line, Node, Span, Tone

MAX_NODES: Final = 200
MAX_KEYS: Final = 60
"""Members of one object."""
MAX_ITEMS: Final = 20
"""Items of one array."""
MAX_DEPTH: Final = 16
MAX_KEY: Final = 80
MAX_TEXT: Final = 300
OPEN_ROWS: Final = 30
"""Rows that are seen without opening anything."""


class Number(str):
    """A number as the document wrote it: 1.10 stays 1.10, and 1e400 is not infinite."""

    __slots__ = ()


def parse(content: bytes | str) -> Any:
    """Return a JSON document with its numbers as `Number`.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested deeper than Python's parser goes, about 1000 levels.
    """
    return json.loads(content, parse_int=Number, parse_float=Number, parse_constant=Number)


def kind(value: Any) -> str:
    """Return what a value is and how large: `object, 4 keys`, `array, 10 items`, `string`."""
    if isinstance(value, dict):
        return f"object, {count(len(value), 'key')}"
    if isinstance(value, list):
        return f"array, {_items(value)}"
    if isinstance(value, bool):
        return "boolean"
    return "null" if value is None else "number" if isinstance(value, Number) else "string"


def _items(value: list[Any]) -> str:
    # Objects only mostly come together: to look at the first is enough for a word.
    return count(len(value), "object" if value and isinstance(value[0], dict) else "item")


def tree(value: Any, redactor: Redactor, rest: str, room: int = MAX_BODY) -> tuple[Node, bool]:
    """Return the tree of a JSON value, and whether something in it is masked.

    `rest` is the expression that gives the whole value, `room` the number of characters that are taken of it.
    """
    builder = _Builder(redactor, rest, room)
    return builder.build(value), builder.has_mask


class _Draft:
    """A node while its children are still to come."""

    __slots__ = ("children", "depth", "is_open", "key", "left", "siblings", "value")

    def __init__(self, key: str | None, value: Any, depth: int, siblings: int) -> None:
        self.key = key
        self.value = value
        self.depth = depth
        self.siblings = siblings
        self.children: list[_Draft] = []
        self.left = 0
        self.is_open = False


class _Builder:
    def __init__(self, redactor: Redactor, rest: str, room: int) -> None:
        self.redactor = redactor
        self.rest = rest
        self.room = room
        self.nodes = 1
        self.rows = 1
        self.has_mask = False

    def build(self, value: Any) -> Node:
        root = _Draft(None, value, 0, 1)
        queue = deque([root])
        while queue:
            draft = queue.popleft()
            if isinstance(draft.value, (dict, list)):
                self.fill(draft)
                queue.extend(draft.children)
        return self.node(root)

    def fill(self, draft: _Draft) -> None:
        """Take the children that there is room for, and decide whether they are seen at once."""
        value = draft.value
        wanted = min(len(value), MAX_KEYS if isinstance(value, dict) else MAX_ITEMS)
        taken = 0 if draft.depth >= MAX_DEPTH else min(wanted, MAX_NODES - self.nodes)
        self.nodes += taken
        draft.left = len(value) - taken
        siblings = taken if isinstance(value, list) else 1
        members = iter(value.items()) if isinstance(value, dict) else enumerate(value)
        for _, (key, item) in zip(range(taken), members, strict=False):
            draft.children.append(_Draft(str(key), self.shown(key, item), draft.depth + 1, siblings))
        # Of many items only the first opens: ten open objects hide that there are ten.
        crowded = draft.siblings > 3 and draft.key != "0"
        draft.is_open = draft.depth == 0 or (not crowded and bool(taken) and self.rows + taken <= OPEN_ROWS)
        if draft.is_open:
            self.rows += taken

    def shown(self, key: str | int, item: Any) -> Any:
        if isinstance(key, str) and self.redactor.hides(key, item):
            self.has_mask = True
            return _Masked()
        return item

    def node(self, draft: _Draft) -> Node:
        key: Line = () if draft.key is None else (Span(self.masked(draft.key, MAX_KEY) + ": ", "muted"),)
        value = draft.value
        if not isinstance(value, (dict, list)):
            return Node(key + self.leaf(value))
        size = f"{{{count(len(value), 'key')}}}" if isinstance(value, dict) else f"[{_items(value)}]"
        more = f"{count(draft.left)} more: {self.rest}" if draft.left else ""
        children = tuple(map(self.node, draft.children))
        return Node((*key, Span(size, "muted")), children, more, draft.is_open)

    def leaf(self, value: Any) -> Line:
        if isinstance(value, _Masked):
            return (Span(MASK, "muted"),)
        if isinstance(value, Number):
            return (Span(self.masked(value, MAX_TEXT), "info"),)
        if isinstance(value, str):
            return self.string(value)
        tone: Tone = "bad" if value is None else "warn"
        return (Span({None: "null", True: "true", False: "false"}[value], tone),)

    def string(self, value: str) -> Line:
        # A secret is masked before the text is cut, so that no half of one is left.
        text = value[: MAX_TEXT + LONGEST]
        text = self.redactor.url(text) if "://" in text else self.redactor.text(text)
        fit = self.fit(json.dumps(text[:MAX_TEXT], ensure_ascii=False)[1:-1], MAX_TEXT)
        left = len(value) - MAX_TEXT
        shown = Span(f'"{fit}"', "good")
        return (shown, Span(f" {count(left, 'more character')}", "muted")) if left > 0 else (shown,)

    def masked(self, text: str, limit: int) -> str:
        return self.fit(self.redactor.text(text[: limit + LONGEST]), limit)

    def fit(self, text: str, limit: int) -> str:
        """Cut `text` to its limit and to what is left of the room for the whole body."""
        shown = clip(text, min(limit, self.room)) if self.room else MORE
        self.room = max(0, self.room - len(shown))
        return shown


class _Masked:
    """Stands for a value that is not shown."""

    __slots__ = ()
