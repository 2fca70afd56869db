"""The handshake: fields of the request, check of the response (RFC 6455 section 4)."""

from __future__ import annotations

import base64

import pytest
from multidict import CIMultiDict
from websockets.datastructures import Headers
from websockets.headers import parse_extension, parse_subprotocol
from websockets.utils import accept_key

from httpkit.errors import WSHandshakeError
from httpkit.wire.deflate import DeflateParameters
from httpkit.wire.websocket_handshake import Handshake, encode_handshake, new_key, parse_handshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def response(**changes):
    """Return the fields of a good response; a change is a value, a list of values, or None to leave the field out."""
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_key(KEY)}
    fields.update({name.replace("_", "-"): value for name, value in changes.items()})
    headers = CIMultiDict()
    for name, value in fields.items():
        for line in [] if value is None else value if isinstance(value, list) else [value]:
            headers.add(name, line)
    return headers


def test_the_key_is_sixteen_random_bytes():
    """RFC 6455 section 4.1 item 7: a nonce of 16 bytes, chosen anew for each connection."""
    keys = {new_key() for _ in range(100)}
    assert {16} == {len(base64.b64decode(key, validate=True)) for key in keys}
    assert len(keys) == 100


def test_the_request_fields_are_those_of_aiohttp():
    """Upgrade, Connection, version 13, key; protocols, origin and extensions where they are asked for."""
    assert encode_handshake(KEY) == {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    fields = encode_handshake(KEY, protocols=("chat", "superchat"), origin="http://a.example", compress=12)
    assert fields["Origin"] == "http://a.example"
    assert parse_subprotocol(fields["Sec-WebSocket-Protocol"]) == ["chat", "superchat"]
    assert parse_extension(fields["Sec-WebSocket-Extensions"]) == [
        ("permessage-deflate", [("client_max_window_bits", None), ("server_max_window_bits", "12")])
    ]


@pytest.mark.parametrize("protocol", ["", "a b", "a,b", "a\r\nX-Injected: 1", "é", "a;b"])
def test_a_subprotocol_that_is_no_token_is_refused(protocol):
    """GHSA-5x59-6wvc-88hg (aiosonic): no line break gets into the handshake through `protocols`."""
    with pytest.raises(ValueError, match="subprotocol must be a token"):
        encode_handshake(KEY, protocols=("chat", protocol))


@pytest.mark.parametrize("compress", [-1, 1, 8, 16])
def test_window_bits_out_of_range_are_refused(compress):
    """0 is off and 9 to 15 are window bits; zlib can't deflate with 8."""
    with pytest.raises(ValueError, match="9 to 15 window bits"):
        encode_handshake(KEY, compress=compress)


@pytest.mark.parametrize(
    "headers",
    [
        response(),
        response(Upgrade="WebSocket", Connection="upgrade"),
        response(Connection="keep-alive, Upgrade"),
        response(Connection=["keep-alive", "Upgrade"]),
        response(Sec_WebSocket_Extensions=""),
    ],
)
def test_a_good_response_settles_nothing_that_was_not_offered(headers):
    """Field values are compared without case, and Connection is a list (RFC 6455 section 4.1)."""
    assert parse_handshake(101, headers, key=KEY) == Handshake(None, None)


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (200, response(), "Invalid response status"),
        (404, CIMultiDict(), "Invalid response status"),
        (101, response(Upgrade=None), "Invalid upgrade header"),
        (101, response(Upgrade="h2c"), "Invalid upgrade header"),
        (101, response(Upgrade=["websocket", "websocket"]), "Invalid upgrade header"),
        (101, response(Connection=None), "Invalid connection header"),
        (101, response(Connection="close"), "Invalid connection header"),
        (101, response(Connection="not-upgrade"), "Invalid connection header"),
        (101, response(Sec_WebSocket_Accept=None), "Invalid challenge response"),
        (101, response(Sec_WebSocket_Accept=accept_key("x")), "Invalid challenge response"),
        (101, response(Sec_WebSocket_Accept=accept_key(KEY).lower()), "Invalid challenge response"),
        (101, response(Sec_WebSocket_Accept=[accept_key(KEY)] * 2), "Invalid challenge response"),
        (101, response(Sec_WebSocket_Protocol="other"), "Invalid subprotocol"),
        (101, response(Sec_WebSocket_Protocol="chat, superchat"), "Invalid subprotocol"),
        (101, response(Sec_WebSocket_Extensions="permessage-deflate"), "not offered"),
        (101, response(Sec_WebSocket_Extensions="x-other"), "not offered"),
    ],
)
def test_a_response_that_does_not_complete_the_handshake_is_refused(status, headers, message):
    """The messages are aiohttp's where aiohttp has one."""
    with pytest.raises(WSHandshakeError, match=message):
        parse_handshake(status, headers, key=KEY, protocols=("chat", "superchat"))


def test_the_chosen_subprotocol_and_compression_are_returned():
    """One of the offered subprotocols, and what permessage-deflate agreed to."""
    headers = response(
        Sec_WebSocket_Protocol="superchat",
        Sec_WebSocket_Extensions="permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
    )
    assert parse_handshake(101, headers, key=KEY, protocols=("chat", "superchat"), compress=15) == Handshake(
        "superchat", DeflateParameters(server_no_context_takeover=True, client_max_window_bits=10)
    )


def test_the_response_of_the_websockets_library_is_accepted():
    """Differential: their server accepts our request, and we accept its answer."""
    from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
    from websockets.http11 import Request
    from websockets.server import ServerProtocol

    key = new_key()
    fields = encode_handshake(key, protocols=("chat",), origin="http://a.example", compress=13)
    server = ServerProtocol(subprotocols=["chat"], extensions=enable_server_permessage_deflate(None))
    answer = server.accept(Request("/", Headers(Host="a.example", **fields)))
    assert answer.status_code == 101
    handshake = parse_handshake(101, CIMultiDict(answer.headers.raw_items()), key=key, protocols=("chat",), compress=13)
    assert (handshake.protocol, handshake.deflate.server_max_window_bits) == ("chat", 12)
