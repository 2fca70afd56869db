"""What may be kept of a response, and for how long: the rules of a private cache (RFC 9111).

Pure: the time of day is an argument, in seconds since the epoch. There is no heuristic freshness (section 4.2.2): what a
server gives no lifetime is asked for again each time, at the price of a 304 where it gave a validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from httpkit.values.dates import MAX_DELTA_SECONDS, parse_http_date
from httpkit.values.fields import TCHAR, unquote_pairs
from httpkit.values.messages import HttpVersion

# A directive, with or without its value, or whatever else there is up to the next comma. A quote that is never closed
# hides nothing: what follows it may be the no-store.
_DIRECTIVE: Final = re.compile(
    rf"""[\s,]*+(?:
        (?P<name>[{TCHAR}]++)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^\s,"]*+)))?+\s*+(?=,|\Z)
      | [^,]++ | \Z
    )""",
    re.DOTALL | re.VERBOSE,
)

# RFC 9110 section 15.1: statuses that may be kept without a lifetime of their own. 206 is not: parts are not put together.
CACHEABLE_STATUSES: Final = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})

# RFC 9111 section 3.1: fields of one connection, not of the response.
_CONNECTION_FIELDS: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
    "proxy-connection", "te", "transfer-encoding", "upgrade",
})  # fmt: skip
# RFC 9111 section 3.2: what a 304 can't change, because it describes the body that is kept.
_BODY_FIELDS: Final = frozenset({"content-encoding", "content-length", "content-range", "content-type"})


def parse_cache_control(value: str) -> Mapping[str, str | None]:
    """Return the directives of a `Cache-Control` value, names in lower case; of two with one name the first counts."""
    directives: dict[str, str | None] = {}
    for match in _DIRECTIVE.finditer(value):
        if match["name"]:
            quoted = match["quoted"]
            text = match["plain"] if quoted is None else unquote_pairs(quoted)
            directives.setdefault(match["name"].lower(), text)
    return MappingProxyType(directives)


def seconds(directives: Mapping[str, str | None], name: str) -> float | None:
    """Return a directive's delta-seconds; 0 where they are malformed, None where the directive is missing.

    Nothing that is not a number may make a response fresh (RFC 9111 section 4.2.1).
    """
    if name not in directives:
        return None
    text = directives[name] or ""
    return min(float(text), MAX_DELTA_SECONDS) if text.isascii() and text.isdecimal() else 0.0


def joined(headers: Mapping[str, str] | CIMultiDictProxy[str] | CIMultiDict[str], name: str) -> str:
    """Return a field's values as one list."""
    if isinstance(headers, (CIMultiDict, CIMultiDictProxy)):
        return ", ".join(headers.getall(name, ()))
    return headers.get(name, "")


