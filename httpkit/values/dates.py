"""HTTP dates (RFC 9110 section 5.6.7) and `Retry-After` (section 10.2.3). The time of day is an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""Month names in lower case, January first."""

MAX_DELTA_SECONDS: Final = 2**31
"""Longer delays are taken for this one (RFC 9111 section 1.2.2)."""

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_ZONE: Final = r"(?:GMT|UTC|\+0000)"  # recipients are asked to be robust; all three are the same zone
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        # IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
        rf"[a-z]{{3}}, (?P<day>[0-9]{{2}}) (?P<month>[a-z]{{3}}) (?P<year>[0-9]{{4}}) {_TIME} {_ZONE}",
        # RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
        rf"[a-z]{{6,9}}, (?P<day>[0-9]{{2}})-(?P<month>[a-z]{{3}})-(?P<year>[0-9]{{2}}) {_TIME} {_ZONE}",
        # asctime: Sun Nov  6 08:49:37 1994
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)


def parse_http_date(value: str, now: datetime) -> datetime | None:
    """Return the moment that `value` names, in UTC, or None where it is not one of the three forms.

    `now` decides the century of RFC 850's two-digit years: a date more than 50 years ahead is in the past.
    """
    match = next((match for form in _FORMS if (match := form.fullmatch(value.strip()))), None)
    if match is None or (month := match["month"].lower()) not in MONTHS:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += now.year - now.year % 100
        if year > now.year + 50:
            year -= 100
    try:
        # A leap second is a valid second (RFC 9110), which datetime doesn't know.
        second = min(int(match["second"]), 59) if match["second"] == "60" else int(match["second"])
        return datetime(
            year,
            MONTHS.index(month) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            second,
            tzinfo=UTC,
        )
    except ValueError:
        return None


def encode_http_date(moment: datetime) -> str:
    """Return `moment`, which has a time zone, as an IMF-fixdate; the locale doesn't matter.

    Raises:
        ValueError: `moment` has no time zone, so that nobody knows when it is.
    """
    if moment.tzinfo is None:
        raise ValueError("an HTTP date needs a moment with a time zone")
    utc = moment.astimezone(UTC)
    month = MONTHS[utc.month - 1].capitalize()
    return f"{_WEEKDAYS[utc.weekday()]}, {utc.day:02} {month} {utc.year:04} {utc:%H:%M:%S} GMT"


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds to wait from `now`, never negative, or None where `value` is neither a number nor a date."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        # float() takes any number of digits in linear time; int() refuses more than 4300.
        return min(float(text), MAX_DELTA_SECONDS)
    moment = parse_http_date(text, now)
    return None if moment is None else max(0.0, min((moment - now).total_seconds(), MAX_DELTA_SECONDS))
