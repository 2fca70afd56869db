"""The `??` lines and captures of a cell, read by the grammar of assertions, with errors that point into the cell."""

from __future__ import annotations

from httpkit_magics.grammar.assertions import parse_check
from httpkit_magics.grammar.check import Check
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Capture, LineError


def parse_checks(filled: list[tuple[Piece, str]]) -> tuple[Check, ...]:
    """Return the checks of a request; each is what stands in the cell, and the same with its placeholders filled.

    Raises:
        PlaceError: one can't be understood.
    """
    return tuple(_parsed(text, place) for place, text in filled)


def parse_capture(capture: Capture, place: Piece) -> Check:
    """Return the query and filters of a capture, as the check that there is such a value.

    Raises:
        PlaceError: they can't be understood.
    """
    # An error about the predicate, which no capture has, is one about what stands after the query.
    return _parsed(f"{capture.query} exists", place)


def _parsed(text: str, place: Piece) -> Check:
    try:
        return parse_check(text)
    except LineError as error:
        # What was filled in moves columns; the error then points at the line, and at its place where nothing was.
        start = min(error.start, len(place.text)) if text.startswith(place.text[: error.start]) else 0
        end = min(max(error.end, start), len(place.text))
        raise PlaceError(error.message, place.start + start, place.start + end) from error
