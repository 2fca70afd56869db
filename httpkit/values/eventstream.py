"""The event of an event stream (HTML standard section 9.2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class ServerSentEvent(NamedTuple):
    """One event of a `text/event-stream`.

    Attributes:
        event: its type; `message` where the stream names none.
        data: its data lines, joined by LF.
        id: the last event id of the stream so far: what a reconnect sends as `Last-Event-ID`.
        retry: milliseconds to wait before a reconnect, where this event's block set them.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """Return the data parsed as JSON by `loads`."""
        return loads(self.data)
