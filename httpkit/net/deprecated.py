"""Parameters of other times: each is translated once, with a warning that names its successor.

Those of connectors are here, because a layer imports only downwards; `client/deprecated.py` has the others.
"""

from __future__ import annotations

import ssl as ssl_module
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from httpkit.net.tls import Fingerprint
from httpkit.values.deprecation import unknown_name, warn


class TLSOptions(TypedDict, total=False):
    """What `ssl=` was before it took all of them."""

    verify_ssl: bool | None
    ssl_context: ssl_module.SSLContext | None
    fingerprint: bytes | None


class ConnectorOptions(TLSOptions, total=False):
    """The deprecated parameters of `TCPConnector`."""

    ssl_shutdown_timeout: float | None


def merged_ssl(ssl: Any, options: Mapping[str, Any]) -> Any:
    """Return the `ssl` that `verify_ssl`, `ssl_context` and `fingerprint` of `options` mean.

    Raises:
        ValueError: more than one of the four is given.
    """
    found = True if ssl is None else ssl
    for name, value, successor in _successors(options):
        warn(f"{name} is deprecated, use {successor}")
        if found is not True:
            raise ValueError("verify_ssl, ssl_context, fingerprint and ssl parameters are mutually exclusive")
        found = value
    return found


def _successors(options: Mapping[str, Any]) -> Iterable[tuple[str, Any, str]]:
    if options.get("verify_ssl") is False:
        yield "verify_ssl", False, "ssl=False"
    if options.get("ssl_context") is not None:
        yield "ssl_context", options["ssl_context"], "ssl=context"
    if options.get("fingerprint") is not None:
        yield "fingerprint", Fingerprint(options["fingerprint"]), "ssl=Fingerprint(fingerprint)"


def connector_ssl(ssl: Any, options: Mapping[str, Any]) -> Any:
    """Return the `ssl` of a `TCPConnector` that was given deprecated `options`.

    Raises:
        TypeError: there is no parameter of such a name.
        ValueError: two that exclude each other.
    """
    known = ConnectorOptions.__optional_keys__
    if unknown := options.keys() - known:
        raise unknown_name("TCPConnector()", unknown, known)
    if "ssl_shutdown_timeout" in options:
        warn_ssl_shutdown_timeout()
    return merged_ssl(ssl, options)


def warn_ssl_shutdown_timeout() -> None:
    """Say that the parameter has no effect."""
    warn("ssl_shutdown_timeout is deprecated and has no effect: TLS connections end at once")
