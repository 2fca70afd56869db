"""Placeholders and what becomes of them where they stand."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.template import Place, Placeholder, Value, fill, parse_template, placeholders

texts = st.text(st.sampled_from("ab{}'\"\\ |%$.()[]\n&=/?é"), max_size=40)


def filled(text, place, value, **how):
    """Return `text` with `value` for every placeholder."""
    return fill(Piece(text, 0), place, lambda _: Value(value, "test", **how))


def template_or_error(piece):
    """Return the parts of a template, or the error it is refused with."""
    try:
        return parse_template(piece)
    except PlaceError as error:
        return error


def refused(call):
    """Return the error that a call is refused with."""
    with pytest.raises(PlaceError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", []),
        ("{{a}}", ["a"]),
        ("x{{ a }}y{{b.c-d}}", ["a", "b.c-d"]),
        ('{"a":{"b":{{n}}}}', ["n"]),
        ('{{ {"a": {"b": 1}}["a"] }}', ['{"a": {"b": 1}}["a"]']),
        ('{{ d["}}"] }}', ['d["}}"]']),
        ("{{it's}}", ["it's"]),
        ("{{f(1}}", ["f(1"]),
        ("{{a)}}", ["a)"]),
        (r"\{{a}}", []),
        ("$a {b} {c", []),
        ("{{x|raw}}", ["x"]),
        ("{{%x}}", ["x"]),
        ("{{a}}}}", ["a"]),
    ],
)
def test_placeholders_are_found(text, expected):
    """Two braces begin one; brackets and strings inside it count; nothing else is one."""
    assert expected == [found.expression for found in placeholders(Piece(text, 0))]


@pytest.mark.parametrize(("text", "start", "end"), [("ab{{c", 2, 4), ("a{{}}", 1, 5), ("{{ |raw}}", 0, 9)])
def test_a_malformed_placeholder_is_shown(text, start, end):
    """The error points at the braces."""
    error = refused(lambda: parse_template(Piece(text, 10)))
    assert (start + 10, end + 10) == (error.start, error.end)


@given(texts)
def test_any_text_parses_or_points_into_itself(text):
    """A template is understood, or its error lies in it."""
    read = template_or_error(Piece(text, 5))
    if isinstance(read, PlaceError):
        assert 5 <= read.start <= read.end <= 5 + len(text)
        return
    whole = "".join(part.whole.text if isinstance(part, Placeholder) else part for part in read)
    assert whole == text.replace("\\{{", "{{")


@given(texts)
def test_a_value_in_a_json_string_is_that_value(value):
    """Whatever the value, the body stays JSON and gives it back."""
    assert json.loads(filled('{"a": "<{{x}}>"}', Place.JSON, value))["a"] == f"<{value}>"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_a_value_bare_in_json_is_that_value(value):
    """Values of Python keep their types."""
    assert json.loads(filled('{"a": [{{x}}]}', Place.JSON, value))["a"] == [value]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_value_in_a_path_or_query_stays_in_its_place(value):
    """No character of a value ends a path segment or a parameter."""
    url = filled("https://h/{{x}}/p?q={{x}}&r=1", Place.URL, value)
    path, _, query = url.removeprefix("https://h/").partition("?")
    assert [value, "p"] == [unquote(part) for part in path.split("/")]
    assert [f"q={value}", "r=1"] == [unquote(part) for part in query.split("&")]


@pytest.mark.parametrize(
    ("url", "value", "expected"),
    [
        ("{{x}}/a", "https://h:1/b?c", "https://h:1/b?c/a"),
        ("https://{{x}}/a", "h.org:8", "https://h.org:8/a"),
        ("https://h{{x}}", "/a b", None),
        ("/a/{{x}}", "b/c", "/a/b%2Fc"),
        ("?q={{x}}", "a+b", "?q=a%2Bb"),
        ("h/#{{x}}", "a#b", "h/#a%23b"),
        ("h/{{x|raw}}", "a/b?c", "h/a/b?c"),
        ("{{x}}/a", "h org", None),
    ],
)
def test_a_host_is_taken_as_it_is_and_the_rest_is_escaped(url, value, expected):
    """At its start a URL may come from a value; behind the host a value is one piece of it."""
    if expected is None:
        assert "has a blank" in refused(lambda: filled(url, Place.URL, value)).message
    else:
        assert expected == filled(url, Place.URL, value)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0b"])
@pytest.mark.parametrize("text", ["v {{x}}", "v {{x|raw}}"])
def test_no_value_adds_a_header(text, value):
    """A line break in a header value is refused at the placeholder, raw or not."""
    error = refused(lambda: filled(text, Place.HEADER, value))
    assert (error.start, error.end) == (2, len(text))


@pytest.mark.parametrize(
    ("place", "value", "is_text", "expected"),
    [
        (Place.JSON, "5", True, "5"),
        (Place.JSON, "5", False, '"5"'),
        (Place.JSON, "05", True, '"05"'),
        (Place.JSON, '{"a": 1}', True, '{"a": 1}'),
        (Place.JSON, "true", True, "true"),
        (Place.JSON, True, False, "true"),
        (Place.TEXT, True, False, "true"),
        (Place.TEXT, [1, "a"], False, '[1, "a"]'),
        (Place.FORM, "a b&c", True, "a%20b%26c"),
        (Place.XML, "<a b='c'>", True, "&lt;a b=&apos;c&apos;&gt;"),
    ],
)
def test_a_value_is_written_for_its_place(place, value, is_text, expected):
    """A text from a cell may mean a number in JSON; a text of Python is a text."""
    assert expected == filled("{{x}}", place, value, is_text=is_text)


def test_a_value_without_spelling_is_refused():
    """The `repr` of an object helps nobody in a request."""
    assert "is or holds a object" in refused(lambda: filled("{{x}}", Place.TEXT, object())).message
    assert "is None" in refused(lambda: filled("{{x}}", Place.URL, None)).message
