"""The cell of `%%ws`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.place import CellError
from httpkit_magics.grammar.script import Await, End, Pause, Say, Take, parse_script


def test_messages_stand_between_lines_of_equals_signs():
    """Blank lines around a message are no part of it, those inside are."""
    assert parse_script("\none\n\n===\ntwo\n\nlines\n====\n\n") == (Say("one", 1), Say("two\n\nlines", 10))


def test_a_line_of_equals_signs_may_say_what_to_do():
    """Wait for a message or some time, capture, close."""
    steps = parse_script(
        '=== wait jsonpath "$.type" == "on"\n=== capture id = jsonpath "$.id" secret\nping\n=== wait 250ms\n=== close 4001'
    )
    assert [type(step) for step in steps] == [Await, Take, Say, Pause, End]
    assert (steps[1].name, steps[1].is_secret, steps[3].seconds, steps[4].code) == ("id", True, 0.25, 4001)


@pytest.mark.parametrize(
    ("cell", "row", "column", "words"),
    [
        ("a\n=== wiat x", 2, 1, "unknown step 'wiat'"),
        ("a\n=== wait", 2, 9, "the condition is empty"),
        ('a\n=== wait jsonpath "$.a" is 1', 2, 25, "unknown predicate"),
        ("=== capture id = body", 1, 1, "nothing was waited for"),
        ("=== wait x\n=== capture 3 = body", 2, 1, "expected === capture NAME = QUERY"),
        ("=== close 1006", 1, 11, "can't be sent"),
        ("a\n===b", 2, 1, "is no step"),
    ],
)
def test_a_line_that_is_no_step_is_an_error_with_its_place(cell, row, column, words):
    """Line and column, and what was expected."""
    with pytest.raises(CellError) as caught:
        parse_script(cell)
    assert words in caught.value.message
    assert (caught.value.row, caught.value.column) == (row, column)


@given(
    st.lists(
        st.sampled_from(["===", "=== wait ", "capture x = ", "close", "\n", "body", " ", "\r\n", "é"]), max_size=20
    )
)
def test_any_cell_is_a_script_or_a_cell_error(pieces):
    """No other exception comes out; what is no step is sent."""
    steps = ()
    with contextlib.suppress(CellError):
        steps = parse_script("".join(pieces))
    assert all(step.text.strip() for step in steps if isinstance(step, Say))
