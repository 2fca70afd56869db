"""Record -> panel."""

import pytest
from sample_records import a_record

from httpkit_magics.record.record import Certificate, Failure, Fields, Hop, Phase, Progress, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.secrets import MASK
from httpkit_magics.render.outline import outline, outline_progress

REFUSED = Failure("refused", "Cannot connect", "127.0.0.1 port 9 refused the connection.", "Is the server running?")


def _panel(record):
    return outline(record, REDACTOR)


@pytest.mark.parametrize(
    ("status", "reason", "badge", "tone"),
    [
        (200, "OK", "200 OK", "good"), (302, "Found", "302 Found", "info"), (404, "Not Found", "404 Not Found", "warn"),
        (503, "", "503 Service Unavailable", "bad"), (799, "", "799", "bad"), (101, "", "101 Switching Protocols", "info"),
        (200, "I'm fine", "200 I'm fine", "good"),
    ],
)  # fmt: skip
def test_the_badge_says_the_status_in_words(status, reason, badge, tone):
    """Where the server gave no reason, the standard's phrase stands in."""
    panel = _panel(a_record(status=status, reason=reason))
    assert (panel.badge, panel.tone) == (badge, tone)


def test_the_second_line_holds_the_facts():
    """Size, coding and what it saved, time, protocol, TLS, media type, redirects."""
    record = a_record(
        b"x" * 1230, "text/plain; charset=utf-8", headers=[("Content-Encoding", "br")], received=300, http_version="1.1",
        tls=Certificate("TLSv1.3", "AES"), redirects=(Hop(301, "", "GET", "http://h/", "/"),),
    )  # fmt: skip
    assert _panel(record).facts == (
        "1.2 KB (br, 4.1 times smaller)", "40.6 ms", "HTTP/1.1", "TLS 1.3", "text/plain", "1 redirect"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("received", "expected"), [(None, "10 B (gzip)"), (30, "10 B (gzip)"), (5, "10 B (gzip, 2.0 times smaller)")]
)
def test_a_coding_that_saved_nothing_is_only_named(received, expected):
    """Small bodies grow when they are compressed."""
    record = a_record(b"x" * 10, headers=[("content-encoding", "gzip")], received=received)
    assert _panel(record).facts[0] == expected


def test_sections_come_in_one_order():
    """What matters first; what is not there is left out."""
    record = a_record(b"x", "text/plain", phases=(Phase("wait", 0, 0.04),), tls=Certificate("TLSv1.3", "AES"))
    assert [section.title for section in _panel(record).sections] == [
        "Body",
        "Headers",
        "Timing",
        "Request as sent",
        "TLS",
        "Code",
    ]
    assert [section.title for section in _panel(record).sections if section.is_open] == ["Body"]


def test_a_failure_is_one_sentence_and_a_hint():
    """No body, no traceback; and nothing was sent."""
    panel = _panel(a_record(status=None, failure=REFUSED))
    assert (panel.badge, panel.tone, panel.facts) == ("Cannot connect", "bad", ("after 40.6 ms",))
    assert [span.text for span in panel.notes[0].line] == [REFUSED.sentence, f" {REFUSED.hint}"]
    assert [(section.title, section.note) for section in panel.sections] == [
        ("Request", "nothing was sent"),
        ("Code", "r.curl(), r.python(), r.http()"),
    ]


def test_a_body_that_failed_half_way_shows_both():
    """The failure on the badge, the status among the facts, and what arrived."""
    panel = _panel(a_record(b"half", "text/plain", failure=Failure("body", "Body cut off", "after 4 of 8 bytes")))
    assert (panel.badge, panel.facts[0]) == ("Body cut off", "200 OK")
    assert [section.title for section in panel.sections] == ["Body", "Headers", "Request as sent", "Code"]


def test_cancelled_is_no_alarm():
    """Who pressed stop knows."""
    panel = _panel(a_record(status=None, failure=Failure("cancelled", "Cancelled", "Stopped after 1.0 s.")))
    assert (panel.tone, panel.notes[0].line[0].text) == ("muted", "Stopped after 1.0 s.")


@pytest.mark.parametrize(
    ("received", "expected", "facts"),
    [(0, None, ("2.1 s",)), (1_200_000, None, ("1.2 MB", "2.1 s")), (1_200_000, 8_000_000, ("1.2 of 8.0 MB", "2.1 s"))],
)
def test_progress_is_two_lines(received, expected, facts):
    """The stage on the badge, how much there is of how much, and the time so far."""
    request = SentRequest("GET", "https://h/?token=abc")
    panel = outline_progress(Progress(request, "receiving", received, expected, 2.1), REDACTOR)
    assert (panel.badge, panel.asked, panel.facts) == ("receiving", f"GET https://h/?token={MASK}", facts)


def test_what_the_request_hides_is_hidden_in_the_answer():
    """An echo service sends the bearer token back."""
    request = SentRequest("GET", "https://h/", Fields([("Authorization", "Bearer my-bearer-token")]))
    panel = _panel(a_record(b"you sent my-bearer-token", "text/plain", request=request, reason="my-bearer-token"))
    assert panel.sections[0].blocks[0].lines[0][0].text == f"you sent {MASK}"
    assert panel.badge == f"200 {MASK}"
