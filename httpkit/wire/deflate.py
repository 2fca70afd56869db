"""permessage-deflate, the compression of WebSocket messages (RFC 7692). The client's side: offer, check, inflate, deflate."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from httpkit.errors import WebSocketError, WSHandshakeError
from httpkit.values.websocket import WSCloseCode

MAX_STREAMS = 1024
"""Deflate streams in one message. Each costs a new window for two bytes of input; aiohttp has the same limit."""

# What ends every flushed message, and is left out on the wire (RFC 7692 section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"

_TCHARS = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_ELEMENT = re.compile(rf'({_TCHARS})(?:[ \t]*=[ \t]*(?:({_TCHARS})|"({_TCHARS})"))?')
_WINDOW_BITS = re.compile("[89]|1[0-5]")


class DeflateParameters(NamedTuple):
    """What both sides agreed on (RFC 7692 section 7.1); the bits are the base-2 logarithm of a window in bytes."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15


def encode_offer(window_bits: int) -> str:
    """Return the `Sec-WebSocket-Extensions` value that offers windows of `window_bits`, 9 to 15 (RFC 7692 section 7.1).

    Raises:
        ValueError: other bits. RFC 7692 has 8 too, but zlib can't deflate with it.
    """
    if not 9 <= window_bits <= 15:
        raise ValueError(f"compress must be 0 or 9 to 15 window bits, got {window_bits}")
    offer = "permessage-deflate; client_max_window_bits"
    return offer if window_bits == 15 else f"{offer}; server_max_window_bits={window_bits}"


def parse_extensions(value: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Return the extensions of `Sec-WebSocket-Extensions` and their parameters, in order (RFC 6455 section 9.1).

    Raises:
        WSHandshakeError: the value does not follow the grammar.
    """
    extensions = []
    # A quoted value must be a token inside its quotes, so no comma or semicolon can hide in it.
    for extension in filter(None, map(_strip, value.split(","))):
        pairs: list[tuple[str, str | None]] = []
        for element in map(_strip, extension.split(";")):
            match = _ELEMENT.fullmatch(element)
            if match is None:
                raise WSHandshakeError(f"malformed Sec-WebSocket-Extensions: {element[:64]!r}")
            name, token, quoted = match.groups()
            pairs.append((name, token or quoted))
        (name, unexpected), *parameters = pairs
        if unexpected is not None:
            raise WSHandshakeError(f"malformed Sec-WebSocket-Extensions: {extension[:64]!r}")
        extensions.append((name, parameters))
    return extensions


def parse_agreement(value: str, *, offered_bits: int) -> DeflateParameters | None:
    """Return what the server's `Sec-WebSocket-Extensions` agrees to; None if it names no extension.

    Args:
        value: all of the response's field values, joined by commas.
        offered_bits: the window bits of the offer; 0 where nothing was offered.

    Raises:
        WSHandshakeError: malformed, not offered, named twice, or a parameter that RFC 7692 section 7.1 does not allow.
    """
    extensions = parse_extensions(value)
    if not extensions:
        return None
    (name, parameters), *others = extensions
    if name != "permessage-deflate" or not offered_bits or others:
        raise WSHandshakeError(f"the server uses extensions that were not offered: {value[:128]!r}")
    agreed: dict[str, Any] = {}
    for parameter, argument in parameters:
        check = _PARAMETERS.get(parameter)
        if check is None or parameter in agreed:
            raise WSHandshakeError(f"unknown or repeated permessage-deflate parameter: {parameter[:64]!r}")
        agreed[parameter] = check(parameter, argument)
    agreement = DeflateParameters(**agreed)
    if "server_max_window_bits" in agreed and agreement.server_max_window_bits > offered_bits:
        raise WSHandshakeError(
            f"server_max_window_bits={agreement.server_max_window_bits} exceeds the {offered_bits} offered (compress)"
        )
    if agreement.client_max_window_bits == 8:
        raise WSHandshakeError("client_max_window_bits=8 is a window that zlib can't deflate with")
    return agreement


def _strip(text: str) -> str:
    return text.strip(" \t")


def _flag(parameter: str, argument: str | None) -> bool:
    if argument is not None:
        raise WSHandshakeError(f"{parameter} takes no value, got {argument[:32]!r}")
    return True


def _window_bits(parameter: str, argument: str | None) -> int:
    if argument is None or not _WINDOW_BITS.fullmatch(argument):
        raise WSHandshakeError(f"{parameter} must be 8 to 15, got {argument and argument[:32]!r}")
    return int(argument)


_PARAMETERS: dict[str, Callable[[str, str | None], bool | int]] = {
    "server_no_context_takeover": _flag,
    "client_no_context_takeover": _flag,
    "server_max_window_bits": _window_bits,
    "client_max_window_bits": _window_bits,
}


class Inflater:
    """Inflates the server's messages (RFC 7692 section 7.2.2), piece by piece and never more than it is asked for."""

    def __init__(self, parameters: DeflateParameters, *, max_streams: int = MAX_STREAMS) -> None:
        self._parameters = parameters
        self._max_streams = max_streams
        self._streams = 1
        self._stream = self._new_stream()

    def inflate(self, data: bytes, max_length: int = 0) -> bytes:
        """Return what `data` inflates to, cut off at `max_length` bytes; 0 is no limit.

        Where exactly `max_length` bytes come out, the rest is lost: ask for one byte more than you would take.

        Raises:
            WebSocketError: 1002, not a deflate stream; 1009, more than `max_streams` streams in this message.
        """
        return self._inflate(data, max_length)

    def finish(self, data: bytes, max_length: int = 0) -> bytes:
        """Return what the last piece of a message inflates to, and be ready for the next message; see `inflate`."""
        inflated = self._inflate(data + _TAIL, max_length)
        self._streams = 1
        if self._stream.eof or self._parameters.server_no_context_takeover:
            self._stream = self._new_stream()
        return inflated

    def _inflate(self, data: bytes, max_length: int) -> bytes:
        pieces: list[bytes] = []
        room = max_length
        try:
            # Mostly one turn: only BFINAL ends a stream within a message (RFC 7692 section 7.2.3.4). A message that is
            # one finished stream needs no tail, and some servers send that: so a tail alone begins no stream.
            while data and not (self._stream.eof and data == _TAIL) and (room or not max_length):
                if self._stream.eof:
                    self._next_stream()
                pieces.append(self._stream.decompress(data, room))
                room -= len(pieces[-1]) if max_length else 0
                data = self._stream.unused_data
        except zlib.error as exc:
            raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, f"compressed message can't be inflated: {exc}") from exc
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _next_stream(self) -> None:
        self._streams += 1
        if self._streams > self._max_streams:
            raise WebSocketError(
                WSCloseCode.MESSAGE_TOO_BIG,
                f"compressed message has more than {self._max_streams} deflate streams (max_streams)",
            )
        self._stream = self._new_stream()

    def _new_stream(self) -> zlib._Decompress:
        return zlib.decompressobj(-self._parameters.server_max_window_bits)


