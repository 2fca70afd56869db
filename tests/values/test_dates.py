"""HTTP dates and `Retry-After`."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiohttp.helpers import parse_http_date as parse_with_aiohttp
from hypothesis import given
from hypothesis import strategies as st

from httpkit.values.dates import MAX_DELTA_SECONDS, encode_http_date, parse_http_date, parse_retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
zones = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))
seconds = st.integers(-(10**10) * 3, 25 * 10**10)
moments = st.tuples(seconds, zones).map(lambda pair: datetime(1970, 1, 2, tzinfo=pair[1]) + timedelta(seconds=pair[0]))


@given(moments)
def test_a_date_survives_a_round_trip(moment):
    """RFC 9110 section 5.6.7, whatever the time zone it came from; and aiohttp reads the same."""
    text = encode_http_date(moment)
    assert moment == parse_http_date(text, NOW)
    assert moment == parse_with_aiohttp(text)


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 utc",
    ],
)
def test_all_three_forms_are_the_same_moment(value):
    """RFC 9110 section 5.6.7: recipients accept all three."""
    assert datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC) == parse_http_date(value, NOW)


@pytest.mark.parametrize(("year", "expected"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)])
def test_a_year_of_two_digits_is_at_most_50_years_ahead(year, expected):
    """RFC 9110 section 5.6.7, last paragraph."""
    moment = parse_http_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", NOW)
    assert moment is not None
    assert expected == moment.year


def test_a_leap_second_is_a_valid_second():
    """RFC 9110 lets the seconds be 60."""
    assert datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC) == parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "tomorrow",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 PST",
        "Sun, 06 Nov 1994 08:49:37 GMT; x",
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
    ],
)
def test_what_is_not_a_date_is_none(value):
    """A date that doesn't exist, another zone, digits of another script: none of the three forms."""
    assert parse_http_date(value, NOW) is None


def test_a_moment_without_a_time_zone_is_refused():
    """Nobody knows when it is."""
    with pytest.raises(ValueError, match="time zone"):
        encode_http_date(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 5000, float(MAX_DELTA_SECONDS)),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_from_now(value, expected):
    """RFC 9110 section 10.2.3: a delay or a date; never negative, never more than the longest delay."""
    assert expected == parse_retry_after(value, NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text):
    """A malformed value never raises."""
    assert parse_http_date(text, NOW) is None or parse_retry_after(text, NOW) is not None
