"""Caching fields in words: may the response be used again, how old it is, and what asks whether it changed (RFC 9111)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from httpkit_magics.record.record import Fields
from httpkit_magics.record.units import duration

LONGEST: Final = 2_000
"""Characters of a field that are read."""
MOST: Final = 8
"""Caches on the way that are told."""

_DIRECTIVE: Final = re.compile(r'([A-Za-z-]{1,40})(?:=(?:"([^"]{0,200})"|([^\s,;"]{1,200})))?')
_SECONDS: Final = re.compile(r"\d{1,10}")
_SAID: Final = {
    "no-store": "not to be stored",
    "no-cache": "to be asked about before each use",
    "private": "for this client only, not for shared caches",
    "must-revalidate": "not to be used once it is stale",
    "immutable": "doesn't change while it is fresh",
}


def freshness(fields: Fields, status: int | None) -> tuple[str, ...]:
    """Return what the fields say of reuse, in short sentences; none where they say nothing."""
    directives = _directives(fields.get("cache-control"))
    age = _seconds(fields.get("age"))
    said = [*_lasting(fields, directives, age or 0)]
    said += [sentence for name, sentence in _SAID.items() if name in directives]
    if age is not None:
        said.append(f"{_long(age)} old, from a cache on the way")
    said += _caches(fields.get("cache-status"))
    # A 304 repeats the validator that it was asked with.
    if status != 304:
        said += _validators(fields)
    return tuple(said)


def _directives(value: str | None) -> dict[str, str]:
    return {name.lower(): text or bare for name, text, bare in _DIRECTIVE.findall((value or "")[:LONGEST])}


def _seconds(value: str | None) -> int | None:
    return int(value) if value and _SECONDS.fullmatch(value.strip()) else None


def _lasting(fields: Fields, directives: dict[str, str], age: int) -> Iterator[str]:
    """Yield how long it is fresh: by max-age, else by Expires (RFC 9111 section 4.2.1)."""
    if "no-store" in directives:
        return
    lifetime = _seconds(directives.get("max-age"))
    if lifetime is None:
        lifetime = _expiry(fields)
    if lifetime is None:
        return
    left = lifetime - age
    if left > 0:
        yield f"fresh for {_long(left)}"
    elif "no-cache" not in directives:
        yield "stale at once" if lifetime <= 0 else f"stale for {_long(-left)}"


def _expiry(fields: Fields) -> int | None:
    """Return the seconds from Date to Expires; 0 where Expires is no date, None where one of them isn't there."""
    expires, date = fields.get("expires"), fields.get("date")
    if expires is None or date is None:
        return None
    try:
        return int((_date(expires) - _date(date)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0


def _date(text: str) -> datetime:
    date = parsedate_to_datetime(text[:100])
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _caches(value: str | None) -> Iterator[str]:
    """Yield what each cache on the way did: `ExampleCache; hit; ttl=376` (RFC 9211)."""
    for member in (value or "")[:LONGEST].split(",")[:MOST]:
        name, *parameters = (part.strip() for part in member.split(";"))
        what = dict(part.partition("=")[::2] for part in parameters)
        if "hit" in what:
            yield f"{name[:60]} had it"
        elif "fwd" in what:
            yield f"{name[:60]} asked on ({what['fwd'][:40]})" + (", and stored it" if "stored" in what else "")


def _validators(fields: Fields) -> Iterator[str]:
    tag, date = fields.get("etag"), fields.get("last-modified")
    if tag:
        yield f"If-None-Match:{tag[:200]} asks whether it changed"
    elif date:
        yield f"If-Modified-Since:{date[:60]!r} asks whether it changed"


def _long(seconds: int) -> str:
    """Return a span: `45 s`, `5 min`, `1 h 3 min`, `7 days`."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds >= 172_800:
        return f"{seconds // 86_400} days"
    return (
        duration(seconds).removesuffix(" 0 s").removesuffix(" 0 min")
        if seconds >= 100
        else f"1 min {seconds - 60} s".removesuffix(" 0 s")
    )
