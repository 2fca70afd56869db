r"""`{{ }}` in a line of `%http`: found whole, filled for its place, refused where it can't stand."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.line import parse_line, parse_options, placeholders_end
from httpkit_magics.grammar.message import compose
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Auth, FromFile, LineError, Plan
from httpkit_magics.grammar.slots import MAX_PLACEHOLDERS, Slots
from httpkit_magics.grammar.template import Value, parse_template
from httpkit_magics.grammar.written import write_line


def resolver(**values):
    """Return what resolves names by `values`, and string literals as themselves."""

    def resolve(placeholder):
        name = placeholder.expression
        if name not in values:
            raise PlaceError.at(f"{name!r} has no value", placeholder.whole)
        return Value(values[name], "test")

    return resolve


def sent(line, **values):
    """Return what a line sends: method and URL, query, fields that it names, body."""
    plan = parse_line(line, resolver(**values))
    message = compose(plan, {})
    named = [pair for pair in message.headers if pair[0] not in ("Accept", "Content-Type")]
    return f"{plan.method} {plan.target}", message.query, named, message.body


@pytest.mark.parametrize(
    ("line", "values", "expected"),
    [
        ("/items/{{i}}", {"i": 3}, ("GET /items/3", (), [], None)),
        ("/items/{{i}}/x?q={{i}}", {"i": "a b/c&\u00fc"}, ("GET /items/a%20b%2Fc%26%C3%BC/x?q=a%20b%2Fc%26%C3%BC", (), [], None)),
        ("{{base}}/{{i}}", {"base": "http://h:1/v1", "i": "a:b"}, ("GET http://h:1/v1/a%3Ab", (), [], None)),
        ("{{ base }}/x", {"base": "h:1"}, ("GET h:1/x", (), [], None)),
        ("{{u|raw}} {{q}}=={{q}}", {"u": "/a/b?c=d", "q": "x=&y"}, ("GET /a/b?c=d", (("x=&y", "x=&y"),), [], None)),
        ('/x Authorization:"Bearer {{t}}"', {"t": "a:b=c"}, ("GET /x", (), [("Authorization", "Bearer a:b=c")], None)),
        ("/x X-Own:{{t}}", {"t": ""}, ("GET /x", (), [("X-Own", "")], None)),
        ("/x a={{v}}", {"v": 'q"\n'}, ("POST /x", (), [], b'{"a": "q\\"\\n"}')),
        ("/x a={{v}}", {"v": 5}, ("POST /x", (), [], b'{"a": "5"}')),
        ("/x a:={{v}}", {"v": [1, None, "z"]}, ("POST /x", (), [], b'{"a": [1, null, "z"]}')),
        ("/x a:={{v}}", {"v": "text"}, ("POST /x", (), [], b'{"a": "text"}')),
        ("""/x 'a:={"b": {{v}}, "c": "{{w}}"}'""", {"v": True, "w": '"'}, ("POST /x", (), [], b'{"a": {"b": true, "c": "\\""}}')),
        ("/x a[{{k}}][]={{k}}", {"k": "x[y]"}, ("POST /x", (), [], b'{"a": {"x[y]": ["x[y]"]}}')),
        ("/x a[{{k}}]=1", {"k": 0}, ("POST /x", (), [], b'{"a": ["1"]}')),
        ("-f /x a={{v}} b:={{n}}", {"v": "te&xt", "n": 2}, ("POST /x", (), [], b"a=te%26xt&b=2")),
        ("""--raw '{"a": {{v}}}' /x""", {"v": "t"}, ("POST /x", (), [], b'{"a": "t"}')),
        ("--raw 'a {{v}}' /x", {"v": '"'}, ("POST /x", (), [], b'a "')),
        ("-f --raw 'a={{v}}' /x", {"v": "b&c"}, ("POST /x", (), [], b"a=b%26c")),
        ("--raw '<a>{{v}}</a>' /x Content-Type:text/xml", {"v": "<"}, ("POST /x", (), [], b"<a>&lt;</a>")),
        (r"/x a='\{{v}}'", {}, ("POST /x", (), [], b'{"a": "{{v}}"}')),
        ("/x a={{v}} ;", {"v": "1;"}, ("POST /x", (), [], b'{"a": "1;"}')),
    ],
)  # fmt: skip
def test_a_value_is_written_for_the_place_where_it_stands(line, values, expected):
    """URLs percent-encoded, text and JSON of items, brackets of names escaped, raw bodies by their type."""
    assert expected == sent(line, **values)


@pytest.mark.parametrize(
    "placeholder", ["{{f(a, 'b c')}}", "{{d['k=v:w']}}", '{{d["it\'s"]}}', '{{ {"a": {"b": 1}}["a"] }}', "{{a == b}}"]
)
@pytest.mark.parametrize("line", ["/x/{}", "/x a={}", "/x 'a={}'", '/x "a=b {} c"', "/x {}={}", '/x "H:{}"'])
def test_blanks_quotes_and_separators_inside_do_not_end_a_word(placeholder, line):
    """Bare, in single and in double quotes."""
    asked = []

    def resolve(found):
        asked.append(found.expression)
        return Value("v", "test")

    parse_line(line.replace("{}", placeholder), resolve)
    assert asked == [placeholder[2:-2].strip()] * line.count("{}")


def test_a_colon_in_a_user_or_password_is_no_separator():
    """The credentials are taken apart before they are filled in."""
    plan = parse_line("-a {{u}}:{{p}} /x", resolver(u="a:b", p="c:d"))
    assert plan.auth == Auth("basic", "a:b", "c:d")
    assert parse_line("-A bearer -a {{t}} /x", resolver(t="a.b")).auth == Auth("bearer", secret="a.b")


def test_options_and_paths_of_files_are_filled():
    """A value of an option is checked as if it had been typed."""
    plan = parse_line("--timeout={{t}} -o {{n}} -f /x a@{{p}}", resolver(t=2, n="r", p="x y.csv"))
    assert (plan.timeout, plan.name) == (2.0, "r")
    assert plan.body.parts[0].content == FromFile("x y.csv")
    assert parse_options("--timeout {{t}}", resolver(t=2)).timeout == 2.0


@pytest.mark.parametrize(
    ("line", "values", "message", "place"),
    [
        ("/x {{no}}=1", {}, "'no' has no value", "{{no}}"),
        ("/x/{{no}} a=1", {}, "'no' has no value", "{{no}}"),
        ("/x H:a{{v}}", {"v": "a\r\nX: y"}, "line break or NUL", "{{v}}"),
        ("/x a={{v}}", {"v": None}, "the value of 'v' is None", "{{v}}"),
        ("{{v}}/x", {"v": "a b"}, "has a blank in it", "{{v}}"),
        ("--timeout {{v}} /x", {"v": "PLANTED"}, "--timeout is '{{v}}'; expected seconds", "{{v}}"),
        ("/x a:=1{{v}}", {"v": "PLANTED"}, "'a:=1{{v}}' is no JSON once it is filled in", "a:=1{{v}}"),
        ("/x {{v}}", {"v": "a=1"}, "'{{v}}' has no separator", "{{v}}"),
        ("/x -{{v}}", {"v": "j"}, "unknown option -{{v}}", "-{{v}}"),
        ("/x a={{}}", {}, "nothing stands between {{ and }}", "{{}}"),
        ("/x 'a={{v'", {}, "{{ has no end", "{{"),
        ("/x 'a={{v}}", {"v": 1}, "unclosed quote", "'a={{v}}"),
        ("/x {{v}}:1", {"v": "a b"}, "'a b' is no header name", "{{v}}:1"),
    ],
)
def test_what_is_wrong_is_shown_in_the_line_as_it_was_typed(line, values, message, place):
    """With its place; a value that was filled in is not repeated."""
    with pytest.raises(LineError) as caught:
        parse_line(line, resolver(**values))
    error = caught.value
    assert message in error.message
    assert (error.line, line[error.start : error.end]) == (line, place)
    assert "PLANTED" not in error.pointed() + error.message


def test_without_values_placeholders_stay_as_they_are_written():
    r"""Only `\{{` is read: it is two braces."""
    assert parse_line(r"/x/{{a b}} n='\{{c}}' H:{{d}}").target == "/x/{{a b}}"
    plan = Plan("GET", "/x{{a}}", query=(("{{{b}}", "\\{{c"),))
    line = write_line(plan)
    assert parse_line(line, resolver()) == plan == parse_line(line)


def test_what_may_hold_placeholders_ends_before_a_comment():
    """And a `;` there silences the line."""
    assert placeholders_end("/x a={{'#'}} ; # {{later}}") == (14, True)
    assert placeholders_end("/x") == (2, False)


def test_more_placeholders_than_a_line_may_have_are_refused():
    """The message names the limit."""
    line = "/x" + " a={{b}}" * (MAX_PLACEHOLDERS + 1)
    with pytest.raises(LineError, match=r"more than 1000 placeholders \(MAX_PLACEHOLDERS\)"):
        parse_line(line, resolver(b=1))
    assert parse_line(line[: -len(" a={{b}}")], resolver(b=1)).method == "POST"


@given(st.text("{}ab'\"\\ =:\U00020000\U00020001", max_size=60))
def test_a_slot_is_as_long_as_its_placeholder(text):
    """So that every place in the line stays, whatever stands around it."""
    try:
        slots = Slots(text)
    except PlaceError:
        return
    assert len(slots.line) == len(text)
    assert slots.written(slots.line) == text


@pytest.mark.parametrize("piece", ["{{({{}}", '{{\\"}}', "{{[[[}}", "{{'}}", "{{(a}}", "\\{{", '{{"\\}}'])
def test_the_ends_of_placeholders_are_found_in_linear_time(piece):
    """100 000 characters of brackets and quotes without partners."""
    began = time.perf_counter()
    with contextlib.suppress(PlaceError):
        parse_template(Piece(piece * (100_000 // len(piece)), 0))
    assert time.perf_counter() - began < 2
