"""Caching fields in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import anything

from httpkit_magics.record.freshness import freshness
from httpkit_magics.record.record import Fields

DATE = "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"Cache-Control": "max-age=60"}, ["fresh for 1 min"]),
        ({"Cache-Control": "Max-Age=60", "Age": "45"}, ["fresh for 15 s", "45 s old, from a cache on the way"]),
        ({"Cache-Control": "max-age=60", "Age": "90"}, ["stale for 30 s", "1 min 30 s old, from a cache on the way"]),
        ({"Cache-Control": "max-age=0"}, ["stale at once"]),
        ({"Cache-Control": 'max-age="31536000", immutable'}, ["fresh for 365 days", "doesn't change while it is fresh"]),
        ({"Cache-Control": "no-store, max-age=9"}, ["not to be stored"]),
        ({"Cache-Control": "max-age=0, no-cache"}, ["to be asked about before each use"]),
        ({"Expires": "Fri, 20 Nov 2026 11:00:00 GMT", "Date": DATE}, ["fresh for 1 h"]),
        ({"Expires": "0", "Date": DATE}, ["stale at once"]),
        ({"Expires": DATE}, []),
        ({"Cache-Status": "Edge; hit; ttl=376, Origin; fwd=uri-miss; stored"},
         ["Edge had it", "Origin asked on (uri-miss), and stored it"]),
        ({"ETag": '"v1"', "Last-Modified": DATE}, ['If-None-Match:"v1" asks whether it changed']),
        ({"Last-Modified": DATE}, [f"If-Modified-Since:{DATE!r} asks whether it changed"]),
    ],
)  # fmt: skip
def test_the_fields_become_sentences(fields, expected):
    """How long, how old, by whom, and what to ask with."""
    assert expected == list(freshness(Fields(fields.items()), 200))


def test_a_304_says_nothing_of_its_validator():
    """It repeats the one that it was asked with."""
    assert freshness(Fields([("ETag", '"v1"')]), 304) == ()


NAMES = ["Cache-Control", "Age", "Expires", "Date", "Cache-Status", "ETag", "Last-Modified"]
values = anything | st.text('";=,-maxge019 ', max_size=60) | st.sampled_from(["9" * 5000, "a;hit," * 900, DATE])


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_any_fields_are_read(fields):
    """Without an error, and never to a page of text."""
    said = freshness(Fields(fields.items()), 200)
    assert sum(map(len, said)) < 3000
