"""Cookie jars (RFC 6265bis sections 5.7 and 5.8) with aiohttp's methods and attributes.

Stricter than aiohttp's jar, for what a response sets: no cookie for a public suffix (`Domain=co.uk`), no Secure cookie
from an insecure origin and none that hides one, and the promises of `__Secure-` and `__Host-` are kept.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.cookies import BaseCookie, Morsel, SimpleCookie
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple

from yarl import URL

from httpkit.values import set_cookie
from httpkit.values.abc import AbstractCookieJar, LooseCookies
from httpkit.values.cookie_file import SavedCookie, read_cookies, write_cookies
from httpkit.values.cookie_store import CookieStore, StoredCookie, is_ip_address
from httpkit.values.public_suffixes import is_public_suffix
from httpkit.values.set_cookie import (
    DEFAULT_LIMITS,
    Cookie,
    CookieLimits,
    is_sendable,
    make_cookie,
    parse_cookie_date,
    parse_set_cookie,
)

_SECURE_SCHEMES: Final = frozenset({"https", "wss"})
_MAX_AGE: Final = re.compile(r"-?[0-9]++")
_MAX_HOST_SIZE: Final = 253
_CODEC: Final = SimpleCookie()


class _Origin(NamedTuple):
    """Who sets cookies: no host is the user, who may set them for anybody."""

    host: str | None
    path: str
    is_secure: bool


class CookieJar(AbstractCookieJar):
    """Keeps the cookies of responses in memory and gives requests those that are meant for them.

    Cookies set without a host, as by `ClientSession(cookies=...)`, are shared: every host gets them. A subclass may set
    `limits`; None keeps and sends everything. `len(jar)` is cheap, and 0 means that no request gets a cookie.
    """

    limits: ClassVar[CookieLimits | None] = DEFAULT_LIMITS

    DATE_TOKENS_RE = set_cookie.DATE_TOKENS_RE
    DATE_HMS_TIME_RE = set_cookie.DATE_HMS_TIME_RE
    DATE_DAY_OF_MONTH_RE = set_cookie.DATE_DAY_OF_MONTH_RE
    DATE_MONTH_RE = set_cookie.DATE_MONTH_RE
    DATE_YEAR_RE = set_cookie.DATE_YEAR_RE
    # No date is later than the last that datetime knows.
    MAX_TIME = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1
    SUB_MAX_TIME = MAX_TIME - 1

    def __init__(
        self,
        *,
        unsafe: bool = False,
        quote_cookie: bool = True,
        treat_as_secure_origin: str | URL | Iterable[str | URL] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(loop=loop)
        self._unsafe = unsafe
        self._quote_cookie = quote_cookie
        origins = treat_as_secure_origin or ()
        if isinstance(origins, str | URL):
            origins = (origins,)
        self._treat_as_secure_origin = frozenset(URL(origin).origin() for origin in origins)
        self._store = CookieStore(self.limits)

    @property
    def unsafe(self) -> bool:
        """Whether hosts that are IP addresses have cookies too."""
        return self._unsafe

    @property
    def quote_cookie(self) -> bool:
        """Whether values with special characters are sent quoted."""
        return self._quote_cookie

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """Origins that get Secure cookies without TLS."""
        return self._treat_as_secure_origin

    @property
    def cookies(self) -> MappingProxyType[tuple[str, str], SimpleCookie]:
        """The cookies by (domain, path); a live view."""
        return MappingProxyType(self._store.cookies)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """The (domain, path, name) of cookies that were set without a Domain attribute."""
        return frozenset((c.domain, c.path, c.name) for c in self._store if c.is_host_only)

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Cookie]:
        self._store.expire(time.time())
        return iter([stored.cookie for stored in self._store])

    def clear(self, predicate: Callable[[Cookie], bool] | None = None) -> None:
        """Remove all cookies, or those that have expired and those for which `predicate` is true."""
        if predicate is None:
            self._store.clear()
        else:
            self._store.expire(time.time())
            self._store.remove([stored for stored in self._store if predicate(stored.cookie)])

    def clear_domain(self, domain: str) -> None:
        """Remove the cookies of `domain` and its subdomains."""
        self.clear(lambda cookie: _domain_matches(domain, cookie["domain"]))

    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008 - URLs don't change
        """Store `cookies` as if a response from `response_url` had set them; without a host they are shared.

        Raises:
            http.cookies.CookieError: a name can't be a cookie's.
        """
        pairs = cookies.items() if isinstance(cookies, Mapping) else cookies
        self._update([(name, _copy(name, value)) for name, value in pairs], response_url, time.time())

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Store the cookies of raw `Set-Cookie` values."""
        if headers and (self._unsafe or not is_ip_address(response_url.raw_host)):
            self._update(parse_set_cookie(headers, self.limits or DEFAULT_LIMITS), response_url, time.time())

    def filter_cookies(self, request_url: URL = URL()) -> BaseCookie[str]:  # noqa: B008 - URLs don't change
        """Return the cookies that a request for `request_url` carries, those of the closest domain and path last."""
        filtered: BaseCookie[str] = BaseCookie()
        if len(self._store) == 0:
            return filtered
        self._store.expire(time.time())
        if not isinstance(request_url, URL):
            warnings.warn("filter_cookies takes a yarl.URL", DeprecationWarning, stacklevel=2)
            request_url = URL(request_url)
        host = request_url.raw_host or ""
        if is_ip_address(host) and not self._unsafe:
            host = ""  # it still gets the shared cookies
        selected = self._store.select(host, request_url.raw_path or "/", is_secure=self._is_secure(request_url))
        # BaseCookie's own assignment would look at each cookie again.
        dict.update(filtered, {name: stored.sent for name, stored in selected.items()})
        return filtered

    def save(self, file_path: str | os.PathLike[str]) -> None:
        """Write the cookies to a JSON file that only its owner can read, all or nothing.

        Raises:
            OSError: the file can't be written.
        """
        self._store.expire(time.time())
        write_cookies(Path(file_path), self._store)

    def load(self, file_path: str | os.PathLike[str]) -> None:
        """Replace the cookies by those of a JSON file, as far as this jar would take them from a response.

        Raises:
            OSError: the file can't be read.
            ValueError: the file is not one that `save` has written; the jar is as it was.
        """
        now = time.time()
        loaded = CookieStore(self.limits)
        for saved in read_cookies(Path(file_path)):
            if self._unsafe or not is_ip_address(saved.domain):
                self._put(loaded, saved, _Origin(saved.domain or None, "/", is_secure=True), now)
        self._store.replace(loaded, now)

    def _is_secure(self, url: URL) -> bool:
        if url.scheme in _SECURE_SCHEMES:
            return True
        # A URL without a scheme or host has no origin.
        return bool(self._treat_as_secure_origin and url.scheme and url.host) and (
            url.origin() in self._treat_as_secure_origin
        )

    def _update(self, cookies: list[tuple[str, Cookie]], url: URL, now: float) -> None:
        host = url.raw_host
        if is_ip_address(host) and not self._unsafe:
            return
        origin = _Origin(host, url.raw_path, host is None or self._is_secure(url))
        for name, cookie in cookies:
            self._put(self._store, SavedCookie("", name, cookie, is_host_only=False, deadline=None), origin, now)
        self._store.expire(now)

    def _put(self, store: CookieStore, new: SavedCookie, origin: _Origin, now: float) -> None:
        """Store a cookie that is this jar's own, if its origin may set it (RFC 6265bis section 5.7)."""
        cookie = new.cookie
        scope = _scope(cookie, origin)
        if scope is None or (self.limits is not None and not is_sendable(cookie)):
            return
        domain, is_host_only = scope
        if not cookie["path"].startswith("/"):
            cookie["path"] = _default_path(origin.path)
        deadline = self._deadline(cookie, now) if new.deadline is None else new.deadline
        path = cookie["path"].rstrip("/")
        stored = StoredCookie(cookie, self._as_sent(cookie), domain, path, new.name, is_host_only, deadline)
        if origin.host is not None and not _keeps_promises(stored):
            return
        if not origin.is_secure and (stored.is_secure or store.has_secure_twin(stored)):
            return
        cookie["domain"] = domain
        store.put(stored, now)

    def _deadline(self, cookie: Cookie, now: float) -> float | None:
        """Return when `cookie` expires; Max-Age wins over Expires, and what is malformed is as good as missing."""
        max_age = cookie["max-age"]
        if max_age and _MAX_AGE.fullmatch(str(max_age)):
            # float() takes any number of digits; int() refuses more than 4300.
            seconds = float(max_age)
            return min(now + seconds, float(self.MAX_TIME)) if seconds > 0 else 0.0
        cookie["max-age"] = ""
        deadline = parse_cookie_date(str(cookie["expires"]))
        if deadline is None:
            cookie["expires"] = ""
        return deadline

    def _as_sent(self, cookie: Cookie) -> Cookie:
        """Return `cookie` without its attributes, its value quoted as `quote_cookie` says."""
        name, value, coded_value = str(cookie.key), str(cookie.value), str(cookie.coded_value)
        if not self._quote_cookie:
            coded_value = value
        elif not coded_value.startswith('"'):  # what the server quoted goes back as it came
            value, coded_value = _CODEC.value_encode(value)
        return make_cookie(name, value, coded_value)


