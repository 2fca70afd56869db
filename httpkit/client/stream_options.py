"""What WebSockets and event streams may be told. Apart from what uses it, so that a session knows it without the rest."""

from __future__ import annotations

import ssl as ssl_module
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypedDict

from yarl import Query

from httpkit.client.auth import BasicAuth
from httpkit.client.options import LooseHeaders, RequestOptions, StrOrURL
from httpkit.net.tls import Fingerprint

if TYPE_CHECKING:  # imported with the first stream
    from httpkit.client.backoff import Backoff
    from httpkit.values.websocket import ClientWSTimeout


class WebSocketOptions(TypedDict, total=False):
    """The options of `ws_connect`.

    method: of the handshake's request.
    protocols: the subprotocols that the client speaks, preferred ones first.
    timeout: `ClientWSTimeout(ws_receive=None, ws_close=10)` by default. That of the session holds for the handshake.
    autoclose: answer the peer's close frame when it is received.
    autoping: answer PINGs as they arrive, and keep PINGs and PONGs from `receive`.
    heartbeat: seconds of silence after which a PING is sent; half of it later, the WebSocket is given up.
    origin: the value of `Origin`.
    compress: window bits, 9 to 15, to offer permessage-deflate with; 0 is no offer.
    max_msg_size: bytes of a message, after inflating; a larger one closes with 1009. 0 is no limit.
    decode_text: False gives TEXT as bytes that nobody has checked to be UTF-8.
    """

    method: str
    protocols: Iterable[str]
    timeout: ClientWSTimeout
    autoclose: bool
    autoping: bool
    heartbeat: float | None
    auth: BasicAuth | None
    origin: str | None
    params: Query
    headers: LooseHeaders | None
    proxy: StrOrURL | None
    proxy_auth: BasicAuth | None
    ssl: ssl_module.SSLContext | bool | Fingerprint
    server_hostname: str | None
    proxy_headers: LooseHeaders | None
    compress: int
    max_msg_size: int
    decode_text: bool


class ReconnectOptions(WebSocketOptions, total=False):
    """The options of `ws_reconnect`: those of `ws_connect`, and when to stop.

    is_final: close code -> whether it ends the iteration; by default 1000 does: whoever closed had no more to say. A
        WebSocket that is still open when the loop goes on is closed and replaced, whatever its code.
    should_retry: exception of a handshake -> whether it is tried again; by default `httpkit.is_passing`.
    """

    is_final: Callable[[int | None], bool]
    should_retry: Callable[[Exception], bool]


class EventOptions(RequestOptions, total=False):
    """The options of `sse`: those of `request`, with no total time by default, and these.

    method: GET by default.
    last_event_id: the last event that is known already.
    reconnect: whether to connect again when the stream ends or breaks off: True by default for GET. Where it is asked
        for with another method, that happens only when the stream broke off, and only where the server can go on: it
        gave an id, or nothing yet.
    backoff: how long to wait before it, at least as long as the server's `retry` says.
    should_retry: exception -> whether it is tried again; by default `httpkit.is_passing`.
    max_line_size: bytes of one line of the stream; not of the response's head.
    max_event_size: bytes in all data lines of one event.
    """

    method: str
    last_event_id: str
    reconnect: bool | None
    backoff: Backoff | None
    should_retry: Callable[[Exception], bool]
    max_event_size: int
