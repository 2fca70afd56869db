"""Patterns on hostile text: what is found, and that nothing takes longer than it may."""

from __future__ import annotations

import pytest

from httpkit_magics.run.patterns import MAX_TEXT, PatternError, search


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("v(.)", "xv1", ["v1", "1"]),
        ("(a)|(b)", "b", ["b", None, "b"]),
        ("x", "y", None),
        ("(?:ab)+", "ababc", ["abab"]),
        (r"(\d+,)+\d", "1,22,3", ["1,22,3", "22,"]),
        (r"(.)\1", "abba", ["bb", "b"]),
        ("a.*b", "a" * 5000 + "b", ["a" * 5000 + "b"]),
    ],
)
def test_a_pattern_finds_the_same_here_and_in_a_process_of_its_own(pattern, text, expected):
    """Repeated groups and long texts go the other way, with the same answer."""
    assert search(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "said"),
    [
        ("x", "x" * (MAX_TEXT + 1), "at most 1000000"),
        (r"^(\w+\s?)*$", "a" * 60 + "!", "took more than 2 s"),
        ("(", "x", "is no regular expression"),
    ],
)
def test_a_search_that_can_not_be_done_says_why(pattern, text, said):
    """The limits are in the message."""
    with pytest.raises(PatternError, match=said):
        search(pattern, text)
