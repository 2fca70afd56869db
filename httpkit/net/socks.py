"""Through a SOCKS proxy, with python-socks (the extra `socks`): version 4, and 5 with a password (RFC 1928, RFC 1929).

The scheme says who resolves the origin's name, as in curl: `socks4` and `socks5` do it here, `socks4a` and `socks5h`
leave it to the proxy. What is connected to is a plain socket; TLS to the origin goes on top, for wss as for https.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from yarl import URL

from httpkit.errors import ClientProxyConnectionError, ConnectionTimeoutError
from httpkit.net.proxy import proxy_key
from httpkit.values.abc import ResolveResult
from httpkit.values.messages import ConnectionKey

# RFC 1929 section 2: one byte holds the length.
MAX_CREDENTIAL = 255
DEFAULT_PORT = 1080


def resolves_here(proxy: URL) -> bool:
    """Return whether the origin's name is resolved on this side of `proxy`."""
    return proxy.scheme in {"socks4", "socks5"}


def pick_address(results: Sequence[ResolveResult], proxy: URL, key: ConnectionKey) -> str:
    """Return the first of the origin's addresses that `proxy` can be told: version 4 knows IPv4 only.

    Raises:
        ClientProxyConnectionError: there is none.
    """
    for result in results:
        if result["family"] == socket.AF_INET or not proxy.scheme.startswith("socks4"):
            return result["host"]
    raise ClientProxyConnectionError(key, OSError(None, "the origin has no IPv4 address, and SOCKS4 knows no other"))


async def dial_socks(
    key: ConnectionKey,
    proxy_addresses: Sequence[str],
    host: str,
    *,
    timeout: float | None,
    local_addr: tuple[str, int] | None,
) -> socket.socket:
    """Return a socket connected to `host`, at the port of `key`, through the proxy of `key`.

    Raises:
        RuntimeError: python-socks is missing.
        ValueError: the credentials can't be sent.
        ConnectionTimeoutError: no tunnel within `timeout` seconds.
        ClientProxyConnectionError: the proxy can't be reached, or refuses.
    """
    proxy: URL = key.proxy  # type: ignore[assignment]  # asked only where there is one
    try:
        from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType  # noqa: PLC0415
        from python_socks.async_.asyncio import Proxy  # noqa: PLC0415 - optional
    except ImportError as error:
        raise RuntimeError('a SOCKS proxy needs python-socks: pip install "jupyter-httpkit[socks]"') from error
    kind = ProxyType.SOCKS4 if proxy.scheme.startswith("socks4") else ProxyType.SOCKS5
    login, password = _credentials(key.proxy_auth)
    shown = proxy_key(key, True)
    failure: OSError = OSError(None, "no address to connect to")
    try:
        async with asyncio.timeout(timeout):
            for address in proxy_addresses:
                way = Proxy(kind, address, shown.port or DEFAULT_PORT, login, password, rdns=True)
                try:
                    # python-socks has a limit of its own where it is given none; ours is around the loop.
                    return await way.connect(host, key.port or 0, timeout=timeout or 86_400, local_addr=local_addr)
                except ProxyConnectionError as error:
                    failure = OSError(error.errno, error.strerror or "proxy can't be reached")
                except (ProxyError, UnicodeError) as error:
                    raise ClientProxyConnectionError(shown, OSError(None, f"SOCKS proxy: {error}")) from error
    except (TimeoutError, ProxyTimeoutError) as error:
        if timeout is None:
            raise
        raise ConnectionTimeoutError(
            f"no connection through SOCKS proxy {shown.host} within {timeout:g} s (ClientTimeout.sock_connect)"
        ) from error
    raise ClientProxyConnectionError(shown, failure) from failure


def _credentials(auth: Any) -> tuple[str | None, str | None]:
    """Return login and password as python-socks takes them.

    Raises:
        ValueError: not ASCII, or too long.
    """
    if auth is None:
        return None, None
    for text in (auth.login, auth.password):
        if not text.isascii() or len(text) > MAX_CREDENTIAL:
            # The value is a secret: it stays out of the message.
            raise ValueError(f"login and password of a SOCKS proxy must be ASCII, at most {MAX_CREDENTIAL} bytes each")
    return auth.login, auth.password
