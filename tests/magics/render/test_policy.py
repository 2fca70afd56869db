"""The sections Limits and Caching, and the body that a 304 stands for."""

from __future__ import annotations

from sample_records import MARKER, NOW, a_json_record, a_record

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.render.html import to_html
from httpkit_magics.render.outline import outline
from httpkit_magics.render.text import to_text


def _panel(record):
    return outline(record, REDACTOR)


def _notes(record):
    return {section.title: section.note for section in _panel(record).sections}


def test_the_calls_that_are_left_are_said_without_unfolding():
    """The first sentence is the section's note."""
    fields = [("RateLimit", '"d";r=12;t=30'), ("RateLimit-Policy", '"d";q=60;w=60'), ("Retry-After", "5")]
    notes = _notes(a_record(headers=fields))
    assert notes["Limits"] == "12 of 60 calls left, resets in 30 s"
    assert "try again in 5 s" in to_text(_panel(a_record(headers=fields)))


def test_what_nobody_said_has_no_section():
    """An answer without such fields looks as before."""
    assert not {"Limits", "Caching"} & set(_notes(a_record()))


def test_caching_is_said_in_words():
    """The same way."""
    assert _notes(a_record(headers=[("Cache-Control", "max-age=60")]))["Caching"] == "fresh for 1 min"


def test_a_304_shows_the_body_that_is_still_good():
    """With the time that it came; without one in the history the body is empty."""
    stored = a_json_record({"name": "kettle"})
    shown = to_text(_panel(a_record(status=304, reason="Not Modified", stored=stored)))
    assert f"not changed, the body of {NOW.astimezone():%H:%M:%S}: object" in shown
    assert "kettle" in shown
    assert _notes(a_record(status=304))["Body"] == "empty"


def test_a_body_that_went_is_said():
    """An empty one is another thing."""
    record = a_record(dropped=2_000_000)
    assert _notes(record)["Body"] == "2.0 MB, let go of: the history has no room for it"
    assert _panel(record).facts[0] == "2.0 MB"
    assert "2.0 MB" in repr(record)


def test_markup_in_the_fields_stays_text():
    """A cache names itself as it likes."""
    fields = [("Cache-Status", f"{MARKER}; hit"), ("RateLimit", f'"{MARKER}";r=1, b;r=2'), ("ETag", MARKER)]
    html = to_html(_panel(a_record(headers=fields)))
    assert "<script" not in html
    assert "<img" not in html
