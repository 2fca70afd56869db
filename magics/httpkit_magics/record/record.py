"""A `Record`: what one request asked and what came of it, as plain data that stays in the notebook.

A record is synchronous and complete: the body is in memory, nothing of the network is left in it. A request that
failed is a record too, with `failure` in words and `error` as the exception.
"""

from __future__ import annotations

import codecs
import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.units import duration, size
from httpkit_magics.record.visible import visible_line

_REPR_URL = 120
_REPR_WORD = 60
"""Characters of a URL, and of a reason, a method or a title, in a repr."""


class Fields:
    """Field lines in the order they came; names compare without case, and a name may repeat (RFC 9110 section 5)."""

    __slots__ = ("_lines",)

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._lines = tuple((str(name), str(value)) for name, value in lines)

    def __getitem__(self, name: str) -> str:
        """Return the values of `name`, joined with a comma as RFC 9110 section 5.3 allows.

        Raises:
            KeyError: no such field.
        """
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the values of `name` joined with a comma, or `default`."""
        return ", ".join(self.get_all(name)) or default if name in self else default

    def get_all(self, name: str) -> list[str]:
        """Return every value of `name`, in order."""
        wanted = name.lower()
        return [value for key, value in self._lines if key.lower() == wanted]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._lines)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def items(self) -> list[tuple[str, str]]:
        """Return the field lines as (name, value), repeats kept."""
        return list(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self._lines == other._lines

    def __hash__(self) -> int:
        return hash(self._lines)

    def __repr__(self) -> str:
        return f"Fields({list(self._lines)!r})"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The request as it was sent: `url` is the last one asked, `body` the bytes before any content coding."""

    method: str
    url: str
    headers: Fields = field(default_factory=Fields)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that the response set, with its attributes as the server wrote them (RFC 6265bis section 5.6)."""

    name: str
    value: str
    attributes: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a `Link` field (RFC 8288), its target absolute."""

    rel: str
    url: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """A response that redirected: what was asked, what it answered and where it pointed."""

    status: int
    reason: str
    method: str
    url: str
    location: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the exchange, in seconds from the call: queued, dns, connect, tls, send, wait or receive."""

    name: str
    start: float
    duration: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """The TLS session and the certificate that the server showed."""

    version: str
    cipher: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for people.

    Attributes:
        kind: a stable word: refused, dns, tls, timeout, malformed, redirects, cancelled, url, body or other.
        title: two or three words for the badge, such as "Cannot connect".
        sentence: one sentence that says what failed, where.
        hint: what to try; may be empty.
    """

    kind: str
    title: str
    sentence: str
    hint: str = ""


_NOT_FOR_TEXT = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"))


def known_charset(name: str | None) -> str:
    """Return the charset that Python knows as `name`; `utf-8` for None and for one that is unknown or no charset.

    Python's names include codecs that no response is written in: `punycode` takes quadratic time, `hex` is not text.
    """
    try:
        found = codecs.lookup(name or "utf-8").name
        # An empty string decodes whatever the codec is, so two spaces.
        b"  ".decode(found, "replace")
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.replace("_", "-") in _NOT_FOR_TEXT else found


class RecordError(Exception):
    """`raise_for_status()` of a record whose status is 400 or more, or that has no response at all."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come, to be shown while it runs.

    Attributes:
        request: what is asked.
        stage: what happens now, in one or two words: queued, resolving, connecting, sent, receiving.
        received: bytes of the body so far.
        expected: bytes of the whole body; None where the response doesn't say.
        elapsed: seconds since the call.
    """

    request: SentRequest
    stage: str
    received: int = 0
    expected: int | None = None
    elapsed: float = 0.0


@dataclass(eq=False, repr=False)
class Record:
    """One request and its answer.

    `status` is None and `failure` is set where no response arrived; both are set where the body failed half-way.
    Sizes are in bytes, times in seconds.
    """

    request: SentRequest
    url: str
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    headers: Fields = field(default_factory=Fields)
    content: bytes = field(default=b"", repr=False)
    encoding: str | None = None
    received: int | None = None
    """Size of the body on the wire, before decoding; None where it was not counted."""
    started: datetime | None = None
    """When the request was made, aware; what a panel says of dates is said as of then. None where nobody looked."""
    elapsed: float = 0.0
    phases: tuple[Phase, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    links: tuple[Link, ...] = ()
    redirects: tuple[Hop, ...] = ()
    tls: Certificate | None = None
    peer: str | None = None
    name: str | None = None
    failure: Failure | None = None
    error: BaseException | None = None

    @property
    def ok(self) -> bool:
        """Whether a response arrived whole and its status is below 400."""
        return self.failure is None and self.status is not None and self.status < 400

    @property
    def text(self) -> str:
        """The body as text, in its declared or detected charset; what can't be decoded becomes U+FFFD.

        A charset that Python doesn't know is read as UTF-8.
        """
        return self.content.decode(known_charset(self.encoding), "replace")

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.content)

    @property
    def timing(self) -> dict[str, float]:
        """Seconds spent in each phase that happened."""
        return {phase.name: phase.duration for phase in self.phases}

    def raise_for_status(self) -> None:
        """Do nothing for a response below 400.

        Raises:
            RecordError: the status is 400 or more, or no response arrived; its cause is the client's exception.
        """
        if self.failure is not None:
            raise RecordError(self.failure.sentence) from self.error
        if self.status is not None and self.status >= 400:
            raise RecordError(f"{self.status} {self.reason} from {self.request.method} {self.url}")

    def replaced(self, **changes: Any) -> Record:
        """Return a copy with `changes`."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        url = REDACTOR.url(self.url)
        asked = f"{self.request.method[:_REPR_WORD]} {url[:_REPR_URL]}{'...' if len(url) > _REPR_URL else ''}"
        if self.failure is not None:
            said = f"{self.failure.title[:_REPR_WORD]} {asked} after {duration(self.elapsed)}"
        elif self.status is None:
            said = f"without response {asked}"
        else:
            status = f"{self.status} {self.reason[:_REPR_WORD]}".strip()
            said = f"{status} {asked} {size(len(self.content))} in {duration(self.elapsed)}"
        return visible_line(f"<Record {said}>")
