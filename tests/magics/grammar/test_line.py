"""The line of `%http`."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.line import JSON_HEADERS, OPTIONS, parse_line
from httpkit_magics.grammar.plan import LineError, Plan

names = st.text(st.sampled_from("ab9 .-_/é中🜁'\"#$"), min_size=1, max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def plan_or_error(line):
    """Return the plan of `line`, or the error it is refused with."""
    try:
        return parse_line(line)
    except LineError as error:
        return error


def refused(line):
    """Return the error that `line` is refused with."""
    with pytest.raises(LineError) as caught:
        parse_line(line)
    return caught.value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("example.org", Plan("GET", "example.org")),
        ("GET https://h/x?", Plan("GET", "https://h/x?")),
        ("delete h/x", Plan("DELETE", "h/x")),
        ("PROPFIND h", Plan("PROPFIND", "h")),
        ("localhost q==v", Plan("GET", "localhost", query=(("q", "v"),))),
        (":8000/x X:y", Plan("GET", ":8000/x", headers=(("X", "y"),))),
        ("h.org Accept: X-Empty; A:b", Plan("GET", "h.org", headers=(("Accept", None), ("X-Empty", ""), ("A", "b")))),
        ("h.org 'X: two words '", Plan("GET", "h.org", headers=(("X", "two words"),))),
        ("h.org q==a q==b", Plan("GET", "h.org", query=(("q", "a"), ("q", "b")))),
        ("h.org -F", Plan("GET", "h.org", follow=True)),
        ("--follow h.org", Plan("GET", "h.org", follow=True)),
        ("h.org --no-follow", Plan("GET", "h.org", follow=False)),
        ("h.org -o r", Plan("GET", "h.org", name="r")),
        ("-Fo r h.org", Plan("GET", "h.org", name="r", follow=True)),
        ("h.org --timeout 2.5", Plan("GET", "h.org", timeout=2.5)),
        ("h.org --timeout=0", Plan("GET", "h.org", timeout=0.0)),
        ("h.org -- -x==1", Plan("GET", "h.org", query=(("-x", "1"),))),
        ("h.org # a comment", Plan("GET", "h.org")),
        ("/items {{x}}==$y", Plan("GET", "/items", query=(("{{x}}", "$y"),))),
    ],
)
def test_a_line_gives_its_plan(line, expected):
    """Method, URL, items and options, in HTTPie's grammar."""
    assert expected == parse_line(line)


@pytest.mark.parametrize(
    ("line", "silent", "headers"),
    [
        ("h.org;", True, ()),
        ("h.org ;", True, ()),
        ("h.org X:y;", True, (("X", "y"),)),
        ("h.org -F;", True, ()),
        ("h.org --timeout 3;", True, ()),
        ("GET h.org;", True, ()),
        ("h.org X;", False, (("X", ""),)),
        ("h.org X; ;", True, (("X", ""),)),
        ("h.org X;;", True, (("X", ""),)),
        ("h.org", False, ()),
    ],
)
def test_a_semicolon_at_the_end_silences_unless_it_makes_an_item(line, silent, headers):
    """`;` keeps IPython from showing a result; `Name;` as the last item is HTTPie's empty header."""
    plan = parse_line(line)
    assert (silent, headers) == (plan.silent, plan.headers)


def test_data_makes_a_json_object_and_a_post():
    """Fields are text, := takes JSON; the content type is set, and Accept asks for JSON first."""
    plan = parse_line("""h.org name=kettle n:=3 tags:='["a", null]' ok:=true""")
    assert (plan.method, plan.headers) == ("POST", JSON_HEADERS)
    assert json.loads(plan.body) == {"name": "kettle", "n": 3, "tags": ["a", None], "ok": True}


def test_headers_of_the_line_come_before_those_of_json():
    """A header that the line names, even to leave it out, is not set for JSON."""
    plan = parse_line("PUT h.org a=b content-type:application/x+json Accept:")
    assert plan.headers == (("content-type", "application/x+json"), ("Accept", None))


