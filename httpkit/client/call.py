"""One call of a session: its request, the redirects that it leads to, and the response in the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict
from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.client.deprecated import request_options
from httpkit.client.options import OPTION_NAMES, BodyOptions, LooseHeaders, RequestOptions, Settings, StrOrURL, pairs
from httpkit.client.redirects import (
    REDIRECT_STATUSES,
    drop_body,
    drop_credentials,
    keeps_method,
    redirect_location,
    redirect_url,
    same_origin,
)
from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.state import SessionState
from httpkit.client.target import Target
from httpkit.errors import ClientPayloadError, TooManyRedirects
from httpkit.values import hdrs
from httpkit.values.abc import LooseCookies
from httpkit.values.cookies import filter_request_cookies
from httpkit.values.messages import HttpVersion11, Timing

if TYPE_CHECKING:  # 6 ms of import that nobody needs who doesn't trace
    from httpkit.client.tracing import Trace, TraceConfig


_PLAIN_OPTIONS = frozenset({"data", "headers", "json", "params"})


class Call:
    """A call on its way. What redirects change is kept here; what they don't is in `settings`."""

    # A call without options sets none of these.
    _headers: CIMultiDict[str] | None = None
    _body: Any = None
    _auth: BasicAuth | None = None
    _cookies: LooseCookies | None = None
    _history: tuple[ClientResponse, ...] = ()
    _own_headers: LooseHeaders | None = None
    _settings: Settings
    _target: Target
    _timing: Timing
    _deadline = 0.0
    _is_foreign = False
    _traces: Sequence[Trace] = ()
    _current: ClientRequest | None = None

    def __init__(self, state: SessionState, method: str, url: StrOrURL, options: RequestOptions | BodyOptions) -> None:
        self._state = state
        self._method = method
        self._url = url
        # One comparison in C; what is deprecated or misspelt is sorted out where it is called, not where it is awaited.
        if options and not options.keys() <= OPTION_NAMES:
            options = request_options(options, OPTION_NAMES)
        self._options = options

    async def run(self) -> ClientResponse:
        """Return the response that is not a redirect any more.

        Raises:
            RuntimeError: the session is closed.
            ClientError: whatever the request failed with.
            TimeoutError: its total time is over.
        """
        state = self._state
        if state.is_closed:
            raise RuntimeError("Session is closed")
        self._timing = Timing(monotonic())
        if self._options:
            self._take_options(self._options)
        else:
            self._settings = state.settings
            self._target = state.find_target(self._url)
        settings = self._settings
        if settings.timeout.total:
            self._deadline = self._timing.started + settings.timeout.total
        handler = state.handler if settings is state.settings else state.handler_for(settings)
        try:
            if state.trace_configs:
                await self._start_traces(state.trace_configs)
            response = await handler(self._request())
            while response.status in REDIRECT_STATUSES and settings.allow_redirects:
                location = redirect_location(response)
                if location is None:
                    break
                await self._follow(response, location)
                response = await handler(self._request())
            if settings.raise_for_status or self._traces:
                await self._end(response)
        except BaseException as error:
            await self._fail(error)
            raise
        current = self._current
        if current is not None and (current.payload is not None or current.upload_tracker is not None):
            await self._end_upload()
        return response

    async def _end_upload(self) -> None:
        """Close the body: nothing sends it again."""
        closing = None if self._current is None else self._current.end_body()
        if closing is not None:
            await closing
        if self._settings.upload_tracker is not None:
            self._settings.upload_tracker.finish()

    async def _fail(self, error: BaseException) -> None:
        """Give everything back, and tell the watchers."""
        current = self._current
        if current is not None and current.response is not None:
            current.response.close()
        await self._end_upload()
        if current is not None:
            await current.wait_upload()
        headers = CIMultiDict() if self._headers is None else self._headers
        for trace in self._traces:
            await trace.send_request_exception(self._method, self._target.url, headers, error)

    async def _end(self, response: ClientResponse) -> None:
        """Let whoever asked for it look at the response."""
        check = self._settings.raise_for_status
        if check:
            await _raise_for_status(response, check)
        for trace in self._traces:
            await trace.send_request_end(self._method, self._target.url, self._headers or CIMultiDict(), response)

    async def _start_traces(self, configs: list[TraceConfig]) -> None:
        """Tell the watchers that a request begins; they may change its fields."""
        state = self._state
        context = self._settings.trace_request_ctx
        self._traces = [config.watch(state.session, context) for config in configs]
        if self._headers is None:
            self._headers = state.merged_headers(None)
        for trace in self._traces:
            await trace.send_request_start(self._method, self._target.url, self._headers)

    def _take_options(self, options: RequestOptions | BodyOptions) -> None:
        state = self._state
        # Most calls with options name a body, fields or a query, and leave all the rest to the session.
        is_plain = options.keys() <= _PLAIN_OPTIONS
        self._settings = settings = state.settings if is_plain else Settings(state.defaults, options)
        if settings.upload_tracker is not None:
            settings.upload_tracker.bind()
        self._target = state.find_target(self._url, options.get("params"))
        self._body = state.body(options)
        self._auth = settings.auth
        self._cookies = settings.cookies
        self._own_headers = options.get("headers")
        if self._own_headers is not None:
            self._headers = state.merged_headers(self._own_headers)

    def _request(self) -> ClientRequest:
        """Return the request for where the call stands."""
        state, settings, target, headers = self._state, self._settings, self._target, self._headers
        auth = self._auth
        if auth is not None or target.auth is not None or state.auth is not None:
            auth = self._auth_for(target)
        cookies = None
        if self._cookies is not None or state.cookie_jar:
            cookies = self._cookies_for(target.url)
        if headers is None and (settings.skip_auto_headers or state.version != HttpVersion11):
            headers = state.headers
        if headers is None and target.headers is None:
            state.prepare(target)
        if settings is state.settings:
            request = state.request_class(
                self._method, target.original_url, headers=headers, data=self._body, cookies=cookies, auth=auth,
                version=state.version, loop=state.loop, session=state.session,
                skip_auto_headers=state.skip_auto_headers, target=None if headers else target, timing=self._timing,
            )  # fmt: skip
        else:
            request = state.request_class(
                self._method, target.original_url, headers=headers, data=self._body, cookies=cookies, auth=auth,
                version=state.version, loop=state.loop, session=state.session,
                skip_auto_headers=state.skip_auto_headers.union(settings.skip_auto_headers or ()),
                target=target if headers is None else None, timing=self._timing,
                compress=settings.compress, chunked=settings.chunked,
                expect100=settings.expect100 and not (self._history and self._body is None),
                ssl=settings.ssl, server_hostname=settings.server_hostname,
            )  # fmt: skip
            request.upload_tracker = settings.upload_tracker
        self._current = request
        request.settings = settings
        request.deadline = self._deadline
        request.history = self._history
        if self._traces:
            request.traces = self._traces
        return request

    def _auth_for(self, target: Target) -> BasicAuth | None:
        """Return the credentials for this hop: the caller's, the URL's, or the session's for its own origin.

        Raises:
            ValueError: two of them at once.
        """
        if self._auth is not None and target.auth is not None and not self._history:
            raise ValueError("Cannot combine AUTH argument with credentials encoded in URL")
        auth = self._auth or target.auth
        has_field = self._headers is not None and hdrs.AUTHORIZATION in self._headers
        if auth is not None and has_field and not self._history:
            raise ValueError("Cannot combine AUTHORIZATION header with AUTH argument or credentials encoded in URL")
        if auth is not None or has_field:
            return auth
        # Where a redirect led to another origin, only a session that says for which one its credentials are gives them.
        return None if self._is_foreign and self._state.base_url is None else self._state.auth_for(target.url)

    def _cookies_for(self, url: URL) -> LooseCookies:
        jar = self._state.cookie_jar
        cookies = jar.filter_cookies(url)
        if self._cookies is not None:
            cookies.update(filter_request_cookies(self._cookies, url, jar))
        return cookies

    async def _follow(self, response: ClientResponse, location: str) -> None:
        """Turn the call to where `response` points.

        Raises:
            TooManyRedirects: that is one too many.
            ClientPayloadError: the body must be sent again and can't be.
        """
        state, limit = self._state, self._settings.max_redirects
        for trace in self._traces:
            await trace.send_request_redirect(self._method, self._target.url, self._headers or CIMultiDict(), response)
        self._history = history = (*self._history, response)
        response.release()
        if limit and len(history) >= limit:
            raise TooManyRedirects(
                history[0].request_info,
                history,
                status=response.status,
                message=f"redirect {len(history)} of {limit} (max_redirects)",
                headers=response.headers,
            )
        before, request = self._target, response.request
        url = redirect_url(location, before.original_url, state.schemes, requote=state.requote_redirect_url)
        self._target = target = state.parse_target(url, None)
        headers = state.merged_headers(None) if self._headers is None else self._headers.copy()
        if keeps_method(response.status, self._method):
            await request.wait_upload()
            if request.payload is not None and request.payload.consumed:
                raise ClientPayloadError("cannot follow a redirect: the request body can be read only once")
            self._body = request.payload
        else:
            self._method = hdrs.METH_GET
            self._body = None
            await request.close()
            drop_body(headers)
        if not same_origin(before.url, target.url):
            self._auth = self._cookies = None
            self._is_foreign = True
            headers.pop(hdrs.HOST, None)
            drop_credentials(headers, own=CIMultiDict(pairs(self._own_headers)))
        self._headers = headers
        self._timing = Timing(monotonic())


async def _raise_for_status(
    response: ClientResponse, check: bool | Callable[[ClientResponse], Awaitable[None]]
) -> None:
    try:
        if check is True:
            response.raise_for_status()
        elif callable(check):
            await check(response)
    except BaseException:
        response.close()
        raise
