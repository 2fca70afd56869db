"""The arguments of a Python call as a plan."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from httpkit_magics.grammar.message import compose
from httpkit_magics.grammar.plan import Auth
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK, Secret
from httpkit_magics.run.call import Options, call_plan


def sent(**options):
    """Return the message of a POST."""
    return compose(call_plan("post", "http://h/", options), {"notes.txt": b"notes"})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (None, ()),
        ({"a": 1, "b": "x y"}, (("a", "1"), ("b", "x y"))),
        ({"a": [1, 2], "none": None, "yes": True}, (("a", "1"), ("a", "2"), ("yes", "true"))),
        ([("a", "1"), ("a", "2")], (("a", "1"), ("a", "2"))),
        ("?a=1&b=x%20y&c=", (("a", "1"), ("b", "x y"), ("c", ""))),
    ],
)
def test_parameters_are_a_mapping_pairs_or_text(params, expected):
    """A list repeats its name, None is left out."""
    assert expected == sent(params=params).query


@pytest.mark.parametrize(
    ("options", "body", "media_type"),
    [
        ({}, None, None),
        ({"json": None}, None, None),
        ({"json": {"a": [1, None]}}, b'{"a": [1, null]}', "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"data": b"\0"}, b"\0", "application/octet-stream"),
        ({"data": "\u00e4"}, b"\xc3\xa4", "text/plain; charset=utf-8"),
        ({"data": {"a": "x y", "b": [1, 2]}}, b"a=x+y&b=1&b=2", "application/x-www-form-urlencoded"),
        ({"data": [("a", "1")]}, b"a=1", "application/x-www-form-urlencoded"),
        ({"data": Path("notes.txt")}, b"notes", "application/octet-stream"),
        ({"data": io.BytesIO(b"file")}, b"file", "application/octet-stream"),
        ({"data": io.StringIO("file")}, b"file", "application/octet-stream"),
    ],
)
def test_a_body_has_its_media_type(options, body, media_type):
    """Unless the headers say another."""
    message = sent(**options)
    assert (body, media_type) == (message.body, dict(message.headers).get("Content-Type"))
    named = sent(**options, headers={"content-type": "x/y"})
    assert list(named.headers) == [("content-type", "x/y")]


def test_headers_are_text_or_taken_out():
    """None means that the field is not sent."""
    assert sent(headers={"A": 1, "Accept": None}).headers == (("A", "1"), ("Accept", None))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"auth": ("u", "p")}, Auth("basic", "u", "p")),
        ({"auth": ("u", Secret("pass-word"))}, Auth("basic", "u", "pass-word")),
        ({"auth": ("u", "p"), "auth_type": "digest"}, Auth("digest", "u", "p")),
        ({"auth": "tok"}, Auth("bearer", "", "tok")),
        ({"auth": Secret("tok-en"), "auth_type": "bearer"}, Auth("bearer", "", "tok-en")),
        ({"auth": Auth("digest", "u", "p")}, Auth("digest", "u", "p")),
    ],
)
def test_who_asks_is_a_pair_or_a_token(options, expected):
    """As requests and aiohttp take it."""
    assert expected == call_plan("GET", "http://h/", options).auth


def test_a_secret_is_sent_and_from_then_on_masked():
    """In a header, a parameter and a body, wherever it was made."""
    secret = Secret("s3cret-of-a-call")
    message = sent(headers={"X": secret}, params={"a": secret}, json={"a": secret})
    assert (dict(message.headers)["X"], message.query[0][1]) == ("s3cret-of-a-call", "s3cret-of-a-call")
    assert b"s3cret-of-a-call" in message.body
    assert VAULT.redactor.text("s3cret-of-a-call") == MASK


def test_every_option_reaches_the_plan():
    """Under the name that the plan has for it."""
    options: Options = {"name": "r", "timeout": 3, "follow": True, "verify": False, "session": "s", "silent": True}
    plan = call_plan("get", "/x", options)
    assert {name: getattr(plan, name) for name in options} == options
    assert (plan.method, plan.target) == ("GET", "/x")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"json": 1, "data": b"x"}, ValueError, "both given"),
        ({"param": 1}, TypeError, "unknown option 'param'; expected auth, "),
        ({"data": 5}, TypeError, "can't be a int"),
        ({"json": {1, 2}}, TypeError, "set has no JSON"),
        ({"json": float("nan")}, ValueError, "not JSON compliant"),
        ({"auth": 5}, TypeError, "expected one of them"),
        ({"auth": ("u", "p"), "auth_type": "ntlm"}, ValueError, "'ntlm' is unknown"),
    ],
)
def test_what_cannot_be_sent_is_refused_before(options, error, words):
    """With what was expected."""
    with pytest.raises(error, match=words):
        call_plan("GET", "http://h/", options)
