"""`{{expression}}` in a line of `%http`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.message import compose
from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.plan import Auth, FromFile, LineError, Part
from httpkit_magics.grammar.template import Value

NAMES = {
    "n": 7,
    "two": "two words & more",
    "url": "http://h/a?b=1",
    "quote": 'say "hi"',
    "tags": ["a", "b"],
    "r['a b']": "c d",
    'r["$.id"]': 5,
    "x == 1": True,
    "break": "a\r\nb",
}


def resolve(placeholder):
    """Return the value of a name above."""
    if placeholder.expression not in NAMES:
        raise PlaceError.at(f"{placeholder.expression!r} has no value", placeholder.whole)
    return Value(NAMES[placeholder.expression], "test")


def plan(line):
    """Return the plan of a line."""
    return parse_line(line, resolve)


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("{{url}}", "http://h/a?b=1"),
        ("GET /items/{{n}}", "/items/7"),
        ("GET /items/{{two}}", "/items/two%20words%20%26%20more"),
        ("/items/{{ r['a b'] }}", "/items/c%20d"),
        ('/items/{{r["$.id"]}}?ok={{x == 1}}', "/items/5?ok=true"),
        ("/{{n}}{{n}}9{{n}}", "/7797"),
        ("'/a b/{{n}}'", "/a%20b/7"),
        (r"/a/\{{n}}/{{n}}", "/a/{{n}}/7"),
        (r"'/a/\{{n}}'", "/a/{{n}}"),
    ],
)
def test_a_url_takes_values(line, target):
    """Blanks, quotes and `=` of an expression don't part the line; a value is encoded for its place."""
    assert plan(line).target == target


def test_every_item_takes_values():
    """Header, query, fields, JSON and names of files."""
    made = plan("/x X-A:{{n}} q=={{two}} {{n}}=={{n}} a={{quote}} b:={{tags}} c:='[\"{{quote}}\", {{n}}]' d=@{{n}}.txt")
    assert made.headers[-1] == ("X-A", "7")
    assert made.query == (("q", "two words & more"), ("7", "7"))
    message = compose(made, {"7.txt": b"file"})
    assert message.body == b'{"a": "say \\"hi\\"", "b": ["a", "b"], "c": ["say \\"hi\\"", 7], "d": "file"}'


def test_bodies_and_options_take_values():
    """A raw body is escaped as JSON where it is JSON; forms, parts, files, credentials and the file to write."""
    assert plan('/x --raw \'{"a": "{{quote}}", "b": {{n}}}\'').body == b'{"a": "say \\"hi\\"", "b": 7}'
    assert plan("/x --raw 'a {{two}}'").body == b"a two words & more"
    assert compose(plan("-f /x a={{two}}"), {}).body == b"a=two+words+%26+more"
    parts = plan("-m /x a={{n}} f@{{n}}.csv").body.parts
    assert parts == (Part("a", "7"), Part("f", FromFile("7.csv"), "7.csv", "text/csv"))
    assert plan("/x @{{n}}.json").body == (FromFile("7.json"),)
    assert plan("/x -a ada:{{n}}").auth == Auth("basic", "ada", "7")
    assert plan("/x -d -O {{n}}.bin").output == "7.bin"


@pytest.mark.parametrize(
    ("line", "message", "marked"),
    [
        ("/x/{{nn}}", "'nn' has no value", "{{nn}}"),
        ("/x a=1 b={{ nn }} c=2", "'nn' has no value", "{{ nn }}"),
        ("/x/{{n", "{{ has no end", "{{"),
        ("/x/{{}}", "nothing stands between", "{{}}"),
        ("/x X-A:{{break}}", "has a line break or NUL", "{{break}}"),
        ("/x --timeout {{two}}", "--timeout is '{{two}}'; expected seconds", "{{two}}"),
        ("/x {{n}}", "'{{n}}' has no separator", "{{n}}"),
        ("/x {{n}} --folow", "did you mean --follow", "--folow"),
    ],
)
def test_what_is_wrong_is_shown_in_the_line_as_typed(line, message, marked):
    """The line, the place and the placeholder are those that somebody wrote."""
    with pytest.raises(LineError) as caught:
        plan(line)
    error = caught.value
    assert message in error.message
    assert (error.line, line[error.start : error.end]) == (line, marked)


@given(st.text(st.sampled_from("90{}n/\\ =:'\"")))
def test_any_line_is_a_plan_or_a_line_error(text):
    """Whatever is typed, digits like the hidden numbers included."""
    line = f"/{text}"
    try:
        said = plan(line).target
    except LineError as error:
        said = error.line
    # An error has the line as it was typed; a plan has a placeholder left only where it was escaped.
    assert said == line or "{{n}}" not in said or "\\{{" in text


@given(st.text(st.sampled_from("90/ab"), min_size=1))
def test_digits_around_a_placeholder_stay(text):
    """Nothing of the line is taken for a hidden number."""
    assert plan(f"/{text}{{{{n}}}}{text}{{{{n}}}}").target == parse_line(f"/{text}7{text}7").target
