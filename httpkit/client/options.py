"""What a request may be told, and what that comes to: the options of one call over the session's defaults."""

from __future__ import annotations

import ssl as ssl_module
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from multidict import istr
from yarl import URL, Query

from httpkit.client.auth import BasicAuth
from httpkit.client.deprecated import is_chunked
from httpkit.client.proxies import parse_proxy
from httpkit.net.body import DEFAULT_LIMIT
from httpkit.net.exchange import Exchange
from httpkit.net.http1_connection import DEFAULT_LIMITS
from httpkit.net.tls import Fingerprint, check_ssl_option
from httpkit.values.abc import LooseCookies
from httpkit.values.messages import DEFAULT_TIMEOUT, ClientTimeout
from httpkit.wire.http1 import ResponseHead

if TYPE_CHECKING:  # for who uploads, and is told about it
    from httpkit.client.upload import UploadTracker

StrOrURL = str | URL
LooseHeaders = Mapping[str, str] | Mapping[istr, str] | Iterable[tuple[str, str]]
_UNSET: Any = object()


def pairs(headers: LooseHeaders | None) -> list[tuple[str, str]]:
    """Return `headers`, in whichever form they were given, as (name, value)."""
    if not headers:
        return []
    return list(headers.items() if isinstance(headers, Mapping) else headers)


class CommonOptions(TypedDict, total=False):
    """The options that every verb takes; what is left out is the session's."""

    params: Query
    json: Any
    cookies: LooseCookies | None
    headers: LooseHeaders | None
    skip_auto_headers: Iterable[str] | None
    auth: BasicAuth | None
    max_redirects: int
    compress: str | bool | None
    chunked: bool | None
    expect100: bool
    raise_for_status: bool | Callable[[Any], Awaitable[None]] | None
    read_until_eof: bool
    proxy: StrOrURL | None
    proxy_auth: BasicAuth | None
    proxy_headers: LooseHeaders | None
    timeout: ClientTimeout | float | None
    ssl: ssl_module.SSLContext | bool | Fingerprint
    server_hostname: str | None
    trace_request_ctx: Any
    read_bufsize: int | None
    auto_decompress: bool | None
    max_line_size: int | None
    max_field_size: int | None
    max_headers: int | None
    middlewares: Sequence[Callable[[Any, Any], Awaitable[Any]]] | None
    upload_tracker: UploadTracker | None
    max_body_size: int | None
    on_informational: Callable[[ResponseHead], None] | None


class BodyOptions(CommonOptions, total=False):
    """The options of the verbs that follow redirects by an argument of their own."""

    data: Any


class RedirectOptions(CommonOptions, total=False):
    """The options of the verbs that send a body by an argument of their own."""

    allow_redirects: bool


class RequestOptions(BodyOptions, RedirectOptions, total=False):
    """All options of a request."""


OPTION_NAMES = RequestOptions.__optional_keys__


class Defaults(NamedTuple):
    """What a call takes from its session where it is told nothing else."""

    raise_for_status: bool | Callable[[Any], Awaitable[None]] = False
    proxy: URL | None = None
    proxy_auth: BasicAuth | None = None
    trust_env: bool = False
    timeout: ClientTimeout = DEFAULT_TIMEOUT
    read_bufsize: int = DEFAULT_LIMIT
    auto_decompress: bool = True
    limits: tuple[int, int, int] = DEFAULT_LIMITS
    middlewares: tuple[Callable[[Any, Any], Awaitable[Any]], ...] = ()
    max_body_size: int | None = None
    on_informational: Callable[[ResponseHead], None] | None = None
    fallback_charset_resolver: Callable[[Any, bytes], str] | None = None


class Settings:
    """The options of one call over the session's defaults.

    A session keeps one for calls without options, so most requests make none.
    """

    def __init__(self, defaults: Defaults, options: RequestOptions | BodyOptions) -> None:
        self.cookies = options.get("cookies")
        self.skip_auto_headers = options.get("skip_auto_headers")
        self.auth = options.get("auth")
        self.allow_redirects = options.get("allow_redirects", True)
        self.max_redirects = options.get("max_redirects", 10)
        self.compress = options.get("compress")
        self.chunked = options.get("chunked")
        if self.chunked is not None and not isinstance(self.chunked, bool):
            self.chunked = is_chunked(self.chunked)
        self.expect100 = options.get("expect100", False)
        raise_for_status = options.get("raise_for_status")
        self.raise_for_status = defaults.raise_for_status if raise_for_status is None else raise_for_status
        self.read_until_eof = options.get("read_until_eof", True)
        self.proxy, self.proxy_auth = _proxy(options, defaults)
        self.trust_env = defaults.trust_env
        self.is_direct = self.proxy is None and not self.trust_env
        self.proxy_headers = options.get("proxy_headers")
        self.timeout = _timeout(options.get("timeout", _UNSET), defaults.timeout)
        self.ssl = options.get("ssl", True)
        if self.ssl is not True:
            self.ssl = True if self.ssl is None else self.ssl
            check_ssl_option(self.ssl)
        self.server_hostname = options.get("server_hostname")
        self.trace_request_ctx = options.get("trace_request_ctx")
        self.read_bufsize = options.get("read_bufsize") or defaults.read_bufsize
        auto_decompress = options.get("auto_decompress")
        self.auto_decompress = defaults.auto_decompress if auto_decompress is None else auto_decompress
        self.limits = (
            options.get("max_line_size") or defaults.limits[0],
            options.get("max_field_size") or defaults.limits[1],
            options.get("max_headers") or defaults.limits[2],
        )
        middlewares = options.get("middlewares")
        self.middlewares = defaults.middlewares if middlewares is None else tuple(middlewares)
        self.upload_tracker = options.get("upload_tracker")
        self.max_body_size = options.get("max_body_size") or defaults.max_body_size
        self.on_informational = options.get("on_informational") or defaults.on_informational
        # Most calls leave all of what an exchange must know at its default: one test instead of six.
        self.is_plain = (
            self.read_until_eof
            and self.auto_decompress
            and self.read_bufsize == DEFAULT_LIMIT
            and self.limits == DEFAULT_LIMITS
            and self.on_informational is None
        )
        self.fallback_charset_resolver = defaults.fallback_charset_resolver

    def apply(self, exchange: Exchange) -> None:
        """Tell `exchange` what it must know."""
        exchange.read_until_eof = self.read_until_eof
        exchange.auto_decompress = self.auto_decompress
        exchange.read_bufsize = self.read_bufsize
        exchange.limits = self.limits
        exchange.on_informational = self.on_informational


def _proxy(options: RequestOptions | BodyOptions, defaults: Defaults) -> tuple[URL | None, BasicAuth | None]:
    """Return the proxy and its credentials; the session's credentials are for the session's proxy only."""
    auth = options.get("proxy_auth")
    value = options.get("proxy")
    if not value:
        return defaults.proxy, auth or defaults.proxy_auth
    proxy, found = parse_proxy(value)
    if proxy == defaults.proxy:
        found = found or defaults.proxy_auth
    return proxy, auth or found


def _timeout(option: ClientTimeout | float | None, default: ClientTimeout) -> ClientTimeout:
    """Return what `timeout=` means: a number is a total and nothing else, None no limit at all."""
    if isinstance(option, ClientTimeout):
        return option
    return default if option is _UNSET else ClientTimeout(total=option)
