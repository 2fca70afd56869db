"""Feeds of the demo API: what comes is kept, read, sent and waited for from another thread."""

from __future__ import annotations

import itertools
import re
import threading
import time

import pytest

from httpkit_magics.grammar.stream import parse_stream
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings
from httpkit_magics.run.streams import StreamClosed, StreamTimeout


@pytest.fixture
def client():
    """A client of its own; what it opened is closed with it."""
    made = Client()
    yield made
    made.close()


@pytest.fixture
def listen(client, demo_server):
    """A function that opens the stream of a line."""
    settings = Settings(base_url=demo_server, timeout=5)
    return lambda line, kind="ws": client.listen(parse_stream(line, kind), settings)


def over(feed):
    """Wait for the end of a feed and return it."""
    assert feed.wait_until_over(10)
    return feed


def data_of(feed):
    """Return what was received."""
    return [message.data for message in feed.messages if message.direction == "in" and message.is_data]


def test_a_count_ends_the_stream_after_so_many_messages(listen):
    """Not one more is kept, and the WebSocket is closed with 1000."""
    feed = over(listen("/ws/ticker rate==2000 --count 7"))
    assert (feed.received, len(data_of(feed)), feed.transcript.close_code) == (7, 7, 1000)
    assert [message.json()["id"] for message in feed] == [1, 2, 3, 4, 5, 6, 7]


def test_a_condition_ends_the_stream_with_the_message_that_fits(listen):
    """That message is the last."""
    feed = over(listen("/ws/ticker rate==500 --until 'jsonpath \"$.id\" == 5'"))
    assert feed.messages[-2].json()["id"] == feed.received == 5


def test_a_time_ends_the_stream(listen):
    """About then, in good order."""
    began = time.perf_counter()
    feed = over(listen("/ws/ticker rate==20 --for 0.5"))
    assert 0.4 < time.perf_counter() - began < 3
    assert (feed.transcript.close_code, feed.transcript.failure) == (1000, None)


def test_what_is_sent_comes_back_from_an_echo(listen):
    """Text, bytes, and anything that JSON can write."""
    feed = listen("/ws/echo")
    feed.send("text")
    feed.send(b"\x00\xff")
    feed.send({"a": [1]})
    assert [feed.wait(timeout=5).data for _ in range(3)] == ["text", b"\x00\xff", '{"a": [1]}']
    assert [message.kind for message in feed.messages].count("binary") == 2
    assert (feed.sent, feed.received) == (3, 3)


def test_waiting_goes_on_after_the_message_that_was_waited_for(listen):
    """So an answer that came before the wait began is found, and none is found twice."""
    feed = over(listen("/ws/ticker rate==1000 --count 20"))
    assert feed.wait('jsonpath "$.id" > 3')["$.id"] == 4
    assert feed.wait(re.compile(r'"id":1\d'))["$.id"] == 10
    assert feed.wait(lambda message: message.json()["id"] % 7 == 0)["$.id"] == 14
    with pytest.raises(StreamClosed, match="closed 1000"):
        feed.wait("nothing like this")


def test_a_wait_in_vain_ends_in_time_and_the_stream_goes_on(listen):
    """The message says how long it was."""
    feed = listen("/ws/echo")
    began = time.perf_counter()
    with pytest.raises(StreamTimeout, match=re.escape("within 0.2 s (timeout)")):
        feed.wait("x", timeout=0.2)
    assert time.perf_counter() - began < 1
    feed.send("x")
    assert feed.wait("x", timeout=5).data == "x"


def test_a_loop_gets_what_was_kept_and_then_what_comes(listen):
    """Two loops get the same; leaving one leaves the stream open."""
    feed = listen("/ws/ticker rate==200")
    assert [message.number for message in itertools.islice(feed, 5)] == [1, 2, 3, 4, 5]
    assert [message.number for message in itertools.islice(feed, 3)] == [1, 2, 3]
    assert feed.is_open


async def test_an_async_loop_gets_the_same_on_its_own_loop(listen):
    """The stream's own loop is another."""
    feed = listen("/ws/ticker rate==500 --count 50")
    assert [message.number async for message in feed] == list(range(1, 51))


def test_closing_ends_the_stream_and_whoever_reads_it(listen):
    """With the code that was asked for; a second time changes nothing, and nothing can be sent any more."""
    feed = listen("/ws/echo")
    read = []
    reader = threading.Thread(target=lambda: read.extend(feed))
    reader.start()
    feed.send("last")
    feed.wait("last")
    feed.close(4001)
    feed.close()
    reader.join(5)
    assert ([message.data for message in read], feed.transcript.close_code) == (["last"], 4001)
    with pytest.raises(StreamClosed, match="closed 4001"):
        feed.send("more")


def test_closing_the_client_ends_its_streams(client, listen):
    """Nothing goes on in a thread that nobody knows of."""
    feeds = [listen("/ws/ticker rate==100"), listen("/events", "sse")]
    for feed in feeds:
        feed.wait(timeout=5)
    client.close()
    assert [feed.is_open for feed in feeds] == [False, False]
    assert "httpkit" not in [thread.name for thread in threading.enumerate() if thread.is_alive()]


