"""Which sections `-v`, `-h`, `-b` and `-p` leave in a panel."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_records import a_record

from httpkit_magics.record.record import Progress, SavedFile, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.render.display import panel_of
from httpkit_magics.render.panel import Fold, Prose, Span
from httpkit_magics.render.selection import selected
from httpkit_magics.render.text import to_text

BLOCKS = (Prose((Span("x"),)),)
SECTIONS = tuple(
    Fold(title, "", BLOCKS, is_open=title == "Body")
    for title in ("Body", "Asserts", "Headers", "Cookies", "Timing", "Redirects", "Request as sent", "TLS")
)


@pytest.mark.parametrize(
    ("show", "titles", "opened"),
    [
        (None, [section.title for section in SECTIONS], ["Body"]),
        ("b", ["Body", "Asserts"], ["Body"]),
        ("h", ["Asserts", "Headers", "Cookies"], ["Headers"]),
        ("m", ["Asserts", "Timing"], ["Timing"]),
        ("HB", ["Asserts", "Request as sent"], ["Request as sent"]),
        ("HBhb", [section.title for section in SECTIONS], ["Body", "Headers", "Request as sent"]),
        ("HBhbm", [section.title for section in SECTIONS], ["Body", "Headers", "Timing", "Request as sent"]),
    ],
)
def test_letters_choose_sections(show, titles, opened):
    """What is asked for is open; assertions always stay; `-v` leaves nothing out."""
    chosen = selected(SECTIONS, show)
    assert titles == [section.title for section in chosen]
    assert opened == [section.title for section in chosen if section.is_open]


def test_a_section_without_content_stays_closed():
    """There is nothing to unfold in an empty body."""
    assert selected((Fold("Body", "empty", ()),), "b") == (Fold("Body", "empty", ()),)


def test_an_offline_request_shows_itself():
    """Its badge says that nothing was sent, and the request is open."""
    panel = panel_of(a_record(status=None, is_offline=True))
    assert (panel.badge, panel.facts, [section.title for section in panel.sections if section.is_open]) == (
        "Offline", ("nothing was sent",), ["Request"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (SavedFile(Path("a.csv"), 1200), "1.2 KB in a.csv"),
        (SavedFile(Path("a.csv"), 1200, 200, 1200), "1.2 KB in a.csv  200 B of it were there before"),
        (SavedFile(Path("a.csv"), 1200, 1200), "1.2 KB in a.csv  all of it was there before"),
        (
            SavedFile(Path("a.csv"), 500, 0, 1000, is_complete=False),
            "0.5 of 1.0 KB in a.csv  -d -c -O a.csv loads the rest",
        ),
        (SavedFile(Path("a.csv"), 500, 0, None, is_complete=False), "500 B in a.csv  -d -c -O a.csv loads the rest"),
    ],
)
def test_a_saved_body_says_where_it_is(saved, words):
    """And how much of it, and how to get the rest."""
    assert words in to_text(panel_of(a_record(saved=saved)))


def test_a_download_without_anything_missing_is_no_error():
    """Its badge says so, and the status stands beside it."""
    panel = panel_of(a_record(status=416, reason="Range Not Satisfiable", saved=SavedFile(Path("a"), 5, 5)))
    assert (panel.badge, panel.tone, panel.facts[0]) == ("Complete", "good", "416 Range Not Satisfiable")


def test_a_running_stream_shows_its_last_lines_without_secrets():
    """Twenty of them at most."""
    text = "".join(f'{{"n": {number}, "access_token": "abcdefgh12345678"}}\n' for number in range(100))
    shown = to_text(panel_of(Progress(SentRequest("GET", "http://h/"), "receiving", 10, None, 1.0, text), REDACTOR))
    assert ('"n": 99' in shown, '"n": 80' in shown, '"n": 79' in shown) == (True, True, False)
    assert "abcdefgh12345678" not in shown
