"""A URL, and what follows from it alone: worked out once, and remembered by a session."""

from __future__ import annotations

from multidict import CIMultiDict
from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.values.messages import ConnectionKey

TLS_SCHEMES = frozenset({"https", "wss"})


def host_field(url: URL) -> str:
    """Return the value of `Host` for `url` (RFC 9110 section 7.2)."""
    host = url.host_subcomponent or ""
    host = host.rstrip(".") if host.endswith(".") else host
    if "%" in host and host.startswith("["):
        # The zone of an IPv6 address means something on this machine only (RFC 6874 section 4).
        host = f"{host.partition('%')[0]}]"
    return host if url.is_default_port() or url.explicit_port is None else f"{host}:{url.explicit_port}"


def peer(url: URL) -> str:
    """Return the host to connect to: encoded, but for the "%25" before the zone of an IPv6 address (RFC 6874 section 2)."""
    host = url.raw_host or ""
    return (url.host or "") if "%" in host and ":" in host else host


def connection_key(url: URL) -> ConnectionKey:
    """Return what a request for `url` must share with its connection, with default TLS and no proxy."""
    return ConnectionKey(peer(url), url.port, url.scheme in TLS_SCHEMES, True, None, None, None, None)


class Target:
    """A URL, and what follows from it alone.

    Attributes:
        original_url: as it was asked for.
        url: without its fragment and userinfo.
        path: the request target in origin form (RFC 9112 section 3.2.1).
        headers: the session's default fields with `Host`; None until a request without options needs them.
    """

    __slots__ = ("auth", "headers", "key", "original_url", "path", "url")

    def __init__(self, url: URL) -> None:
        self.auth = BasicAuth.from_url(url, encoding="utf-8")
        self.original_url = url if self.auth is None else url.with_user(None)
        self.url = self.original_url.with_fragment(None) if url.raw_fragment else self.original_url
        self.key = connection_key(url)
        self.path = url.raw_path_qs or "/"
        self.headers: CIMultiDict[str] | None = None
