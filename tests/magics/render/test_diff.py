"""The panel of a difference: in every form, escaped, bounded and without credentials."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from panel_html import PanelReader
from sample_records import MARKER, a_json_record, a_record, records

from httpkit_magics.record.difference import compare
from httpkit_magics.record.record import Fields, SentRequest
from httpkit_magics.record.redaction import REDACTOR, Redactor
from httpkit_magics.record.secrets import MASK, Secret
from httpkit_magics.record.visible import visible
from httpkit_magics.render.diff import outline_difference
from httpkit_magics.render.html import to_html
from httpkit_magics.render.panel import MAX_HTML
from httpkit_magics.render.terminal import to_terminal
from httpkit_magics.render.text import to_text


def _panel(before, after, redactor=REDACTOR):
    return outline_difference(compare(before, after), redactor)


@settings(deadline=None)
@given(records(), records())
def test_the_panel_of_any_two_records_is_safe(before, after):
    """Only what the sanitizer keeps, no element from a server, no control character but our own."""
    panel = _panel(before, after)
    read = PanelReader(to_html(panel))
    assert read.problems == []
    assert not {"img", "script"} & set(read.tags)
    text = to_text(panel)
    text.encode()
    assert text == visible(text)
    to_terminal(panel).encode()


@pytest.mark.parametrize("character", ["<", "\U000e0001", '"', "a"])
def test_the_panel_is_bounded(character):
    """Whatever the bodies and fields are."""
    long = character * 5000
    fields = [(f"x-{number}", long) for number in range(300)]
    before = a_json_record([{long: {"a": long, "n": n}} for n in range(300)], headers=fields)
    after = a_json_record([{long: {"a": long + "b", "n": -n - 1}} for n in range(300)])
    assert len(to_html(_panel(before, after))) < MAX_HTML
    lines = "\n".join(long[:1000] + str(number) for number in range(500)).encode()
    assert len(to_html(_panel(a_record(lines), a_record(b"")))) < MAX_HTML


def test_what_differs_is_shown_with_both_values():
    """The status, a field, a JSON path; what is equal isn't."""
    before = a_json_record({"name": "kettle", "stock": 3, "same": "SAME"}, headers=[("x-version", "1")])
    after = a_json_record(
        {"name": "kettle", "stock": 2, "same": "SAME"}, headers=[("x-version", "2")], status=203, reason=""
    )
    text = to_text(_panel(before, after))
    assert "200 OK \u2192 203" in text
    for words in (["changed", "x-version", "1", "2"], ["changed", "$.stock", "3", "2"]):
        assert any(line.split() == words for line in text.splitlines())
    assert "SAME" not in text


def test_text_is_shown_line_by_line():
    """With the sign that a diff has."""
    text = to_text(_panel(a_record(b"a\nb\nc", "text/plain"), a_record(b"a\nB\nc", "text/plain")))
    assert [line.split() for line in text.splitlines() if line.endswith((" b", " B"))] == [
        ["2", "-", "b"],
        ["2", "+", "B"],
    ]


def test_no_difference_is_said_in_words():
    """And is green."""
    panel = _panel(a_record(b"a"), a_record(b"a"))
    assert (panel.badge, panel.tone) == ("Same", "good")
    assert "the same" in to_text(panel)


def test_no_credential_is_shown():
    """By the name of a field or a member, as a registered secret, or because a request carried it."""
    request = SentRequest(
        "GET", "https://u:pw-in-url@h/?token=tok-in-url", Fields([("Authorization", "Bearer abcd1234efgh")])
    )
    before = a_json_record(
        {"token": "tok-one", "deep": {"secret": {"x": "deep-one"}}, "echo": "abcd1234efgh", "note": "hush-hush"},
        headers=[("X-Api-Key", "key-one")],
        request=request,
    )
    after = a_json_record({"token": "tok-two", "deep": {"secret": {"x": "deep-two"}}, "new": {"password": "pw-new"}})
    panel = _panel(before, after, Redactor([Secret("hush-hush")]))
    for shown in (to_html(panel), to_text(panel), to_terminal(panel)):
        for secret in [
            "tok-one",
            "tok-two",
            "deep-one",
            "deep-two",
            "abcd1234efgh",
            "hush-hush",
            "key-one",
            "pw-new",
            "pw-in-url",
            "tok-in-url",
        ]:
            assert secret not in shown
        assert MASK in shown


def test_markup_stays_text():
    """In a path, a value, a field and a line."""
    before, after = a_json_record({MARKER: MARKER}), a_json_record({MARKER: 1}, headers=[("x", MARKER)], reason=MARKER)
    for panel in (_panel(before, after), _panel(a_record(MARKER.encode()), a_record(b"x"))):
        assert "<script" not in to_html(panel)
        assert "<img" not in to_html(panel)


def test_every_cookie_of_a_response_is_masked():
    """Also the second one, where Set-Cookie is compared at all."""
    before = a_record(headers=[("Set-Cookie", "theme=light"), ("Set-Cookie", "sid=hidden-one; HttpOnly")])
    text = to_text(outline_difference(compare(before, a_record(), ignore=()), REDACTOR))
    assert f"theme=light, sid={MASK}; HttpOnly" in text
