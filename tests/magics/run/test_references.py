"""What is said where a named request doesn't have what is asked of it."""

from __future__ import annotations

import pytest
from cell_desk import answer

from httpkit_magics.grammar.reference import parse_reference
from httpkit_magics.record.record import Failure, Record, SentRequest
from httpkit_magics.run.references import MissingPart, value_of

FAILED = Record(SentRequest("GET", "http://h/"), "http://h/", failure=Failure("dns", "Unknown host", "No such host."))


@pytest.mark.parametrize(
    ("expression", "record", "words"),
    [
        ("a.response.body.$.x", answer({"y": 1}), "'$.x' finds nothing in the response of a (200 OK)"),
        ("a.response.body.$..x", answer({"y": 1}), "finds nothing"),
        ("a.response.body.$.x", answer(b"<html>"), "needs JSON"),
        ("a.response.body.$.[", answer({}), "is no JSONPath"),
        ("a.response.body.x", answer({}), "is no path; expected a JSONPath"),
        ("a.response.body.//x", answer(b"{"), "the body is no XML"),
        ("a.response.body.//x", answer(b"<y/>"), "finds nothing"),
        ("a.response.headers.ETga", answer({}, ETag="1"), "did you mean ETag?"),
        ("a.response.status", FAILED, "a has no response: Unknown host"),
        ("a.request.body.$.x", answer({}), "needs JSON"),
    ],
)
def test_what_is_missing_is_said(expression, record, words):
    """With the request, its status and what would have been there."""
    with pytest.raises(MissingPart) as caught:
        value_of(parse_reference(expression), record)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "is_secret"),
    [
        ("a.response.body.$.access_token", True),
        ("a.response.body.$.id", False),
        ("a.response.headers.Set-Cookie", True),
        ("a.response.headers.ETag", False),
    ],
)
def test_a_value_with_a_telling_name_is_secret(expression, is_secret):
    """By the last word of the path, or the header's name."""
    record = answer({"access_token": "t", "id": 1}, Set_Cookie="a=b", ETag="e")
    assert is_secret == value_of(parse_reference(expression), record).is_secret


def test_an_empty_list_is_a_value():
    """A path that names one place gives what is there."""
    assert value_of(parse_reference("a.response.body.$.x"), answer({"x": []})).value == []