class Deflater:
    """Deflates the client's messages (RFC 7692 section 7.2.1)."""

    def __init__(self, parameters: DeflateParameters, *, level: int = zlib.Z_BEST_SPEED) -> None:
        self._level = level
        self._window_bits = parameters.client_max_window_bits
        # A full flush forgets what came before, and costs less than a new stream.
        self._flush = zlib.Z_FULL_FLUSH if parameters.client_no_context_takeover else zlib.Z_SYNC_FLUSH
        self._stream: zlib._Compress | None = None

    def deflate(self, payload: bytes, *, final: bool = True) -> bytes:
        """Return the payload of a frame: a whole message, or one fragment of it and `final` for the last."""
        stream = self._stream
        if stream is None:
            stream = self._stream = zlib.compressobj(self._level, zlib.DEFLATED, -self._window_bits)
        deflated = stream.compress(payload) + stream.flush(self._flush if final else zlib.Z_SYNC_FLUSH)
        return deflated[:-4] if final else deflated

    def deflate_alone(self, payload: bytes, compress: int) -> bytes:
        """Return the payload of a frame for a whole message with settings of its own.

        Args:
            payload: the message.
            compress: 1 to 9 is a level of zlib, 10 to 15 are window bits, which is what aiohttp takes it for.

        Raises:
            ValueError: `compress` is something else.
        """
        if not 1 <= compress <= 15:
            raise ValueError(f"compress must be a level of 0 to 9, or 10 to 15 window bits, got {compress}")
        level, bits = (compress, 15) if compress < 10 else (self._level, compress)
        stream = zlib.compressobj(level, zlib.DEFLATED, -min(bits, self._window_bits))
        # The server's window now holds this message, which the shared stream does not know: its distances would be
        # wrong from here on. So the next message starts a stream too, and refers to nothing before it.
        self._stream = None
        return (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
