"""The lines that left a text and the lines that came."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httpkit_magics.record.line_diff import line_changes

lines = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@settings(deadline=None)
@given(lines, lines)
def test_without_what_came_and_what_left_both_texts_are_the_same(before, after):
    """Lines are numbered from 1, rising, in the text that has them."""
    changes = list(line_changes(before, after))
    left = {each.number: each.line for each in changes if each.kind == "removed"}
    came = {each.number: each.line for each in changes if each.kind == "added"}
    assert all(before[number - 1] == line for number, line in left.items())
    assert all(after[number - 1] == line for number, line in came.items())
    kept = [line for number, line in enumerate(before, 1) if number not in left]
    assert kept == [line for number, line in enumerate(after, 1) if number not in came]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a b c", "a c", "-2b"),
        ("a b c", "a x b c", "+2x"),
        ("a b c", "a B c", "-2b +2B"),
        ("x x x", "x x", "-3x"),
        ("a b c d e", "c d e a b", "-1a -2b +4a +5b"),
        ("", "", ""),
    ],
)
def test_few_lines_differ(before, after, expected):
    """What is equal stays, also where lines repeat."""
    signs = {"added": "+", "removed": "-"}
    found = [f"{signs[kind]}{number}{line}" for kind, number, line in line_changes(before.split(), after.split())]
    assert expected.split() == found


@pytest.mark.parametrize("period", [1, 2, 3, 1000, 10**6])
def test_repetitive_texts_take_no_long_time(period):
    """Difflib takes minutes here."""
    before = [f"{number % period}" for number in range(100_000)]
    began = time.process_time()
    assert list(line_changes(before, before[::-1][:-1]))
    assert time.process_time() - began < 5
