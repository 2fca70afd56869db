"""Which way a request goes: the proxy that it is told, or what the environment has for it. Asked anew for each hop."""

from __future__ import annotations

from functools import partial

from httpkit.client.environment import find_surroundings
from httpkit.client.options import Settings
from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.state import Handler
from httpkit.values import hdrs


def routed(handler: Handler, *, uses_proxies: bool) -> Handler:
    """Return what gives a request its proxy and its credentials from netrc, and passes it on to `handler`."""

    async def route(request: ClientRequest) -> ClientResponse:
        if request.settings is not None:
            await _route(request, request.settings, uses_proxies)
        return await handler(request)

    return route


async def _route(request: ClientRequest, settings: Settings, uses_proxies: bool) -> None:
    """Give `request` its proxy; what variables and netrc have stays with this one hop.

    Raises:
        ValueError: the connector can't go through a proxy.
        InvalidURL: a variable holds something that is no proxy.
    """
    proxy, auth, headers = settings.proxy, settings.proxy_auth, settings.proxy_headers
    if proxy is not None and not uses_proxies:
        raise ValueError("this connector can't go through a proxy, TCPConnector can")
    if settings.trust_env:
        history = request.history
        search = partial(
            find_surroundings,
            request.url,
            wants_auth=request.auth is None and hdrs.AUTHORIZATION not in request.headers,
            wants_proxy=proxy is None and uses_proxies,
            is_first_host=not history or history[0].url.host == request.url.host,
        )
        found = await request.loop.run_in_executor(None, search)
        request.update_auth(found.auth)
        if found.proxy is not None:
            # The caller's credentials and fields are for a proxy that the caller named.
            proxy, auth, headers = found.proxy, found.proxy_auth, None
    if proxy is not None:
        request.update_proxy(proxy, auth, headers)
