"""JSONPath on a record: one value or a list, as the path says."""

from __future__ import annotations

import json

import pytest
from sample_records import a_json_record

from httpkit_magics.record.paths import PathError, find

DOCUMENT = {"items": [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": []}], "next": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.items[0].id", 1),
        ("$.items[-1]['id']", 2),
        ("$.next", None),
        ("$", DOCUMENT),
        ("$.items[*].id", [1, 2]),
        ("$.items[?@.id > 1].id", [2]),
        ("$..id", [1, 2]),
        ("$.none[*]", []),
    ],
)
def test_a_path_to_one_place_gives_its_value_and_any_other_a_list(path, expected):
    """RFC 9535: a singular query names at most one place."""
    assert find(path, DOCUMENT) == expected


def test_nothing_at_a_place_is_a_key_error():
    """As with a dict."""
    with pytest.raises(KeyError, match=r"\$\.missing"):
        find("$.missing", DOCUMENT)


@pytest.mark.parametrize("path", ["", "items", "$.", "$[", "$.items[?(", "$" + "[?@" * 5000, "$[?nope(@)]"])
def test_what_is_no_path_says_so(path):
    """A ValueError that repeats the path or says what is wrong."""
    with pytest.raises(PathError, match="JSONPath"):
        find(path, DOCUMENT)


def test_a_document_deeper_than_the_search_goes_is_an_error_in_words():
    """A server may nest as deep as it likes."""
    document = json.loads("[" * 900 + "]" * 900)
    with pytest.raises(PathError):
        find("$..x", document)


def test_a_record_is_asked_with_brackets_or_by_name():
    """`r["$.items[*].id"]` and `r.jsonpath(...)` are the same."""
    record = a_json_record(DOCUMENT)
    assert record["$.items[*].id"] == record.jsonpath("$.items[*].id") == [1, 2]
