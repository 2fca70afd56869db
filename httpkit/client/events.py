"""Event streams: the events of a `text/event-stream`, over as many connections as it takes (HTML standard section 9.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import Any, Self

from multidict import CIMultiDict

from httpkit.client.backoff import Backoff, Pauses, is_passing, retry_after
from httpkit.client.call import Call
from httpkit.client.options import StrOrURL, pairs
from httpkit.client.response import ClientResponse
from httpkit.client.state import SessionState
from httpkit.client.stream_options import EventOptions
from httpkit.errors import ClientResponseError, ContentTypeError
from httpkit.values import hdrs
from httpkit.values.eventstream import ServerSentEvent
from httpkit.wire.eventstream import MAX_EVENT_SIZE, MAX_LINE_SIZE, EventStreamDecoder

LAST_EVENT_ID = "Last-Event-ID"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class EventSource:
    """The events of a stream.

        async for event in session.sse(url):
            print(event.event, event.data)

    `async with` connects at once and keeps the connection until its end, so that several loops can share it; without
    it, each loop connects, and its end disconnects.

    Attributes:
        response: the response that events come from; None before the first and between two.
        last_event_id: the id of the last event that was complete.
        connections: how many responses gave events.
    """

    def __init__(self, state: SessionState, url: StrOrURL, options: EventOptions) -> None:
        rest: dict[str, Any] = dict(options)
        self.response: ClientResponse | None = None
        self.connections = 0
        self._state = state
        self._url = url
        self._method: str = rest.pop("method", hdrs.METH_GET).upper()
        reconnect = rest.pop("reconnect", None)
        self._is_safe = self._method in _SAFE_METHODS
        self._reconnects: bool = self._is_safe if reconnect is None else reconnect
        self._should_retry: Callable[[Exception], bool] = rest.pop("should_retry", is_passing)
        self._pauses = Pauses(rest.pop("backoff", None) or Backoff())
        self._limits = {
            "max_line_size": rest.pop("max_line_size", None) or MAX_LINE_SIZE,
            "max_event_size": rest.pop("max_event_size", MAX_EVENT_SIZE),
        }
        self._decoder = EventStreamDecoder(last_event_id=rest.pop("last_event_id", ""), **self._limits)
        self._options = rest
        self._events: deque[ServerSentEvent] = deque()
        self._has_given = False
        self._is_over = False
        self._is_entered = False
        self._opened = 0.0

    @property
    def last_event_id(self) -> str:
        """The id of the last event that was complete: what the next connection sends as `Last-Event-ID`."""
        return self._decoder.last_event_id

    @property
    def retry(self) -> int | None:
        """The milliseconds that the server wants us to wait before we connect again; None where it did not say."""
        return self._decoder.retry

    def __aiter__(self) -> AsyncIterator[ServerSentEvent]:
        return self if self._is_entered else self._iterate()

    async def _iterate(self) -> AsyncGenerator[ServerSentEvent]:
        try:
            while self._events or await self._advance():
                while self._events:
                    yield self._events.popleft()
        finally:
            self._drop_response()

    async def __anext__(self) -> ServerSentEvent:
        while not self._events:
            if not await self._advance():
                raise StopAsyncIteration
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        self._is_entered = True
        while self.response is None and await self._advance():
            pass
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect, and give no more events."""
        self._is_over = True
        self._events.clear()
        self._drop_response()

    def _drop_response(self) -> None:
        if self.response is not None:
            self.response.close()
            self.response = None

    async def _advance(self) -> bool:
        """Connect, or receive what comes next; return False where there is nothing more.

        Raises:
            ClientResponseError: the status is neither 200 nor 204.
            ContentTypeError: the response is no event stream.
            ClientPayloadError: the stream broke off, and there is no way to go on, or none was asked for.
            ClientError: whatever else a connection failed with.
        """
        if self._is_over:
            return False
        try:
            if self.response is None:
                await self._connect()
            else:
                await self._receive(self.response)
        except Exception as error:
            if not self._may_go_on(error):
                self._is_over = True
                self._drop_response()
                raise
            await self._pause(error)
        return True

    async def _connect(self) -> None:
        known = self._decoder
        headers: CIMultiDict[str] = CIMultiDict(pairs(self._options.get("headers")))
        headers.setdefault(hdrs.ACCEPT, "text/event-stream")
        headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        if known.last_event_id:
            headers[LAST_EVENT_ID] = known.last_event_id
        # An event stream has no end, so there is no total time unless one is asked for.
        timeout = replace(self._state.defaults.timeout, total=None)
        options: Any = {"timeout": timeout, **self._options, "headers": headers}
        response = await Call(self._state, self._method, self._url, options).run()
        try:
            _check(response)
        except ClientResponseError:
            response.close()
            raise
        if response.status == 204:
            response.release()
            self._is_over = True
            return
        self._decoder = EventStreamDecoder(last_event_id=known.last_event_id, **self._limits)
        self._decoder.retry = known.retry
        self._pauses.note_success()
        self._opened = monotonic()
        self.connections += 1
        self.response = response

    async def _receive(self, response: ClientResponse) -> None:
        if self._decoder.error is not None:
            raise self._decoder.error
        data = await response.content.readany()
        if data:
            self._events.extend(self._decoder.feed(data))
            self._has_given = self._has_given or bool(self._events)
        elif self._reconnects and self._is_safe:
            await self._pause(None)
        else:
            self._is_over = True
            self._drop_response()

    def _may_go_on(self, error: Exception) -> bool:
        """Return whether to connect again after `error`, without a body that is spent or events that come twice."""
        return (
            self._reconnects
            and self._should_retry(error)
            and not isinstance(self._options.get("data"), (Iterator, AsyncIterator))
            and (self._is_safe or bool(self.last_event_id) or not self._has_given)
            and (self.response is not None or self._pauses.note_failure())
        )

    async def _pause(self, error: Exception | None) -> None:
        """Disconnect, and wait before the next attempt."""
        if self.response is not None:
            self._drop_response()
            self._pauses.note_end(monotonic() - self._opened)
        asked = 0.0 if error is None else retry_after(error)
        await self._pauses.wait(max(asked, (self.retry or 0) / 1000))


def _check(response: ClientResponse) -> None:
    """Do nothing where `response` is an event stream, or 204, which says that there will be none.

    Raises:
        ClientResponseError: its status is neither 200 nor 204.
        ContentTypeError: its media type is another.
    """
    if response.status == 204:
        return
    kind, message = ClientResponseError, response.reason or ""
    if response.status == 200:
        if response.content_type == "text/event-stream":
            return
        kind = ContentTypeError
        message = f"Attempt to read events with unexpected mimetype: {response.headers.get(hdrs.CONTENT_TYPE, '')}"
    raise kind(
        response.request_info, response.history, status=response.status, message=message, headers=response.headers
    )
