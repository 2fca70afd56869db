"""Our magics as statements of a cell, so that a `?` at their end is not taken for a call for help.

IPython reads `%http GET https://host/path?` as a question about `path` and sends nothing. `%http?` stays a question.
"""

from __future__ import annotations

import re
from tokenize import DEDENT, INDENT, TokenInfo
from typing import ClassVar, Self

NAMES = ("http", "httpkit", "curl")
HELP = re.compile(r"%\w+\s*\?{1,2}\s*\Z")


class MagicStatement:
    """A token transformer for IPython: `%http ...` and `name = %http ...`, taken as they are up to the line's end.

    It has the shape of IPython's `TokenTransformBase`: `find`, then `transform`; the lowest `priority` at a place wins.
    """

    priority: ClassVar[int] = 1

    def __init__(self, start: tuple[int, int], percent: tuple[int, int]) -> None:
        """Take the (row, column) of the statement and of its percent sign, rows counted from 1."""
        self.start_line = start[0] - 1
        self.start_col = start[1]
        self.percent_line = percent[0] - 1
        self.percent_col = percent[1]

    @classmethod
    def find(cls, tokens_by_line: list[list[TokenInfo]]) -> Self | None:
        """Return the first statement that is one of our magics, or None."""
        for row in tokens_by_line:
            tokens = [token for token in row if token.type not in (INDENT, DEDENT)]
            at = 0 if tokens and tokens[0].string == "%" else _after_assignment(tokens)
            if len(tokens) < at + 2 or tokens[at].string != "%" or tokens[at + 1].string not in NAMES:
                continue
            text = tokens[at].line[tokens[at].start[1] :]
            if tokens[at].end == tokens[at + 1].start and not HELP.match(text):
                return cls(tokens[0].start, tokens[at].start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Return `lines` with the statement as a call of the magic; a backslash at a line's end continues it."""
        end = self.percent_line
        while lines[end].endswith("\\\n") and end + 1 < len(lines):
            end += 1
        pieces = [lines[self.percent_line][self.percent_col + 1 :], *lines[self.percent_line + 1 : end + 1]]
        content = " ".join([*(piece.rstrip()[:-1] for piece in pieces[:-1]), pieces[-1].rstrip()])
        name, _, arguments = content.partition(" ")
        call = f"get_ipython().run_line_magic({name!r}, {arguments!r})\n"
        return [
            *lines[: self.percent_line],
            lines[self.percent_line][: self.percent_col] + call,
            *lines[end + 1 :],
        ]


def _after_assignment(tokens: list[TokenInfo]) -> int:
    """Return the index after the first `=` outside brackets, or the number of tokens."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.string in ("(", "[", "{"):
            depth += 1
        elif token.string in (")", "]", "}"):
            depth -= 1
        elif token.string == "=" and depth <= 0:
            return index + 1
    return len(tokens)