@pytest.mark.parametrize(
    ("line", "message", "place"),
    [
        ("", "missing URL; expected [METHOD] URL [ITEM ...]", ""),
        ("GET ''", "the URL is empty; expected a host", "''"),
        ("GET", "missing URL after GET", ""),
        ("-F", "missing URL", ""),
        ("h.org --folow", "did you mean --follow?", "--folow"),
        ("h.org --timeuot 3", "did you mean --timeout?", "--timeuot"),
        ("h.org -z", "unknown option -z; expected one of -o NAME, --timeout SECONDS", "-z"),
        ("h.org --timeout", "missing value of --timeout; expected --timeout SECONDS", ""),
        ("h.org --timeout soon", "expected seconds", "soon"),
        ("h.org --timeout -1", "expected seconds", "-1"),
        ("h.org --timeout nan", "expected seconds", "nan"),
        ("h.org --follow=yes", "--follow takes no value", "--follow=yes"),
        ("h.org -o", "missing value of -o; expected -o NAME", ""),
        ("h.org -o 1x", "expected a Python name", "1x"),
        ("h.org -o class", "expected a Python name", "class"),
        ("h.org what", "'what' has no separator; expected Header:value, q==value", "what"),
        ("h.org =x", "has nothing before '='", "=x"),
        ("h.org 'a b:c'", "'a b' is no header name", "'a b:c'"),
        ("h.org X;y", "has something after ';'; expected X; or X:y", "X;y"),
        ("h.org a:=tru", "'tru' is no JSON", "a:=tru"),
        ("h.org a:=NaN", "NaN is not in JSON", "a:=NaN"),
        ("h.org a[b]=1", "has brackets in its name; expected whole JSON", "a[b]=1"),
        ("h.org a@file", "names a file (@)", "a@file"),
        ("h.org 'a", "unclosed quote", "'a"),
    ],
)
def test_an_error_names_the_item_and_what_was_expected(line, message, place):
    """The message says what is wrong, and the place is the word itself; the end where something is missing."""
    error = refused(line)
    assert message in error.message
    assert place == line[error.start : error.end]


def test_the_place_of_an_error_can_be_shown_under_the_line():
    """The marks stand under the word."""
    assert refused("h.org --folow").pointed() == "h.org --folow\n      ^^^^^^^"


def test_a_character_that_is_none_can_be_sent():
    """Half of a surrogate pair has no UTF-8; JSON writes it as an escape."""
    assert parse_line("""h.org 'a:="\\ud800"'""").body == b'{"a": "\\ud800"}'


def test_deep_json_is_an_error():
    """JSON that is nested too deeply for Python is refused like any other."""
    assert "is no JSON" in refused("h.org a:=" + "[" * 100_000).message


@given(st.dictionaries(names, json_values, max_size=4))
def test_any_json_value_arrives_as_it_was_written(data):
    """Names and values come back from the body, whatever is in them."""
    items = [shlex.quote(f"{name}:={json.dumps(value)}") for name, value in data.items()]
    plan = parse_line(" ".join(["POST h.org --", *items]))
    assert data == (json.loads(plan.body) if plan.body else {})


@given(st.text(st.sampled_from("GEThorg.:/=@;'\"\\-Fo# [1]{}?é\n"), max_size=40))
def test_any_line_gives_a_plan_or_an_error_with_its_place(line):
    """Nothing but LineError comes out, and what it points at is in the line."""
    plan = plan_or_error(line)
    if isinstance(plan, LineError):
        assert 0 <= plan.start <= plan.end <= len(line)
    else:
        assert plan.method == plan.method.upper()
        assert plan.target


def test_every_option_is_known_to_the_parser():
    """Each option of the table can be written, with its value."""
    values = {"NAME": " r", "SECONDS": " 1", None: ""}
    for name, option in OPTIONS.items():
        plan = parse_line(f"h.org {name}{values[option.value]}")
        assert getattr(plan, option.plan_name) is not None
