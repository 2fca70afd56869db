"""The sections of names and values."""

from datetime import UTC, datetime, timedelta

import pytest
from sample_records import NOW, a_record

from httpkit_magics.record.record import Certificate, Cookie, Fields, Hop, Link, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.secrets import MASK
from httpkit_magics.render import sections


def _rows(fold):
    return [(name, "".join(span.text for span in line)) for name, line in fold.blocks[0].rows]


def _cookie(name, value, *attributes, url="https://h/"):
    pairs = tuple((a.partition("=")[0], a.partition("=")[2] or None) for a in attributes)
    return _rows(sections.cookies(a_record(url=url, cookies=(Cookie(name, value, pairs),)), REDACTOR))[0][1]


def test_headers_are_shown_as_they_came():
    """In order, repeats kept, credentials masked."""
    record = a_record(b"", "text/plain", headers=[("X", "1"), ("x", "2"), ("X-Api-Key", "k")])
    fold = sections.headers(record, REDACTOR)
    assert (fold.note, _rows(fold)) == (
        "4",
        [("content-type", "text/plain"), ("X", "1"), ("x", "2"), ("X-Api-Key", MASK)],
    )


def test_what_is_not_there_has_no_section():
    """No headers, cookies, links, redirects or TLS."""
    record = a_record()
    assert [
        make(record, REDACTOR) for make in (sections.headers, sections.cookies, sections.links, sections.redirects)
    ] == [None] * 4
    assert sections.tls(None, NOW) is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (("Path=/", "HttpOnly"), f"{MASK}  Path=/  HttpOnly"),
        (("Max-Age=2592000",), "oat  Max-Age=2592000 (30 days)"),
        (("Max-Age=90",), "oat  Max-Age=90 (90.0 s)"),
        (("Max-Age=0",), "oat  Max-Age=0 (removes it)"),
        (("Max-Age=x",), "oat  Max-Age=x"),
        (("SameSite=None",), "oat  SameSite=None  SameSite=None without Secure: browsers drop it"),
        (("SameSite=None", "Secure"), "oat  SameSite=None  Secure"),
        (("Partitioned",), "oat  Partitioned  Partitioned without Secure: browsers drop it"),
    ],
)
def test_cookies_show_attributes_and_what_browsers_object_to(attributes, expected):
    """The value is masked where the cookie is HttpOnly."""
    assert _cookie("flavour", "oat", *attributes) == expected


@pytest.mark.parametrize(
    ("name", "attributes", "url", "why"),
    [
        ("a", ("Secure",), "http://h/", "Secure, but set over http"),
        ("a", ("Secure",), "http://127.0.0.1:8000/", ""),
        ("a", ("Secure",), "http://localhost.evil.example/", "Secure, but set over http"),
        ("__Secure-a", (), "https://h/", "__Secure- without Secure"),
        ("__Host-a", ("Path=/",), "https://h/", "__Host- without Secure"),
        ("__Host-a", ("Secure", "Path=/x"), "https://h/", "__Host- needs Path=/, no Domain"),
        ("__Host-a", ("Secure", "Path=/", "Domain=h"), "https://h/", "__Host- needs Path=/, no Domain"),
        ("__Host-a", ("Secure", "Path=/"), "https://h/", ""),
        ("a" * 4097, (), "https://h/", "over 4096 bytes"),
    ],
)
def test_cookies_that_browsers_drop_are_warned_of(name, attributes, url, why):
    """RFC 6265bis section 5.7."""
    assert _cookie(name, "v", *attributes, url=url).endswith(f"  {why}: browsers drop it" if why else attributes[-1])


