"""Dynamic values, with time and chance given."""

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.dynamic import Circumstances, DynamicError, dynamic_value

NOW = datetime(2024, 2, 29, 13, 5, 9, 42_000, tzinfo=timezone(timedelta(hours=2)))


def made(expression, variables=None):
    """Return the value of an expression on 29 February 2024 in a zone two hours east."""

    def lookup(name):
        return {"key": "A"}[name]

    given_ = Circumstances(NOW, random.Random(1), variables or {"A": "1", "AB": "2"}, {"D": "file"}, lookup)
    return dynamic_value(expression, given_).value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$timestamp", 1709204709),
        ("$timestamp -1 d", 1709204709 - 86400),
        ("$timestamp 90 s", 1709204709 + 90),
        ("$timestamp -1500 ms", 1709204707),
        ("$datetime iso8601", "2024-02-29T11:05:09.042Z"),
        ("$datetime rfc1123", "Thu, 29 Feb 2024 11:05:09 GMT"),
        ("$datetime iso8601 1 y", "2025-02-28T11:05:09.042Z"),
        ("$datetime 'YYYY-MM-DD' -1 M", "2024-01-29"),
        ("$datetime 'YYYY-MM-DD' 1 Q", "2024-05-29"),
        ("$datetime 'YYYY-MM-DD' 1 w", "2024-03-07"),
        ("$localDatetime 'H:mm:ss.SSS Z'", "13:05:09.042 +02:00"),
        ("$localDatetime iso8601", "2024-02-29T13:05:09.042+02:00"),
        ("$datetime 'dddd D MMMM YYYY [at] h a'", "Thursday 29 February 2024 at 11 am"),
        ("$datetime 'Do MMM YY Q ddd HH hh A ZZ X'", "29th Feb 24 1 Thu 11 11 AM +0000 1709204709"),
        ("$processEnv A", "1"),
        ("$processEnv %key", "1"),
        ("$dotenv D", "file"),
        ("$env.AB", "2"),
    ],
)
def test_a_value_is_made_of_the_circumstances(expression, expected):
    """The same time gives the same value, in any locale."""
    assert expected == made(expression)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("$gid", "did you mean $guid?"),
        ("$guid 3", "takes no argument"),
        ("$timestamp 3 weeks", "expected a number and one of y Q M w d h m s ms"),
        ("$timestamp 999999999 y", "$timestamp"),
        ("$datetime", "a format is missing"),
        ("$datetime 'YYYY", "a quote is not closed"),
        ("$randomInt 5 5", "not less than"),
        ("$randomInt a b", "two whole numbers"),
        ("$processEnv", "the name of a variable"),
        ("$processEnv AC", "did you mean"),
        ("$processEnv %no", "not in the active environment"),
        ("$random.alphabetic(99999)", "at most 10000"),
    ],
)
def test_a_wrong_one_says_what_was_expected(expression, words):
    """The message names the value and what it takes."""
    with pytest.raises(DynamicError, match=r"^\$") as caught:
        made(expression)
    assert words in str(caught.value)


@given(st.text(st.sampled_from("timesap datetimerndI.()'\" -1ydM,%$"), max_size=30))
def test_any_words_give_a_value_or_an_error_in_words(text):
    """Nothing but the documented error comes out."""
    with contextlib.suppress(DynamicError):
        made(f"${text}")
