"""What was typed for a URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.target import TargetError, complete_target


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("example.org/x?a=b", "https://example.org/x?a=b"),
        ("http://example.org", "http://example.org"),
        ("HTTPS://example.org", "HTTPS://example.org"),
        ("://example.org", "https://example.org"),
        ("//example.org/x", "https://example.org/x"),
        ("localhost", "http://localhost"),
        ("localhost:8000/x", "http://localhost:8000/x"),
        ("localhost.example.org", "https://localhost.example.org"),
        ("api.localhost/x", "http://api.localhost/x"),
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("127.9.9.9", "http://127.9.9.9"),
        ("[::1]:8000/x", "http://[::1]:8000/x"),
        ("[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        (":3000/x", "http://localhost:3000/x"),
        (":/x", "http://localhost/x"),
        (":", "http://localhost"),
        ("127.0.0.1@example.org/x", "https://127.0.0.1@example.org/x"),
        ("mailto:x", "mailto:x"),
        ("ftp://h/x", "ftp://h/x"),
    ],
)
def test_a_url_is_completed(typed, expected):
    """Bare hosts are https, loopback is http, `:3000` is localhost, and a scheme stays what it is."""
    assert expected == complete_target(typed)


@pytest.mark.parametrize(
    ("typed", "base_url", "expected"),
    [
        ("/items", "http://h:1", "http://h:1/items"),
        ("/items", "https://h/v1/", "https://h/v1/items"),
        ("/items", "https://h/v1?key=x#y", "https://h/v1/items"),
        ("?page=2", "https://h/items", "https://h/items?page=2"),
        ("/items", "localhost:3000", "http://localhost:3000/items"),
        ("example.org", "http://h", "https://example.org"),
    ],
)
def test_a_path_alone_is_added_to_the_base_url(typed, base_url, expected):
    """A base URL may have a path, and only its path counts."""
    assert expected == complete_target(typed, base_url)


@pytest.mark.parametrize(("typed", "base_url"), [("", ""), ("/x", ""), ("?x", ""), ("/x", "/y"), ("://", "")])
def test_what_cannot_be_completed_says_what_is_missing(typed, base_url):
    """An empty URL, or a path without a base."""
    with pytest.raises(TargetError, match=r"expected a host|no base URL"):
        complete_target(typed, base_url)


@given(st.text(max_size=40))
def test_a_completed_url_is_left_alone(typed):
    """Completing twice is completing once."""
    try:
        once = complete_target(typed, "http://base")
    except TargetError:
        return
    assert once == complete_target(once, "http://other")
