"""Numbers for people."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.record.units import count, duration, size, size_of


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.0 KB"), (1234, "1.2 KB"), (99_949, "99.9 KB"),
     (99_951, "100 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"), (8_000_000, "8.0 MB"), (3 * 10**12, "3.0 TB")],
)  # fmt: skip
def test_sizes_have_three_digits_at_most(number, expected):
    """Bytes are counted in thousands, with one decimal below a hundred."""
    assert size(number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0.0 ms"), (0.000042, "42 \u00b5s"), (0.0004, "0.4 ms"), (0.0406, "40.6 ms"), (0.0999, "99.9 ms"), (0.84, "840 ms"),
     (0.9996, "1.0 s"), (61, "61.0 s"), (99.6, "1 min 40 s"), (125, "2 min 5 s"), (3780, "1 h 3 min"), (-1, "0.0 ms")],
)  # fmt: skip
def test_durations_have_a_unit_that_suits_them(seconds, expected):
    """Microseconds to hours; a clock that went backwards gives no negative time."""
    assert duration(seconds) == expected


@given(st.integers(0, 10**15))
def test_no_size_shows_more_than_three_digits(number):
    """Whatever the number, rounding does not add a digit below the largest unit."""
    assert re.fullmatch(r"\d{1,3} B|\d{1,2}\.\d [KMG]B|\d{3} [KMG]B|[\d.]+ TB", size(number))


def test_progress_is_in_the_unit_of_the_whole():
    """1.2 of 8.0 MB, not 1200 KB of 8.0 MB."""
    assert size_of(1_200_000, 8_000_000) == "1.2 of 8.0 MB"


def test_counts_agree_with_their_noun():
    """One entry, two entries; thousands are set apart."""
    assert [count(1, "entry", "entries"), count(2, "entry", "entries"), count(2042)] == [
        "1 entry",
        "2 entries",
        "2 042",
    ]
