"""WebSocket messages in pieces: put together for who wants them whole, taken apart for who sends them so."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar

from httpkit.errors import WebSocketError
from httpkit.values.websocket import WSCloseCode, WSFragment, WSMessage, WSMessageTextBytes, WSMsgType

_T = TypeVar("_T")


class Assembly:
    """Puts the pieces together that still come after a message was received as a stream.

    The decoder knows no limit for a message that it gives in pieces, so this does.
    """

    def __init__(self, max_msg_size: int) -> None:
        self._max_msg_size = max_msg_size
        self._pieces: list[str | bytes] = []
        self._size = 0
        self._is_open = False
        self._is_dropping = False

    def begin_stream(self) -> None:
        """Give the next message in pieces; what is left of the one before is dropped."""
        self._is_dropping = self._is_open

    def take(self, fragment: WSFragment, *, in_pieces: bool) -> WSFragment | WSMessage | WSMessageTextBytes | None:
        """Return the piece, or the message that it completes; None where more must come.

        Raises:
            WebSocketError: 1009, the message is too large.
        """
        if self._is_dropping or (self._is_open and not in_pieces):
            self._is_dropping = self._is_open = not fragment.final
            return None
        if in_pieces:
            self._is_open = not fragment.final
            return fragment
        self._pieces.append(fragment.data)
        self._size += len(fragment.data)
        if 0 < self._max_msg_size < self._size:
            raise WebSocketError(
                WSCloseCode.MESSAGE_TOO_BIG, f"message has more than {self._max_msg_size} bytes (max_msg_size)"
            )
        return self._completed(fragment.type) if fragment.final else None

    def _completed(self, type_: WSMsgType) -> WSMessage | WSMessageTextBytes:
        pieces, self._pieces, self._size = self._pieces, [], 0
        # All pieces of a message are of one type.
        data: Any = type(pieces[0])().join(pieces)  # type: ignore[arg-type]
        kind = WSMessageTextBytes if type_ is WSMsgType.TEXT and isinstance(data, bytes) else WSMessage
        return kind(type_, data, "")


async def each(items: AsyncIterable[_T] | Iterable[_T]) -> AsyncIterator[_T]:
    """Give the items of either kind of iterable."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
