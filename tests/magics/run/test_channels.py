"""What a server may do to a stream, by servers that do it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from servers.threaded import serving

from httpkit_magics.grammar.stream import parse_stream
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings


@pytest.fixture
def over():
    """A function that opens the stream of a line at a server of `answers`, and returns it when it is over."""
    client = Client()

    def opened(answers, line, kind):
        with serving(answers) as server:
            feed = client.listen(parse_stream(line, kind), Settings(base_url=server.url, timeout=5))
            assert feed.wait_until_over(10)
            return feed

    yield opened
    client.close()


def test_an_event_without_an_end_is_refused(over):
    """The limit is in the sentence, and what came before is kept."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    feed = over({"/e": head + b"data: first\n\ndata: " + b"x" * 9_000_000}, "/e", "sse")
    assert [message.data for message in feed.messages] == ["first"]
    assert feed.transcript.failure.title == "Event too large"
    assert re.search(r"exceeds \d+ bytes \(max_", feed.transcript.failure.sentence)


def test_a_wrong_accept_key_is_no_websocket(over):
    """A cache or another protocol behind 101 is not talked to (RFC 6455 section 4.1)."""
    wrong = base64.b64encode(hashlib.sha1(b"another key").digest())
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + wrong
        + b"\r\n\r\n"
    )
    feed = over({"/w": answer}, "/w", "ws")
    assert feed.transcript.failure.title == "Refused, 101"
    assert "answered the handshake wrongly" in feed.transcript.failure.sentence
    assert feed.received == 0
