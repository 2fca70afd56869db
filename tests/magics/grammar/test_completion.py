"""What is offered at a cursor: `|` marks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.completion import DYNAMIC, HEADERS, Known, complete
from httpkit_magics.grammar.options import OPTIONS

KNOWN = Known(
    names=("token", "user"),
    urls=(
        "https://api.example.org/v1/items/3?page=2",
        "https://u:p@other.example.org/a",
        "https://api.example.org/v1/items",
    ),
    environments=("dev", "prod"),
    subcommands=("demo", "env", "help"),
    base_url="https://api.example.org/v1",
)


def offered(text):
    """Return what is replaced, and what is offered for it."""
    before, _, after = text.partition("|")
    row, column = before.count("\n"), len(before.rpartition("\n")[2])
    found = complete(before + after, row, column, KNOWN)
    if found is None:
        return None
    return before.rpartition("\n")[2][found.start :], [each.text for each in found.candidates]


@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("%http P|", "P", ["POST ", "PATCH ", "PUT "]),
        ("%http ge|", "ge", ["GET "]),
        ("r = %http DEL|", "DEL", ["DELETE "]),
        ("%http GET /|", "/", ["/items/3", "/items"]),
        ("%http -F POST /items/|", "/items/", ["/items/3"]),
        ("%http https|", "https", ["https://other.example.org/a"]),
        ("%http GET /items --max|", "--max", ["--max-redirects"]),
        ("%http --chec|", "--chec", ["--check-status", "--check"]),
        ("%http GET /items acc|", "acc", ["Accept:", "Accept-Encoding:", "Accept-Language:"]),
        ("%http --timeout 3 GET /items X-Api|", "X-Api", ["X-API-Key:"]),
        ("%http GET /items Accept:text/|", "text/", ["text/html", "text/csv", "text/event-stream"]),
        ("%http GET /items a=={{to|", "to", ["token"]),
        ("%http GET /items a=={{ |", "", ["token", "user", *DYNAMIC]),
        ("%%http\n@tone = 1\nGET /items?a={{t|", "t", ["tone", "token"]),
        ("%%http\nGET /items?a={{$g|", "$g", ["$guid"]),
        ("%httpkit |", "", ["demo", "env", "help"]),
        ("%httpkit en|", "en", ["env"]),
        ("%httpkit env p|", "p", ["prod"]),
        ("%httpkit demo |", "", ["stop"]),
        ("%httpkit help |", "", []),
        ("%%http --no|", "--no", [name for name in OPTIONS if name.startswith("--no")]),
        ("%%http\nPO|", "PO", ["POST "]),
        ("%%http\nGET /it|", "/it", ["/items/3", "/items"]),
        ("%%http\nGET /items\nContent-T|", "Content-T", ["Content-Type: "]),
        ("%%http\nGET /items\nAccept: text/c|", "text/c", ["text/csv"]),
        ("%%http\nGET /items\nX: {{us|\nY: 1", "us", ["user"]),
        ("%%http\n# @na|", "@na", ["@name"]),
        ("%%http\n# @name x\n@a = 1\n\nGE|", "GE", ["GET "]),
        ("%%http\nGET /a\n\n###\nPA|", "PA", ["PATCH "]),
        ("%%http\nGET /a\n\n?? js|", "js", ["jsonpath"]),
        ("%%http\nGET /a\n\n?? status isI|", "isI", ["isInteger"]),
        ("%%http\nGET /a\n\n?? jsonpath $.a cou|", "cou", ["count"]),
    ],
)
def test_what_may_stand_at_the_cursor_is_offered(text, typed, expected):
    """What begins with what is typed, whatever the case; GET and POST first, the latest URL first."""
    assert offered(text) == (typed, expected)


@pytest.mark.parametrize("text", ["x = 1|", "%timeit x|", "%http|", "x\n%%http\nGE|", "", '%%http\nGET /a\n\n{"a": 1|'])
def test_elsewhere_nothing_is_offered(text):
    """IPython's own completion has its say there."""
    assert offered(text) is None


def test_an_offered_url_holds_no_credential():
    """Userinfo and query stay out."""
    everything = offered("%http |")[1]
    assert ([text for text in everything if "@" in text or "?" in text], "/items" in everything) == ([], True)


def test_every_option_and_header_says_what_it_is():
    """A candidate has a kind, for an option the word for its value; an option what it does."""
    found = complete("%http -", 0, 7, KNOWN)
    assert all(each.does for each in found.candidates)
    kinds = {each.text: each.kind for each in found.candidates}
    assert (kinds["--timeout"], kinds["--follow"]) == ("seconds", "flag")
    assert all(value == value.lstrip() and "\n" not in value for values in HEADERS.values() for value in values)


@given(st.text(max_size=60), st.sampled_from(["%http ", "%%http\n", "%httpkit ", "%%http\n# ", "%%http\n?? "]))
def test_no_text_breaks_it(text, start):
    """Whatever is typed: what is offered begins with what is replaced."""
    whole = start + text
    row, column = whole.count("\n"), len(whole.rpartition("\n")[2])
    found = complete(whole, row, column, KNOWN)
    if found is not None:
        typed = whole.rpartition("\n")[2][found.start :].lower()
        assert all(each.text.lower().startswith(typed) for each in found.candidates)
