"""HTTP/1.1 requests."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from strategies import tokens, values

from httpkit.values.messages import HttpVersion, HttpVersion11
from httpkit.wire.http1_request import encode_chunk, encode_request_head


@given(tokens, st.lists(st.tuples(tokens, values), max_size=5))
def test_a_request_head_is_read_by_h11_as_it_was_meant(method, pairs):
    """RFC 9112 section 3: one request line, every field as it is."""
    headers = CIMultiDict([("Host", "a"), *((name, value) for name, value in pairs if name.lower() not in TAKEN)])
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(encode_request_head(method, "/a?b", HttpVersion11, headers))
    request = connection.next_event()
    assert (request.method, request.target) == (method.encode(), b"/a?b")
    assert list(request.headers) == [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    assert isinstance(connection.next_event(), h11.EndOfMessage)


TAKEN = {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"}

EVIL = ["\r\nX: y", "\nX: y", "\r", "\n", "\r\n\r\nGET / HTTP/1.1", "\x00", "\x00y\r\nX\x00z", "\x7f", "\x0b", "\x1f"]


@given(st.sampled_from(["method", "target", "name", "value"]), st.sampled_from(EVIL), tokens, tokens)
def test_a_request_head_that_could_be_read_as_more_is_refused(place, evil, before, after):
    """CVE-2023-49081, -49082, CVE-2019-11236, CVE-2020-26137: control characters anywhere are a ValueError, and no bytes."""
    text = f"{before}{evil}{after}"
    method = text if place == "method" else "GET"
    target = text if place == "target" else "/"
    name = text if place == "name" else "X-A"
    value = text if place == "value" else "b"
    with pytest.raises(ValueError, match=r"control character|forbidden character|must be a token|malformed"):
        encode_request_head(method, target, HttpVersion11, CIMultiDict({"Host": "a", name: value}))


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_an_encoded_head_has_one_line_for_each_field(method, target, name, value):
    """Whatever the parts are: refused, or a request line and as many fields as there are."""
    headers = CIMultiDict([(name, value), ("Host", "a")])
    try:
        head = encode_request_head(method, target, HttpVersion11, headers)
    except ValueError:
        return
    line, *lines = head.split(b"\r\n")
    assert line == f"{method} {target} HTTP/1.1".encode()
    assert lines == [f"{name}: {value}".encode(), b"Host: a", b"", b""]
    assert line.count(b" ") == 2


@pytest.mark.parametrize(
    "parts",
    [
        {"method": ""}, {"method": "GET "}, {"method": "G:T"}, {"target": ""}, {"target": "/a b"}, {"target": "/\ta"},
        {"version": HttpVersion(2, 0)}, {"version": HttpVersion(1, 2)}, {"version": ("1", "1\r\nX: y")},
        {"headers": {"": "b"}}, {"headers": {"A ": "b"}}, {"headers": {"A:": "b"}}, {"headers": {"Ä": "b"}},
        {"headers": {"A: b\r\nC": "d"}}, {"target": "/ HTTP/1.1\r\nX: 1\r\nY:"}, {"headers": {"A": "\udc80"}},
    ],
)  # fmt: skip
def test_a_malformed_request_head_is_refused(parts):
    """RFC 9112 section 3; CVE-2023-49081 for the version."""
    parts = {"method": "GET", "target": "/", "version": HttpVersion11, "headers": {}} | parts
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is tested where it matters
        encode_request_head(parts["method"], parts["target"], parts["version"], CIMultiDict(parts["headers"]))


def test_a_refused_value_is_not_in_the_message():
    """It may be a credential."""
    with pytest.raises(ValueError, match="control character in the value of field 'Authorization'") as caught:
        encode_request_head("GET", "/", HttpVersion11, CIMultiDict({"Authorization": "secret\n"}))
    assert "secret" not in str(caught.value)


def test_chunks_are_encoded_for_any_buffer():
    """RFC 9112 section 7.1."""
    assert [encode_chunk(data) for data in (b"a" * 17, bytearray(b"a"), memoryview(b"ab"))] == [
        b"11\r\n" + b"a" * 17 + b"\r\n", b"1\r\na\r\n", b"2\r\nab\r\n",
    ]  # fmt: skip


@pytest.mark.parametrize("headers", [{"A": None}, {"A": 1}, {"A": b"b"}, {"Authorization": ["secret"]}])
def test_a_value_that_is_no_text_is_refused(headers):
    """TypeError that names the field and not the value: "None" is nothing that anybody means to send."""
    with pytest.raises(TypeError, match=f"value of field '{next(iter(headers))}' must be str, got") as caught:
        encode_request_head("GET", "/", HttpVersion11, CIMultiDict(headers))
    assert "secret" not in str(caught.value)
