"""Through an HTTP proxy: what it is told, and the tunnel that CONNECT opens (RFC 9110 section 9.3.6).

A request for http is forwarded: it goes to the proxy with its whole URL. All others are tunnelled: the proxy hears the
CONNECT and its fields, and whatever follows is between the client and the origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from httpkit.errors import (
    ClientConnectorError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ConnectionTimeoutError,
    HttpProcessingError,
)
from httpkit.net.exchange import Exchange
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.tls import Fingerprint, context_for
from httpkit.values import hdrs
from httpkit.values.messages import ClientTimeout, ConnectionKey, HttpVersion11, RequestInfo, Timing
from httpkit.values.version import USER_AGENT

SOCKS_SCHEMES = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
PROXY_SCHEMES = SOCKS_SCHEMES | {"http", "https"}
# A WebSocket is tunnelled even without TLS: a proxy that forwards doesn't know what to do with one (RFC 6455 section 4.1).
TUNNELLED_SCHEMES = frozenset({"https", "wss", "ws"})


class Nobody:
    """The owner of a connection that no pool counts: one that carries a CONNECT and is then taken apart."""

    def put(self, connection: Http1Connection) -> None:
        """Do nothing."""


NOBODY = Nobody()


def is_forwarded(proxy: URL, url: URL) -> bool:
    """Return whether `proxy` reads the request for `url` itself, instead of passing bytes on."""
    return proxy.scheme not in SOCKS_SCHEMES and url.scheme not in TUNNELLED_SCHEMES


def proxy_fields(auth: Any, headers: CIMultiDict[str] | None) -> CIMultiDict[str]:
    """Return the fields that the proxy is told: `headers`, with `auth` over a `Proxy-Authorization` among them."""
    fields = CIMultiDict[str]() if headers is None else headers.copy()
    if auth is not None:
        fields[hdrs.PROXY_AUTHORIZATION] = auth.encode()
    return fields


def forwarded_fields(auth: Any, headers: CIMultiDict[str] | None) -> dict[str, str]:
    """Return the fields that a forwarded request gets for the proxy.

    Of `headers` only those that are a proxy's by name: all others would reach the origin.
    """
    return {name: value for name, value in proxy_fields(auth, headers).items() if name.lower().startswith("proxy-")}


def proxy_key(key: ConnectionKey, option: Any) -> ConnectionKey:
    """Return what the connection to the proxy of `key` shares, with the TLS of `option` (as `ssl=` takes it).

    The proxy's certificate is held to the proxy's host. A pinned certificate is the origin's: the proxy is verified.
    """
    proxy: URL = key.proxy  # type: ignore[assignment]  # asked only where there is one
    is_ssl = proxy.scheme == "https"
    ssl = True if not is_ssl else context_for(True) if isinstance(option, Fingerprint) else option
    return ConnectionKey(proxy.raw_host or "", proxy.port, is_ssl, ssl, None, None, None)


def unreachable(error: ClientConnectorError) -> ClientConnectorError:
    """Return what the user sees when the proxy can't be connected to; what says more than that stays as it is."""
    if type(error) is not ClientConnectorError:
        return error
    key: ConnectionKey = error.args[0]
    return ClientProxyConnectionError(key, error.os_error)


async def open_tunnel(
    hop: Http1Connection,
    key: ConnectionKey,
    url: URL,
    headers: CIMultiDict[str] | None,
    timeout: ClientTimeout,
) -> asyncio.Transport:
    """Ask the proxy on the other end of `hop` for a tunnel to the origin of `key`; return the transport that is it.

    The credentials go into this request, and into no other.

    Raises:
        ClientHttpProxyError: the proxy refused, answered something malformed, or sent more than an answer.
        ConnectionTimeoutError: it didn't answer within `timeout.sock_connect` seconds.
        ClientConnectionError: it closed the connection.
    """
    host = f"[{key.host}]" if ":" in key.host else key.host
    authority = f"{host}:{key.port or (443 if key.is_ssl else 80)}"
    told = proxy_fields(key.proxy_auth, headers)
    fields: CIMultiDict[str] = CIMultiDict({hdrs.HOST: authority})
    if hdrs.USER_AGENT not in told:
        fields[hdrs.USER_AGENT] = USER_AGENT
    fields.extend((name, value) for name, value in told.items() if name.lower() != "host")
    exchange = Exchange(
        asyncio.get_running_loop(), hdrs.METH_CONNECT, authority, HttpVersion11, fields, Timing(monotonic())
    )
    try:
        async with asyncio.timeout(timeout.sock_connect or None):
            await hop.perform(exchange)
    except HttpProcessingError as error:
        raise _refusal(url, fields, error.code, error.message) from error
    except TimeoutError as error:
        if not timeout.sock_connect:
            raise
        raise ConnectionTimeoutError(
            f"no answer to CONNECT within {timeout.sock_connect:g} s (ClientTimeout.sock_connect)"
        ) from error
    head = exchange.head
    assert head is not None  # noqa: S101 - it has arrived
    if not 200 <= head.status < 300:
        raise _refusal(url, fields, head.status, head.reason, head.headers)
    transport, rest = hop.take_transport()
    if rest:
        # The origin says nothing before it is asked, so these bytes are somebody else's.
        raise _refusal(url, fields, head.status, f"{len(rest)} bytes follow the answer to CONNECT", head.headers)
    return transport


def _refusal(
    url: URL, fields: CIMultiDict[str], status: int, message: str, headers: Mapping[str, str] | None = None
) -> ClientHttpProxyError:
    """Return the error for a CONNECT; whoever prints it must not print the credentials."""
    shown = CIMultiDict((name, value) for name, value in fields.items() if name.lower() != "proxy-authorization")
    asked = RequestInfo(url, hdrs.METH_CONNECT, CIMultiDictProxy(shown), url)
    return ClientHttpProxyError(asked, (), status=status, message=message, headers=headers)
