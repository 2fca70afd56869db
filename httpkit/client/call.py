"""One call of a session: its request, the redirects that it leads to, and the response in the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from multidict import CIMultiDict
from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.client.options import LooseHeaders, Settings, pairs
from httpkit.client.redirects import drop_body, drop_credentials, keeps_method, redirect_location, redirect_url, same_origin
from httpkit.client.request import ClientRequest, Target
from httpkit.client.response import ClientResponse
from httpkit.errors import ClientPayloadError, TooManyRedirects
from httpkit.values import hdrs
from httpkit.values.abc import AbstractCookieJar, LooseCookies
from httpkit.values.cookies import filter_request_cookies
from httpkit.values.messages import Timing

Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]
"""Answers a request: the network, or a middleware in front of it."""

Middleware = Callable[[ClientRequest, Handler], Awaitable[ClientResponse]]
"""Answers a request, by calling on or by itself."""


class Session(Protocol):
    """What a call asks of its session."""

    @property
    def schemes(self) -> frozenset[str]:
        """The URL schemes that the connector speaks."""

    @property
    def requote_redirect_url(self) -> bool:
        """Whether redirect targets are normalised."""

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        """The cookies that requests carry."""

    def target(self, url: URL) -> Target:
        """Return `url` parsed.

        Raises:
            InvalidUrlClientError: it names no host.
            NonHttpUrlClientError: the connector doesn't speak its scheme.
        """

    def merged_headers(self, headers: LooseHeaders | None) -> CIMultiDict[str]:
        """Return the session's default fields with `headers` over them."""

    def make_request(self, method: str, target: Target, settings: Settings, *, headers: CIMultiDict[str] | None, data: Any, cookies: LooseCookies | None, auth: BasicAuth | None, timing: Timing) -> ClientRequest:
        """Return a request for `target`."""

    def default_auth(self, url: URL) -> BasicAuth | None:
        """Return the session's credentials, where they are meant for the origin of `url`."""

    def handler(self, settings: Settings) -> Handler:
        """Return what answers a request."""


class Call:
    """A call on its way. What redirects change is kept here; what they don't is in `settings`."""

    __slots__ = (
        "_auth", "_body", "_cookies", "_deadline", "_headers", "_history", "_method", "_session", "_settings",
        "_target", "_timing",
    )  # fmt: skip

    def __init__(
        self, session: Session, method: str, target: Target, settings: Settings, body: Any, timing: Timing
    ) -> None:
        self._session = session
        self._method = method
        self._target = target
        self._settings = settings
        self._body = body
        self._timing = timing
        # None is the session's defaults, which every target has ready.
        self._headers = None if settings.headers is None else session.merged_headers(settings.headers)
        self._cookies = settings.cookies
        self._auth = settings.auth
        total = settings.timeout.total
        self._deadline = timing.started + total if total else 0.0
        self._history: tuple[ClientResponse, ...] = ()

    async def run(self) -> ClientResponse:
        """Return the response that is not a redirect any more.

        Raises:
            ClientError: whatever the request failed with.
            TimeoutError: its total time is over.
        """
        session, settings = self._session, self._settings
        while True:
            response = await session.handler(settings)(self._request())
            if response.status < 300 or not settings.allow_redirects:
                break
            location = redirect_location(response)
            if location is None:
                break
            await self._follow(response, location)
        if settings.raise_for_status:
            await _raise_for_status(response, settings.raise_for_status)
        return response

    def _request(self) -> ClientRequest:
        session, target = self._session, self._target
        request = session.make_request(
            self._method,
            target,
            self._settings,
            headers=self._headers,
            data=self._body,
            cookies=self._cookies_for(target.url) if self._cookies is not None or session.cookie_jar else None,
            auth=self._auth_for(target),
            timing=self._timing,
        )
        request.deadline = self._deadline
        request.history = self._history
        return request

    def _auth_for(self, target: Target) -> BasicAuth | None:
        """Return the credentials for this hop: the caller's, the URL's, or the session's for its own origin.

        Raises:
            ValueError: two of them at once.
        """
        auth = self._auth
        if auth is not None and target.auth is not None and not self._history:
            raise ValueError("Cannot combine AUTH argument with credentials encoded in URL")
        auth = auth or target.auth
        has_field = self._headers is not None and hdrs.AUTHORIZATION in self._headers
        if auth is not None and has_field and not self._history:
            raise ValueError(
                "Cannot combine AUTHORIZATION header with AUTH argument or credentials encoded in URL"
            )
        return auth if auth is not None or has_field else self._session.default_auth(target.url)

    def _cookies_for(self, url: URL) -> LooseCookies:
        jar = self._session.cookie_jar
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
        session, limit = self._session, self._settings.max_redirects
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
        before = self._target
        url = redirect_url(location, before.original_url, session.schemes, requote=session.requote_redirect_url)
        self._target = target = session.target(url)
        headers = session.merged_headers(None) if self._headers is None else self._headers.copy()
        request = response.request
        if keeps_method(response.status, self._method):
            if request.body and request.body.consumed:
                raise ClientPayloadError("cannot follow a redirect: the request body can be read only once")
            self._body = request.body or None
        else:
            self._method = hdrs.METH_GET
            self._body = None
            await request.close()
            drop_body(headers)
        if not same_origin(before.url, target.url):
            self._auth = self._cookies = None
            drop_credentials(headers, own=CIMultiDict(pairs(self._settings.headers)))
        self._headers = headers
        self._timing = Timing(request.loop.time())


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
