"""The WebSocket handshake, the client's side: fields of the request, check of the response (RFC 6455 section 4)."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from typing import NamedTuple

from multidict import MultiMapping

from httpkit.errors import WSHandshakeError
from httpkit.wire.deflate import DeflateParameters, encode_offer, parse_agreement

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TCHARS = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class Handshake(NamedTuple):
    """What the handshake settled: the subprotocol and the compression, None where there is none."""

    protocol: str | None
    deflate: DeflateParameters | None


def new_key() -> str:
    """Return a fresh `Sec-WebSocket-Key` (RFC 6455 section 4.1)."""
    return b64encode(os.urandom(16)).decode()


def encode_handshake(
    key: str, *, protocols: Iterable[str] = (), origin: str | None = None, compress: int = 0
) -> dict[str, str]:
    """Return the fields that make a GET request a WebSocket handshake (RFC 6455 section 4.1).

    Args:
        key: from `new_key`.
        protocols: the subprotocols that the client speaks, preferred ones first.
        origin: the value of `Origin`.
        compress: offer permessage-deflate with these window bits, 9 to 15; 0 is no offer.

    Raises:
        ValueError: a subprotocol is not a token, or `compress` is out of range.
    """
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    names = list(protocols)
    for name in names:
        if not name or not _TCHARS.issuperset(name):
            raise ValueError(f"subprotocol must be a token, got {name[:64]!r}")
    if names:
        fields["Sec-WebSocket-Protocol"] = ",".join(names)
    if origin is not None:
        fields["Origin"] = origin
    if compress:
        fields["Sec-WebSocket-Extensions"] = encode_offer(compress)
    return fields


def parse_handshake(
    status: int, headers: MultiMapping[str], *, key: str, protocols: Iterable[str] = (), compress: int = 0
) -> Handshake:
    """Return what a response to `encode_handshake` settled; the arguments are the same (RFC 6455 section 4.1).

    Raises:
        WSHandshakeError: the response does not complete the handshake.
    """
    if status != 101:
        raise WSHandshakeError("Invalid response status")
    if [value.lower() for value in headers.getall("Upgrade", ())] != ["websocket"]:
        raise WSHandshakeError("Invalid upgrade header")
    if "upgrade" not in (token.lower() for token in _elements(headers, "Connection")):
        raise WSHandshakeError("Invalid connection header")
    # RFC 6455 asks for SHA-1; it keeps caches honest and protects nothing.
    accept = b64encode(sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
    if headers.getall("Sec-WebSocket-Accept", ()) != [accept]:
        raise WSHandshakeError("Invalid challenge response")
    chosen = _elements(headers, "Sec-WebSocket-Protocol")
    if len(chosen) > 1 or not set(chosen) <= set(protocols):
        raise WSHandshakeError(
            f"Invalid subprotocol: the server chose {', '.join(chosen)[:128]!r}, which was not offered"
        )
    extensions = ",".join(headers.getall("Sec-WebSocket-Extensions", ()))
    return Handshake(chosen[0] if chosen else None, parse_agreement(extensions, offered_bits=compress))


def _elements(headers: MultiMapping[str], name: str) -> list[str]:
    elements = (element.strip(" \t") for value in headers.getall(name, ()) for element in value.split(","))
    return [element for element in elements if element]