class _RequestCookies(CookieJar):
    limits: ClassVar[CookieLimits | None] = None


def filter_request_cookies(cookies: LooseCookies, request_url: URL, jar: AbstractCookieJar) -> BaseCookie[str]:
    """Return those of `cookies`, given for one request, that `request_url` gets by the settings of `jar`, without limits.

    Raises:
        http.cookies.CookieError: a name can't be a cookie's.
    """
    own = _RequestCookies(
        unsafe=jar.unsafe, quote_cookie=jar.quote_cookie, treat_as_secure_origin=jar.treat_as_secure_origin
    )
    own.update_cookies(cookies)
    return own.filter_cookies(request_url)


class DummyCookieJar(AbstractCookieJar):
    """Stores nothing, for sessions that want no cookies."""

    @property
    def unsafe(self) -> bool:
        """Always false."""
        return False

    @property
    def quote_cookie(self) -> bool:
        """Always true."""
        return True

    @property
    def cookies(self) -> MappingProxyType[tuple[str, str], SimpleCookie]:
        """Always empty."""
        return MappingProxyType({})

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """Always empty."""
        return frozenset()

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())

    def clear(self, predicate: Callable[[Cookie], bool] | None = None) -> None:
        """Do nothing."""

    def clear_domain(self, domain: str) -> None:
        """Do nothing."""

    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008 - URLs don't change
        """Do nothing."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Do nothing."""

    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:  # noqa: ARG002 - no request gets a cookie
        """Return no cookies."""
        return SimpleCookie()


