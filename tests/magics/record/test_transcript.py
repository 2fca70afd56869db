"""What a stream said, kept within bounds."""

from __future__ import annotations

import threading

from httpkit_magics.record.record import SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.transcript import Transcript


class Clock:
    """A clock that a test sets."""

    now = 0.0


def made(**options):
    """Return a transcript of nothing yet, and its clock."""
    clock = Clock()
    return Transcript(SentRequest("GET", "ws://h/x"), "WS", clock=lambda: clock.now, **options), clock


def test_counters_go_on_when_messages_are_dropped():
    """10 000 messages or 16 MB by default; the oldest go first, and nothing else is forgotten."""
    transcript, _ = made(max_messages=3)
    for number in range(10):
        transcript.add("in", "text", f"{number}")
    transcript.add("out", "text", "bye")
    assert [message.data for message in transcript.messages] == ["8", "9", "bye"]
    assert (transcript.received, transcript.sent, transcript.total, transcript.kept) == (10, 1, 11, 3)
    assert transcript.received_bytes == 10


def test_bytes_are_bounded_as_well_and_the_last_message_is_always_kept():
    """A message larger than the bound stands alone."""
    transcript, _ = made(max_bytes=10)
    for data in ("aaaa", "bbbb", "cccc"):
        transcript.add("in", "text", data)
    assert [message.data for message in transcript.messages] == ["bbbb", "cccc"]
    transcript.add("in", "binary", b"x" * 50)
    assert [message.size for message in transcript.messages] == [50]


def test_a_reader_gets_what_came_after_what_it_had():
    """However much was dropped in between."""
    transcript, _ = made(max_messages=3)
    for number in range(1, 6):
        transcript.add("in", "text", f"{number}")
    assert [message.number for message in transcript.after(4)] == [5]
    assert [message.number for message in transcript.after(0)] == [3, 4, 5]
    assert transcript.after(5) == []
    assert [message.number for message in transcript.last(2)] == [4, 5]


def test_the_rate_of_a_live_stream_is_that_of_its_last_seconds():
    """And of one that has ended, that of all of it."""
    transcript, clock = made()
    for second in range(20):
        clock.now = float(second)
        for _ in range(100 if second >= 10 else 1):
            transcript.add("in", "text", "ab")
    clock.now = 20.0
    assert 90 <= transcript.rate()[0] <= 110
    transcript.note("ended")
    clock.now = 1000.0
    assert transcript.rate() == (1010 / 20, 2020 / 20)


def test_rows_are_the_members_of_json_objects():
    """Other messages have no row; raw rows are the messages."""
    transcript, _ = made()
    transcript.add("out", "text", '{"op": "on"}')
    transcript.add("in", "event", '{"a": 1}', "trade", "7")
    transcript.add("in", "event", "[DONE]", "message", "")
    (row,) = transcript.rows()
    assert (row["a"], row["event"], row["at"].tzinfo is not None) == (1, "trade", True)
    assert [(row["direction"], row["data"]) for row in transcript.rows(raw=True)] == [
        ("out", '{"op": "on"}'),
        ("in", '{"a": 1}'),
        ("in", "[DONE]"),
    ]


def test_credentials_are_masked_in_what_goes_and_in_what_comes_back():
    """By name in either direction, and by value where a sent one is echoed under another name."""
    transcript, _ = made()
    sent = '{"op": "auth", "api_key": "k-1234567890abcdef"}'
    transcript.carry(sent)
    redactor = transcript.redactor(REDACTOR)
    for direction, data in (
        ("out", sent),
        ("in", '{"echo": "k-1234567890abcdef"}'),
        ("in", '{"token": "t0ken-value"}'),
    ):
        shown = transcript.add(direction, "text", data).masked(redactor, 1000)
        assert "k-1234567890abcdef" not in shown
        assert "t0ken-value" not in shown
        assert "\u2022" in shown
    assert "k-1234567890abcdef" not in repr(transcript.messages)


def test_the_request_s_credentials_are_masked_in_the_repr():
    """A token in the query of a WebSocket's URL is usual."""
    transcript = Transcript(SentRequest("GET", "wss://h/x?token=abcdef123456"), "WS")
    assert "abcdef123456" not in repr(transcript)


def test_a_message_gives_its_json_and_parts_of_it():
    """As a record does."""
    transcript, _ = made()
    message = transcript.add("in", "text", '{"a": [1, 2]}')
    assert (message.json(), message["$.a[1]"]) == ({"a": [1, 2]}, 2)


def test_who_waits_is_woken_by_a_message_of_another_thread():
    """And does not wait for one that is there already."""
    transcript, _ = made()
    timer = threading.Timer(0.05, transcript.add, ("in", "text", "x"))
    timer.start()
    transcript.wait_for_more(0, 10)
    timer.join()
    assert transcript.total == 1
    transcript.wait_for_more(0, 10)
