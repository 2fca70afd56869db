"""The cookies of a jar: identity, expiry, limits, and which of them a request carries (RFC 6265bis sections 5.7 and 5.8).

No clock: `now` is an argument, in seconds since 1970. Cookies are found by domain, so a request looks at the cookies of
its host and of the domains above it, however many others there are.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from operator import attrgetter

from httpkit.values.set_cookie import Cookie, CookieLimits, encoded_size

logger = logging.getLogger("httpkit.client")


@dataclass(slots=True, eq=False)
class StoredCookie:
    """A cookie and what a jar knows about it; domain, path and name together are its identity.

    Attributes:
        cookie: as the user sees it.
        sent: as a request carries it.
        domain: in lower case, without a leading dot; empty for cookies that every host gets.
        path: without a trailing slash, so that the root is empty.
        name: the name it was stored under.
        is_host_only: no Domain attribute, so that subdomains don't get it.
        deadline: when it expires, in seconds since 1970; None is the end of the session.
        last_used: a number that grows with every use.
        size: bytes that it takes in a `Cookie` field, separators included.
        prefix: what a request's path must start with, beyond `path`: the Path attribute where it ends with a slash.
    """

    cookie: Cookie
    sent: Cookie
    domain: str
    path: str
    name: str
    is_host_only: bool
    deadline: float | None
    last_used: int = 0
    size: int = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        self.size = encoded_size(f"{self.sent.key}={self.sent.coded_value}; ") or 0
        path = self.cookie["path"]
        self.prefix = path if len(path) > 1 and path[-1] == "/" else ""

    @property
    def is_secure(self) -> bool:
        """Whether it has the Secure attribute."""
        return bool(self.cookie["secure"])


def path_matches(request_path: str, path: str) -> bool:
    """Return whether `path`, without its trailing slash, covers `request_path` (RFC 6265bis section 5.1.4)."""
    return request_path.startswith(path) and request_path[len(path) : len(path) + 1] in {"", "/"}


class CookieStore:
    """The cookies of one jar. `limits` None means that everything is kept and sent.

    Attributes:
        cookies: the cookies by (domain, path), as users see them; always the same dict.
    """

    def __init__(self, limits: CookieLimits | None) -> None:
        self.cookies: dict[tuple[str, str], SimpleCookie] = {}
        self._limits = limits
        # domain -> path -> name; the paths of a domain from the shortest to the longest
        self._domains: dict[str, dict[str, dict[str, StoredCookie]]] = {}
        self._count = 0
        self._uses = 0
        self._next_deadline = math.inf  # no cookie expires before

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StoredCookie]:
        for paths in self._domains.values():
            for names in paths.values():
                yield from names.values()

    def clear(self) -> None:
        """Remove everything."""
        self.cookies.clear()
        self._domains.clear()
        self._count = 0
        self._next_deadline = math.inf

    def replace(self, others: Iterable[StoredCookie], now: float) -> None:
        """Remove everything and put `others` in."""
        self.clear()
        for cookie in others:
            self.put(cookie, now)

    def put(self, cookie: StoredCookie, now: float) -> None:
        """Store `cookie` in the place of the one with its identity; one that has expired only removes that."""
        paths = self._domains.get(cookie.domain, {})
        old = paths.get(cookie.path, {}).get(cookie.name)
        if cookie.deadline is not None and cookie.deadline <= now:
            if old is not None:
                self.remove([old])
            return
        if old is None:
            if self._limits is not None and not self._make_room(cookie, self._limits, now):
                logger.debug("dropped cookie %r: its domain is full of Secure cookies (max_per_domain)", cookie.name)
                return
            self._count += 1
        self._uses += 1
        cookie.last_used = self._uses
        self._index(cookie)
        if cookie.deadline is not None:
            self._next_deadline = min(self._next_deadline, cookie.deadline)

    def _index(self, cookie: StoredCookie) -> None:
        paths = self._domains.setdefault(cookie.domain, {})
        if cookie.path not in paths:
            paths[cookie.path] = {}
            self._domains[cookie.domain] = paths = dict(sorted(paths.items(), key=lambda item: len(item[0])))
        paths[cookie.path][cookie.name] = cookie
        self.cookies.setdefault((cookie.domain, cookie.path), SimpleCookie())[cookie.name] = cookie.cookie

    def remove(self, cookies: Iterable[StoredCookie]) -> None:
        """Remove `cookies`, all of which are stored."""
        for cookie in cookies:
            paths = self._domains[cookie.domain]
            names = paths[cookie.path]
            del names[cookie.name], self.cookies[cookie.domain, cookie.path][cookie.name]
            self._count -= 1
            if not names:
                del paths[cookie.path], self.cookies[cookie.domain, cookie.path]
            if not paths:
                del self._domains[cookie.domain]

    def expire(self, now: float) -> None:
        """Remove what has expired; costs nothing before the next deadline."""
        if now < self._next_deadline:
            return
        self.remove([cookie for cookie in self if cookie.deadline is not None and cookie.deadline <= now])
        self._next_deadline = min((c.deadline for c in self if c.deadline is not None), default=math.inf)

    def select(self, host: str, path: str, *, is_secure: bool) -> dict[str, StoredCookie]:
        """Return the cookies for a request by name; of several with one name that of the closest domain and path."""
        selected: dict[str, StoredCookie] = {}
        for domain in _domains_above(host):
            for cookie_path, names in self._domains.get(domain, {}).items():
                if not path_matches(path, cookie_path):
                    continue
                for name, cookie in names.items():
                    if cookie.is_host_only and domain != host:
                        continue
                    if cookie.prefix and not path.startswith(cookie.prefix):
                        continue
                    if is_secure or not cookie.cookie["secure"]:
                        selected.pop(name, None)  # the order says how close a cookie is
                        selected[name] = cookie
        if selected and self._limits is not None:
            selected = _within_limits(selected, self._limits)
        self._uses += 1
        for cookie in selected.values():
            cookie.last_used = self._uses
        return selected

    def has_secure_twin(self, new: StoredCookie) -> bool:
        """Return whether `new`, from an insecure origin, would replace or hide a Secure cookie (section 5.7 step 12)."""
        domain = f".{new.domain}"
        for old in self:
            if old.name == new.name and old.is_secure and path_matches(new.path, old.path):
                other = f".{old.domain}"
                if domain.endswith(other) or other.endswith(domain):
                    return True
        return False

    def _make_room(self, new: StoredCookie, limits: CookieLimits, now: float) -> bool:
        """Evict as Firefox does: what has expired, then what isn't Secure, then, for a Secure cookie, the rest.

        Within each, what was not used for longest goes first. False means that there is no room for `new`.
        """
        if sum(map(len, self._domains.get(new.domain, {}).values())) >= limits.max_per_domain:
            self.expire(now)
            stored = [cookie for names in self._domains.get(new.domain, {}).values() for cookie in names.values()]
            excess = len(stored) + 1 - limits.keep_per_domain
            candidates = [cookie for cookie in stored if not cookie.is_secure]
            if not candidates and len(stored) >= limits.max_per_domain:
                if not new.is_secure:
                    return False
                candidates = stored
            self._evict(candidates, excess, "max_per_domain")
        elif self._count >= limits.max_total:
            self.expire(now)
            self._evict(list(self), self._count - limits.keep_total, "max_total")
        return True

    def _evict(self, candidates: list[StoredCookie], excess: int, limit: str) -> None:
        if excess <= 0:
            return
        evicted = sorted(candidates, key=attrgetter("last_used"))[:excess]
        self.remove(evicted)
        logger.debug("evicted %d cookies (%s)", len(evicted), limit)


def _within_limits(selected: dict[str, StoredCookie], limits: CookieLimits) -> dict[str, StoredCookie]:
    """Return as many cookies as a request may carry, the closest first."""
    kept: list[StoredCookie] = []
    size = len("Cookie: ") - len("; ")
    for cookie in reversed(selected.values()):
        if len(kept) < limits.max_per_request and size + cookie.size <= limits.max_header_size:
            size += cookie.size
            kept.append(cookie)
    if len(kept) == len(selected):
        return selected
    logger.debug(
        "sent %d of %d cookies: the limits are %d cookies (max_per_request) and %d bytes (max_header_size)",
        len(kept), len(selected), limits.max_per_request, limits.max_header_size,
    )  # fmt: skip
    return {cookie.name: cookie for cookie in reversed(kept)}


@lru_cache(maxsize=256)
def _domains_above(host: str) -> tuple[str, ...]:
    """Return the domains whose cookies `host` may get, from that of all hosts to its own."""
    domains = [host] if host else []
    if not is_ip_address(host):
        rest = host
        while "." in rest:
            _, _, rest = rest.partition(".")
            if rest:
                domains.append(rest)
    domains.append("")
    return tuple(reversed(domains))


def is_ip_address(host: str | None) -> bool:
    """Return whether `host` can't be a domain name: it holds a colon, or is digits and dots."""
    return host is not None and (":" in host or host.replace(".", "").isdecimal())