def _copy(name: str, value: str | BaseCookie[str] | Morsel[str]) -> Cookie:
    """Return a cookie that is the jar's own."""
    if isinstance(value, Morsel):
        return value.copy()
    made = SimpleCookie()
    made[name] = value  # type: ignore[assignment]  # it takes text too
    return made[name]


def _scope(cookie: Cookie, origin: _Origin) -> tuple[str, bool] | None:
    """Return the domain that `cookie` is for and whether only that host gets it; None where its origin may not set it."""
    host = origin.host
    domain = str(cookie["domain"] or "").lower().removeprefix(".")
    if not domain or domain.endswith("."):
        return host or "", host is not None
    if not domain.isascii():
        try:
            domain = domain[:_MAX_HOST_SIZE].encode("idna").decode("ascii")
        except UnicodeError:
            return None
    if host is not None and not _domain_matches(domain, host):
        return None
    if is_public_suffix(domain):
        # A host that is a public suffix itself may have cookies, but they are for nobody else.
        return (domain, True) if host in {None, domain} else None
    return domain, False


def _domain_matches(domain: str, host: str) -> bool:
    """Return whether `host` is `domain` or below it (RFC 6265bis section 5.1.3)."""
    return host == domain or (host.endswith(f".{domain}") and not is_ip_address(host))


def _default_path(path: str) -> str:
    """Return the directory of the path that set a cookie (RFC 6265bis section 5.1.4)."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def _keeps_promises(stored: StoredCookie) -> bool:
    """Return whether a cookie is what its prefix says (RFC 6265bis section 4.1.3)."""
    name = stored.name.lower()
    if name.startswith("__host-"):
        return stored.is_secure and stored.is_host_only and stored.cookie["path"] == "/"
    return stored.is_secure or not name.startswith("__secure-")
