"""`Set-Cookie` and `Cookie` fields as cookies (RFC 6265bis section 5.6): lenient with servers, bounded, and never an error.

A cookie is the standard library's `Morsel`, because that is what aiohttp's users get. It is filled through `__setstate__`:
`Morsel.set` refuses names with brackets or "@", which real servers send.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http.cookies import Morsel
from typing import Final, NamedTuple

from httpkit.values.dates import MONTHS

logger = logging.getLogger("httpkit.client")

Cookie = Morsel[str]

# RFC 6265bis section 5.1.1. A token is a run of anything but delimiters; each production may be followed by anything that
# doesn't start with a digit.
DATE_TOKENS_RE: Final = re.compile(r"(?P<token>[\x00-\x08\x0a-\x1f0-9:a-zA-Z\x7f-\xff]++)")
DATE_HMS_TIME_RE: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
DATE_DAY_OF_MONTH_RE: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
DATE_MONTH_RE: Final = re.compile("|".join(f"({month})" for month in MONTHS), re.IGNORECASE)
DATE_YEAR_RE: Final = re.compile(r"([0-9]{2,4})(?![0-9])")

# Everything visible but quotes, commas, semicolons and backslashes: the names that aiohttp takes.
_NAME: Final = re.compile(r"[!#$%&'()*+\-./0-9:<=>?@A-Z\[\]^_`a-z{|}~]++")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROLS_AND_TAB: Final = re.compile(r"[\x00-\x1f\x7f]")
# A quoted value may hold semicolons, which browsers don't take but aiohttp always has.
_QUOTED_PAIR: Final = re.compile(r'([^=;"]++)=[ \t]*+("(?:[^"\\]++|\\.)*+")[ \t]*+(?:;|\Z)')
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")
_FLAGS: Final = frozenset({"httponly", "partitioned", "secure"})
_ATTRIBUTES: Final = frozenset(Morsel()) | {"partitioned"}


class CookieLimits(NamedTuple):
    """How much of a server's cookies is kept and sent; RFC 6265 section 6.1 asks for at least 50 of 4096 bytes a domain.

    Attributes:
        max_per_response: `Set-Cookie` fields that one response may set.
        max_pair_size: bytes of name and value.
        max_attribute_size: bytes of one attribute's value.
        max_attributes: attributes of one cookie that are looked at.
        max_per_domain: cookies of one domain; the next one evicts all but `keep_per_domain` (Firefox).
        keep_per_domain: cookies of a domain that an eviction leaves.
        max_total: cookies of a jar; the next one evicts all but `keep_total`.
        keep_total: cookies that an eviction leaves.
        max_per_request: cookies that one request carries.
        max_header_size: bytes of a request's `Cookie` line.
    """

    max_per_response: int = 50
    max_pair_size: int = 4096
    max_attribute_size: int = 1024
    max_attributes: int = 32
    max_per_domain: int = 180
    keep_per_domain: int = 150
    max_total: int = 3300
    keep_total: int = 3000
    max_per_request: int = 150
    max_header_size: int = 8190


DEFAULT_LIMITS: Final = CookieLimits()


def make_cookie(name: str, value: str, coded_value: str) -> Cookie:
    """Return a cookie whose `coded_value` is what goes over the wire; the caller has checked all three."""
    cookie: Cookie = Morsel()
    state = {"key": name, "value": value, "coded_value": coded_value}
    cookie.__setstate__(state)  # type: ignore[attr-defined]  # public for pickle; typeshed leaves it out
    return cookie


def encoded_size(text: str) -> int | None:
    """Return the bytes of `text` in UTF-8, or None where it can't be sent."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def is_sendable(cookie: Cookie) -> bool:
    """Return whether `cookie` can stand in a `Cookie` field: no control characters, and encodable."""
    text = f"{cookie.key}={cookie.value}{cookie.coded_value}"
    return _CONTROLS_AND_TAB.search(text) is None and encoded_size(text) is not None


def parse_set_cookie(fields: Sequence[str], limits: CookieLimits = DEFAULT_LIMITS) -> list[tuple[str, Cookie]]:
    """Return the cookies of a response's `Set-Cookie` values, at most one of each, with their names.

    What can't be read is left out. One log line says how many, and why the first was.
    """
    cookies: list[tuple[str, Cookie]] = []
    reasons: list[str] = []
    for field in fields:
        if len(cookies) >= limits.max_per_response:
            reasons.append(f"more than {limits.max_per_response} cookies in one response (max_per_response)")
            break
        try:
            cookie = _parse_field(field, limits)
        except ValueError as error:
            reasons.append(str(error))
        else:
            cookies.append((str(cookie.key), cookie))
    if reasons:
        logger.warning("ignored %d of %d Set-Cookie fields: %s", len(fields) - len(cookies), len(fields), reasons[0])
    return cookies


