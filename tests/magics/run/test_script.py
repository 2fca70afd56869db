"""Scripts of `%%ws` against the demo API's chat and echo."""

from __future__ import annotations

import pytest

from httpkit_magics.grammar.script import parse_script
from httpkit_magics.grammar.stream import parse_stream
from httpkit_magics.record.secrets import Secret
from httpkit_magics.run.client import Client
from httpkit_magics.run.script import Stage, play
from httpkit_magics.run.settings import Settings


@pytest.fixture
def run(demo_server):
    """A function that plays a script and returns the feed and what it captured."""
    client = Client()

    def played(line, script, timeout=5.0):
        feed = client.listen(parse_stream(line, "ws"), Settings(base_url=demo_server, timeout=5))
        names = {}
        play(Stage(feed, names.__setitem__, lambda say: say.text, timeout, lambda: None), parse_script(script))
        return feed, names

    yield played
    client.close()


def test_a_conversation_is_sent_waited_for_and_captured(run):
    """Each wait is a verdict, each capture a name; a secret one is a Secret."""
    feed, names = run(
        "/ws/chat name==ada --protocol chat.v2",
        '=== wait jsonpath "$.type" == "joined"\n{"text": "open-sesame-77"}\n=== wait jsonpath "$.text" == "open-sesame-77"\n'
        '=== capture who = jsonpath "$.from"\n=== capture hidden = jsonpath "$.text" secret\n=== close 4000',
    )
    assert (names["who"], names["hidden"]) == ("ada", Secret("open-sesame-77", "hidden"))
    assert [verdict.passed for verdict in feed.transcript.checks] == [True, True]
    assert (feed.transcript.failure, feed.transcript.close_code) == (None, 4000)


def test_a_wait_in_vain_ends_the_script_and_the_stream(run):
    """The verdict says what was waited for, the panel why; nothing more is sent."""
    feed, _ = run("/ws/echo", "one\n=== wait two\nthree", timeout=0.3)
    (verdict,) = feed.transcript.checks
    assert (verdict.passed, verdict.claim, verdict.why) == (False, "contains two", "nothing came within 0.3 s")
    assert (feed.sent, feed.is_open, feed.transcript.failure.title) == (1, False, "Timed out")
    assert feed.transcript.failure.hint.startswith("1 message came")


def test_a_capture_that_finds_nothing_ends_the_script(run):
    """It says what was to be captured."""
    feed, names = run("/ws/echo", '{"a": 1}\n=== wait {\n=== capture b = jsonpath "$.b"')
    assert names == {}
    assert feed.transcript.failure.sentence == "Nothing to capture as b: there is nothing at $.b."


def test_a_script_of_a_stream_that_never_opened_shows_that_failure(run):
    """And not that a message could not be sent."""
    feed, _ = run("http://127.0.0.1:9/", "one\n=== wait two")
    assert feed.transcript.failure.title == "Connection refused"
