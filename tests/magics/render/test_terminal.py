"""Panel -> the terminal."""

import re

from hypothesis import given, settings
from sample_records import a_json_record, a_record, records

from httpkit_magics.record.record import Failure
from httpkit_magics.render.display import terminal

SGR = re.compile(r"\x1b\[[0-9;]*m")


@settings(max_examples=200, deadline=None)
@given(records())
def test_only_our_colours_reach_the_terminal(record):
    """Every other control character is written out, whatever the field it came in."""
    bare = SGR.sub("", terminal(record))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", bare)
    bare.encode()


def test_an_escape_sequence_of_the_server_is_text():
    """Clearing the screen or setting the title is not for a response to do."""
    shown = terminal(a_record(b"\x1b]0;evil\x07\x1b[2J\x9b31m", "text/plain", encoding="latin-1", reason="\x1b[31m"))
    assert r"\x1b]0;evil\x07\x1b[2J\x9b31m" in shown
    assert r" 200 \x1b[31m " in shown


def test_closed_sections_are_one_line_each():
    """The body is open; the rest says what is in it."""
    bare = SGR.sub("", terminal(a_json_record({"a": 1})))
    assert bare.split("\n") == [
        " 200 OK  GET https://api.example.org/items", "8 B \u00b7 40.6 ms \u00b7 application/json", "",
        "Body  object, 1 key", "  a: 1", "", "Headers  1", "Request as sent  GET, 0 headers",
        "Code  r.curl(), r.python(), r.http()",
    ]  # fmt: skip


def test_folds_inside_a_section_are_one_line_too():
    """The tree beside a table would be as long again."""
    assert SGR.sub("", terminal(a_json_record([{"a": [1]}, {"a": [2]}]))).count("a:") == 0


def test_the_outcome_has_its_colour():
    """Green, yellow and red, as the words say."""
    shown = [
        terminal(record)[:10]
        for record in (a_record(), a_record(status=404), a_record(failure=Failure("dns", "No", "x")))
    ]
    assert shown == ["\x1b[1;7;32m ", "\x1b[1;7;33m ", "\x1b[1;7;31m "]
