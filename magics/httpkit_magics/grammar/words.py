r"""A line of text -> its words, quoted as in a shell.

A backslash stays where it escapes a separator of a request item (`\:`, `\=`, `\@`, `\[`, `\]`) or stands before a letter
or digit (`C:\data`); before anything else it does what it does in a shell.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from httpkit_magics.grammar.plan import LineError

BLANK = re.compile(r"\s+")
PLAIN = re.compile(r"[^\s'\"\\]+")
SINGLE = re.compile(r"'([^']*)'")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# In double quotes a shell takes the backslash away before these four only.
DOUBLE_ESCAPE = re.compile(r'\\(["\\$`])')
KEPT_ESCAPE = re.compile(r"\\(?=[:=@\[\]]|\w)")


class Word(NamedTuple):
    """A word, and where it stands: from `start` up to `end`, in characters, quotes included."""

    text: str
    start: int
    end: int


def split_words(line: str) -> list[Word]:
    """Return the words of `line`; what follows a `#` at the start of a word is a comment.

    Raises:
        LineError: a quote is not closed.
    """
    words: list[Word] = []
    at = 0
    while True:
        blank = BLANK.match(line, at)
        at = blank.end() if blank else at
        if at == len(line) or line[at] == "#":
            return words
        word = _word(line, at)
        words.append(word)
        at = word.end


def _word(line: str, start: int) -> Word:
    parts = []
    at = start
    while at < len(line) and not line[at].isspace():
        part, at = _part(line, at)
        parts.append(part)
    return Word("".join(parts), start, at)


def _part(line: str, at: int) -> tuple[str, int]:
    """Return the next piece of a word as it is meant, and where it ends."""
    if plain := PLAIN.match(line, at):
        return plain[0], plain.end()
    if line[at] == "\\":
        kept = KEPT_ESCAPE.match(line, at)
        return line[at if kept else at + 1 : at + 2] or "\\", min(at + 2, len(line))
    if single := SINGLE.match(line, at):
        return single[1], single.end()
    if double := DOUBLE.match(line, at):
        return DOUBLE_ESCAPE.sub(r"\1", double[1]), double.end()
    raise LineError(f"unclosed quote: expected another {line[at]} before the end of the line", line, at)
