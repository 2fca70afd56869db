"""The line of `%http`."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.fields import JSON_HEADERS
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.message import compose
from httpkit_magics.grammar.plan import Auth, Certificate, Field, Fields, FromFile, LineError, Plan

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


def body_of(line):
    """Return the body that `line` sends."""
    return compose(parse_line(line), {}).body


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
        ("h.org -a ada:p:w", Plan("GET", "h.org", auth=Auth("basic", "ada", "p:w"))),
        (r"h.org -a 'a\:b:c'", Plan("GET", "h.org", auth=Auth("basic", "a:b", "c"))),
        ("h.org -a ada", Plan("GET", "h.org", auth=Auth("basic", "ada"))),
        ("h.org -A digest -a ada:", Plan("GET", "h.org", auth=Auth("digest", "ada", ""))),
        ("h.org -A bearer -a a:b", Plan("GET", "h.org", auth=Auth("bearer", "", "a:b"))),
        ("h.org --session s", Plan("GET", "h.org", session="s")),
        ("h.org --session-read-only s", Plan("GET", "h.org", session="s", session_read_only=True)),
        ("h.org --verify no", Plan("GET", "h.org", verify=False)),
        ("h.org --verify ca.pem", Plan("GET", "h.org", verify="ca.pem")),
        ("h.org --cert a.pem --cert-key=b.pem", Plan("GET", "h.org", certificate=Certificate("a.pem", "b.pem"))),
        (
            "h.org --proxy http:http://p:1 --proxy http://q:2",
            Plan("GET", "h.org", proxies=(("http", "http://p:1"), ("all", "http://q:2"))),
        ),
        ("h.org --max-redirects 3 -F", Plan("GET", "h.org", max_redirects=3, follow=True)),
        ("h.org -d", Plan("GET", "h.org", download=True, follow=True)),
        ("h.org -d --no-follow", Plan("GET", "h.org", download=True, follow=False)),
        ("h.org -dcO x", Plan("GET", "h.org", download=True, resume=True, output="x", follow=True)),
        ("h.org -d --offline", Plan("GET", "h.org", offline=True)),
        ("h.org -v", Plan("GET", "h.org", show="HBhb")),
        ("h.org -vv", Plan("GET", "h.org", show="HBhbm")),
        ("h.org -v -b", Plan("GET", "h.org", show="b")),
        ("h.org -p Hm", Plan("GET", "h.org", show="Hm")),
        ("h.org -v --no-verbose", Plan("GET", "h.org")),
        ("h.org -q", Plan("GET", "h.org", silent=True)),
        ("h.org --check-status --stream -I", Plan("GET", "h.org", check_status=True, stream=True)),
        ("h.org --raw=", Plan("POST", "h.org", body=b"")),
        (
            "h.org q==@f X:@g",
            Plan("GET", "h.org", headers=(("X", FromFile("g", "trim")),), query=(("q", FromFile("f", "trim")),)),
        ),
        (
            "-f h.org a=1",
            Plan(
                "POST",
                "h.org",
                headers=(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),),
                body=Fields("form", (Field("a", "1"),)),
            ),
        ),
        ("h.org -a 'a:b;'", Plan("GET", "h.org", auth=Auth("basic", "a", "b;"))),
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
    assert json.loads(compose(plan, {}).body) == {"name": "kettle", "n": 3, "tags": ["a", None], "ok": True}


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
        ("h.org -z", "unknown option -z; expected one of those that %http? shows", "-z"),
        ("h.org -Fz", "unknown option -z", "-Fz"),
        (
            "h.org --pretty=all",
            "--pretty is HTTPie's and has no meaning here: a panel is always laid out",
            "--pretty=all",
        ),
        ("h.org --no-such", "unknown option --such", "--no-such"),
        ("h.org --raw -F", "missing value of --raw; expected --raw TEXT", "-F"),
        ("h.org -A token -a x", "-A is 'token'; expected basic, bearer or digest", "token"),
        ("h.org -A digest", "missing credentials; expected -a USER", "digest"),
        ("h.org -A bearer", "missing credentials; expected -a TOKEN", "bearer"),
        ("h.org -A bearer -a 'é'", "the token is not printable ASCII", "'é'"),
        ("h.org -c", "-c continues a download; expected -d too", "-c"),
        ("h.org -d -c", "-c needs to know what to continue; expected -O FILE", "-c"),
        ("h.org --session a/b", "expected a name of letters, digits", "a/b"),
        ("h.org --session a --session-read-only b", "exclude each other", "b"),
        ("h.org --cert-key k", "a key without a certificate", "k"),
        ("h.org --proxy p:1", "expected a URL, such as http://proxy:3128", "p:1"),
        ("h.org --max-redirects 0", "expected a number from 1 to 1000", "0"),
        ("h.org -p x", "expected letters of HBhbm", "x"),
        ("h.org --boundary 'a b'", "RFC 2046", "'a b'"),
        ("h.org --multipart -x a=1", "a multipart body is not compressed", "-x"),
        ("h.org --raw x a=1", "--raw is the whole body", "a=1"),
        ("h.org --raw x --multipart", "--raw is the whole body", "x"),
        ("h.org a@f", "'a@f' is a file in JSON; expected -f to send it as a field, or @f as the whole body", "a@f"),
        ("h.org @f a=1", "a file is the whole body; expected -f", "a=1"),
        ("h.org @f @g", "a file is the whole body; expected -f", "@g"),
        ("h.org @", "names no file", "@"),
        ("h.org a=@", "names no file", "a=@"),
        ("h.org -f 'a@f;type=x\ny'", "is no media type", "'a@f;type=x\ny'"),
        ("h.org -f a:=null", "a is no text, number or boolean", "a:=null"),
        ("h.org --multipart a:=@f", "is JSON from a file", "a:=@f"),
        ("h.org a[b=1", "'a[b': expected ']'", "[b"),
        ("h.org a]=1", "expected '[' after ']'", "]"),
        ("h.org a[b]c=1", "expected '[' after ']' and not 'c'", "c"),
        ("h.org x=1 a=1 a[b]=2", "expected an object at a, which is a string", "[b]"),
        ("h.org []=1 a=2", "expected an object at the body, which is an array", "a"),
        ("h.org a[-1]=1", "not negative", "-1"),
        ("h.org a[10000]=1", "at most 9999 (MAX_INDEX)", "10000"),
        ("h.org a:=@f b[=1", "expected a key, an index or ']'", "["),
        ("h.org --timeout", "missing value of --timeout; expected --timeout SECONDS", ""),
        ("h.org --timeout soon", "expected seconds", "soon"),
        ("h.org --timeout -1", "expected seconds", "-1"),
        ("h.org --timeout nan", "expected seconds", "nan"),
        ("h.org --follow=yes", "--follow takes no value", "--follow=yes"),
        ("h.org -o", "missing value of -o; expected -o NAME", ""),
        ("h.org -o 1x", "expected a Python name", "1x"),
        ("h.org -o class", "expected a Python name", "class"),
        ("h.org what", "'what' has no separator; expected Header:value, q==value", "what"),
        ("h.org 'a b:c'", "'a b' is no header name", "'a b:c'"),
        ("h.org X;y", "has something after ';'; expected X; or X:y", "X;y"),
        ("h.org a:=tru", "'tru' is no JSON", "a:=tru"),
        ("h.org a:=NaN", "NaN is not in JSON", "a:=NaN"),
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
    assert body_of("""h.org 'a:="\\ud800"'""") == b'{"a": "\\ud800"}'


def test_deep_json_is_an_error():
    """JSON that is nested too deeply for Python is refused like any other."""
    assert "is no JSON" in refused("h.org a:=" + "[" * 100_000).message


@given(st.dictionaries(names, json_values, max_size=4))
def test_any_json_value_arrives_as_it_was_written(data):
    """Names and values come back from the body, whatever is in them."""
    items = [shlex.quote(f"{name}:={json.dumps(value)}") for name, value in data.items()]
    body = body_of(" ".join(["POST h.org --", *items]))
    assert data == (json.loads(body) if body else {})


words = st.sampled_from(
    [
        "GET", "h.org", "/x", "-f", "-j", "-m", "-v", "-b", "-x", "-d", "-c", "-F", "-o", "-O", "-a", "-A", "-p", "--raw",
        "--session", "--timeout", "--no-form", "--proxy", "--verify", "--boundary", "--", "basic", "bearer", "a:b", "3",
        "a=1", "a[b]=2", "a[]=3", "[0]:=4", "a:=[1]", "a:=null", "f@x", "@x;type=a/b", "a=@x", "a:=@x", "q==v", "X:y",
        "X:", "X;", ";", "'", "yes", "http://p:1",
    ]
)  # fmt: skip


@given(
    st.text(st.sampled_from("GEThorg.:/=@;'\"\\-Fo# [1]{}?é\n"), max_size=40)
    | st.lists(words | st.text(max_size=5), max_size=8).map(" ".join)
)
def test_any_line_gives_a_plan_or_an_error_with_its_place(line):
    """Nothing but LineError comes out, and what it points at is in the line."""
    plan = plan_or_error(line)
    if isinstance(plan, LineError):
        assert 0 <= plan.start <= plan.end <= len(line)
    else:
        assert plan.method == plan.method.upper()
        assert plan.target
