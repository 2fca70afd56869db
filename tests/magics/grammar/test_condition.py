"""What a stream is waited on for, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.check import Query
from httpkit_magics.grammar.condition import parse_condition
from httpkit_magics.grammar.plan import LineError


@pytest.mark.parametrize(
    ("text", "query", "predicate", "expected"),
    [
        ('jsonpath "$.type" == "done"', Query("jsonpath", "$.type"), "==", "done"),
        ('jsonpath "$.id"', Query("jsonpath", "$.id"), "exists", None),
        ("body startsWith {", Query("body"), "startsWith", "{"),
        ("regex /a(b)/ == b", Query("regex", "a(b)"), "==", "b"),
        (r"/a\d/", Query("body"), "matches", r"a\d"),
        ("[DONE]", Query("body"), "contains", "[DONE]"),
        ("status update", Query("body"), "contains", "status update"),
    ],
)
def test_a_condition_is_an_assertion_a_pattern_or_a_text(text, query, predicate, expected):
    """Queries that a message has no answer to, such as status, are plain text."""
    check = parse_condition(text)
    assert (check.query, check.predicate, check.expected) == (query, predicate, expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the condition is empty"),
        ('jsonpath "$.type" equals 3', "unknown predicate or filter 'equals'"),
        ('jsonpath "$.type', "unclosed quote"),
        ("/a(/", "no regular expression"),
    ],
)
def test_a_malformed_condition_says_what_was_expected(text, words):
    """Never a condition that fits nothing by accident."""
    with pytest.raises(LineError, match=words.replace("(", r"\(")):
        parse_condition(text)


@given(st.text(max_size=200))
def test_any_text_is_a_condition_or_a_line_error(text):
    """No other exception comes out, whatever is typed."""
    try:
        said = parse_condition(text).predicate
    except LineError as error:
        said = error.message
    assert said
