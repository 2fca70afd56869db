"""The lines of `%ws` and `%sse`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.check import Query
from httpkit_magics.grammar.plan import LineError
from httpkit_magics.grammar.stream import OWN, parse_stream
from httpkit_magics.stream_magic import StreamMagics


def test_a_line_has_the_words_of_http_and_its_own():
    """Items, options of %http and options of streams in any order."""
    plan = parse_stream(
        "--bg wss://h/x X-A:b rate==9 --count=5 --for 2s -o feed --protocol a --protocol b -a u:p --reconnect", "ws"
    )
    assert plan.request.target == "wss://h/x"
    assert plan.request.headers == (("X-A", "b"),)
    assert plan.request.query == (("rate", "9"),)
    assert (plan.request.name, plan.request.auth.user) == ("feed", "u")
    assert (plan.count, plan.seconds, plan.is_background, plan.protocols, plan.reconnect) == (
        5, 2.0, True, ("a", "b"), True,
    )  # fmt: skip


def test_a_value_of_an_option_of_http_is_no_option():
    """`-o` takes the next word, whatever it looks like to a stream."""
    plan = parse_stream("/x --proxy http://p:1 --until done", "ws")
    assert plan.request.proxies == (("all", "http://p:1"),)
    assert plan.until.query == Query("body")


@pytest.mark.parametrize("line", ["/x ;", "/x --bg;", "/x --count 3;", "/x --count 3 ;", "/x;", "/x --bg ;"])
def test_a_semicolon_at_the_end_silences(line):
    """Also where it stands at an option or at its value."""
    plan = parse_stream(line, "ws")
    assert (plan.request.silent, plan.request.target) == (True, "/x")


def test_fields_make_a_post_of_events_that_asks_for_no_json():
    """The client's own Accept: text/event-stream is sent."""
    plan = parse_stream("/x prompt=hi n:=3", "sse")
    assert plan.request.method == "POST"
    assert plan.request.headers == (("Content-Type", "application/json"),)


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("", "ws", "missing URL"),
        ("/x --cuont 3", "ws", "did you mean --count?"),
        ("/x --count", "ws", "missing value of --count"),
        ("/x --count 0", "ws", "a number of messages from 1"),
        ("/x --for 0", "sse", "expected seconds"),
        ("/x --bg=1", "ws", "--bg takes no value"),
        ("/x --protocol a,b", "ws", "the name of a subprotocol"),
        ("/x --protocol a", "sse", "unknown option --protocol"),
        ("/x --until 'jsonpath \"$.a\" is 3'", "ws", "unknown predicate"),
        ("POST /x", "ws", "begins with GET"),
        ("/x a=b", "ws", "begins with GET"),
        ("/x -d", "sse", "-d has no meaning"),
        ("/x -a u:p -A digest", "ws", "Digest"),
    ],
)
def test_a_line_that_makes_no_sense_says_what_was_expected(line, kind, words):
    """Nothing is opened by a line that was half understood."""
    with pytest.raises(LineError) as caught:
        parse_stream(line, kind)
    assert words in caught.value.message


@given(st.text(max_size=120), st.sampled_from(["ws", "sse"]))
def test_any_line_is_a_plan_or_a_line_error(line, kind):
    """No other exception comes out, and its place is inside of the line."""
    place = 0
    try:
        parse_stream(line, kind)
    except LineError as error:
        place = error.start
    assert 0 <= place <= len(line)


def test_the_help_has_every_option_of_its_magic():
    """`%ws?` and `%sse?` name them all."""
    for kind, magic in (("ws", StreamMagics.ws), ("sse", StreamMagics.sse)):
        missing = {name for name, option in OWN.items() if kind in option.kinds and name not in magic.__doc__}
        assert missing <= {"--no-reconnect", "--reconnect"}
        assert len(missing) <= 1
