"""Records."""

import pytest
from hypothesis import given
from sample_records import a_record, records

from httpkit_magics.record.record import Failure, Fields, Phase, RecordError, known_charset
from httpkit_magics.record.visible import visible_line


def test_a_record_is_one_short_line():
    """Its repr says what happened, what was asked, how large it is and how long it took, without credentials."""
    record = a_record(b"x" * 1234, url="https://u:p@api.example.org/items?token=abc")
    expected = "<Record 200 OK GET https://\u2022\u2022\u2022\u2022\u2022\u2022@api.example.org/items?token=\u2022\u2022\u2022\u2022\u2022\u2022 1.2 KB in 40.6 ms>"
    assert repr(record) == expected


def test_a_failed_record_says_so():
    """Its repr begins with the failure."""
    record = a_record(status=None, failure=Failure("refused", "Cannot connect", "nobody listens"))
    assert repr(record) == "<Record Cannot connect GET https://api.example.org/items after 40.6 ms>"


@given(records())
def test_a_repr_is_always_one_line_that_prints(record):
    """Whatever the server sent: no newline, no escape sequence, and it encodes."""
    line = repr(record)
    line.encode()
    assert visible_line(line) == line
    assert len(line) < 2000


@pytest.mark.parametrize(
    ("name", "expected"),
    [(None, "utf-8"), ("latin-1", "iso8859-1"), ("no-such", "utf-8"), ("hex", "utf-8"), ("punycode", "utf-8"),
     ("unicode_escape", "utf-8"), ("a\x00b", "utf-8"), ("\ud800", "utf-8"), ("UTF-16", "utf-16")],
)  # fmt: skip
def test_only_charsets_are_charsets(name, expected):
    """Python's other codecs are not for what a server sends."""
    assert known_charset(name) == expected


def test_text_survives_an_unknown_charset():
    """A charset that nobody knows is read as UTF-8 rather than raised."""
    assert a_record("caf\u00e9".encode(), encoding="x-nobody").text == "caf\u00e9"


def test_fields_are_found_without_case_and_joined():
    """RFC 9110 section 5.3: repeated lines are one list."""
    fields = Fields([("Accept", "a"), ("accept", "b"), ("Empty", "")])
    assert [fields["ACCEPT"], fields.get_all("accept"), fields.get("none", "x"), list(fields)] == [
        "a, b",
        ["a", "b"],
        "x",
        ["Accept", "accept", "Empty"],
    ]


def test_a_missing_field_is_a_key_error():
    """As in a mapping."""
    with pytest.raises(KeyError, match="accept"):
        Fields()["accept"]


@pytest.mark.parametrize(("status", "ok"), [(200, True), (304, True), (404, False), (500, False), (None, False)])
def test_ok_is_below_400(status, ok):
    """Whether raise_for_status() would raise is what ok says, but for no response at all."""
    assert a_record(status=status).ok is ok


def test_raise_for_status_raises_and_chains_nothing():
    """A status of 400 or more, or a failure; the client's exception is in the record, its message may hold a URL."""
    cause = OSError("refused")
    failed = a_record(status=None, failure=Failure("refused", "Cannot connect", "nobody listens"), error=cause)
    with pytest.raises(RecordError, match="404 Not Found"):
        a_record(status=404, reason="Not Found").raise_for_status()
    with pytest.raises(RecordError, match="nobody listens") as caught:
        failed.raise_for_status()
    assert (caught.value.__cause__, caught.value.record.error) == (None, cause)


def test_fields_are_values():
    """Equal lines are equal fields, of one hash, and their repr makes them again."""
    fields = Fields([("a", "1"), ("A", "2")])
    assert {fields, Fields([("a", "1"), ("A", "2")])} == {fields}
    assert fields != Fields([("a", "1")])
    assert repr(fields) == "Fields([('a', '1'), ('A', '2')])"


def test_timing_is_seconds_by_phase():
    """As the peers name it, for a look from code."""
    assert a_record(phases=(Phase("dns", 0, 0.25), Phase("wait", 0.25, 0.5))).timing == {"dns": 0.25, "wait": 0.5}


def test_json_parses_the_body():
    """What is not JSON is a ValueError."""
    assert a_record(b'{"a": [1]}').json() == {"a": [1]}
    with pytest.raises(ValueError, match="Expecting"):
        a_record(b"{").json()


def test_raise_for_status_lets_a_good_response_pass():
    """A redirect that was not followed is no error either."""
    a_record(status=302).raise_for_status()


def test_a_copy_differs_in_what_was_asked():
    """The original stays as it was."""
    record = a_record(b"x")
    assert (record.replaced(status=201).status, record.status, record.replaced(status=201).content) == (201, 200, b"x")
