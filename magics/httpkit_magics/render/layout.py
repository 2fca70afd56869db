"""JSON text on several lines, without parsing it: for the beginning of a document, which no parser takes."""

from __future__ import annotations

import re
from typing import Final

WIDTH: Final = 100
"""Characters; text that has newlines, or that fits one line of this length, stays as it is."""
MAX_DEPTH: Final = 16
"""Levels that are indented."""

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)


def laid_out(text: str, limit: int) -> str:
    """Return the first `limit` characters or more of JSON text, each member and item on a line of its own."""
    if len(text) <= WIDTH or text.count("\n", 0, limit) > min(len(text), limit) // WIDTH:
        return text
    parts: list[str] = []
    depth = length = 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "}]":
            depth = max(0, depth - 1)
            word = _new_line(depth) + word
        elif word in "{[":
            depth += 1
            word += _new_line(depth)
        elif word == ",":
            word += _new_line(depth)
        elif word == ":":
            word = ": "
        parts.append(word)
        length += len(word)
        if length > limit:
            break
    return "".join(parts)


def _new_line(depth: int) -> str:
    return "\n" + "  " * min(depth, MAX_DEPTH)
