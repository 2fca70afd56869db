"""How a call becomes a WebSocket: the handshake is a request like any other (RFC 6455 section 4.1)."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple

from multidict import CIMultiDict

from httpkit.client.call import Call
from httpkit.client.context import Pending
from httpkit.client.deprecated import websocket_options
from httpkit.client.options import RequestOptions, StrOrURL, pairs
from httpkit.client.response import ClientResponse
from httpkit.client.state import SessionState
from httpkit.client.stream_options import WebSocketOptions
from httpkit.client.websocket import ClientWebSocketResponse
from httpkit.errors import ServerDisconnectedError, WSHandshakeError, WSServerHandshakeError
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.websocket_connection import WebSocketConnection
from httpkit.values import hdrs
from httpkit.wire.deflate import Deflater, Inflater
from httpkit.wire.websocket import MAX_MSG_SIZE, FrameDecoder, FrameEncoder
from httpkit.wire.websocket_handshake import Handshake, encode_handshake, new_key, parse_handshake

# Fields that a caller may set otherwise, as aiohttp lets him; the key must be ours.
_REPLACEABLE = frozenset({"Upgrade", "Connection", "Sec-WebSocket-Version"})


_PASSED_ON = ("auth", "params", "proxy", "proxy_auth", "ssl", "server_hostname", "proxy_headers")


def checked(options: WebSocketOptions) -> WebSocketOptions:
    """Return `options`, with those of other times translated.

    Raises:
        TypeError: there is no option of such a name.
        ValueError: two that exclude each other.
    """
    translated: WebSocketOptions = websocket_options(options, WebSocketOptions.__optional_keys__)
    return translated


class _Offer(NamedTuple):
    """What the handshake asks for, and is checked against."""

    key: str
    protocols: tuple[str, ...]
    compress: int


async def connect(state: SessionState, url: StrOrURL, options: WebSocketOptions) -> ClientWebSocketResponse:
    """Return an open WebSocket; `options` were `checked`.

    Raises:
        ValueError: a subprotocol is not a token, `compress` is out of range, or a field has a control character.
        WSServerHandshakeError: the server did not accept the handshake.
        ClientError: whatever the request failed with.
    """
    offer, headers = _offer(options)
    passed_on = {name: options[name] for name in _PASSED_ON if name in options}  # type: ignore[literal-required]
    request = RequestOptions(headers=headers, read_until_eof=False, **passed_on)  # type: ignore[typeddict-item]
    response = await Call(state, options.get("method", hdrs.METH_GET), url, request).run()
    try:
        handshake = parse_handshake(
            response.status,
            response.headers,
            key=offer.key,
            protocols=offer.protocols,
            compress=offer.compress,
        )
        return _open(state, response, handshake, options)
    except WSHandshakeError as error:
        response.close()
        raise WSServerHandshakeError(
            response.request_info,
            response.history,
            message=str(error),
            status=response.status,
            headers=response.headers,
        ) from error
    except BaseException:
        response.close()
        raise


def _offer(options: WebSocketOptions) -> tuple[_Offer, CIMultiDict[str]]:
    """Return what is offered, and the request's fields."""
    headers: CIMultiDict[str] = CIMultiDict(pairs(options.get("headers")))
    key, compress = new_key(), options.get("compress", 0)
    protocols = tuple(options.get("protocols", ()))
    own = encode_handshake(key, protocols=protocols, origin=options.get("origin"), compress=compress)
    for name, value in own.items():
        if name not in _REPLACEABLE or name not in headers:
            headers[name] = value
    # A caller may have written the field by hand.
    offered = tuple(name.strip() for name in headers.get("Sec-WebSocket-Protocol", "").split(","))
    return _Offer(key, protocols or offered, compress), headers


def _open(
    state: SessionState, response: ClientResponse, handshake: Handshake, options: WebSocketOptions
) -> ClientWebSocketResponse:
    carrier = response.carrier
    if not isinstance(carrier, Http1Connection):
        raise ServerDisconnectedError("Connection closed")
    deflate = handshake.deflate
    max_msg_size = options.get("max_msg_size", MAX_MSG_SIZE)
    decoder = FrameDecoder(
        max_msg_size=max_msg_size,
        inflater=None if deflate is None else Inflater(deflate),
        decode_text=options.get("decode_text", True),
    )
    connection = WebSocketConnection(
        carrier,
        decoder,
        FrameEncoder(None if deflate is None else Deflater(deflate)),
        loop=state.loop,
        limit=state.defaults.read_bufsize,
        autoping=options.get("autoping", True),
        is_deflated=deflate is not None,
    )
    return (state.ws_response_class or ClientWebSocketResponse)(
        connection,
        response,
        handshake,
        options["timeout"],
        loop=state.loop,
        autoclose=options.get("autoclose", True),
        heartbeat=options.get("heartbeat"),
        max_msg_size=max_msg_size,
    )


class WebSocketContextManager(Pending[ClientWebSocketResponse]):
    """A handshake; leaving `async with` closes its WebSocket."""

    __slots__ = ("_socket",)

    async def __aenter__(self) -> ClientWebSocketResponse:
        self._socket = await self._coro
        return self._socket

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._socket.close()
