"""Panel -> HTML."""

import pytest
from hypothesis import given, settings
from panel_html import PanelReader
from sample_records import MARKER, a_json_record, a_record, records

from httpkit_magics.record.record import Cookie, Failure, Fields, Hop, Link, Phase, SentRequest
from httpkit_magics.render.display import mimebundle
from httpkit_magics.render.html import to_html
from httpkit_magics.render.panel import MAX_HTML, MAX_MEDIA, Panel, Prose, Span


def _html(record):
    return mimebundle(record)["text/html"]


@settings(max_examples=300, deadline=None)
@given(records())
def test_nothing_that_arrives_is_markup(record):
    """Whatever is in any field: known elements, known attributes, kept styles, balanced, and no element from outside."""
    html = _html(record)
    html.encode()
    reader = PanelReader(html)
    assert reader.problems == []
    assert "<script" not in html
    assert "<img src=x" not in html
    assert len(html) < MAX_HTML


def test_a_marker_in_every_field_is_text():
    """A script planted everywhere is seen and does not run."""
    m = MARKER
    record = a_json_record(
        {m: m, "b": [{m: m}, {m: m}]}, reason=m, url=f"https://h/{m}", headers=[(m, m), ("content-encoding", m)],
        http_version=m, cookies=(Cookie(m, m, ((m, m),)),), links=(Link(m, f"https://h/{m}"), Link(m, m)),
        redirects=(Hop(302, m, m, m, m),), phases=(Phase(m, 0, 1),), failure=Failure(m, m, m, m),
        request=SentRequest(m, m, Fields([(m, m)]), m.encode()),
    )  # fmt: skip
    reader = PanelReader(_html(record))
    assert reader.problems == []
    assert "img" not in reader.tags
    assert reader.text.count("onerror=alert(1)") > 20


@pytest.mark.parametrize(
    "content_type", ["text/html", "application/xml", "image/svg+xml", "text/csv", "text/plain", MARKER]
)
def test_markup_is_shown_and_not_used(content_type):
    """HTML, XML and SVG are text; an SVG is an image besides, from a data URI."""
    reader = PanelReader(_html(a_record(MARKER.encode() * 3, content_type)))
    assert reader.problems == []
    assert "script" not in reader.tags
    assert all(value.startswith("data:image/svg+xml;base64,") for _, name, value in reader.attributes if name == "src")


def _hostile(character):
    """Return a record in which everything is as long as it can be, made of what grows most when it is escaped."""
    long = character * 1_000_000
    many = range(3000)
    return a_json_record(
        {f"{n}{long[:90_000]}": long[:90_000] for n in range(60)}, reason=long, url=f"https://h/?{long}",
        headers=[(f"x{n}{character * 500}", character * 2000) for n in many] + [("big", long)],
        cookies=tuple(Cookie(f"c{n}{character}", long, (("path", long),) * 30) for n in many),
        links=tuple(Link(long, "https://h/" + long) for _ in range(200)),
        redirects=tuple(Hop(302, long, "GET", long, long) for _ in range(200)),
        phases=tuple(Phase(long, 0, 1) for _ in many), failure=Failure(long, long, long, long),
        request=SentRequest("GET", "https://h/", Fields([(long, long)] * 200), (character * 100_000).encode("utf-8", "replace")),
    )  # fmt: skip


@pytest.mark.parametrize("character", ["&", "'", "\u202e", "\U0001f600", "\x00", "<a "])
def test_a_panel_is_bounded(character):
    """Megabytes in every field and thousands of each give a panel below the stated limit."""
    bundle = mimebundle(_hostile(character))
    assert len(bundle["text/html"].encode()) <= MAX_HTML
    assert len(bundle["text/plain"].encode()) <= MAX_HTML


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain", "text/csv", "application/x-ndjson", "application/xml"]
)
@pytest.mark.parametrize("unit", ["<a>", "&amp;", "\U0001f600", "a,b\n", '{"&&&&":"<<<<"}\n', '="">'])
def test_a_body_is_bounded(content_type, unit):
    """A long body of any type, made of what takes most markup."""
    html = _html(a_record((unit * 200_000).encode(), content_type))
    assert len(html.encode()) <= MAX_HTML / 2
    assert len(PanelReader(html).text.encode()) <= 64 * 1024 + 4096


def test_a_large_image_is_the_only_thing_that_is_large():
    """A megabyte of image is 1.3 MB of base64; a byte more is a sentence."""
    start = b"\x89PNG\r\n\x1a\n"
    shown = _html(a_record(start.ljust(MAX_MEDIA, b"\0"), "image/png"))
    hidden = _html(a_record(start.ljust(MAX_MEDIA + 1, b"\0"), "image/png"))
    assert "data:image/png;base64," in shown
    assert len(hidden) < 20_000
    assert "stays out of the notebook" in hidden


@pytest.mark.parametrize(
    ("content_type", "content", "tag"),
    [("audio/wav", b"RIFF0000WAVE", "audio"), ("video/webm", b"\x1a\x45\xdf\xa3", "video")],
)
def test_sound_and_film_have_controls(content_type, content, tag):
    """And words for where they can't be played."""
    reader = PanelReader(_html(a_record(content, content_type)))
    assert (tag, "controls", "") in reader.attributes
    assert content_type in reader.text


def test_a_panel_of_two_lines():
    """The frame, the pill and the facts; the tone is the left edge and the pill, and words say the same."""
    html = to_html(Panel("good", "200 OK", "GET https://h/", ("1 B", "1 ms"), (Prose((Span("said"),)),)))
    assert PanelReader(html).text == "200 OKGET https://h/1 B \u00b7 1 mssaid"
    assert html.count("#1b894a") == 2


def test_a_long_run_breaks_and_a_short_one_does_not():
    """A URL of 200 characters in a column would push the panel wider than a narrow window."""
    html = _html(a_record(headers=[("long", "x" * 200), ("short", "word")]))
    assert html.count("word-break:break-all") == 1
