"""Places in a cell."""

from __future__ import annotations

import pytest

from httpkit_magics.grammar.place import CellError, Piece, PlaceError, lines_of


@pytest.mark.parametrize(
    ("start", "end", "row", "column", "mark"),
    [
        (0, 2, 1, 1, "ab\n^^"),
        (4, 5, 2, 2, "cde\n ^"),
        (4, 9, 2, 2, "cde\n ^^"),
        (7, 7, 3, 1, "\n^"),
        (99, 99, 3, 1, "\n^"),
    ],
)
def test_an_error_knows_its_row_and_column(start, end, row, column, mark):
    """Both are counted from 1; the mark stays in the line."""
    error = CellError("ab\ncde\n", PlaceError("wrong", start, end))
    assert (row, column, mark) == (error.row, error.column, error.pointed())


def test_a_piece_keeps_its_place_when_it_is_cut():
    """Stripping and cutting move the start."""
    piece = Piece("  a b ", 10)
    assert (Piece("a b", 12), Piece("b", 14)) == (piece.stripped(), piece.stripped().part(2))


def test_only_a_newline_ends_a_line():
    """Form feeds and line separators stand in bodies."""
    assert [Piece("a\fb\u2028", 0), Piece("", 5), Piece("c", 6)] == lines_of("a\fb\u2028\n\nc")
