"""What a plan sends."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.message import MessageError, compose, files_of
from httpkit_magics.grammar.plan import Auth, Field, Fields, FromFile, Multipart, Part, Plan

CONTENTS = {"a": b"one\ntwo\n\n", "b": b"\xff\xfe", "json": b'{"x": 1}'}


def sent(**parts):
    """Return what a POST with `parts` sends."""
    return compose(Plan("POST", "h.org", **parts), CONTENTS, boundary="B")


@pytest.mark.parametrize(
    ("change", "expected"),
    [("", b"one\ntwo\n\n"), ("trim", b"one\ntwo"), ("one line", b"onetwo"), ("quote", b"one%0Atwo%0A%0A")],
)
def test_a_file_can_be_changed_on_its_way(change, expected):
    """As HTTPie's headers and curl's -d do."""
    assert expected == sent(body=(FromFile("a", change),)).body


def test_pieces_and_files_follow_each_other():
    """A body may be put together of both."""
    assert sent(body=(b"<", FromFile("b"), b">")).body == b"<\xff\xfe>"


def test_the_files_of_a_plan_are_listed_in_order():
    """Headers, query, then the body."""
    plan = Plan(
        "POST",
        "h.org",
        headers=(("X", FromFile("1")), ("Y", None)),
        query=(("q", FromFile("2")),),
        body=Multipart((Part("a", "text"), Part("b", FromFile("3")))),
    )
    assert [file.path for file in files_of(plan)] == ["1", "2", "3"]
    assert [file.path for file in files_of(Plan("POST", "h", body=Fields("form", (Field("a", FromFile("4")),))))] == [
        "4"
    ]
    assert [file.path for file in files_of(Plan("POST", "h", body=(b"x", FromFile("5"))))] == ["5"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (Fields("json", (Field("a", FromFile("b")),)), "b is not UTF-8 text (byte 0)"),
        (Fields("json", (Field("a", FromFile("a"), is_json=True),)), "is no JSON"),
        (Fields("json", (Field("a", "1"), Field("a[b]", "1"))), "expected an object at a"),
        (Fields("form", (Field("a", FromFile("json"), is_json=True),)), "a is no text, number or boolean"),
        (Multipart((Part("a", "x", media_type="a\r\nX: y"),)), "has a line break or NUL"),
        (Multipart((Part("a", "x", headers=(("X", "y\nz"),)),)), "has a line break or NUL"),
        (Multipart((Part("a", "--B"),)), "contains the boundary"),
    ],
)
def test_what_cannot_be_sent_is_refused(body, message):
    """CVE-2026-34514, CVE-2026-50269: nothing that is put into a part's head brings lines into it."""
    with pytest.raises(MessageError) as caught:
        sent(body=body)
    assert message in str(caught.value)


@given(st.text(max_size=10), st.text(max_size=10))
def test_names_in_a_part_never_end_its_line(name, filename):
    """Whatever they are, the head has the same two lines."""
    try:
        body = sent(body=Multipart((Part(name, "x", filename=filename),))).body
    except MessageError:  # NUL
        return
    assert body.split(b"\r\n")[2:] == [b"", b"x", b"--B--", b""]


def test_a_multipart_body_names_its_boundary():
    """In the Content-Type that is there, or in a new one."""
    body = Multipart((Part("a", "1"), Part("f", FromFile("a"), "n.txt", "text/plain")))
    message = sent(body=body, headers=(("content-type", "multipart/mixed"),))
    assert message.headers == (("Content-Type", "multipart/mixed; boundary=B"),)
    assert message.body == (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\n'
        b"one\ntwo\n\n\r\n--B--\r\n"
    )
    assert sent(body=Multipart(())).headers == (("Content-Type", "multipart/form-data; boundary=B"),)


@pytest.mark.parametrize(("compress", "is_deflated"), [(0, False), (1, False), (2, True)])
def test_a_body_is_deflated_where_that_is_wanted(compress, is_deflated):
    """Once only where it gets smaller, twice always."""
    message = sent(body=b"short", compress=compress)
    assert (b"short", is_deflated) == (
        zlib.decompress(message.body) if is_deflated else message.body,
        ("Content-Encoding", "deflate") in message.headers,
    )


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (Auth("basic", "ada", "é"), (("Authorization", "Basic YWRhOsOp"),)),
        (Auth("basic", "ada"), (("Authorization", "Basic YWRhOg=="),)),
        (Auth("bearer", "", "token"), (("Authorization", "Bearer token"),)),
        (Auth("digest", "ada", "pw"), (("authorization", "mine"),)),
    ],
)
def test_credentials_take_the_place_of_a_header(auth, expected):
    """Digest waits for its challenge."""
    assert expected == sent(auth=auth, headers=(("authorization", "mine"),)).headers


def test_a_repeated_key_of_json_is_sent_as_it_was_written():
    """RFC 8259 section 4 lets the receiver decide."""
    body = sent(body=Fields("json", (Field("a", '{"b": 1, "b": [{"c": 2, "c": 3}]}', is_json=True),))).body
    assert body == b'{"a": {"b": 1, "b": [{"c": 2, "c": 3}]}}'
    assert json.loads(body) == {"a": {"b": [{"c": 3}]}}