def test_warnings_are_counted_in_the_note():
    """The section need not be opened to see that there is one."""
    record = a_record(cookies=(Cookie("a", "1"), Cookie("b", "2", (("SameSite", "None"),))))
    assert sections.cookies(record, REDACTOR).note == "2, 1 with a warning"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/items?page=2", "%http GET https://h/items?page=2"),
        ("https://h/?token=abc", f"%http GET https://h/?token={MASK}"),
        ("https://h/{{secret}} '\"\n", "%http GET https://h/%7B%7Bsecret%7D%7D%20%27%22%0A"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_links_come_as_the_line_that_follows_them(url, expected):
    """A copied line never runs anything but the request: quotes, blanks and braces are encoded."""
    fold = sections.links(a_record(links=(Link("next", url),)), REDACTOR)
    assert (fold.note, _rows(fold)) == ("next", [("next", expected)])


def test_redirects_say_from_where_to_where():
    """What was asked, what it answered and where it pointed, masked."""
    record = a_record(redirects=(Hop(302, "Found", "GET", "https://u:p@h/", "/cb?token=abc"),))
    fold = sections.redirects(record, REDACTOR)
    assert (fold.note, _rows(fold)) == ("1", [("302 Found", f"GET https://{MASK}@h/ \u2192 /cb?token={MASK}")])


def test_the_request_is_shown_without_its_credentials():
    """Method, URL, fields and body."""
    sent = SentRequest(
        "POST",
        "https://h/?api_key=abc",
        Fields([("Authorization", "Bearer abc"), ("Content-Type", "application/json")]),
        b'{"password": "abc", "n": 1}',
    )
    fold = sections.request(a_record(request=sent), REDACTOR, was_sent=True)
    assert (fold.title, fold.note) == ("Request as sent", "POST, 2 headers, 27 B")
    assert _rows(fold) == [
        ("POST", f"https://h/?api_key={MASK}"),
        ("Authorization", f"Bearer {MASK}"),
        ("Content-Type", "application/json"),
    ]
    assert fold.blocks[1].lines[0][0].text == f'{{"password": "{MASK}", "n": 1}}'


def test_a_request_that_never_left_says_so():
    """No connection: nothing was sent."""
    fold = sections.request(a_record(), REDACTOR, was_sent=False)
    assert (fold.title, fold.note) == ("Request", "nothing was sent")


def test_binary_and_long_request_bodies_are_words_or_cut():
    """The panel does not grow with an upload."""
    binary = sections.request(
        a_record(request=SentRequest("PUT", "https://h/", Fields(), b"\xff\xfe" * 50_000)), REDACTOR, was_sent=True
    )
    long = sections.request(
        a_record(request=SentRequest("PUT", "https://h/", Fields(), b"x" * 100_000)), REDACTOR, was_sent=True
    )
    assert binary.blocks[1].more == "100 KB of binary content: r.request.body"
    assert (len(long.blocks[1].lines[0][0].text), long.blocks[1].more) == (
        8193,
        "the beginning of 100 KB: r.request.body",
    )


@pytest.mark.parametrize(
    ("left", "note", "tone"),
    [
        (41, "1.3, 41 days left", "muted"),
        (13, "1.3, 13 days left", "warn"),
        (1, "1.3, 1 day left", "warn"),
        (-3, "1.3, expired 3 days ago", "bad"),
    ],
)
def test_days_left_are_counted_from_the_record(left, note, tone):
    """The panel of a record is the same tomorrow."""
    certificate = Certificate("TLSv1.3", "AES", "s", "i", ("a", "b"), NOW + timedelta(days=left))
    fold = sections.tls(certificate, NOW)
    assert (fold.note, fold.blocks[0].rows[-1][1][1].tone) == (note, tone)
    assert _rows(fold)[:5] == [
        ("version", "TLS 1.3"),
        ("cipher", "AES"),
        ("subject", "s"),
        ("issuer", "i"),
        ("names", "a, b"),
    ]


def test_without_a_date_there_are_no_days():
    """No clock is asked; a date without a zone is UTC."""
    expires = datetime(2026, 12, 1)  # noqa: DTZ001  # some libraries give such dates
    assert sections.tls(Certificate("TLSv1.3", "AES", expires=expires), None).note == "1.3"
    assert (
        sections.tls(Certificate("TLSv1.3", "AES", expires=expires), datetime(2026, 11, 30, tzinfo=UTC)).note
        == "1.3, 1 day left"
    )


def test_many_names_are_counted():
    """A certificate for a thousand hosts."""
    names = tuple(f"h{n}.example" for n in range(1000))
    assert dict(_rows(sections.tls(Certificate("TLSv1.3", "AES", names=names), NOW)))["names"].endswith(
        "h19.example, 980 more"
    )
