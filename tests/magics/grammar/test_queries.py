"""Checks and captures of a cell, and where their errors point."""

from __future__ import annotations

import pytest

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Capture
from httpkit_magics.grammar.queries import parse_capture, parse_checks


def test_an_error_in_a_check_points_into_the_cell():
    """At the word that is wrong, counted from the start of the cell."""
    with pytest.raises(PlaceError, match="unknown query") as caught:
        parse_checks([(Piece("sttus == 200", 50), "sttus == 200")])
    assert (caught.value.start, caught.value.end) == (50, 55)


def test_an_error_in_a_check_that_was_filled_in_points_at_the_check():
    """Columns moved, so the place is the beginning of the line."""
    with pytest.raises(PlaceError, match="unknown query") as caught:
        parse_checks([(Piece("{{a}} == 1", 50), "longer_name == 1")])
    assert caught.value.start == 50


def test_a_capture_is_a_query_with_filters():
    """Hurl's queries, as in a check."""
    read = parse_capture(Capture("n", 'jsonpath "$.items" count'), Piece('jsonpath "$.items" count', 0))
    assert (read.query.name, read.query.argument, [f.name for f in read.filters]) == ("jsonpath", "$.items", ["count"])
    with pytest.raises(PlaceError, match="unknown query"):
        parse_capture(Capture("n", "nothing"), Piece("nothing", 3))
