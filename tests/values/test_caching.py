"""The rules of a private cache (RFC 9111)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from steps import growth

from httpkit.values.caching import (
    StoredResponse,
    may_be_stored,
    parse_cache_control,
    seconds,
    selecting_fields,
    storable_fields,
)
from httpkit.values.messages import HttpVersion11

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
LATER = "Fri, 15 Jan 2027 08:01:00 GMT"  # a minute


def headers(**fields):
    """Return response fields; an underscore is a dash."""
    return CIMultiDictProxy(CIMultiDict((name.replace("_", "-"), value) for name, value in fields.items()))


def stored(requested=NOW, received=NOW, selecting=(), **fields):
    """Return a response that is kept."""
    kept = CIMultiDict(headers(**fields))
    return StoredResponse(200, "OK", HttpVersion11, kept, b"body", selecting, requested, received)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        ("no-store", {"no-store": None}),
        ("Max-Age=60, NO-CACHE", {"max-age": "60", "no-cache": None}),
        ('private="X-A, X-B" , max-age="5"', {"private": "X-A, X-B", "max-age": "5"}),
        ("max-age=1, max-age=2", {"max-age": "1"}),
        (",,  , max-age=1,", {"max-age": "1"}),
        ("max-age=, x", {"max-age": "", "x": None}),
        ("max-age = 60", {}),
        ('broken", no-store', {"no-store": None}),
        ('x="unclosed, no-store', {"no-store": None}),
    ],
)
def test_directives_are_read(value, expected):
    """Tokens and quoted strings, the first of two with one name; what is neither is passed over."""
    assert dict(parse_cache_control(value)) == expected


@given(st.text())
def test_no_value_breaks_the_parser(value):
    """Whatever a server sends, there are directives or there are none."""
    for name in parse_cache_control(value):
        assert name == name.lower()


@pytest.mark.parametrize("piece", ['a="\\', "a,", 'a=b"', ",", "x ", '"'])
def test_a_value_costs_linear_time(piece):
    """Four times the length takes about four times as long, however hostile it is."""
    assert growth(parse_cache_control, lambda size: piece * size, 20_000) < 9


@pytest.mark.parametrize(
    ("value", "expected"),
    [("60", 60), ("0", 0), ("-1", 0), ("1.5", 0), ("٣", 0), ("", 0), ("9" * 5000, 2**31), (None, 0)],
)
def test_only_digits_are_seconds(value, expected):
    """What is no number makes nothing fresh."""
    assert seconds({"max-age": value}, "max-age") == expected
    assert seconds({}, "max-age") is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Cache_Control": "max-age=60"}, 60),
        ({"Cache_Control": "max-age=60", "Expires": DATE}, 60),
        ({"Cache_Control": "s-maxage=60"}, 0),
        ({"Expires": LATER, "Date": DATE}, 60),
        ({"Expires": LATER}, 60),
        ({"Expires": DATE, "Date": LATER}, 0),
        ({"Expires": "0"}, 0),
        ({"Cache_Control": "max-age=soon", "Expires": LATER}, 0),
        ({"Last_Modified": "Fri, 15 Jan 2021 08:00:00 GMT"}, 0),
        ({}, 0),
    ],
)
def test_the_lifetime_is_what_the_server_says(fields, expected):
    """max-age before Expires (section 4.2.1); a private cache has no s-maxage, and no heuristics."""
    assert stored(**fields).lifetime() == expected


@pytest.mark.parametrize(
    ("requested", "received", "fields", "expected"),
    [
        (NOW, NOW, {}, 10),
        (NOW, NOW, {"Date": DATE}, 10),
        (NOW, NOW, {"Age": "100"}, 110),
        (NOW - 5, NOW, {"Age": "100"}, 115),
        (NOW, NOW, {"Date": "Fri, 15 Jan 2027 07:00:00 GMT", "Age": "100"}, 3610),
        (NOW, NOW, {"Date": LATER}, 10),
        (NOW, NOW, {"Age": "x"}, 10),
        (NOW, NOW, {"Age": "100, 200"}, 110),
    ],
)
def test_the_age_counts_what_others_kept_and_the_way(requested, received, fields, expected):
    """Section 4.2.3, asked for 10 s after the response came."""
    assert stored(requested, received, **fields).age(NOW + 10) == expected


@pytest.mark.parametrize(
    ("response", "request_directives", "age", "expected"),
    [
        ("max-age=60", "", 59, True),
        ("max-age=60", "", 60, False),
        ("max-age=60, no-cache", "", 1, False),
        ("max-age=60", "no-cache", 1, False),
        ("max-age=60", "max-age=10", 9, True),
        ("max-age=60", "max-age=10", 11, False),
        ("max-age=60", "max-age=0", 0.1, False),
        ("max-age=60", "min-fresh=20", 39, True),
        ("max-age=60", "min-fresh=20", 41, False),
        ("max-age=60", "max-stale", 10_000, True),
        ("max-age=60", "max-stale=20", 79, True),
        ("max-age=60", "max-stale=20", 81, False),
        ("max-age=60, must-revalidate", "max-stale", 61, False),
        ("", "", 0, False),
    ],
)
def test_a_response_is_used_while_both_sides_allow_it(response, request_directives, age, expected):
    """Directives of the response and of the request (sections 5.2.1 and 5.2.2)."""
    kept = stored(Cache_Control=response)
    assert kept.may_be_used(parse_cache_control(request_directives), NOW + age) is expected


@pytest.mark.parametrize(
    ("directives", "age", "expected"),
    [
        ("max-age=60, stale-if-error=100", 159, True),
        ("max-age=60, stale-if-error=100", 161, False),
        ("max-age=60, stale-if-error=100, must-revalidate", 61, False),
        ("max-age=60", 61, False),
    ],
)
def test_a_stale_response_stands_in_only_where_it_may(directives, age, expected):
    """`stale-if-error` (RFC 5861 section 4)."""
    assert stored(Cache_Control=directives).may_stand_in(NOW + age) is expected


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (200, {"Cache_Control": "max-age=60"}, True),
        (200, {"Cache_Control": "private, max-age=60"}, True),
        (200, {"Expires": LATER}, True),
        (200, {"ETag": '"a"'}, True),
        (200, {"Last_Modified": DATE}, True),
        (200, {}, False),
        (200, {"Cache_Control": "max-age=60, no-store"}, False),
        (200, {"Cache_Control": "max-age=0"}, False),
        (200, {"Cache_Control": "no-cache"}, False),
        (200, {"Cache_Control": "no-cache", "ETag": '"a"'}, True),
        (200, {"Cache_Control": "max-age=60", "Vary": "*"}, False),
        (200, {"Cache_Control": "max-age=60", "Content_Type": "text/event-stream"}, False),
        (206, {"Cache_Control": "max-age=60"}, False),
        (304, {"Cache_Control": "max-age=60"}, False),
        (301, {"Cache_Control": "max-age=60"}, True),
        (302, {"ETag": '"a"'}, False),
        (302, {"Cache_Control": "max-age=60"}, True),
        (404, {"ETag": '"a"'}, True),
        (500, {"ETag": '"a"'}, False),
        (101, {"Cache_Control": "max-age=60"}, False),
    ],
)
def test_what_may_be_kept(status, fields, expected):
    """Section 3, and only what can ever be of use: fresh for a while, or with a validator."""
    assert may_be_stored(status, headers(**fields)) is expected


def test_fields_of_the_connection_are_not_kept():
    """Section 3.1, with those that `Connection` names."""
    came = headers(Connection="close, X-Hop", X_Hop="1", Transfer_Encoding="chunked", Content_Type="a/b", ETag="x")
    assert dict(storable_fields(came)) == {"Content-Type": "a/b", "ETag": "x"}


def test_vary_names_what_a_response_was_chosen_by():
    """Section 4.1: fields that `Vary` names, and those that always count; repeats are one list."""
    asked = CIMultiDict([("Accept", "a"), ("ACCEPT", "b"), ("Authorization", "x")])
    chosen = selecting_fields(asked, headers(Vary="Accept, X-Other"), ["Authorization"])
    assert chosen == (("accept", "a, b"), ("authorization", "x"), ("x-other", ""))
    kept = stored(selecting=chosen)
    assert kept.matches(asked)
    assert not kept.matches(CIMultiDict([("Accept", "a, b")]))


def test_a_304_refreshes_the_fields_and_not_the_body():
    """Section 3.2: its fields replace; those that describe the body stay as they were."""
    kept = stored(
        ETag='"1"', Content_Length="4", Content_Type="text/plain", Age="99", Cache_Control="max-age=1", X_A="1"
    )
    fresh = kept.refreshed(
        headers(ETag='"1"', Content_Length="0", Cache_Control="max-age=60", X_A="2", Connection="close"), NOW, NOW
    )
    assert dict(fresh.headers) == {
        "ETag": '"1"',
        "Content-Length": "4",
        "Content-Type": "text/plain",
        "Cache-Control": "max-age=60",
        "X-A": "2",
    }
    assert (fresh.body, fresh.lifetime(), fresh.age(NOW)) == (b"body", 60, 0)


@pytest.mark.parametrize(("tag", "expected"), [('"1"', True), ('W/"1"', True), ('"2"', False), (None, True)])
def test_a_304_speaks_of_the_response_with_its_tag(tag, expected):
    """Section 4.3.4, compared weakly as If-None-Match is."""
    came = headers() if tag is None else headers(ETag=tag)
    assert stored(ETag='"1"').is_confirmed_by(came) is expected


def test_validators_are_asked_with():
    """Section 4.3.1."""
    assert stored(ETag='"1"', Last_Modified=DATE).validators() == {"If-None-Match": '"1"', "If-Modified-Since": DATE}
    assert stored().validators() == {}
