"""Responses without a body, however they arrive."""

from __future__ import annotations

import pytest

from httpkit.wire.http1 import End, ResponseDecoder, ResponseHead


@pytest.mark.parametrize("split", [False, True], ids=["in one read", "in two"])
@pytest.mark.parametrize(
    ("method", "status_line", "field"),
    [
        ("GET", "204 No Content", "Server: x"),
        ("GET", "304 Not Modified", "Content-Length: 5"),
        ("HEAD", "200 OK", "Content-Length: 5"),
        ("GET", "101 Switching Protocols", "Upgrade: websocket"),
    ],
)
def test_a_response_without_a_body_ends_with_its_head(method, status_line, field, split):
    """A response that has no body is complete when its head is (RFC 9112 section 6.3)."""
    raw = f"HTTP/1.1 {status_line}\r\n{field}\r\n\r\n".encode()
    decoder = ResponseDecoder()
    decoder.expect(method)
    pieces = [raw[:10], raw[10:]] if split else [raw]
    events = [event for piece in pieces for event in decoder.feed(piece)]
    assert [type(event) for event in events] == [ResponseHead, End]


def test_what_follows_a_101_is_kept_for_its_successor():
    """The bytes behind the head of a 101 are not lost, also where they come with it (RFC 9110 section 7.8)."""
    decoder = ResponseDecoder()
    decoder.expect("GET")
    decoder.feed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01a")
    assert decoder.take_rest() == b"\x81\x01a"
