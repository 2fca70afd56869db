"""A `Transcript`: what a stream said, message by message, and what became of it.

Plain data, filled by one thread and read by any. It keeps the last 10 000 messages or 16 MB; its counters go on counting.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Literal

from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.paths import find
from httpkit_magics.record.record import Failure, SentRequest
from httpkit_magics.record.redaction import VAULT, Redactor
from httpkit_magics.record.secrets import Secret
from httpkit_magics.record.units import count, duration, size
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.record.visible import visible_line

MAX_MESSAGES: Final = 10_000
"""Messages that are kept."""
MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of messages that are kept, as they came over the wire; the last message is kept whatever its size."""
MAX_SECRETS: Final = 20
"""Credentials in sent messages that are masked wherever they come back."""
WINDOW: Final = 5
"""Seconds over which the rate of a live stream is taken."""

_REPR_TEXT: Final = 80

Direction = Literal["in", "out"]
State = Literal["connecting", "live", "reconnecting", "ended"]


@dataclass(slots=True, eq=False, repr=False)
class Message:
    """One message, event or line.

    Attributes:
        number: its place in the stream, from 1.
        direction: "in" or "out".
        kind: text, binary, event, close or error; in the words of the protocol.
        data: a text, or the bytes of a binary message.
        size: bytes of its content.
        time: seconds since the stream was asked for.
        event: the type of an event; empty otherwise.
        id: the id of an event; empty otherwise.
    """

    number: int
    direction: Direction
    kind: str
    data: str | bytes
    size: int
    time: float
    event: str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The data as text; bytes that are not UTF-8 are replaced."""
        return self.data if isinstance(self.data, str) else self.data.decode("utf-8", "replace")

    @property
    def is_data(self) -> bool:
        """Whether it is what the peer, or we, had to say, and not how the stream ended."""
        return self.kind not in {"close", "error"}

    def json(self) -> Any:
        """Return the data as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.data)

    def __getitem__(self, path: str) -> Any:
        """Return what the JSONPath `path` finds in the data.

        Raises:
            KeyError: the path names one place, and there is nothing.
            ValueError: the data is not JSON, or `path` is no JSONPath.
        """
        return find(path, self.json())

    def masked(self, redactor: Redactor, limit: int) -> str:
        """Return the data as text without credentials, looked at only as far as `limit` characters need it."""
        if isinstance(self.data, bytes):
            return self.data[: limit // 2].hex(" ")
        if self.direction == "out":
            return redactor.request_body("", self.data[:limit])
        return redactor.json_text(self.data[:limit])

    def __repr__(self) -> str:
        shown = self.masked(VAULT.wary, 2_000)
        cut = shown if len(shown) <= _REPR_TEXT else f"{shown[:_REPR_TEXT]}..."
        return visible_line(f"<{self.number} {self.direction} {self.event or self.kind} {size(self.size)} {cut}>")


class Transcript:
    """The messages of one stream, its counters and its state.

    Attributes:
        request: what was asked, as it was sent once that is known.
        protocol: "WS" or "SSE": what the panel calls it.
        state: connecting, live, reconnecting or ended.
        started: when it was asked for, in UTC.
        sent, received: messages, close frames not among them.
        sent_bytes, received_bytes: bytes of their content.
        connections: how many connections carried it.
        subprotocol: of a WebSocket, where one was agreed on.
        latency: seconds of the last ping; None where none was answered.
        close_code: of a WebSocket that is closed.
        close_reason: what the peer gave as its reason.
        is_stopped: whether it was ended by the stop button or `close()`.
        failure: what went wrong, in words; None where nothing did.
        error: the exception behind it.
        checks: what became of the waits of a script.
    """

    def __init__(
        self,
        request: SentRequest,
        protocol: str,
        *,
        max_messages: int = MAX_MESSAGES,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.request = request
        self.protocol = protocol
        self.state: State = "connecting"
        self.started = datetime.now(UTC)
        self.sent = self.received = self.sent_bytes = self.received_bytes = 0
        self.connections = 0
        self.subprotocol = ""
        self.latency: float | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self.is_stopped = False
        self.failure: Failure | None = None
        self.error: BaseException | None = None
        self.checks: tuple[Verdict, ...] = ()
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._clock = clock
        self._began = clock()
        self._elapsed: float | None = None
        self._messages: deque[Message] = deque()
        self._kept_bytes = 0
        self._last = 0
        self._marks: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)], maxlen=WINDOW + 1)
        self._secrets: tuple[Secret, ...] = tuple(credentials_of(request))
        self._changed = threading.Condition()
        self._watchers: tuple[Callable[[], None], ...] = ()

    # -- written by the thread that receives --------------------------------------------------------------------

    def add(self, direction: Direction, kind: str, data: str | bytes, event: str = "", id_: str = "") -> Message:
        """Keep a message, and drop the oldest ones that there is no room for."""
        length = len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode("utf-8", "surrogatepass"))
        now = self._clock() - self._began
        with self._changed:
            self._last = number = self._last + 1
            message = Message(number, direction, kind, data, length, now, event, id_)
            if direction == "in" and message.is_data:
                self.received += 1
                self.received_bytes += length
            elif direction == "out" and message.is_data:
                self.sent += 1
                self.sent_bytes += length
            messages = self._messages
            messages.append(message)
            self._kept_bytes += length
            while len(messages) > self._max_messages or (self._kept_bytes > self._max_bytes and len(messages) > 1):
                self._kept_bytes -= messages.popleft().size
            if now - self._marks[-1][0] >= 1:
                self._marks.append((now, self.received, self.received_bytes))
            self._changed.notify_all()
        self._tell()
        return message

    def carry(self, data: str | bytes) -> None:
        """Learn the credentials that a message holds before it is sent: they are masked from now on."""
        body = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        found = tuple(credentials_of(SentRequest(self.protocol, "", body=body)))
        if found:
            VAULT.hear(found)
            self._secrets = (*found, *(secret for secret in self._secrets if secret not in found))[:MAX_SECRETS]

    def ask(self, request: SentRequest) -> None:
        """Note what was asked, once that is known better."""
        self.request = request
        found = tuple(secret for secret in credentials_of(request) if secret not in self._secrets)
        VAULT.hear(found)
        self._secrets = (*found, *self._secrets)[:MAX_SECRETS]

    def fail(self, failure: Failure, error: BaseException) -> None:
        """Note what went wrong."""
        self.failure, self.error = failure, error

    def note(self, state: State) -> None:
        """Change the state; `ended` stops the clock."""
        with self._changed:
            self.state = state
            if state == "ended" and self._elapsed is None:
                self._elapsed = self._clock() - self._began
            self._changed.notify_all()
        self._tell()

    # -- read by any thread -------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Seconds from the start until now, or until the end."""
        return self._clock() - self._began if self._elapsed is None else self._elapsed

    @property
    def has_ended(self) -> bool:
        """Whether there will be no more messages."""
        return self.state == "ended"

    @property
    def total(self) -> int:
        """The number of the last message."""
        return self._last

    @property
    def kept(self) -> int:
        """How many messages are kept."""
        return len(self._messages)

    @property
    def messages(self) -> list[Message]:
        """The messages that are kept, the oldest first."""
        with self._changed:
            return list(self._messages)

    def after(self, number: int) -> list[Message]:
        """Return the kept messages that came after the one with `number`."""
        with self._changed:
            wanted = self._last - number
            kept = self._messages
            return list(kept) if wanted >= len(kept) else list(islice(kept, len(kept) - max(wanted, 0), None))

    def last(self, number: int) -> list[Message]:
        """Return the last `number` messages."""
        return self.after(self._last - number)

    def rate(self) -> tuple[float, float]:
        """Return messages and bytes received a second: in the last seconds of a live stream, else over all of it."""
        with self._changed:
            since, received, length = self._marks[0] if self._elapsed is None else (0.0, 0, 0)
            span = self.elapsed - since
            return (
                ((self.received - received) / span, (self.received_bytes - length) / span) if span > 0 else (0.0, 0.0)
            )

    def wait_for_more(self, number: int, timeout: float) -> None:
        """Return when there is a message after `number`, the stream has ended, or `timeout` seconds are over."""
        with self._changed:
            if self._last <= number and not self.has_ended:
                self._changed.wait(timeout)

    def watch(self, tell: Callable[[], None]) -> None:
        """Call `tell`, on the thread that receives, whenever something changes."""
        with self._changed:
            self._watchers = (*self._watchers, tell)

    def unwatch(self, tell: Callable[[], None]) -> None:
        """Undo `watch`."""
        with self._changed:
            self._watchers = tuple(each for each in self._watchers if each is not tell)

    def _tell(self) -> None:
        for tell in self._watchers:
            tell()

    def redactor(self, redactor: Redactor) -> Redactor:
        """Return `redactor` knowing what this stream's request and its sent messages carried."""
        return redactor.knowing(self._secrets)

    def rows(self, *, raw: bool = False) -> list[dict[str, Any]]:
        """Return the kept messages as rows of a table.

        The members of the JSON objects that were received are the columns, with when each came; other messages, such as
        a last `[DONE]`, have no row. With `raw`, or where no object came, a row is a message as it is.
        """
        messages = self.messages
        documents = [] if raw else _documents(messages)
        if not documents:
            return [
                {
                    "number": each.number,
                    "at": self.at(each),
                    "direction": each.direction,
                    "kind": each.kind,
                    **({"event": each.event, "id": each.id} if each.kind == "event" else {}),
                    "size": each.size,
                    "data": each.data,
                }
                for each in messages
            ]
        return [
            {"at": self.at(each), **({"event": each.event} if each.kind == "event" else {}), **document}
            for each, document in documents
        ]

    def at(self, message: Message) -> datetime:
        """Return when a message came or went, in UTC."""
        return datetime.fromtimestamp(self.started.timestamp() + message.time, UTC)

    @property
    def said(self) -> str:
        """The state in one or two words: `live`, `closed 1000`, `Timed out`."""
        if self.failure is not None:
            return self.failure.title
        if not self.has_ended:
            return self.state
        return f"closed {self.close_code}" if self.close_code is not None else "closed" if self.is_stopped else "ended"

    def __repr__(self) -> str:
        shown = self.redactor(VAULT.wary).url(self.request.url)
        counted = f"{count(self.received)} in, {count(self.sent)} out"
        return visible_line(f"<{self.protocol} {shown[:120]} {self.said}, {counted}, {duration(self.elapsed)}>")


def _documents(messages: Iterable[Message]) -> list[tuple[Message, dict[str, Any]]]:
    """Return the JSON objects among the received messages."""
    found = []
    for message in messages:
        if message.direction == "in" and message.is_data:
            try:
                document = message.json()
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict):
                found.append((message, document))
    return found
