"""WebSocket messages, their types, close codes and timeouts (RFC 6455). Names, values and meaning are aiohttp's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple


class WSCloseCode(IntEnum):
    """Why a WebSocket was closed (RFC 6455 section 7.4.1 and the IANA registry)."""

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    ABNORMAL_CLOSURE = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


class WSMsgType(IntEnum):
    """The type of a message: an opcode of RFC 6455 section 5.2, or from 0x100 on what happened to the connection."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    CLOSING = 0x100
    CLOSED = 0x101
    ERROR = 0x102

    text = TEXT
    binary = BINARY
    ping = PING
    pong = PONG
    close = CLOSE
    closing = CLOSING
    closed = CLOSED
    error = ERROR


class WSMessage(NamedTuple):
    """What `receive()` gives.

    `data` is a str for TEXT, bytes for BINARY, PING and PONG, the close code for CLOSE (0 where there was none), the
    exception for ERROR, and None for CLOSING and CLOSED. `extra` is the reason for CLOSE.
    """

    type: WSMsgType
    data: Any
    extra: str | None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """Return the data parsed as JSON by `loads`."""
        return loads(self.data)


class WSMessageTextBytes(NamedTuple):
    """A TEXT message with `decode_text=False`: `data` is bytes that nobody has checked to be UTF-8."""

    type: WSMsgType
    data: Any
    extra: str | None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """Return the data parsed as JSON by `loads`, which is given bytes."""
        return loads(self.data)


class WSFragment(NamedTuple):
    """A piece of a TEXT or BINARY message that is received as a stream; `final` is true for its last piece."""

    type: WSMsgType
    data: str | bytes
    final: bool


WSMessageDecodeText = WSMessage
"""What `receive()` gives with `decode_text=True`."""

WSMessageNoDecodeText = WSMessage | WSMessageTextBytes
"""What `receive()` gives with `decode_text=False`."""

WS_CLOSED_MESSAGE = WSMessage(WSMsgType.CLOSED, None, None)
WS_CLOSING_MESSAGE = WSMessage(WSMsgType.CLOSING, None, None)


@dataclass(frozen=True, slots=True)
class ClientWSTimeout:
    """How long a WebSocket may wait, in seconds; None is no limit.

    Attributes:
        ws_receive: for one message in `receive()`.
        ws_close: for the peer's close frame in `close()`.
    """

    ws_receive: float | None = None
    ws_close: float | None = None


DEFAULT_WS_CLIENT_TIMEOUT = ClientWSTimeout(ws_close=10.0)