def test_a_stream_of_a_thousand_messages_a_second_goes_on_while_another_thread_computes(listen):
    """All are counted and kept, in order; for 60 seconds it was tried by hand."""
    feed = listen("/ws/ticker rate==1000 count==3000")
    until = time.perf_counter() + 2.5
    while time.perf_counter() < until:
        sum(range(1000))
    over(feed)
    assert feed.received == 3000
    assert [message.json()["id"] for message in feed] == list(range(1, 3001))


def test_a_table_has_the_members_of_the_messages(listen):
    """One row a message, and when it came."""
    frame = over(listen("/ws/ticker rate==1000 --count 10")).df()
    assert list(frame["id"]) == list(range(1, 11))
    assert {"at", "symbol", "price"} <= set(frame.columns)


def test_events_have_types_and_ids(listen):
    """And the stream ends when the server says that there are no more."""
    feed = over(listen("/events rate==100 count==5", "sse"))
    assert [(message.event, message.id) for message in feed.messages] == [
        ("trade", "1"), ("trade", "2"), ("trade", "3"), ("trade", "4"), ("stock", "5"),
    ]  # fmt: skip
    assert (feed.transcript.said, feed.transcript.failure) == ("ended", None)
    with pytest.raises(StreamClosed, match="from the server only"):
        feed.send("hello")


def test_a_post_streams_the_tokens_of_an_answer(listen):
    """As the APIs of language models do."""
    feed = over(listen("/events rate==1000 prompt='Which bolt?' --until [DONE]", "sse"))
    assert feed.transcript.request.method == "POST"
    text = "".join(row["choices"][0]["delta"].get("content", "") for row in feed.transcript.rows())
    assert text.startswith("You asked: Which bolt?")


def test_events_that_break_off_go_on_after_the_last_one(listen):
    """Each comes once; the panel can say how many connections it took."""
    feed = over(listen("/events rate==1000 drop_after==3 --count 6", "sse"))
    assert [message.id for message in feed.messages] == ["1", "2", "3", "4", "5", "6"]
    assert feed.transcript.connections > 1


@pytest.mark.parametrize("line", ["prompt=hi rate==1000 drop_after==3", "rate==1000 drop_after==3 --no-reconnect"])
def test_events_that_break_off_for_good_say_so(listen, line):
    """A POST is sent once, and a GET where it was told to be; what came before is there."""
    feed = over(listen(f"/events {line}", "sse"))
    assert (feed.received, feed.transcript.failure.title) == (3, "Broken off")
    assert "broke the stream off after 3 messages." in feed.transcript.failure.sentence


def test_a_websocket_that_is_lost_is_closed_with_1006(listen):
    """And the last row says that no close frame came."""
    feed = over(listen("/ws/drop"))
    assert (feed.received, feed.transcript.close_code, feed.messages[-1].kind) == (3, 1006, "error")


def test_a_websocket_connects_again_where_it_is_asked_to(listen):
    """Messages of all connections are one stream."""
    feed = over(listen("/ws/drop --reconnect --count 5"))
    assert (feed.received, feed.transcript.connections) == (5, 2)


def test_the_close_code_and_reason_of_the_peer_are_kept(listen):
    """As a message, and as facts."""
    transcript = over(listen("/ws/close code==4007 reason=='no more'")).transcript
    assert (transcript.close_code, transcript.close_reason) == (4007, "no more")
    assert transcript.messages[-1].data == "4007 no more"


def test_a_subprotocol_is_agreed_on(listen):
    """The first of those offered that the server knows."""
    feed = listen("/ws/chat --protocol chat.v9 --protocol chat.v1")
    assert feed.wait("joined", timeout=5).data.startswith("* guest-")
    assert feed.transcript.subprotocol == "chat.v1"


@pytest.mark.parametrize(
    ("line", "kind", "title", "words"),
    [
        ("http://127.0.0.1:9/", "ws", "Connection refused", "Nothing accepts connections at 127.0.0.1:9."),
        ("http://nosuch.invalid/", "ws", "Unknown host", "nosuch.invalid"),
        ("/ws/nothing", "ws", "Refused, 403", "answered with 403, and opened no stream."),
        ("/status/503", "sse", "Refused, 503", "answered with 503"),
        ("/items", "sse", "No event stream", "answered with 'application/json'"),
        ("http://127.0.0.1:9/", "sse", "Connection refused", "Nothing accepts connections"),
        ("/delay/5 --timeout 0.3", "sse", "Timed out", "took longer than 0.3 s"),
    ],
)
def test_a_stream_that_can_t_be_opened_says_why(listen, line, kind, title, words):
    """In words, with the exception kept, and nobody waits for it."""
    feed = over(listen(line, kind))
    assert feed.transcript.failure.title == title
    assert words in feed.transcript.failure.sentence
    assert isinstance(feed.error, Exception)
    with pytest.raises(StreamClosed, match=title):
        feed.wait("x")


def test_a_path_without_a_base_url_is_refused(client):
    """As a panel and not as a traceback."""
    feed = over(client.listen(parse_stream("/ws/echo", "ws"), Settings()))
    assert feed.transcript.failure.title == "Bad URL"