@dataclass(slots=True)
class StoredResponse:
    """A response that is kept.

    Attributes:
        selecting: (name in lower case, value) of the request fields that chose this response (section 4.1).
        headers: its fields, without those of the connection.
        body: its content, after decoding.
        requested, received: when it was asked for and when it came, in seconds since the epoch.
    """

    status: int
    reason: str
    version: HttpVersion
    headers: CIMultiDict[str]
    body: bytes
    selecting: tuple[tuple[str, str], ...]
    requested: float
    received: float
    directives: Mapping[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.directives = parse_cache_control(joined(self.headers, "Cache-Control"))

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.body) + sum(len(name) + len(value) + 100 for name, value in self.headers.items())

    def matches(self, request_headers: CIMultiDict[str]) -> bool:
        """Return whether it is what a request with these fields would get (section 4.1)."""
        return all(joined(request_headers, name) == value for name, value in self.selecting)

    def lifetime(self) -> float:
        """Return how many seconds it is fresh for (section 4.2.1); 0 where the server doesn't say."""
        explicit = seconds(self.directives, "max-age")
        if explicit is not None:
            return explicit
        expires = self.headers.get("Expires")
        if expires is None:
            return 0.0
        moment = _timestamp(expires, self.received)
        date = _timestamp(self.headers.get("Date", ""), self.received)
        return 0.0 if moment is None else max(0.0, moment - (self.received if date is None else date))

    def age(self, now: float) -> float:
        """Return how old it is in seconds (section 4.2.3)."""
        date = _timestamp(self.headers.get("Date", ""), self.received)
        apparent = 0.0 if date is None else max(0.0, self.received - date)
        text = self.headers.get("Age", "0").partition(",")[0].strip()
        # An Age that is no number is a server's mistake; the Date still counts.
        said = float(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0.0
        corrected = said + max(0.0, self.received - self.requested)
        return max(apparent, corrected) + max(0.0, now - self.received)

    def may_be_used(self, request: Mapping[str, str | None], now: float) -> bool:
        """Return whether it may be given for a request with these directives without asking the server (section 4)."""
        if "no-cache" in self.directives or "no-cache" in request:
            return False
        age, lifetime = self.age(now), self.lifetime()
        limit = seconds(request, "max-age")
        if limit is not None and age > limit:
            return False
        if lifetime > age + (seconds(request, "min-fresh") or 0.0):
            return True
        if "max-stale" not in request or "must-revalidate" in self.directives or "min-fresh" in request:
            return False
        return request["max-stale"] is None or age - lifetime <= (seconds(request, "max-stale") or 0.0)

    def may_stand_in(self, now: float) -> bool:
        """Return whether it may be given because the server fails: `stale-if-error` (RFC 5861 section 4)."""
        grace = seconds(self.directives, "stale-if-error")
        forbidden = "no-cache" in self.directives or "must-revalidate" in self.directives
        return grace is not None and not forbidden and self.age(now) - self.lifetime() <= grace

    def validators(self) -> dict[str, str]:
        """Return the fields that ask whether it is still current (section 4.3.1); none where it has no validator."""
        found = {"If-None-Match": self.headers.get("ETag"), "If-Modified-Since": self.headers.get("Last-Modified")}
        return {name: value for name, value in found.items() if value is not None}

    def is_confirmed_by(self, headers: CIMultiDictProxy[str]) -> bool:
        """Return whether a 304 with these fields speaks of this response, and not of another one (section 4.3.4)."""
        tag = headers.get("ETag")
        return tag is None or tag.removeprefix("W/") == self.headers.get("ETag", tag).removeprefix("W/")

    def refreshed(self, headers: CIMultiDictProxy[str], requested: float, received: float) -> StoredResponse:
        """Return it with the fields of a 304 (section 3.2)."""
        merged = self.headers.copy()
        fresh = storable_fields(headers)
        for name in {name.lower() for name in fresh} - _BODY_FIELDS:
            merged.popall(name, None)
        # What the 304 leaves out of the message's own clock must not be read from the old answer.
        merged.popall("Age", None)
        merged.extend((name, value) for name, value in fresh.items() if name.lower() not in _BODY_FIELDS)
        return StoredResponse(
            self.status, self.reason, self.version, merged, self.body, self.selecting, requested, received
        )


def may_be_stored(status: int, headers: CIMultiDictProxy[str]) -> bool:
    """Return whether the response to a GET may be kept by a private cache, and can ever be of use (section 3)."""
    directives = parse_cache_control(joined(headers, "Cache-Control"))
    if status < 200 or status in {206, 304} or "no-store" in directives or "*" in joined(headers, "Vary"):
        return False
    if headers.get("Content-Type", "").lower().startswith("text/event-stream"):
        return False
    has_lifetime = bool(seconds(directives, "max-age")) or ("max-age" not in directives and "Expires" in headers)
    if has_lifetime and "no-cache" not in directives:
        return True
    return status in CACHEABLE_STATUSES and ("ETag" in headers or "Last-Modified" in headers)


def storable_fields(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return the fields without those of the connection, and those that `Connection` names (section 3.1)."""
    dropped = _CONNECTION_FIELDS | {name.strip().lower() for name in joined(headers, "Connection").split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def selecting_fields(
    request_headers: CIMultiDict[str], headers: CIMultiDictProxy[str], always: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of the request fields that `Vary` names, and of those that count `always`."""
    names = {name.strip().lower() for name in joined(headers, "Vary").split(",")} | {name.lower() for name in always}
    return tuple((name, joined(request_headers, name)) for name in sorted(names) if name)


def _timestamp(value: str, now: float) -> float | None:
    moment = parse_http_date(value, datetime.fromtimestamp(now, UTC))
    return None if moment is None else moment.timestamp()
