"""The session: defaults, cookies and a pool for many requests."""

from __future__ import annotations

import asyncio
import json as json_module
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from inspect import signature
from traceback import StackSummary, walk_stack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from multidict import CIMultiDict, istr
from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.client.call import Call
from httpkit.client.context import RequestContextManager
from httpkit.client.deprecated import SessionOptions, session_options
from httpkit.client.options import (
    BodyOptions,
    Defaults,
    LooseHeaders,
    RedirectOptions,
    RequestOptions,
    Settings,
    StrOrURL,
    pairs,
)
from httpkit.client.proxies import parse_proxy
from httpkit.client.request import ClientRequest
from httpkit.client.response import CharsetResolver, ClientResponse, detect_charset
from httpkit.client.sending import Sender
from httpkit.client.state import Middleware, SessionState
from httpkit.client.stream_options import EventOptions, ReconnectOptions, WebSocketOptions
from httpkit.net.body import DEFAULT_LIMIT
from httpkit.net.connectors import TCPConnector
from httpkit.net.pool import BaseConnector
from httpkit.values import hdrs
from httpkit.values.abc import AbstractCookieJar, LooseCookies
from httpkit.values.cookies import CookieJar
from httpkit.values.deprecation import warn
from httpkit.values.messages import DEFAULT_TIMEOUT, ClientTimeout, HttpVersion, HttpVersion11
from httpkit.wire.http1 import MAX_FIELD_SIZE, MAX_HEADERS, MAX_LINE_SIZE, ResponseHead

if TYPE_CHECKING:  # imported when they are asked for: 6 ms for tracing, as much for streams
    from httpkit.client.backoff import Backoff
    from httpkit.client.events import EventSource
    from httpkit.client.reconnect import WebSocketReconnect
    from httpkit.client.tracing import TraceConfig
    from httpkit.client.upgrade import WebSocketContextManager
    from httpkit.client.websocket import ClientWebSocketResponse

