"""Rate-limit fields in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import anything

from httpkit_magics.record.allowance import allowance
from httpkit_magics.record.record import Fields

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
UNIX = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"RateLimit": '"d";r=12;t=30', "RateLimit-Policy": '"d";q=60;w=60'}, ["12 of 60 calls left, resets in 30 s"]),
        ({"RateLimit": "d;r=1", "RateLimit-Policy": "d;q=9;w=60"}, ["1 of 9 calls left"]),
        ({"RateLimit": '"d";r=0;t=3700'}, ["0 calls left, resets in 1 h 1 min"]),
        ({"RateLimit-Policy": '"d";q=100;w=60'}, ["100 calls allowed in 60 s"]),
        (
            {"RateLimit": '"a";r=1;t=2, "b";r=50;t=9', "RateLimit-Policy": '"a";q=5;w=10,"b";q=100;qu="content-bytes"'},
            ["a: 1 of 5 calls left, resets in 2 s", "b: 50 of 100 bytes left, resets in 9 s"],
        ),
        ({"RateLimit": "limit=100, remaining=50, reset=30"}, ["50 of 100 calls left, resets in 30 s"]),
        (
            {"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"},
            ["50 of 100 calls left, resets in 30 s"],
        ),
        (
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": str(UNIX + 30)},
            ["12 of 60 calls left, resets in 30 s"],
        ),
        (
            {"X-Rate-Limit-Remaining": "1", "X-Rate-Limit-Reset": f"{UNIX + 45}000"},
            ["1 call left, resets in 45 s"],
        ),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(UNIX - 5)}, ["1 call left, resets in 0 s"]),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "2026-11-20T10:00:45Z"}, ["1 call left, resets in 45 s"]),
        ({"X-RateLimit-Limit": "60"}, []),
        ({"Retry-After": "20"}, ["try again in 20 s"]),
        ({"Retry-After": "Fri, 20 Nov 2026 10:02:05 GMT"}, ["try again in 2 min 5 s"]),
        ({"Retry-After": "soon"}, []),
        ({"RateLimit": '"d";r=0;t=7', "Retry-After": "7"}, ["0 calls left, resets in 7 s", "try again in 7 s"]),
    ],
)
def test_the_fields_become_sentences(fields, expected):
    """As the draft writes them, as it wrote them before, and as APIs did before that."""
    assert expected == list(allowance(Fields(fields.items()), NOW))


NAMES = [
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
]
values = (
    anything | st.text('";=rtq0129,\\ .', max_size=60) | st.sampled_from(["9" * 5000, '"a";r=1,' * 900, ";" * 5000])
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_any_fields_are_read(fields):
    """Without an error, and never to a page of text."""
    said = allowance(Fields(fields.items()), NOW)
    assert len(said) <= 9
    assert sum(map(len, said)) < 2000
