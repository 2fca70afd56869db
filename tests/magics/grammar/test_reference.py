"""References to named requests."""

from __future__ import annotations

import pytest

from httpkit_magics.grammar.reference import Reference, parse_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.response.body.$.x.y", Reference("a", "response", "body", "$.x.y")),
        ("a.response.body.//x", Reference("a", "response", "body", "//x")),
        ("a.response.body.*", Reference("a", "response", "body", "*")),
        ("a.response.body", Reference("a", "response", "body", "")),
        ("a.request.headers.X-Y", Reference("a", "request", "headers", "X-Y")),
        ("a.response.status", Reference("a", "response", "status", "")),
        ("a.response.body[0]", None),
        ("a.response", None),
        ("a.b.response.body", None),
        ("a + b", None),
    ],
)
def test_a_reference_is_told_from_an_expression(text, expected):
    """REST Client's form only; anything else is for Python."""
    assert expected == parse_reference(text)
