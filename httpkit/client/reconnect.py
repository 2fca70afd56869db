"""WebSockets that come back: the next one is opened whenever one ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self

from httpkit.client.backoff import Backoff, Pauses, is_passing, retry_after
from httpkit.client.options import StrOrURL
from httpkit.client.state import SessionState
from httpkit.client.stream_options import ReconnectOptions
from httpkit.client.upgrade import checked, connect
from httpkit.client.websocket import ClientWebSocketResponse
from httpkit.values.websocket import WSCloseCode


class WebSocketReconnect:
    """Gives one open WebSocket after the other; each is closed before the next is opened.

        async for ws in session.ws_reconnect(url):
            async for message in ws:
                ...

    After a break out of the loop the WebSocket is closed as well; `async with` around it closes it at once.

    Attributes:
        last_close_code: of the WebSocket before; 1006 where the connection was lost, None before the first ended.
        last_error: what the last handshake failed with, None after one that succeeded.
        failures: how many attempts failed, or ended early, in a row.
        connections: how many WebSockets were opened.
    """

    def __init__(self, state: SessionState, url: StrOrURL, backoff: Backoff | None, options: ReconnectOptions) -> None:
        rest: dict[str, Any] = dict(options)
        self._is_final: Callable[[int | None], bool] = rest.pop("is_final", _is_normal)
        self._should_retry: Callable[[Exception], bool] = rest.pop("should_retry", is_passing)
        self._state = state
        self._url = url
        self._options = checked(rest)  # type: ignore[arg-type]  # what is left of ReconnectOptions
        self._pauses = Pauses(backoff or Backoff())
        self._sockets: AsyncGenerator[ClientWebSocketResponse] | None = None
        self.last_close_code: int | None = None
        self.last_error: Exception | None = None
        self.connections = 0

    @property
    def failures(self) -> int:
        """How many attempts failed, or ended early, in a row."""
        return self._pauses.failures

    def __aiter__(self) -> AsyncIterator[ClientWebSocketResponse]:
        return self._iterate() if self._sockets is None else self._sockets

    async def __aenter__(self) -> Self:
        self._sockets = self._iterate()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._sockets is not None:
            await self._sockets.aclose()

    async def _iterate(self) -> AsyncGenerator[ClientWebSocketResponse]:
        while True:
            try:
                socket = await connect(self._state, self._url, self._options)
            except Exception as error:
                self.last_error = error
                if not self._should_retry(error) or not self._pauses.note_failure():
                    raise
                await self._pauses.wait(retry_after(error))
                continue
            self.last_error = None
            self.connections += 1
            opened = monotonic()
            self._pauses.note_success()
            async with socket:
                yield socket
                was_closed = socket.closed
            self.last_close_code = socket.close_code
            if was_closed and self._is_final(socket.close_code):
                return
            self._pauses.note_end(monotonic() - opened)
            await self._pauses.wait()


def _is_normal(close_code: int | None) -> bool:
    return close_code == WSCloseCode.OK
