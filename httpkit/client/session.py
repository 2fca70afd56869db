"""The session: defaults, cookies and a pool for many requests."""

from __future__ import annotations

import asyncio
import json as json_module
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

from multidict import CIMultiDict, getversion, istr
from yarl import URL, Query

from httpkit.client.auth import BasicAuth
from httpkit.client.call import Call, Handler, Middleware
from httpkit.client.context import RequestContextManager
from httpkit.client.options import (
    BodyOptions, Defaults, LooseHeaders, RedirectOptions, RequestOptions, Settings, StrOrURL, pairs
)
from httpkit.client.payload import JsonBytesPayload, JsonPayload
from httpkit.client.request import ClientRequest, Target
from httpkit.client.response import CharsetResolver, ClientResponse, detect_charset
from httpkit.client.sending import Sender
from httpkit.errors import InvalidUrlClientError, NonHttpUrlClientError
from httpkit.net.body import DEFAULT_LIMIT
from httpkit.net.connectors import TCPConnector
from httpkit.net.pool import BaseConnector
from httpkit.values import hdrs
from httpkit.values.abc import AbstractCookieJar, LooseCookies
from httpkit.values.cookies import CookieJar
from httpkit.values.messages import DEFAULT_TIMEOUT, ClientTimeout, HttpVersion, HttpVersion11, Timing
from httpkit.wire.http1 import MAX_FIELD_SIZE, MAX_HEADERS, MAX_LINE_SIZE, ResponseHead

# URLs whose parse is remembered; a program asks for a few, or for each of many once.
MAX_TARGETS = 256


