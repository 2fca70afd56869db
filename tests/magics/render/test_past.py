"""The panel of the history."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from panel_html import PanelReader
from sample_records import a_record, anything, records

from httpkit_magics.record.history import History
from httpkit_magics.record.record import Failure, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.visible import visible
from httpkit_magics.render.display import past_panel
from httpkit_magics.render.html import to_html
from httpkit_magics.render.past import MAX_SHOWN, outline_history
from httpkit_magics.render.text import to_text


@settings(deadline=None)
@given(st.lists(records(), max_size=4), anything)
def test_the_panel_of_any_records_is_safe(found, sought):
    """Only what the sanitizer keeps, and printable text."""
    panel = outline_history(list(enumerate(found)), len(found), sought, REDACTOR)
    assert PanelReader(to_html(panel)).problems == []
    text = to_text(panel)
    text.encode()
    assert text == visible(text)


def test_it_says_what_was_asked_and_what_came_of_it():
    """A line a record, with its number for http.history, its cell, its answer and whether the body is still there."""
    history = History(room=5)
    history.add(
        a_record(b"12345", request=SentRequest("POST", "https://h/?token=hidden"), cell=3, status=201, reason="Created")
    )
    history.add(a_record(b"1", cell=4))
    failure = Failure("refused", "Cannot connect", "no")
    history.add(a_record(status=None, failure=failure, request=SentRequest("GET", "https://down/"), cell=12))
    text = to_text(past_panel(history))
    assert "3 requests" in text
    rows = [" ".join(line.split()) for line in text.splitlines()[4:]]
    assert [" ".join(row.split()[:2]) for row in rows] == ["0 3", "1 4", "2 12"]
    assert "POST https://h/?token=\u2022\u2022\u2022\u2022\u2022\u2022 201 Created dropped" in rows[0]
    assert "Cannot connect" in rows[2]
    found = to_text(past_panel(history, "down"))
    assert "1 request with 'down', of 3" in found
    assert "https://api" not in found


def test_only_the_last_ones_are_shown():
    """And how many there are before."""
    history = History()
    for _ in range(MAX_SHOWN + 7):
        history.add(a_record())
    text = to_text(past_panel(history))
    assert "7 before: http.history" in text
    assert len(text.splitlines()) == MAX_SHOWN + 5


def test_an_empty_history_is_no_table():
    """One line says so."""
    assert "none" in to_text(past_panel(History()))
