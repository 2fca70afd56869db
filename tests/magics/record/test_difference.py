"""What differs between two records, as data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from sample_records import a_json_record, a_record, records

from httpkit_magics.record.difference import MOST_CHANGES, MOST_COMPARED, compare, compare_runs
from httpkit_magics.record.history import History
from httpkit_magics.record.record import Failure, Phase, SentRequest


def _said(changes):
    return [(each.kind, each.place, each.before, each.after) for each in changes]


@settings(deadline=None)
@given(records(), records())
def test_any_two_records_compare(before, after):
    """Whatever they hold; the repr holds no more than numbers."""
    difference = compare(before, after)
    assert len(difference.body) <= MOST_CHANGES
    assert len(repr(difference)) < 100
    assert bool(difference) == bool(difference.status or difference.headers or difference.body)


@settings(deadline=None)
@given(records())
def test_a_record_does_not_differ_from_itself(record):
    """Nothing at all."""
    difference = compare(record, record)
    assert (
        bool(difference), difference.status, difference.url, difference.headers, difference.body,
    ) == (False, None, None, (), ())  # fmt: skip


def test_a_status_and_a_failure_are_compared():
    """In the words of the badge."""
    found = a_record()
    missing = a_record(status=404, reason="Not Found")
    refused = a_record(status=None, failure=Failure("refused", "Cannot connect", "no"))
    assert (compare(found, missing).status.before, compare(found, missing).status.after) == ("200 OK", "404 Not Found")
    assert compare(found, refused).status.after == "Cannot connect"


def test_fields_compare_without_case_and_those_that_always_change_are_left_out():
    """Repeated ones are joined; `ignore` names others."""
    before = a_record(headers=[("Date", "1"), ("X-A", "1"), ("Vary", "a"), ("Vary", "b"), ("X-Gone", "")])
    after = a_record(headers=[("date", "2"), ("x-a", "2"), ("vary", "a, b"), ("x-new", "n")])
    expected = [("changed", "x-a", "1", "2"), ("removed", "x-gone", "", None), ("added", "x-new", None, "n")]
    assert expected == _said(compare(before, after).headers)
    assert _said(compare(before, after, ignore=["X-A", "x-gone", "x-new"]).headers) == [("changed", "date", "1", "2")]


def test_json_is_compared_by_path():
    """Layout and the order of members don't count."""
    before, after = (
        a_record(b'{"a": 1, "b": [1, 2]}', "application/json"),
        a_record(b'{"b":[1,3],"a":1}', "application/json"),
    )
    difference = compare(before, after)
    assert (difference.compared, _said(difference.body)) == ("json", [("changed", "$.b[1]", 2, 3)])
    assert difference.body[0].keys == ("b", 1)
    assert not compare(before, a_record(b'{"b": [1, 2],"a":1}', "application/json"))


def test_text_is_compared_by_line_and_anything_else_by_its_first_byte():
    """In its charset; the ends of lines don't count."""
    text = compare(a_record(b"a\nb\n"), a_record(b"a\r\nc\r\n"))
    assert (
        text.compared,
        _said(text.body),
    ) == ("text", [("removed", "line 2", "b", None), ("added", "line 2", None, "c")])
    binary = compare(a_record(b"\0" * 100_000 + b"a"), a_record(b"\0" * 100_000 + b"bc"))
    assert (
        binary.compared,
        _said(binary.body),
    ) == ("bytes", [("changed", "byte 100000", "100001 bytes", "100002 bytes")])


def test_a_long_body_and_many_changes_are_bounded():
    """A body over the limit is compared by its bytes; of the changes the first thousand are kept."""
    long = b"x" * (MOST_COMPARED + 1)
    assert compare(a_record(long), a_record(long + b"y")).compared == "bytes"
    difference = compare(a_json_record(list(range(5000))), a_json_record(list(range(1, 5001))))
    assert (len(difference.body), difference.is_cut) == (MOST_CHANGES, True)


def test_what_is_nested_too_deeply_is_compared_as_text():
    """Python's limit is no error."""
    deep = b"[" * 100_000 + b"]" * 100_000
    assert compare(a_record(deep), a_record(deep + b" ")).compared == "text"


def test_a_304_stands_for_the_body_that_it_confirms():
    """Nothing came, and nothing differs but the status."""
    stored = a_record(b"body")
    difference = compare(stored, a_record(status=304, stored=stored))
    assert (difference.status is not None, difference.body) == (True, ())


def test_a_dropped_body_is_not_compared():
    """Empty is not what it was."""
    difference = compare(a_record(b"", dropped=4), a_record(b"body"))
    assert (difference.compared, difference.body) == ("dropped", ())


def test_times_are_told_and_make_no_difference():
    """Of the whole and of each phase."""
    before = a_record(elapsed=1.0, phases=(Phase("dns", 0, 0.5), Phase("wait", 0, 0.2)))
    difference = compare(before, a_record(elapsed=2.0, phases=(Phase("wait", 0, 0.7),)))
    assert (bool(difference), difference.elapsed) == (False, (1.0, 2.0))
    assert difference.timing == {"dns": (0.5, 0.0), "wait": (0.2, 0.7)}


def test_runs_are_found_in_the_history():
    """The last with the one before it, one with its own, and no guess where there is none."""
    history = History()
    with pytest.raises(LookupError, match="no earlier run"):
        compare_runs(history)
    first, other, second = a_record(b"1"), a_record(b"x", request=SentRequest("GET", "https://o/")), a_record(b"2")
    for record in (first, other, second):
        history.add(record)
    found = compare_runs(history)
    assert (first, second) == (found.before, found.after)
    assert compare_runs(history, other, first).before is other
    with pytest.raises(LookupError):
        compare_runs(history, other)
