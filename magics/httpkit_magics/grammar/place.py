"""Pieces of a cell that know where they stand, so that every error points at its place."""

from __future__ import annotations

from typing import NamedTuple

from httpkit_magics.grammar.plan import LineError


class Piece(NamedTuple):
    """A piece of a cell: its text, and where it starts, in characters from the start of the cell."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the piece ends; not included."""
        return self.start + len(self.text)

    def part(self, start: int, end: int | None = None) -> Piece:
        """Return what stands from `start` up to `end`, counted within the piece."""
        return Piece(self.text[start:end], self.start + start)

    def stripped(self) -> Piece:
        """Return the piece without blanks around it."""
        left = len(self.text) - len(self.text.lstrip())
        return Piece(self.text.strip(), self.start + left)


class PlaceError(ValueError):
    """What is wrong at a place, and what was expected there; `CellError` shows it in its cell.

    Attributes:
        message: what is wrong and what was expected.
        start: where the trouble starts, in characters from the start of the cell.
        end: where it ends; not included.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        self.message = message
        self.start = start
        self.end = end
        super().__init__(message)

    @classmethod
    def at(cls, message: str, piece: Piece) -> PlaceError:
        """Return the error for a whole piece."""
        return cls(message, piece.start, piece.end)


class CellError(LineError):
    """A cell that can't be understood. `line`, `start` and `end` are those of the line with the trouble.

    Attributes:
        text: the cell.
        row: the line, counted from 1.
        column: the column, counted from 1.
    """

    def __init__(self, text: str, error: PlaceError) -> None:
        place = min(max(error.start, 0), len(text))
        begin = text.rfind("\n", 0, place) + 1
        stop = text.find("\n", begin)
        line = text[begin : stop if stop >= 0 else len(text)]
        self.text = text
        self.row = text.count("\n", 0, begin) + 1
        self.column = place - begin + 1
        super().__init__(error.message, line, place - begin, min(max(error.end, place) - begin, len(line)))


def lines_of(text: str) -> list[Piece]:
    """Return the lines of `text` without their ends; only a newline ends a line."""
    found = []
    start = 0
    for line in text.split("\n"):
        found.append(Piece(line, start))
        start += len(line) + 1
    return found
