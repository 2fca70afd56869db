"""`text/event-stream` against the HTML standard's own algorithm, and the limits."""

from __future__ import annotations

import re
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httpkit.values.eventstream import ServerSentEvent
from httpkit.wire.eventstream import EventStreamDecoder


def oracle(body, last_event_id=""):
    """Return (events, last event id, retry) of a whole body: HTML standard 9.2.5 and 9.2.6, word for word."""
    text = body.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)
    lines.pop()  # what follows the last line end is cut off
    events, data, event, block_retry = [], "", "", None
    id_buffer, retry = last_event_id, None
    for line in lines:
        if line == "":
            last_event_id = id_buffer
            if data != "":
                events.append(ServerSentEvent(event or "message", data.removesuffix("\n"), last_event_id, block_retry))
            data, event, block_retry = "", "", None
            continue
        if line.startswith(":"):
            continue
        field, colon, value = line.partition(":")
        value = value[1:] if colon and value.startswith(" ") else value
        if field == "event":
            event = value
        elif field == "data":
            data += value + "\n"
        elif field == "id":
            if "\0" not in value:
                id_buffer = value
        elif field == "retry" and re.fullmatch("[0-9]{1,18}", value):
            retry = block_retry = int(value)
    return events, last_event_id, retry


def decode(pieces, **options):
    """Return (events, last event id, retry) of a body in `pieces`."""
    decoder = EventStreamDecoder(**options)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    assert decoder.error is None
    return events, decoder.last_event_id, decoder.retry


fields = st.sampled_from([b"data", b"event", b"id", b"retry", b"other", b"", b"dat", b"Data", b"data "])
values = st.sampled_from([b"", b" ", b"  x", b"1000", b"-1", b"1" * 19, b"a\0b", "é€😀".encode(), b"\xff\xe2\x82"]) | (
    st.text(max_size=10).map(str.encode)
)
lines = st.one_of(
    st.tuples(fields, st.sampled_from([b":", b": ", b""]), values).map(b"".join),
    st.just(b""),
    st.just(b": a comment"),
    st.binary(max_size=8),
)
bodies = st.tuples(
    st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb"]),
    st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r", b"\r\n"])).map(b"".join), max_size=20).map(b"".join),
    st.sampled_from([b"", b"data: cut off", b"\n", b"data: x\n"]),
).map(b"".join)


@given(bodies, st.lists(st.integers(0, 400), max_size=8))
@settings(max_examples=400)
def test_any_split_gives_the_events_of_the_standard(body, points):
    """Between CR and LF, within a character, within the BOM: the events are those of the standard's algorithm."""
    edges = [0, *sorted(point % (len(body) + 1) for point in points), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    assert oracle(body) == decode(pieces)


@given(bodies)
def test_single_bytes_give_the_events_of_the_standard(body):
    """The slowest way that bytes can arrive."""
    assert oracle(body, "old") == decode([body[i : i + 1] for i in range(len(body))], last_event_id="old")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_stream(body):
    """No body is malformed."""
    assert oracle(body) == decode([body])


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "", None)]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                ("message", "first event", "1", None),
                ("message", "second event", "", None),
                ("message", " third event", "", None),
            ],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", "", None), ("message", "\n", "", None)]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", "", None), ("message", "test", "", None)]),
        (b"event: add\ndata: 7\nretry: 500\n\n", [("add", "7", "", 500)]),
    ],
)
def test_the_examples_of_the_standard(body, events):
    """HTML standard section 9.2.6."""
    assert events == decode([body])[0]


def test_an_event_is_given_at_its_empty_line_even_when_that_ends_in_cr():
    """A server that waits with the LF of a CRLF, or sends none, delays no event."""
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [ServerSentEvent(data="a")]
    assert decoder.feed(b"\ndata: b\r\r") == [ServerSentEvent(data="b")]


def test_an_id_counts_once_its_event_is_complete():
    """What a reconnect sends is the id of the last whole block: an event that was cut off is asked for again."""
    decoder = EventStreamDecoder()
    decoder.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
    assert decoder.last_event_id == "1"
    decoder.feed(b"\n")
    assert decoder.last_event_id == "2"
    decoder.feed(b"id: 3\0\n\nid: 4\n\n")
    assert decoder.last_event_id == "4"


def test_an_events_data_parses_as_json():
    """As LLM APIs stream it."""
    (event,) = EventStreamDecoder().feed(b'data: {"delta": "hi"}\n\n')
    assert event.json() == {"delta": "hi"}
    assert event.json(loads=len) == 15


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_line_has_a_limit(size):
    """An endless line ends with an error that names its limit; events before it are given."""
    decoder = EventStreamDecoder(max_line_size=1000)
    body = b"data: a\n\ndata: " + b"x" * 2000 + b"\n\ndata: never\n\n"
    events = [event for start in range(0, len(body), size) for event in decoder.feed(body[start : start + size])]
    assert [ServerSentEvent(data="a")] == events
    assert str(decoder.error) == "line of the event stream exceeds 1000 bytes (max_line_size)"
    assert decoder.feed(b"data: never\n\n") == []


def test_an_event_has_a_limit():
    """Endless data lines without an empty line end with an error; other fields hold only their last value."""
    decoder = EventStreamDecoder(max_event_size=1000)
    assert decoder.feed(b"data: a\n\n" + b"data\n" * 200 + b"\n") == [
        ServerSentEvent(data="a"),
        ServerSentEvent(data="\n" * 199),
    ]
    decoder.feed((b"event: x\nid: 1\n: comment\n") * 1000)
    assert decoder.error is None
    decoder.feed(b"data\n" * 201)
    assert str(decoder.error) == "event of the event stream exceeds 1000 bytes (max_event_size)"


def test_a_drip_is_linear_and_small():
    """Single bytes of a long line cost neither an object each nor a copy of the line each."""
    decoder = EventStreamDecoder()
    tracemalloc.start()
    decoder.feed(b"data: ")
    for _ in range(200_000):
        decoder.feed(b"x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 600_000
    assert decoder.feed(b"\n\n") == [ServerSentEvent(data="x" * 200_000)]
