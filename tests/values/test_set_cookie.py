"""`Set-Cookie` and `Cookie` fields."""

import logging
from datetime import UTC, datetime
from http.cookies import SimpleCookie

import pytest
from aiohttp import CookieJar as TheirJar
from aiohttp._cookie_helpers import parse_set_cookie_headers
from hypothesis import example, given
from hypothesis import strategies as st
from steps import growth

from httpkit.values.set_cookie import (
    CookieLimits,
    encode_cookies,
    make_cookie,
    parse_cookie,
    parse_cookie_date,
    parse_set_cookie,
)

ATTRIBUTES = [
    "Path=/", "path=/a", "Path", "Domain=example.com", "DOMAIN=.example.com", "Secure", "secure=no", "HttpOnly", "SameSite=Lax",
    "Max-Age=10", "max-age=-1", "Max-Age=soon", "Expires=Wed, 09 Jun 2027 10:18:14 GMT", "Priority=High", "", " ", "=x",
]  # fmt: skip
names = st.text("abcXYZ019_-.[]@!", min_size=1, max_size=6)
values = st.text("abc019=&%+ /:", max_size=10) | st.sampled_from(['"a b"', '"a;b"', '"', '"a', 'a"b"', '"\\054"', '""'])
fields = st.tuples(names, values, st.lists(st.sampled_from(ATTRIBUTES), max_size=5)).map(
    lambda parts: "; ".join([f"{parts[0]}={parts[1]}", *parts[2]])
)


def _facts(cookies):
    return [(name, cookie.key, cookie.value, cookie.coded_value, dict(cookie)) for name, cookie in cookies]


@given(st.lists(fields, max_size=4))
@example(['a="b;c"; Path=/'])
@example(["a=b; Domain=; Path="])
def test_cookies_are_what_aiohttp_makes_of_them(values):
    """Names, values, quotes and attributes are the same for what servers send."""
    assert _facts(parse_set_cookie_headers(values)) == _facts(parse_set_cookie(values))


@pytest.mark.parametrize(
    ("field", "attribute", "expected"),
    [
        ("a=b; Path=/x y; Secure", "path", "/x y"),
        ("a=b; Path=/x HttpOnly", "httponly", ""),
        ("a=b; Path=/1; Path=/2", "path", "/2"),
        ('a=b; Path="/x"', "path", "/x"),
        ("a=b; Path=/" + "x" * 1024, "path", ""),
        ("a=b; Expires=Wed, 09 Jun 2027 10:18:14 GMT; x", "expires", "Wed, 09 Jun 2027 10:18:14 GMT"),
        ("a=b" + ";" * 31 + "; Path=/x", "path", "/x"),
        ("a=b" + ";" * 32 + "; Path=/x", "path", ""),
        ('a=b; Path="\\012"', "path", ""),
        ("a=b; Path=/\udcff", "path", ""),
    ],
)
def test_an_attribute_reaches_from_semicolon_to_semicolon(field, attribute, expected):
    """RFC 6265bis section 5.6, within `max_attribute_size` and `max_attributes`."""
    [(_, cookie)] = parse_set_cookie([field])
    assert expected == cookie[attribute]


@pytest.mark.parametrize(
    "field",
    [
        "",
        "a",
        "=b",
        ";a=b",
        "a\0=b",
        "a=b\nc",
        "a=\x7f",
        "a=b\tc",
        "a\t=b\x01",
        'a="\\012"',
        "a b=c",
        "a,b=c",
        "a=" + "x" * 4096,
        "a=\udcff",
    ],
)
def test_a_cookie_that_could_not_be_sent_is_left_out(field, caplog):
    """CVE-2026-3644, CVE-2022-35252: control characters, no name, too much: the cookie is skipped, and nothing raises."""
    caplog.set_level(logging.WARNING, "httpkit.client")
    assert [(name, cookie.value) for name, cookie in parse_set_cookie([field, "good=1"])] == [("good", "1")]
    assert [record.name for record in caplog.records] == ["httpkit.client"]


def test_a_response_sets_fifty_cookies_at_the_most(caplog):
    """What aiohttp 3.14.4 fixed: a response that sets many cookies sets the first 50; the log names the limit."""
    cookies = parse_set_cookie([f"c{number}=x" for number in range(60)])
    assert [f"c{number}" for number in range(50)] == [name for name, _ in cookies]
    assert "ignored 10 of 60 Set-Cookie fields: more than 50 cookies in one response (max_per_response)" in caplog.text