# Frames that are kept of where an unclosed session was made, in asyncio's debug mode.
DEBUG_STACK_DEPTH = 10


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
        ws_response_class: what `ws_connect` gives, a subclass of `ClientWebSocketResponse`; None is that class itself.
        on_informational: called with each interim response.
        retry_connection: send an idempotent request once more where the connection fails under it.
        deprecated: `loop`, `read_timeout`, `conn_timeout` and `ssl_shutdown_timeout`.
    """

    ATTRS = frozenset({"_connector", "_connector_owner", "_source_traceback", "_state"})
    """The attributes that a session sets on itself; a subclass may set others."""

    _state: SessionState
    _source_traceback: StackSummary | None = None

    def __init__(
        self,
        base_url: StrOrURL | None = None,
        *,
        connector: BaseConnector | None = None,
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
        ws_response_class: type[ClientWebSocketResponse] | None = None,
        version: HttpVersion = HttpVersion11,
        cookie_jar: AbstractCookieJar | None = None,
        connector_owner: bool = True,
        raise_for_status: bool | Callable[[ClientResponse], Awaitable[None]] = False,
        timeout: ClientTimeout | None = None,
        auto_decompress: bool = True,
        trust_env: bool = False,
        requote_redirect_url: bool = True,
        trace_configs: Sequence[TraceConfig] | None = None,
        read_bufsize: int = DEFAULT_LIMIT,
        max_line_size: int = MAX_LINE_SIZE,
        max_field_size: int = MAX_FIELD_SIZE,
        max_headers: int = MAX_HEADERS,
        max_body_size: int | None = None,
        fallback_charset_resolver: CharsetResolver | None = detect_charset,
        middlewares: Sequence[Middleware] = (),
        on_informational: Callable[[ResponseHead], None] | None = None,
        retry_connection: bool = True,
        **deprecated: Unpack[SessionOptions],
    ) -> None:
        loop = None
        if deprecated:
            loop, timeout = session_options(deprecated, timeout, frozenset(signature(ClientSession).parameters))
        loop = loop or _find_loop(connector)
        if timeout is not None and not isinstance(timeout, ClientTimeout):
            raise ValueError(
                f"timeout parameter cannot be of {type(timeout)} type, please use 'timeout=ClientTimeout(...)'"
            )
        found_proxy, found_auth = parse_proxy(proxy) if proxy else (None, None)
        defaults = Defaults(
            raise_for_status=raise_for_status,
            proxy=found_proxy,
            proxy_auth=proxy_auth or found_auth,
            trust_env=trust_env,
            timeout=timeout or DEFAULT_TIMEOUT,
            read_bufsize=read_bufsize,
            auto_decompress=auto_decompress,
            limits=(max_line_size, max_field_size, max_headers),
            middlewares=tuple(middlewares),
            max_body_size=max_body_size,
            on_informational=on_informational,
            fallback_charset_resolver=fallback_charset_resolver,
        )
        self._connector: BaseConnector | None = TCPConnector(loop=loop) if connector is None else connector
        if self._connector.loop is not loop:
            raise RuntimeError("Session and connector have to use same event loop")
        if loop.get_debug():
            self._source_traceback = StackSummary.extract(walk_stack(None), limit=DEBUG_STACK_DEPTH)
            self._source_traceback.reverse()
        self._connector_owner = connector_owner
        jar = CookieJar() if cookie_jar is None else cookie_jar
        if cookies is not None:
            jar.update_cookies(cookies)
        sender = Sender(self._connector, jar, response_class, retry_connection=retry_connection)
        traces = list(trace_configs or ())
        for trace in traces:
            trace.freeze()
        self._state = SessionState(
            loop=loop,
            session=self,
            defaults=defaults,
            settings=Settings(defaults, {}),
            send=sender.send,
            schemes=self._connector.allowed_protocol_schema_set,
            uses_proxies=self._connector.uses_proxies,
            base_url=_checked_base_url(base_url),
            headers=CIMultiDict(pairs(headers)),
            skip_auto_headers=frozenset(istr(name) for name in skip_auto_headers or ()),
            auth=auth,
            cookie_jar=jar,
            json_serialize=json_serialize,
            json_serialize_bytes=json_serialize_bytes,
            request_class=request_class,
            version=version,
            requote_redirect_url=requote_redirect_url,
            trace_configs=traces,
            ws_response_class=ws_response_class,
        )

    def __del__(self, _warnings: Any = warnings) -> None:
        if "_state" not in self.__dict__ or self.closed:
            return
        _warnings.warn(f"Unclosed client session {self!r}", ResourceWarning, source=self, stacklevel=1)
        if not self._state.loop.is_closed():
            context = {"client_session": self, "message": "Unclosed client session"}
            if self._source_traceback is not None:
                context["source_traceback"] = self._source_traceback
            self._state.loop.call_exception_handler(context)
            if self._connector is not None and self._connector_owner:
                # The sockets keep the connector alive. Garbage may be collected in any thread.
                self._state.loop.call_soon_threadsafe(self._connector.close)

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
        return RequestContextManager(Call(self._state, method, url, options).run())

    def get(
        self, url: StrOrURL, *, allow_redirects: bool = True, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send a GET request."""
        if not allow_redirects:
            return self.request(hdrs.METH_GET, url, allow_redirects=False, **options)
        return RequestContextManager(Call(self._state, hdrs.METH_GET, url, options).run())

    def options(
        self, url: StrOrURL, *, allow_redirects: bool = True, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send an OPTIONS request."""
        return self.request(hdrs.METH_OPTIONS, url, allow_redirects=allow_redirects, **options)

    def head(
        self, url: StrOrURL, *, allow_redirects: bool = False, **options: Unpack[BodyOptions]
    ) -> RequestContextManager:
        """Send a HEAD request; redirects are not followed unless asked for."""
        return self.request(hdrs.METH_HEAD, url, allow_redirects=allow_redirects, **options)

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

    # -- streams ------------------------------------------------------------------------------------------------

    def ws_connect(self, url: StrOrURL, **options: Unpack[WebSocketOptions]) -> WebSocketContextManager:
        """Open a WebSocket; `async with` closes it.

        Raises:
            TypeError: there is no option of such a name.
            WSServerHandshakeError: when awaited: the server did not accept the handshake.
            ClientError: when awaited: whatever else the handshake failed with.
        """
        from httpkit.client.upgrade import WebSocketContextManager, checked, connect  # noqa: PLC0415 - for WebSockets only

        return WebSocketContextManager(connect(self._state, url, checked(options)))

    def ws_reconnect(
        self, url: StrOrURL, *, backoff: Backoff | None = None, **options: Unpack[ReconnectOptions]
    ) -> WebSocketReconnect:
        """Iterate over WebSockets to `url`: whenever one ends, the next is opened, after a pause that grows.

        `options` are those of `ws_connect`, and `is_final` and `should_retry` of `WebSocketReconnect`.
        """
        from httpkit.client.reconnect import WebSocketReconnect  # noqa: PLC0415 - for WebSockets only

        return WebSocketReconnect(self._state, url, backoff, options)

    def sse(self, url: StrOrURL, **options: Unpack[EventOptions]) -> EventSource:
        """Iterate over the events of a `text/event-stream`; it connects when it is entered or iterated over.

        `options` are those of `request`, and those of `EventOptions`.
        """
        from httpkit.client.events import EventSource  # noqa: PLC0415 - for event streams only

        return EventSource(self._state, url, options)

    # -- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Close the session, and its connector if it owns it."""
        connector = self._connector
        self.detach()
        if connector is not None and self._connector_owner:
            await connector.close()

    def detach(self) -> None:
        """Let go of the connector without closing it; the session is closed then."""
        self._state.is_closed = True
        self._connector = None

    # -- facts --------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the session is closed."""
        return self._state.is_closed

    @property
    def connector(self) -> BaseConnector | None:
        """The pool; None once the session is closed."""
        return self._connector

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        """The cookies that requests carry."""
        return self._state.cookie_jar

    @property
    def version(self) -> HttpVersion:
        """The HTTP version of requests."""
        return self._state.version

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop; deprecated."""
        warn("client.loop property is deprecated")
        return self._state.loop

    @property
    def requote_redirect_url(self) -> bool:
        """Whether redirect targets are normalised; changing it is deprecated."""
        return self._state.requote_redirect_url

    @requote_redirect_url.setter
    def requote_redirect_url(self, value: bool) -> None:
        warn("setting requote_redirect_url is deprecated, pass it to ClientSession()")
        self._state.requote_redirect_url = value

    @property
    def timeout(self) -> ClientTimeout:
        """How long a request may take."""
        return self._state.defaults.timeout

    @property
    def headers(self) -> CIMultiDict[str]:
        """The default fields; changes are seen by the next request."""
        return self._state.headers

    @property
    def skip_auto_headers(self) -> frozenset[istr]:
        """The fields that are not filled in."""
        return self._state.skip_auto_headers

    @property
    def auth(self) -> BasicAuth | None:
        """The session's credentials."""
        return self._state.auth

    @property
    def json_serialize(self) -> Callable[[Any], str]:
        """What turns `json=` into text."""
        return self._state.json_serialize

    @property
    def connector_owner(self) -> bool:
        """Whether closing the session closes the connector."""
        return self._connector_owner

    @property
    def raise_for_status(self) -> bool | Callable[[ClientResponse], Awaitable[None]]:
        """Whether 400 and more raise, or what looks at each response."""
        return self._state.defaults.raise_for_status

    @property
    def auto_decompress(self) -> bool:
        """Whether bodies are decoded from their content coding."""
        return self._state.defaults.auto_decompress

    @property
    def trust_env(self) -> bool:
        """Whether proxies and credentials come from the environment."""
        return self._state.defaults.trust_env

    @property
    def trace_configs(self) -> list[TraceConfig]:
        """Who watches every request."""
        return self._state.trace_configs


def _find_loop(connector: BaseConnector | None) -> asyncio.AbstractEventLoop:
    """Return the running loop; where none runs, that of the connector.

    Raises:
        RuntimeError: there is no connector either.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        if connector is None:
            raise
        return connector.loop


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
