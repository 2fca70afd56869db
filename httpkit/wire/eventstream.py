"""`text/event-stream`, bytes -> events (HTML standard section 9.2.6). Give bytes as they arrive, get whole events."""

from __future__ import annotations

from httpkit.errors import EventStreamError
from httpkit.values.eventstream import ServerSentEvent

MAX_LINE_SIZE = 8 * 1024 * 1024
"""Bytes in one line: room for an image in base64, which LLM APIs send in a single data line."""

MAX_EVENT_SIZE = 8 * 1024 * 1024
"""Bytes in all data lines of one event."""

_BOM = b"\xef\xbb\xbf"
# More digits than this are not milliseconds of any use, and int() takes quadratic time.
_MAX_RETRY_DIGITS = 18


class EventStreamDecoder:
    """Turns the body of an event stream into events.

    A line that is not UTF-8 is decoded with U+FFFD, as the standard asks. An event that the end of the stream cuts off
    is never given. A new connection to the same stream is a new decoder, which takes `last_event_id` over.

    Attributes:
        last_event_id: what a reconnect sends as `Last-Event-ID`: the id of the last event that was complete.
        retry: milliseconds to wait before a reconnect, None where the stream did not say.
        error: why nothing more is decoded, None while all is well; events before the error have been given.
    """

    def __init__(
        self,
        *,
        last_event_id: str = "",
        max_line_size: int = MAX_LINE_SIZE,
        max_event_size: int = MAX_EVENT_SIZE,
    ) -> None:
        """Set the limits, in bytes."""
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self.error: EventStreamError | None = None
        self._max_line_size = max_line_size
        self._max_event_size = max_event_size
        self._at_start = True
        self._after_cr = False
        self._line = bytearray()
        self._id = last_event_id
        self._event = ""
        self._data: list[str] = []
        self._event_size = 0
        self._event_retry: int | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that `data` completes, in order; look at `error` afterwards."""
        events: list[ServerSentEvent] = []
        if self.error is not None or not data:
            return events
        try:
            for line in self._lines(data):
                if line:
                    self._take_line(line)
                else:
                    self._dispatch(events)
        except EventStreamError as exc:
            self.error = exc
            self._line = bytearray()
            self._data = []
        return events

    def _lines(self, data: bytes) -> list[bytes]:
        """Return the lines that end in `data`, without their ends, and keep the rest."""
        # A CR ends its line at once, so that no event waits for the next one; the LF of its CRLF may come later.
        if self._after_cr and data[0] == 0x0A:
            data = data[1:]
            self._after_cr = False
            if not data:
                return []
        self._after_cr = data[-1] == 0x0D
        lines = data.splitlines()
        tail = b"" if data[-1] in b"\r\n" else lines.pop()
        if lines and self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line = bytearray()
        if lines and self._at_start:
            lines[0] = lines[0].removeprefix(_BOM)
            self._at_start = False
        self._line += tail
        if len(self._line) > self._max_line_size:
            # The lines before it are still whole: they are taken first, and the next call finds the error.
            lines.append(bytes(self._line))
        return lines

    def _take_line(self, line: bytes) -> None:
        if len(line) > self._max_line_size:
            raise EventStreamError(f"line of the event stream exceeds {self._max_line_size} bytes (max_line_size)")
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._on_data(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self.retry = self._event_retry = int(value)

    def _on_data(self, value: bytes) -> None:
        # The field's name and colon count too: a million empty lines are a million objects.
        self._event_size += len(value) + 5
        if self._event_size > self._max_event_size:
            raise EventStreamError(f"event of the event stream exceeds {self._max_event_size} bytes (max_event_size)")
        self._data.append(value.decode("utf-8", "replace"))

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data:
            events.append(
                ServerSentEvent(self._event or "message", "\n".join(self._data), self.last_event_id, self._event_retry)
            )
            self._data = []
        self._event = ""
        self._event_size = 0
        self._event_retry = None