def test_bad_cookies_are_one_log_line(caplog):
    """CVE-2025-69230: a response full of bad cookies is one line in the log, without their values."""
    assert parse_set_cookie(["a b=secret"] * 1000) == []
    [record] = caplog.records
    assert record.getMessage() == "ignored 1000 of 1000 Set-Cookie fields: illegal name 'a b'"


def test_every_limit_can_be_set():
    """The limits of parsing are those of `CookieLimits`."""
    limits = CookieLimits(max_per_response=1, max_pair_size=3, max_attribute_size=2, max_attributes=1)
    [(name, cookie)] = parse_set_cookie(["long=1", "a=1; Path=/abc; Secure", "b=2"], limits)
    assert (name, cookie["path"], cookie["secure"]) == ("a", "", "")


@given(st.text(max_size=60) | st.text('ab=;" \\\t0,', max_size=40))
def test_any_text_is_a_cookie_or_none(text):
    """A malformed field never raises, and what comes of it can be sent."""
    for name, cookie in parse_set_cookie([text]):
        assert name == cookie.key
        assert not any(character < " " for character in encode_cookies([cookie]))
    assert all(name == cookie.key for name, cookie in parse_cookie(text))


@given(st.dictionaries(names, st.text("abc019=&%+/:", max_size=10) | st.sampled_from(['"a;b"', '"a b"']), max_size=5))
def test_a_cookie_field_survives_a_round_trip(pairs):
    """RFC 6265bis section 4.2: what we send is what a server reads, in the order of the names."""
    value = encode_cookies(make_cookie(name, value, value) for name, value in pairs.items())
    assert sorted(f"{name}={value}" for name, value in pairs.items()) == value.split("; ") if pairs else value == ""
    assert pairs == {name: cookie.coded_value for name, cookie in parse_cookie(value)}


def test_cookies_are_sent_as_the_standard_library_sends_them():
    """The `Cookie` value is aiohttp's, which is `SimpleCookie.output`."""
    cookies = SimpleCookie({"b": "2", "a": "x y", "c": "é"})
    assert cookies.output(header="", sep=";").strip() == encode_cookies(cookies.values())


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 09 Jun 2027 10:18:14 GMT",
        "Wednesday, 09-Jun-27 10:18:14 GMT",
        "Wed Jun  9 10:18:14 2027",
        "09 June 2027 10:18:14",
        "10:18:14 9th juni 2027",
        "2027 jun 9 10:18:14",
    ],
)
def test_a_cookie_date_is_read_in_any_order(text):
    """RFC 6265bis section 5.1.1."""
    assert datetime(2027, 6, 9, 10, 18, 14, tzinfo=UTC).timestamp() == parse_cookie_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "09 Jun 10:18:14",
        "09 Jun 1600 10:18:14",
        "31 Feb 2027 10:18:14",
        "09 Jun 2027 24:18:14",
        "09 Jun 2027 10:18",
        "0 Jun 2027 1:1:1",
    ],
)
def test_a_date_that_does_not_exist_is_none(text):
    """A malformed Expires is as good as none."""
    assert parse_cookie_date(text) is None


@given(
    st.integers(86_400, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%d-%b-%Y %H:%M:%S"]),
)
def test_a_date_is_the_moment_that_aiohttp_reads(moment, form):
    """Real dates mean the same to both."""
    text = moment.strftime(form)
    assert TheirJar._parse_date(text) == parse_cookie_date(text)


@pytest.mark.parametrize("piece", [" ", "1", "1:", "jan ", "a=", ";", '"', "\\", 'a="x;'])
def test_cookies_take_linear_time(piece):
    """CVE-2024-3651 and its kin: a hostile `Set-Cookie` date, field or `Cookie` of 160 kB costs four times one of 40 kB."""
    roomy = CookieLimits(max_pair_size=10**7, max_attribute_size=10**7, max_attributes=10**7)
    for work in (parse_cookie_date, parse_cookie, lambda text: parse_set_cookie([f"a=b; Expires={text}", text], roomy)):
        assert growth(work, lambda size: piece * (size // len(piece)), 40_000) < 9
