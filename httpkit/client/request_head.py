"""The head of a request: method, URL and fields, assembled from the options of a call (RFC 9110 section 3.4)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from http.cookies import Morsel, SimpleCookie
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.client.options import LooseHeaders, Settings, pairs
from httpkit.client.proxies import parse_proxy
from httpkit.client.target import TLS_SCHEMES, host_field, peer
from httpkit.net.proxy import TUNNELLED_SCHEMES
from httpkit.values import hdrs
from httpkit.values.abc import LooseCookies
from httpkit.values.messages import ConnectionKey, HttpVersion, HttpVersion11, RequestInfo, Timing
from httpkit.values.set_cookie import encode_cookies, parse_cookie
from httpkit.values.version import USER_AGENT
from httpkit.wire.codings import accept_encoding

_VERSION = re.compile(r"([0-9])\.([0-9])")


class _DefaultHeaders:
    """Fields that are worked out when they are first asked for: which codings we decode takes an import to know."""

    _headers: dict[str, str] | None = None

    def __get__(self, request: RequestHead | None, owner: type[RequestHead]) -> dict[str, str]:
        if self._headers is None:
            self._headers = {hdrs.ACCEPT: "*/*", hdrs.ACCEPT_ENCODING: accept_encoding()}
        return self._headers


class RequestHead:
    """What a request is but for its body.

    Attributes:
        method: the method, in upper case.
        original_url: the URL as it was asked for.
        url: the URL without its fragment.
        headers: the fields, mutable until the request is sent.
        connection_key: what the request must share with its connection.
        timing: the clock marks of the request.
    """

    GET_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
    POST_METHODS = frozenset({"PATCH", "POST", "PUT"})
    ALL_METHODS = GET_METHODS | POST_METHODS | frozenset({"DELETE"})
    DEFAULT_HEADERS = _DefaultHeaders()

    method: str
    original_url: URL
    url: URL
    headers: CIMultiDict[str]
    connection_key: ConnectionKey
    session: Any
    loop: asyncio.AbstractEventLoop
    timing: Timing
    # What is not used is not set: a plain GET sets a third of this.
    auth: BasicAuth | None = None
    proxy: URL | None = None
    proxy_auth: BasicAuth | None = None
    proxy_headers: CIMultiDict[str] | None = None
    server_hostname: str | None = None
    version: HttpVersion = HttpVersion11
    settings: Settings | None = None
    traces: Sequence[Any] = ()
    deadline: float = 0.0
    history: tuple[Any, ...] = ()
    _expects_continue = False
    _skip_auto_headers: CIMultiDict[None] | None = None
    _ssl: Any = True

    # -- parts --------------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The URL's host, encoded."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int | None:
        """The URL's port; its scheme's where it names none."""
        return self.url.port

    @property
    def ssl(self) -> Any:
        """The `ssl` option."""
        return self._ssl

    @property
    def skip_auto_headers(self) -> CIMultiDict[None]:
        """The fields that are not filled in."""
        return self._skip_auto_headers or CIMultiDict()

    def is_ssl(self) -> bool:
        """Return whether the request goes over TLS."""
        return self.url.scheme in TLS_SCHEMES

    def _update_key(self) -> None:
        headers = self.proxy_headers
        self.connection_key = ConnectionKey(
            peer(self.url),
            self.port,
            self.is_ssl(),
            self._ssl,
            self.proxy,
            self.proxy_auth,
            hash(tuple(headers.items())) if headers else None,
            self.server_hostname,
            self.proxy is not None and self.url.scheme in TUNNELLED_SCHEMES,
        )

    @property
    def request_info(self) -> RequestInfo:
        """What is asked, as values."""
        return RequestInfo(self.url, self.method, CIMultiDictProxy(self.headers), self.original_url)

    # -- head ---------------------------------------------------------------------------------------------------

    def update_host(self, url: URL) -> None:
        """Check that `url` names a host."""
        if not url.raw_host:
            raise ValueError(f"no host in URL {url}")

    def update_version(self, version: HttpVersion | str) -> None:
        """Use `version`, a pair or a text such as "1.1".

        Raises:
            ValueError: not a version.
        """
        if isinstance(version, str):
            match = _VERSION.fullmatch(version)
            if match is None:
                raise ValueError(f"Can not parse http version number: {version!r}")
            version = HttpVersion(int(match[1]), int(match[2]))
        self.version = version

    def update_headers(self, headers: LooseHeaders | None) -> None:
        """Begin the fields with `Host` and the given ones; a given name replaces, its repeats stay."""
        self.headers = CIMultiDict({hdrs.HOST: host_field(self.url)})
        for name, value in pairs(headers):
            if name.lower() == "host":
                self.headers[name] = value
            else:
                self.headers.add(name, value)

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Fill in the fields that a request has by default."""
        skipped: CIMultiDict[None] = CIMultiDict((name, None) for name in sorted(skip_auto_headers or ()))
        if skipped:
            self._skip_auto_headers = skipped
        for name, value in self.DEFAULT_HEADERS.items():
            if name not in self.headers and name not in skipped:
                self.headers[name] = value
        if hdrs.USER_AGENT not in self.headers and hdrs.USER_AGENT not in skipped:
            self.headers[hdrs.USER_AGENT] = USER_AGENT

    def update_cookies(self, cookies: LooseCookies | None) -> None:
        """Add `cookies` to those that a `Cookie` field names already."""
        if not cookies:
            return
        found = parse_cookie(self.headers.pop(hdrs.COOKIE, ""))
        merged = dict(found)
        for name, value in cookies.items() if isinstance(cookies, Mapping) else cookies:
            merged[name] = value if isinstance(value, Morsel) else SimpleCookie({name: str(value)})[name]
        self.headers[hdrs.COOKIE] = encode_cookies(merged.values())

    def update_auth(self, auth: BasicAuth | None, trust_env: bool = False) -> None:
        """Use `auth`, unless there is none."""
        del trust_env  # the session asks netrc, which needs a thread
        if auth is None:
            return
        if not isinstance(auth, tuple) or not hasattr(auth, "encode"):
            raise TypeError("BasicAuth() tuple is required instead")
        self.auth = auth
        self.headers[hdrs.AUTHORIZATION] = auth.encode()

    def update_proxy(
        self, proxy: URL | None, proxy_auth: BasicAuth | None = None, proxy_headers: LooseHeaders | None = None
    ) -> None:
        """Go through `proxy`; its fields and credentials mean nothing without one.

        Raises:
            ValueError: `proxy_auth` is not a `BasicAuth`.
            InvalidURL: it is no proxy.
        """
        self.proxy = self.proxy_auth = self.proxy_headers = None
        self._update_key()
        if proxy is None:
            return
        if proxy_auth is not None and not isinstance(proxy_auth, BasicAuth):
            raise ValueError("proxy_auth must be None or BasicAuth() tuple")
        self.proxy, found = parse_proxy(proxy)
        self.proxy_auth = proxy_auth or found
        self.proxy_headers = CIMultiDict(proxy_headers) if proxy_headers else None
        self._update_key()

    def update_expect_continue(self, expect: bool = False) -> None:
        """Hold the body back until the server asks for it (RFC 9110 section 10.1.1)."""
        if expect:
            self.headers[hdrs.EXPECT] = "100-continue"
        self._expects_continue = expect or self.headers.get(hdrs.EXPECT, "").lower() == "100-continue"
