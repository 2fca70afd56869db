"""Rate-limit fields in words: how many calls are left, and when there are more. Pure; the clock is an argument.

Reads `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers, and its forms before draft 8), the
`X-RateLimit-*` fields of many APIs, and `Retry-After` (RFC 9110 section 10.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from httpkit_magics.record.record import Fields
from httpkit_magics.record.units import count, duration

MOST: Final = 8
"""Policies of one response that are told."""
LONGEST: Final = 2_000
"""Characters of a field that are read."""

_EPOCH: Final = 1_000_000_000
"""Seconds; a reset from here on is a point in time and no span, and a thousand times as much is in milliseconds."""
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
# A list of RFC 9651: items or strings, each with parameters.
_MEMBER: Final = re.compile(
    r'\s*("(?:[^"\\,]|\\.){0,100}"|[A-Za-z0-9*_.:/-]{1,100})((?:\s*;\s*[a-z*_.-]{1,20}(?:=(?:"[^"]{0,60}"|[^;,"\s]{1,60}))?)*)\s*(?:,|\Z)'
)
_PARAMETER: Final = re.compile(r';\s*([a-z*_.-]+)=(?:"([^"]*)"|([^;,"\s]+))')
_PAIR: Final = re.compile(r"\s*(limit|remaining|reset|window)\s*=\s*(\d{1,15})\s*(?:,|\Z)")


def allowance(fields: Fields, now: datetime) -> tuple[str, ...]:
    """Return what the fields say of calls that are left and of waiting, one sentence for each policy; `now` is aware."""
    sentences = [*_drafted(fields), *_older(fields, now)]
    return tuple(dict.fromkeys([*sentences[:MOST], *_retry(fields, now)]))


def _drafted(fields: Fields) -> Iterator[str]:
    """Yield what `RateLimit: "default";r=12;t=30` says, with the limit from `RateLimit-Policy: "default";q=60;w=60`."""
    policies = dict(_members(fields.get("ratelimit-policy")))
    left = dict(_members(fields.get("ratelimit")))
    for name, policy in left.items():
        if "r" in policy:
            known = policies.get(name, {})
            unit = known.get("qu", "requests")
            yield _named(name, len(left), _sentence(policy["r"], known.get("q"), _span(policy.get("t")), unit))
    for name, policy in policies.items():
        if name not in left and "q" in policy:
            window = _span(policy.get("w"))
            said = f"{_counted(policy['q'], policy.get('qu', 'requests'))} allowed{f' in {window}' if window else ''}"
            yield _named(name, len(policies), said)


def _members(value: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    at, value = 0, (value or "")[:LONGEST]
    while member := _MEMBER.match(value, at):
        if member.end() == at:
            return
        at = member.end()
        yield member[1].strip('"'), {name: text or bare for name, text, bare in _PARAMETER.findall(member[2])}


def _older(fields: Fields, now: datetime) -> Iterator[str]:
    """Yield what three fields, or the one field `RateLimit: limit=60, remaining=12, reset=30`, say."""
    together = dict(_PAIR.findall((fields.get("ratelimit") or "")[:LONGEST]))
    ways = [together] if "remaining" in together else []
    for prefix in ("ratelimit", "x-ratelimit", "x-rate-limit"):
        found = {
            name: (fields.get(f"{prefix}-{name}") or "").partition(",")[0].strip()
            for name in ("limit", "remaining", "reset")
        }
        ways.append(found)
    for way in ways:
        if _NUMBER.fullmatch(way.get("remaining", "")):
            yield _sentence(way["remaining"], way.get("limit"), _until(way.get("reset", ""), now))
            return


def _retry(fields: Fields, now: datetime) -> Iterator[str]:
    wait = _until((fields.get("retry-after") or "")[:LONGEST].strip(), now)
    if wait:
        yield f"try again in {wait}"


def _sentence(left: str, limit: str | None, reset: str, unit: str = "requests") -> str:
    if not _NUMBER.fullmatch(left):
        return f"{left[:20]} calls left"
    of = (
        f"{count(int(float(left)))} of {_counted(limit, unit)}"
        if limit and _NUMBER.fullmatch(limit)
        else _counted(left, unit)
    )
    return f"{of} left{f', resets in {reset}' if reset else ''}"


def _counted(number: str, unit: str) -> str:
    noun = {"requests": "call", "content-bytes": "byte", "concurrent-requests": "call at a time"}.get(unit)
    plural = "calls at a time" if unit == "concurrent-requests" else ""
    if not _NUMBER.fullmatch(number):
        return number[:20]
    whole = int(float(number))
    return count(whole, noun, plural) if noun else f"{count(whole)} {unit[:40]}"


def _named(name: str, total: int, said: str) -> str:
    return f"{name[:60]}: {said}" if total > 1 else said


def _span(value: str | None) -> str:
    """Return a number of seconds in words."""
    return _in_words(float(value)) if value and _NUMBER.fullmatch(value) else ""


def _in_words(seconds: float) -> str:
    """Return seconds as they came: 30 s, and not 30.0 s."""
    return f"{seconds:.0f} s" if seconds < 100 and seconds == int(seconds) else duration(seconds)


def _until(value: str, now: datetime) -> str:
    """Return in words the time until `value`: seconds, seconds or milliseconds of Unix time, or a date."""
    if _NUMBER.fullmatch(value):
        seconds = float(value)
        if seconds >= _EPOCH * 1000:
            seconds /= 1000
        return _in_words(max(0.0, round(seconds - now.timestamp())) if seconds >= _EPOCH else seconds)
    try:
        date = datetime.fromisoformat(value) if value[:4].isdigit() else parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return _in_words(max(0.0, round((aware - now).total_seconds())))
