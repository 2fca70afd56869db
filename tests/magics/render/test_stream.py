"""The panel of a stream."""

from __future__ import annotations

import pytest
from panel_html import PanelReader

from httpkit_magics.record.record import Failure, Fields, SentRequest
from httpkit_magics.record.transcript import Transcript
from httpkit_magics.render.display import mimebundle, terminal

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"' onerror=x \ud800" + "A" * 5000


def made(messages=3, data='{"n": 1}'):
    """Return a live stream with some messages."""
    transcript = Transcript(SentRequest("GET", "wss://feed.test/v1", Fields([("Host", "feed.test")])), "WS")
    transcript.connections = 1
    transcript.note("live")
    for _ in range(messages):
        transcript.add("in", "text", data)
    return transcript


def test_a_live_stream_says_so_and_shows_its_messages():
    """Badge, counts and rates, and the rows with an arrow, kind, size, time and preview."""
    transcript = made()
    transcript.latency = 0.012
    transcript.add("out", "text", "hello")
    text = mimebundle(transcript)["text/plain"]
    lines = text.splitlines()
    assert lines[0] == " live  WS wss://feed.test/v1"
    assert "1 sent, 3 received" in lines[1]
    assert "messages/s" in lines[1]
    assert "ping 12.0 ms" in lines[1]
    assert lines[3] == "Messages  4"
    assert lines[4].startswith("  \u2193 text  8 B")
    assert lines[7].startswith("  \u2191 text  5 B")
    assert lines[7].endswith("hello")


def test_only_the_last_fifty_messages_stand_in_the_panel():
    """What is left out is said in words, also what is no longer kept."""
    transcript = Transcript(SentRequest("GET", "ws://h/"), "WS", max_messages=100)
    for number in range(250):
        transcript.add("in", "text", f"number {number}")
    text = mimebundle(transcript)["text/plain"]
    assert "last 50 of 250" in text
    assert "50 more: feed.messages, the first 150 are no longer kept" in text
    assert "number 199\n" not in text
    assert "number 200\n" in text


@pytest.mark.parametrize(
    ("code", "badge"), [(1000, "closed 1000"), (1006, "closed 1006"), (4001, "closed 4001"), (None, "ended")]
)
def test_a_stream_that_ended_says_how(code, badge):
    """With the close code, where there is one."""
    transcript = made()
    transcript.close_code = code
    transcript.note("ended")
    assert mimebundle(transcript)["text/plain"].startswith(f" {badge}  WS")


def test_a_failure_is_one_sentence_and_what_to_try():
    """As in the panel of a request."""
    transcript = made(0)
    transcript.fail(Failure("refused", "Connection refused", "Nothing is there.", "Is it running?"), OSError())
    transcript.note("ended")
    text = mimebundle(transcript)["text/plain"]
    assert text.startswith(" Connection refused  WS")
    assert "Nothing is there. Is it running?" in text


def test_hostile_messages_are_text_and_nothing_else():
    """In data, event types and close reasons; bytes are shown as digits."""
    transcript = made(2, HOSTILE)
    transcript.add("in", "event", HOSTILE, HOSTILE)
    transcript.add("in", "binary", bytes(range(256)) * 20)
    transcript.subprotocol = transcript.close_reason = HOSTILE
    transcript.note("ended")
    bundle = mimebundle(transcript)
    reader = PanelReader(bundle["text/html"])
    assert reader.problems == []
    assert "<script>" not in bundle["text/html"]
    assert "\x1b" not in bundle["text/html"] + bundle["text/plain"]
    assert "\u202e" not in bundle["text/html"] + bundle["text/plain"]
    assert "\x1b[31m\u202e" not in terminal(transcript)
    bundle["text/html"].encode()


def test_the_panel_is_bounded_whatever_comes():
    """10 000 messages of 4 KB of characters that are written out six times as long."""
    transcript = made(10_000, "\x00<&" * 1400)
    bundle = mimebundle(transcript)
    assert len(bundle["text/html"].encode()) < 100_000
    assert len(bundle["text/plain"].encode()) < 40_000


def test_a_message_of_megabytes_is_not_read_to_its_end():
    """A panel that is drawn ten times a second looks at the beginning of each message only."""
    transcript = made(1, '{"a": "' + "x" * 4_000_000)
    assert len(mimebundle(transcript)["text/plain"]) < 2_000