class ClientSession:
    """Sends requests. Make one for a program, inside a running event loop, and close it in the end.

    Args:
        base_url: what relative URLs are joined with; its path ends with a slash.
        connector: the pool; a `TCPConnector` of its own by default.
        cookies: cookies for every host.
        headers: default fields.
        auth: credentials for the origin of `base_url`, or for any without one.
        json_serialize: object -> text, for `json=`.
        json_serialize_bytes: object -> bytes; wins over `json_serialize`.
        raise_for_status: raise for 400 and more; or an async callable that looks at each response.
        timeout: how long a request may take; `ClientTimeout(total=300, sock_connect=30)` by default.
        auto_decompress: decode gzip, deflate, br and zstd.
        trust_env: take proxies from the environment and credentials from netrc.
        requote_redirect_url: normalise redirect targets; False keeps them as they were sent.
        read_bufsize: bytes of a body that are received ahead of the reader, before the socket rests at twice that.
        max_line_size, max_field_size, max_headers: limits of a response's head.
        max_body_size: bytes that `read()`, `text()` and `json()` accept; None for any number.
        fallback_charset_resolver: (response, body) -> charset where Content-Type names none; None is UTF-8.
        middlewares: stand between a request and the network, the first outermost.
        on_informational: called with each interim response.
        retry_connection: send an idempotent request once more where the connection fails under it.
    """

    ATTRS = frozenset[str]()
    _closed = True  # until the constructor is done

    def __init__(
        self,
        base_url: StrOrURL | None = None,
        *,
        connector: BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        cookies: LooseCookies | None = None,
        headers: LooseHeaders | None = None,
        proxy: StrOrURL | None = None,
        proxy_auth: BasicAuth | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        auth: BasicAuth | None = None,
        json_serialize: Callable[[Any], str] = json_module.dumps,
        json_serialize_bytes: Callable[[Any], bytes] | None = None,
        request_class: type[ClientRequest] = ClientRequest,
        response_class: type[ClientResponse] = ClientResponse,
        version: HttpVersion = HttpVersion11,
        cookie_jar: AbstractCookieJar | None = None,
        connector_owner: bool = True,
        raise_for_status: bool | Callable[[ClientResponse], Awaitable[None]] = False,
        timeout: ClientTimeout | None = None,
        auto_decompress: bool = True,
        trust_env: bool = False,
        requote_redirect_url: bool = True,
        trace_configs: Sequence[Any] | None = None,
        read_bufsize: int = DEFAULT_LIMIT,
        max_line_size: int = MAX_LINE_SIZE,
        max_field_size: int = MAX_FIELD_SIZE,
        max_headers: int = MAX_HEADERS,
        max_body_size: int | None = None,
        fallback_charset_resolver: CharsetResolver | None = detect_charset,
        middlewares: Sequence[Middleware] = (),
        on_informational: Callable[[ResponseHead], None] | None = None,
        retry_connection: bool = True,
    ) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._base_url = _checked_base_url(base_url)
        if timeout is not None and not isinstance(timeout, ClientTimeout):
            raise ValueError(f"timeout parameter cannot be of {type(timeout)} type, please use 'timeout=ClientTimeout(...)'")
        self._defaults = Defaults(
            raise_for_status=raise_for_status,
            proxy=proxy,
            proxy_auth=proxy_auth,
            timeout=timeout or DEFAULT_TIMEOUT,
            read_bufsize=read_bufsize,
            auto_decompress=auto_decompress,
            limits=(max_line_size, max_field_size, max_headers),
            middlewares=tuple(middlewares),
            max_body_size=max_body_size,
            on_informational=on_informational,
            fallback_charset_resolver=fallback_charset_resolver,
        )
        self._settings = Settings(self._defaults, {})
        self._connector: BaseConnector | None = TCPConnector(loop=self._loop) if connector is None else connector
        if self._connector.loop is not self._loop:
            raise RuntimeError("Session and connector have to use same event loop")
        self._connector_owner = connector_owner
        self._cookie_jar = CookieJar() if cookie_jar is None else cookie_jar
        if cookies is not None:
            self._cookie_jar.update_cookies(cookies)
        self._headers: CIMultiDict[str] = CIMultiDict(pairs(headers))
        self._skip_auto_headers = frozenset(istr(name) for name in skip_auto_headers or ())
        self._auth = auth
        self._json_serialize = json_serialize
        self._json_serialize_bytes = json_serialize_bytes
        self._request_class = request_class
        self._version = version
        self._trust_env = trust_env
        self._trace_configs = list(trace_configs or ())
        self._requote_redirect_url = requote_redirect_url
        self._schemes = self._connector.allowed_protocol_schema_set
        sender = Sender(self._connector, self._cookie_jar, response_class, retry_connection=retry_connection)
        self._send: Handler = sender.send
        self._handler = chain(self._send, self._defaults.middlewares)
        self._targets: dict[str, Target] = {}
        self._targets_version = getversion(self._headers)
        self._closed = False

    def __del__(self, _warnings: Any = warnings) -> None:
        if self._closed:
            return
        _warnings.warn(f"Unclosed client session {self!r}", ResourceWarning, source=self, stacklevel=1)
        if not self._loop.is_closed():
            self._loop.call_exception_handler({"client_session": self, "message": "Unclosed client session"})

    def __enter__(self) -> None:
        raise TypeError("Use async with instead")

    def __exit__(self, *_: object) -> None:
        """Never called: entering raises."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # -- requests -----------------------------------------------------------------------------------------------

    def request(self, method: str, url: StrOrURL, **options: Unpack[RequestOptions]) -> RequestContextManager:
        """Send a request.

        Raises:
            ClientError: when awaited: no connection, no answer, or a malformed one.
            TimeoutError: when awaited: the total time is over.
        """
        return RequestContextManager(self._request(method, url, options))

    def get(
        self, url: StrOrURL, *, allow_redirects: bool = True, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send a GET request."""
        return self._redirecting(hdrs.METH_GET, url, allow_redirects, options)

    def options(
        self, url: StrOrURL, *, allow_redirects: bool = True, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send an OPTIONS request."""
        return self._redirecting(hdrs.METH_OPTIONS, url, allow_redirects, options)

    def head(
        self, url: StrOrURL, *, allow_redirects: bool = False, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send a HEAD request; redirects are not followed unless asked for."""
        return self._redirecting(hdrs.METH_HEAD, url, allow_redirects, options)

    def post(self, url: StrOrURL, *, data: Any = None, **options: Unpack[RedirectOptions]) -> RequestContextManager:
        """Send a POST request."""
        return self.request(hdrs.METH_POST, url, data=data, **options)

    def put(self, url: StrOrURL, *, data: Any = None, **options: Unpack[RedirectOptions]) -> RequestContextManager:
        """Send a PUT request."""
        return self.request(hdrs.METH_PUT, url, data=data, **options)

    def patch(self, url: StrOrURL, *, data: Any = None, **options: Unpack[RedirectOptions]) -> RequestContextManager:
        """Send a PATCH request."""
        return self.request(hdrs.METH_PATCH, url, data=data, **options)

    def delete(self, url: StrOrURL, **options: Unpack[RequestOptions]) -> RequestContextManager:
        """Send a DELETE request."""
        return self.request(hdrs.METH_DELETE, url, **options)

    def _redirecting(
        self, method: str, url: StrOrURL, allow_redirects: bool, options: BodyOptions
    ) -> RequestContextManager:
        if not allow_redirects:
            return self.request(method, url, allow_redirects=False, **options)
        return RequestContextManager(self._request(method, url, options))

    async def _request(self, method: str, url: StrOrURL, options: RequestOptions | BodyOptions) -> ClientResponse:
        if self._closed:
            raise RuntimeError("Session is closed")
        timing = Timing(self._loop.time())
        if not options:
            return await Call(self, method, self._find_target(url), self._settings, None, timing).run()
        settings = Settings(self._defaults, options)
        target = self._find_target(url, options.get("params"))
        return await Call(self, method, target, settings, self._body(options), timing).run()

    def _body(self, options: RequestOptions | BodyOptions) -> Any:
        """Return what `data` and `json` come to.

        Raises:
            ValueError: both are given.
        """
        data, json = options.get("data"), options.get("json")
        if json is None:
            return data
        if data is not None:
            raise ValueError("data and json parameters can not be used at the same time")
        if self._json_serialize_bytes is not None:
            return JsonBytesPayload(json, dumps=self._json_serialize_bytes)
        return JsonPayload(json, dumps=self._json_serialize)

    def _find_target(self, url: StrOrURL, params: Query = None) -> Target:
        """Return `url` resolved and parsed, from memory where it was asked for before."""
        if type(url) is str and not params:
            found = self._targets.get(url)
            if found is not None and self._targets_version == getversion(self._headers):
                return found
        try:
            resolved = URL(url) if isinstance(url, str) else url
            if self._base_url is not None and not resolved.absolute:
                resolved = self._base_url.join(resolved)
            if params:
                resolved = resolved.extend_query(params)
        except ValueError as error:
            raise InvalidUrlClientError(url) from error
        target = self.target(resolved)
        if type(url) is str and not params:
            if self._targets_version != getversion(self._headers) or len(self._targets) >= MAX_TARGETS:
                self._targets_version = getversion(self._headers)
                self._targets.clear()
            self._targets[url] = target
        return target

    # -- what a call asks ---------------------------------------------------------------------------------------

    @property
    def schemes(self) -> frozenset[str]:
        """The URL schemes that the connector speaks."""
        return self._schemes

    def target(self, url: URL) -> Target:
        """Return `url` parsed.

        Raises:
            InvalidUrlClientError: it names no host.
            NonHttpUrlClientError: the connector doesn't speak its scheme.
        """
        if url.scheme not in self._schemes:
            raise NonHttpUrlClientError(url)
        if not url.raw_host:
            raise InvalidUrlClientError(url)
        return Target(url)

    def merged_headers(self, headers: LooseHeaders | None) -> CIMultiDict[str]:
        """Return the session's default fields with `headers` over them: a name replaces, its repeats stay."""
        merged = self._headers.copy()
        own: CIMultiDict[str] = CIMultiDict(pairs(headers))
        for name in set(own):
            merged.popall(name, None)
        merged.extend(own)
        return merged

    def default_auth(self, url: URL) -> BasicAuth | None:
        """Return the session's credentials, where they are meant for the origin of `url`."""
        if self._auth is None or (self._base_url is not None and self._base_url.origin() != url.origin()):
            return None
        return self._auth

    def handler(self, settings: Settings) -> Handler:
        """Return what answers a request."""
        if settings.middlewares is self._defaults.middlewares:
            return self._handler
        return chain(self._send, settings.middlewares)

    def make_request(
        self,
        method: str,
        target: Target,
        settings: Settings,
        *,
        headers: CIMultiDict[str] | None,
        data: Any,
        cookies: LooseCookies | None,
        auth: BasicAuth | None,
        timing: Timing,
    ) -> ClientRequest:
        """Return a request for `target`; without `headers` it has the session's, which the target has ready."""
        skipped: Iterable[str] = self._skip_auto_headers
        if headers is not None or settings.skip_auto_headers or self._version != HttpVersion11:
            skipped = (*skipped, *(settings.skip_auto_headers or ()))
            headers = self._headers if headers is None else headers
        elif target.headers is None:
            target.headers = self._request_class(
                hdrs.METH_GET, target.url, headers=self._headers, skip_auto_headers=skipped, loop=self._loop
            ).headers
        request = self._request_class(
            method,
            target.original_url,
            headers=headers,
            skip_auto_headers=skipped,
            data=data,
            cookies=cookies,
            auth=auth,
            version=self._version,
            compress=settings.compress,
            chunked=settings.chunked,
            expect100=settings.expect100,
            loop=self._loop,
            session=self,
            ssl=settings.ssl,
            server_hostname=settings.server_hostname,
            target=target if headers is None else None,
            timing=timing,
        )
        request.settings = settings
        return request

    # -- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Close the session, and its connector if it owns it."""
        if not self._closed:
            self._closed = True
            connector, self._connector = self._connector, None
            if connector is not None and self._connector_owner:
                await connector.close()

    def detach(self) -> None:
        """Let go of the connector without closing it; the session is closed then."""
        self._closed = True
        self._connector = None

    # -- facts --------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the session is closed."""
        return self._closed

    @property
    def connector(self) -> BaseConnector | None:
        """The pool; None once the session is closed."""
        return self._connector

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        """The cookies that requests carry."""
        return self._cookie_jar

    @property
    def version(self) -> HttpVersion:
        """The HTTP version of requests."""
        return self._version

    @property
    def requote_redirect_url(self) -> bool:
        """Whether redirect targets are normalised."""
        return self._requote_redirect_url

    @property
    def timeout(self) -> ClientTimeout:
        """How long a request may take."""
        return self._defaults.timeout

    @property
    def headers(self) -> CIMultiDict[str]:
        """The default fields; changes are seen by the next request."""
        return self._headers

    @property
    def skip_auto_headers(self) -> frozenset[istr]:
        """The fields that are not filled in."""
        return self._skip_auto_headers

    @property
    def auth(self) -> BasicAuth | None:
        """The session's credentials."""
        return self._auth

    @property
    def json_serialize(self) -> Callable[[Any], str]:
        """What turns `json=` into text."""
        return self._json_serialize

    @property
    def connector_owner(self) -> bool:
        """Whether closing the session closes the connector."""
        return self._connector_owner

    @property
    def raise_for_status(self) -> bool | Callable[[ClientResponse], Awaitable[None]]:
        """Whether 400 and more raise, or what looks at each response."""
        return self._defaults.raise_for_status

    @property
    def auto_decompress(self) -> bool:
        """Whether bodies are decoded from their content coding."""
        return self._defaults.auto_decompress

    @property
    def trust_env(self) -> bool:
        """Whether proxies and credentials come from the environment."""
        return self._trust_env

    @property
    def trace_configs(self) -> list[Any]:
        """Who watches every request."""
        return self._trace_configs


def chain(handler: Handler, middlewares: Sequence[Middleware]) -> Handler:
    """Return what passes a request through `middlewares`, the first outermost, to `handler`."""
    for middleware in reversed(middlewares):
        handler = partial(middleware, handler=handler)
    return handler


def _checked_base_url(base_url: StrOrURL | None) -> URL | None:
    """Return the base as a URL.

    Raises:
        ValueError: it is not absolute, or its path doesn't end with a slash.
    """
    if base_url is None:
        return None
    url = URL(base_url)
    if not url.absolute:
        raise ValueError("Only absolute URLs are supported as base_url")
    if not url.path.endswith("/"):
        raise ValueError("base_url must have a trailing '/'")
    return url
