"""What a session knows: its defaults, and the URLs, fields and handlers that it has worked out from them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict, getversion, istr
from yarl import URL, Query

from httpkit.client.auth import BasicAuth
from httpkit.client.options import BodyOptions, Defaults, LooseHeaders, RequestOptions, Settings, StrOrURL, pairs
from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.target import Target
from httpkit.errors import InvalidUrlClientError, NonHttpUrlClientError
from httpkit.values import hdrs
from httpkit.values.abc import AbstractCookieJar
from httpkit.values.messages import HttpVersion

if TYPE_CHECKING:  # 6 ms of import that nobody needs who doesn't trace
    from httpkit.client.tracing import TraceConfig

Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]
"""Answers a request: the network, or a middleware in front of it."""

Middleware = Callable[[ClientRequest, Handler], Awaitable[ClientResponse]]
"""Answers a request, by calling on or by itself."""

# URLs whose parse is remembered; a program asks for a few, or for each of many once.
MAX_TARGETS = 256


@dataclass(eq=False)
class SessionState:
    """A session's state, without its face.

    Attributes:
        session: the face, for those who ask a request for its session.
        send: the innermost handler.
        handler: what answers a request that brings no middlewares of its own.
        settings: the options of a call that has none.
        schemes: the URL schemes that the connector speaks.
        uses_proxies: whether the connector can go through one.
        ws_response_class: what `ws_connect` gives; None is `ClientWebSocketResponse`.
    """

    loop: asyncio.AbstractEventLoop
    session: Any
    defaults: Defaults
    settings: Settings
    send: Handler
    schemes: frozenset[str]
    uses_proxies: bool
    base_url: URL | None
    headers: CIMultiDict[str]
    skip_auto_headers: frozenset[istr]
    auth: BasicAuth | None
    cookie_jar: AbstractCookieJar
    json_serialize: Callable[[Any], str]
    json_serialize_bytes: Callable[[Any], bytes] | None
    request_class: type[ClientRequest]
    version: HttpVersion
    requote_redirect_url: bool
    trace_configs: list[TraceConfig]
    ws_response_class: type[Any] | None
    is_closed: bool = False
    handler: Handler = field(init=False)
    _targets: dict[str, Target] = field(default_factory=dict)
    _targets_version: int = -1

    def __post_init__(self) -> None:
        self.handler = self._make_handler(self.settings)

    # -- URLs ---------------------------------------------------------------------------------------------------

    def find_target(self, url: StrOrURL, params: Query = None) -> Target:
        """Return `url` with `params`, joined with the base and parsed; from memory where it was asked for before.

        Raises:
            InvalidUrlClientError: it can't be parsed, or names no host.
            NonHttpUrlClientError: the connector doesn't speak its scheme.
        """
        version = getversion(self.headers)  # type: ignore[arg-type]  # the stub takes MultiDict[object] only
        if version != self._targets_version:
            # The session's fields were changed, and every target has them ready.
            self._targets.clear()
            self._targets_version = version
        if type(url) is not str or params:
            return self.parse_target(url, params)
        target = self._targets.get(url)
        if target is None:
            target = self.parse_target(url, None)
            if len(self._targets) >= MAX_TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target

    def parse_target(self, url: StrOrURL, params: Query) -> Target:
        """Return what `find_target` does, always worked out."""
        try:
            parsed = url if isinstance(url, URL) else URL(url)
            if self.base_url is not None and not parsed.absolute:
                parsed = self.base_url.join(parsed)
            if params:
                parsed = parsed.extend_query(params)
            return self._target(parsed)
        except InvalidUrlClientError:
            raise
        except ValueError as error:
            raise InvalidUrlClientError(url, str(error)) from error

    def _target(self, url: URL) -> Target:
        if url.scheme not in self.schemes:
            raise NonHttpUrlClientError(url)
        # "//host/" has a host and no scheme: nobody can say which port is meant.
        if not url.raw_host or not url.scheme:
            raise InvalidUrlClientError(url)
        return Target(url)

    # -- requests -----------------------------------------------------------------------------------------------

    def merged_headers(self, headers: LooseHeaders | None) -> CIMultiDict[str]:
        """Return the default fields with `headers` over them: a name replaces, its repeats stay."""
        merged = self.headers.copy()
        own: CIMultiDict[str] = CIMultiDict(pairs(headers))
        for name in set(own):
            merged.popall(name, None)
        merged.extend(own)
        return merged

    def auth_for(self, url: URL) -> BasicAuth | None:
        """Return the session's credentials, where they are meant for the origin of `url`."""
        if self.auth is None or (self.base_url is not None and self.base_url.origin() != url.origin()):
            return None
        return self.auth

    def handler_for(self, settings: Settings) -> Handler:
        """Return what answers a request with `settings`."""
        if settings.middlewares is self.defaults.middlewares and settings.is_direct is self.settings.is_direct:
            return self.handler
        return self._make_handler(settings)

    def _make_handler(self, settings: Settings) -> Handler:
        handler = chain(self.send, settings.middlewares)
        if not settings.is_direct:
            from httpkit.client.routing import routed  # noqa: PLC0415 - few requests go through a proxy or read netrc

            handler = routed(handler, uses_proxies=self.uses_proxies)
        return handler if handler is self.send else _limited(handler)

    def body(self, options: RequestOptions | BodyOptions) -> Any:
        """Return what `data` and `json` come to.

        Raises:
            ValueError: both are given.
        """
        data, json = options.get("data"), options.get("json")
        if json is None:
            return data
        if data is not None:
            raise ValueError("data and json parameters can not be used at the same time")
        from httpkit.client.payload import JsonBytesPayload, JsonPayload  # noqa: PLC0415 - for requests with a body only

        if self.json_serialize_bytes is not None:
            return JsonBytesPayload(json, dumps=self.json_serialize_bytes)
        return JsonPayload(json, dumps=self.json_serialize)

    def prepare(self, target: Target) -> None:
        """Give `target` the fields of a request that was told nothing."""
        target.headers = self.request_class(
            hdrs.METH_GET,
            target.url,
            headers=self.headers,
            skip_auto_headers=self.skip_auto_headers,
            loop=self.loop,
        ).headers


def chain(handler: Handler, middlewares: Sequence[Middleware]) -> Handler:
    """Return what passes a request through `middlewares`, the first outermost, to `handler`."""
    for middleware in reversed(middlewares):
        handler = _behind(middleware, handler)
    return handler


def _behind(middleware: Middleware, handler: Handler) -> Handler:
    return lambda request: middleware(request, handler)


def _limited(handler: Handler) -> Handler:
    """Return `handler`, ended when the request's total time is over: a middleware may wait for anything."""

    async def answer(request: ClientRequest) -> ClientResponse:
        if not request.deadline or request.settings is None:
            return await handler(request)
        timeout = request.settings.timeout
        limit = timeout.total or 0.0
        when = ceil(request.deadline) if limit > timeout.ceil_threshold else request.deadline
        try:
            async with asyncio.timeout_at(when) as timer:
                return await handler(request)
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise TimeoutError(f"no response within {limit:g} s (ClientTimeout.total)") from error

    return answer