def parse_cookie(value: str) -> list[tuple[str, Cookie]]:
    """Return the cookies of a `Cookie` value, with their names (RFC 6265bis section 4.2); what isn't one is left out."""
    cookies: list[tuple[str, Cookie]] = []
    position = 0
    while position < len(value):
        name, coded_value, position = _split_pair(value, position)
        if coded_value is not None and _NAME.fullmatch(name):
            cookies.append((name, make_cookie(name, _unquote(coded_value), coded_value)))
    return cookies


def encode_cookies(cookies: Iterable[Cookie]) -> str:
    """Return the value of a `Cookie` field: the cookies in the order of their names, as aiohttp sends them."""
    return "; ".join(sorted(f"{cookie.key}={cookie.coded_value}" for cookie in cookies))


def parse_cookie_date(text: str) -> float | None:
    """Return the moment that `text` names, in seconds since 1970, or None (RFC 6265bis section 5.1.1)."""
    time_of_day = day = month = year = None
    for match in DATE_TOKENS_RE.finditer(text):
        token = match["token"]
        # A token is the first part that is still missing and that it fits: time, day, month, year.
        if time_of_day is None and (found := DATE_HMS_TIME_RE.match(token)):
            time_of_day = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := DATE_DAY_OF_MONTH_RE.match(token)):
            day = int(found[1])
        elif month is None and (found := DATE_MONTH_RE.match(token)):
            month = found.lastindex
        elif year is None and (found := DATE_YEAR_RE.match(token)):
            year = int(found[1])
    if time_of_day is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time_of_day, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _parse_field(field: str, limits: CookieLimits) -> Cookie:
    """Return the cookie of one `Set-Cookie` value.

    Raises:
        ValueError: it is none; the message says why.
    """
    if _CONTROLS.search(field):
        raise ValueError("a control character in the field")
    name, coded_value, attributes = _split_pair(field, 0)
    if coded_value is None or not name:
        raise ValueError("no name")
    if not _NAME.fullmatch(name):
        raise ValueError(f"illegal name {name[:32]!r}")
    size = encoded_size(name + coded_value)
    if size is None:
        raise ValueError(f"cookie {name[:32]!r} is not UTF-8")
    if size > limits.max_pair_size:
        raise ValueError(f"cookie {name[:32]!r} exceeds {limits.max_pair_size} bytes (max_pair_size)")
    value = _unquote(coded_value)
    if _CONTROLS_AND_TAB.search(coded_value) or _CONTROLS_AND_TAB.search(value):
        raise ValueError(f"a control character in the value of cookie {name[:32]!r}")
    cookie = make_cookie(name, value, coded_value)
    if attributes < len(field):
        _set_attributes(cookie, field[attributes:], limits)
    return cookie


def _split_pair(text: str, start: int) -> tuple[str, str | None, int]:
    """Return name, value and where the next part starts; the value is None where there is no "="."""
    semicolon = text.find(";", start)
    end = len(text) if semicolon < 0 else semicolon
    if text.find('"', start, end) >= 0 and (quoted := _QUOTED_PAIR.match(text, start)):
        return quoted[1].strip(" \t"), quoted[2], quoted.end()
    name, equals, value = text[start:end].partition("=")
    return name.strip(" \t"), value.strip(" \t") if equals else None, end + 1


def _set_attributes(cookie: Cookie, text: str, limits: CookieLimits) -> None:
    """Set the attributes that are known; of several with one name the last counts (RFC 6265bis section 5.6)."""
    # The last part is whatever comes after the attributes that are looked at.
    for part in text.split(";", limits.max_attributes)[: limits.max_attributes]:
        name, _, value = part.partition("=")
        name = name.strip(" \t").lower()
        if name not in _ATTRIBUTES or name not in cookie:  # Morsels know Partitioned from Python 3.14 on
            continue
        if name in _FLAGS:
            cookie[name] = True
            continue
        value = _unquote(value.strip(" \t"))
        size = encoded_size(value)
        if size is not None and size <= limits.max_attribute_size and not _CONTROLS_AND_TAB.search(value):
            cookie[name] = value


def _unquote(value: str) -> str:
    """Return what a value in quotes stands for; octal escapes are those of `http.cookies`."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)) if match[1] else match[2], value[1:-1])
