"""The history: bounded in records and bytes, found by what a record says, and which run came before."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import a_record

from httpkit_magics.record.history import History
from httpkit_magics.record.record import Failure, Fields, SentRequest


def filled(*bodies, **limits):
    """Return a history with a record for each body."""
    history = History(**limits)
    for body in bodies:
        history.add(a_record(body))
    return history


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), max_size=20),
    st.integers(1, 10),
    st.integers(0, 60),
)
def test_it_never_holds_more_than_it_may(bodies, most, room):
    """Nor does it lose count: the bytes are those of the records; the last one is whole."""
    history = History(most, room)
    for sent, got in bodies:
        record = a_record(got, request=SentRequest("POST", "https://h/", body=sent))
        history.add(record)
        held = sum(len(each.content) + len(each.request.body or b"") for each in history)
        assert held == history.held <= max(room, len(got) + len(sent))
        assert len(history) <= most
        assert history.last is record


def test_the_oldest_bodies_go_first_and_the_record_says_so():
    """Its fields stay, and whoever holds the record itself keeps the body."""
    history = History(room=10)
    first = a_record(b"12345678", headers=[("x-a", "b")])
    history.add(first)
    history.add(a_record(b"abc"))
    assert [(each.dropped, each.content) for each in history] == [(8, b""), (0, b"abc")]
    assert (first.content, first.dropped, history[0].headers["x-a"]) == (b"12345678", 0, "b")


def test_a_record_goes_rather_than_the_body_that_it_sent():
    """A request without its body would be another one."""
    history = History(room=10)
    history.add(a_record(request=SentRequest("PUT", "https://h/1", body=b"12345678")))
    history.add(a_record(b"abc"))
    assert [each.content for each in history] == [b"abc"]


def test_a_lower_limit_counts_at_once():
    """For records and for bytes."""
    history = filled(b"12", b"34", b"56")
    history.limit(room=4)
    assert [each.content for each in history] == [b"", b"34", b"56"]
    history.limit(most=1)
    assert ([each.content for each in history], history.held) == ([b"56"], 2)


def test_it_is_a_sequence():
    """Numbers, negative ones, slices, length, order, and nothing at first."""
    history = filled(b"a", b"b", b"c")
    assert (history[0].content, history[-1].content, len(history)) == (b"a", b"c", 3)
    assert [each.content for each in history[1:]] == [b"b", b"c"]
    assert history.last is history[2]
    history.clear()
    assert (len(history), history.last, history.held) == (0, None, 0)
    with pytest.raises(IndexError):
        history[0]


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        ({}, "0123"),
        ({"method": "post"}, "1"),
        ({"url": "/items"}, "012"),
        ({"status": 404}, "2"),
        ({"status": 2}, "01"),
        ({"cell": 7}, "12"),
        ({"text": "KETTLE"}, "0"),
        ({"text": "x-one: 1"}, "1"),
        ({"text": "refused"}, "3"),
        ({"text": "kettle", "status": 404}, ""),
    ],
)
def test_it_finds_by_what_the_records_say(sought, expected):
    """Method, a part of the URL, status or its class, cell, and text anywhere; all that is given must hold."""
    history = History()
    history.add(a_record(b'{"name": "Kettle"}', request=SentRequest("GET", "https://h/items"), cell=6))
    history.add(a_record(request=SentRequest("POST", "https://h/items"), status=201, headers=[("X-One", "1")], cell=7))
    history.add(a_record(request=SentRequest("GET", "https://h/items/9"), status=404, cell=7))
    failure = Failure("refused", "Cannot connect", "h refused the connection.")
    history.add(a_record(request=SentRequest("GET", "https://h/"), status=None, failure=failure, cell=8))
    numbers = {id(record): str(number) for number, record in enumerate(history)}
    assert expected == "".join(numbers[id(record)] for record in history.find(**sought))


def _ran(url, cell, cell_id="", method="GET"):
    return a_record(request=SentRequest(method, url), cell=cell, cell_id=cell_id)


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([], None),
        ([_ran("/a", 1)], 0),
        ([_ran("/b", 1)], None),
        ([_ran("/b", 1, "id")], 0),
        ([_ran("/a", 1, "id"), _ran("/b", 1, "id")], 0),
        ([_ran("/a", 1, "id"), _ran("/a", 2, "other")], 0),
        ([_ran("/a", 1, "other"), _ran("/a", 9, "id")], 1),
        ([_ran("/a", 1, method="POST")], None),
    ],
)
def test_the_run_before_is_of_the_same_cell_or_the_same_request(earlier, expected):
    """The cell as it ran before, even where it was edited; where it never did, what asked the same before."""
    history = History()
    now = _ran("/a", 9, "id")
    for record in (*earlier, now):
        history.add(record)
    assert history.before(now) is (None if expected is None else earlier[expected])


def test_the_run_before_a_record_whose_body_went_is_not_its_own_copy():
    """Whoever holds the whole one compares it with an earlier one."""
    history = History(room=3)
    first, second = _ran("/a", 1), dataclasses.replace(_ran("/a", 2), content=b"abc")
    for record in (first, second, a_record(b"def", request=SentRequest("GET", "/b"))):
        history.add(record)
    assert history[1].dropped == 3
    assert history.before(second) is first


TAGGED = a_record(b"body", headers=[("ETag", '"v1"')])


@pytest.mark.parametrize(
    ("earlier", "fields", "sent", "found"),
    [
        (TAGGED, [("ETag", '"v1"')], [], True),
        (TAGGED, [("ETag", 'W/"v1"')], [], True),
        (TAGGED, [], [("If-None-Match", '"v0", "v1"')], True),
        (TAGGED, [("ETag", '"v2"')], [("If-None-Match", '"v1"')], False),
        (TAGGED, [], [], False),
        (dataclasses.replace(TAGGED, content=b""), [("ETag", '"v1"')], [], False),
        (a_record(b"x", headers=[("Last-Modified", "then")]), [], [("If-Modified-Since", "then")], True),
        (a_record(b"x", headers=[("Last-Modified", "then")]), [], [("If-Modified-Since", "later")], False),
        (
            a_record(b"x", request=SentRequest("GET", "https://other/"), headers=[("ETag", '"v1"')]),
            [("ETag", '"v1"')],
            [],
            False,
        ),
    ],
)
def test_the_body_of_a_304_is_that_of_the_same_validator_and_url(earlier, fields, sent, found):
    """Another ETag or another URL is another body."""
    history = History()
    history.add(earlier)
    request = SentRequest("GET", "https://api.example.org/items", Fields(sent))
    now = a_record(status=304, headers=fields, request=request)
    assert history.stored(now) is (earlier if found else None)
    assert history.stored(dataclasses.replace(now, status=200)) is None


def test_threads_may_add_at_once():
    """Nothing is lost or counted twice."""
    history = History(most=100_000)
    threads = [threading.Thread(target=lambda: [history.add(a_record(b"ab")) for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(history), history.held) == (1600, 3200)
