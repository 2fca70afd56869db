"""Parameters of other times, translated once with a warning that names the successor; see also `net/deprecated.py`.

Nothing here runs for who doesn't use them: a session and a call look only at names that they don't know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

from httpkit.net.deprecated import TLSOptions, merged_ssl, warn_ssl_shutdown_timeout
from httpkit.values.deprecation import unknown_name, warn
from httpkit.values.messages import DEFAULT_TIMEOUT, ClientTimeout


class SessionOptions(TypedDict, total=False):
    """The deprecated parameters of `ClientSession`."""

    loop: asyncio.AbstractEventLoop | None
    read_timeout: float | None
    conn_timeout: float | None
    ssl_shutdown_timeout: float | None


def request_options(options: Any, known: frozenset[str]) -> Any:
    """Return the `options` of a request, a dict, with those of other times translated; `known` are the names of today.

    Raises:
        TypeError: there is no option of such a name.
        ValueError: two that exclude each other.
    """
    old = TLSOptions.__optional_keys__
    if unknown := options.keys() - known - old:
        raise unknown_name("request()", unknown, known)
    translated = {name: value for name, value in options.items() if name not in old}
    translated["ssl"] = merged_ssl(options.get("ssl", True), options)
    return translated


class WebSocketOldOptions(TLSOptions, total=False):
    """The deprecated parameters of `ws_connect`."""

    receive_timeout: float | None


def websocket_options(options: Any, known: frozenset[str]) -> Any:
    """Return the `options` of `ws_connect`, a dict, with those of other times translated; `known` are those of today.

    Raises:
        TypeError: there is no option of such a name.
        ValueError: two that exclude each other.
    """
    if unknown := options.keys() - known - WebSocketOldOptions.__optional_keys__:
        raise unknown_name("ws_connect()", unknown, known)
    translated = {name: value for name, value in options.items() if name in known}
    from httpkit.values.websocket import DEFAULT_WS_CLIENT_TIMEOUT, ClientWSTimeout  # noqa: PLC0415 - for WebSockets only

    timeout = translated.get("timeout", DEFAULT_WS_CLIENT_TIMEOUT)
    if not isinstance(timeout, ClientWSTimeout):
        warn("a number for timeout is deprecated, use timeout=ClientWSTimeout(ws_close=...)")
        timeout = ClientWSTimeout(ws_close=timeout)
    if options.get("receive_timeout") is not None:
        warn("receive_timeout is deprecated, use timeout=ClientWSTimeout(ws_receive=...)")
        timeout = replace(timeout, ws_receive=options["receive_timeout"])
    if "ssl" in options and options["ssl"] is None:
        warn("ssl=None is deprecated, use ssl=True")
    translated["timeout"] = timeout
    translated["ssl"] = merged_ssl(options.get("ssl", True), options)
    return translated


def session_options(
    options: Mapping[str, Any],
    timeout: ClientTimeout | None,
    known: frozenset[str],
) -> tuple[asyncio.AbstractEventLoop | None, ClientTimeout | None]:
    """Return the loop and the timeout of a session that was given deprecated `options`, each None for the usual one.

    Raises:
        TypeError: there is no parameter of such a name; `known` are the others.
        ValueError: `read_timeout` or `conn_timeout` beside `timeout`.
    """
    old = SessionOptions.__optional_keys__
    if unknown := options.keys() - old:
        raise unknown_name("ClientSession()", unknown, known | old)
    given = {}
    for name, field in (("read_timeout", "total"), ("conn_timeout", "connect")):
        if name in options and (name == "read_timeout" or options[name] is not None):
            if timeout is not None:
                raise ValueError(f"{name} and timeout parameters conflict, please setup ClientTimeout.{field}")
            warn(f"{name} is deprecated, use timeout=ClientTimeout({field}=...)")
            given[field] = options[name]
    if options.get("loop") is not None:
        warn("loop is deprecated, a session uses the loop that it is made in")
    if "ssl_shutdown_timeout" in options:
        warn_ssl_shutdown_timeout()
    return options.get("loop"), replace(DEFAULT_TIMEOUT, **given) if given else timeout


def is_chunked(chunked: Any) -> bool:
    """Return what `chunked` means when it is neither a bool nor None: once it was the size of the chunks."""
    warn("a chunk size is deprecated, use chunked=True")
    return bool(chunked)
