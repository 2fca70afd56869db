"""A `Record`: what one request asked and what came of it, as plain data that stays in the notebook.

A record is synchronous and complete: the body is in memory, nothing of the network is left in it. A request that
failed is a record too, with `failure` in words and `error` as the exception.
"""

from __future__ import annotations

import codecs
import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.languages import written
from httpkit_magics.record.paths import find
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.saving import save
from httpkit_magics.record.tabular import frame_of
from httpkit_magics.record.units import duration, size
from httpkit_magics.record.values import UsedValue
from httpkit_magics.record.verdicts import Verdict
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
        lines = [(name, VAULT.wary.header(name, value)) for name, value in self._lines]
        return VAULT.wary.text(f"Fields({lines!r})")


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """The request as it was sent: `url` is the last one asked, `body` the bytes before any content coding."""

    method: str
    url: str
    headers: Fields = field(default_factory=Fields)
    body: bytes | None = None

    def __repr__(self) -> str:
        redactor = VAULT.wary.knowing(credentials_of(self))
        said = f"<SentRequest {self.method[:_REPR_WORD]} {redactor.url(self.url)} {self.headers!r}>"
        return visible_line(redactor.text(said))


@dataclass(frozen=True, slots=True, repr=False)
class Cookie:
    """A cookie that the response set, with its attributes as the server wrote them (RFC 6265bis section 5.6)."""

    name: str
    value: str
    attributes: tuple[tuple[str, str | None], ...] = ()

    @property
    def is_http_only(self) -> bool:
        """Whether scripts are not given it, which says that it is a credential."""
        return any(name.lower() == "httponly" for name, _ in self.attributes)

    def __repr__(self) -> str:
        value = VAULT.wary.cookie(self.name, self.value, http_only=self.is_http_only)
        return VAULT.wary.text(f"Cookie({self.name!r}, {value!r}, {self.attributes!r})")


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """One link of a `Link` field (RFC 8288), its target absolute."""

    rel: str
    url: str
    parameters: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return VAULT.wary.text(f"Link({self.rel!r}, {VAULT.wary.url(self.url)!r}, {self.parameters!r})")


@dataclass(frozen=True, slots=True, repr=False)
class Hop:
    """A response that redirected: what was asked, what it answered and where it pointed."""

    status: int
    reason: str
    method: str
    url: str
    location: str

    def __repr__(self) -> str:
        url, location = VAULT.wary.url(self.url), VAULT.wary.url(self.location)
        return VAULT.wary.text(f"Hop({self.status}, {self.reason!r}, {self.method!r}, {url!r}, {location!r})")


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
class SavedFile:
    """A file that the body went to.

    Attributes:
        path: where it is.
        size: bytes in it.
        offset: bytes of it that were there before.
        total: bytes that it should have; None where the response doesn't say.
        is_complete: whether nothing is missing.
    """

    path: Path
    size: int
    offset: int = 0
    total: int | None = None
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for people.

    Attributes:
        kind: a stable word: refused, dns, tls, timeout, malformed, redirects, cancelled, url, body, file or other.
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
    """`raise_for_status()` of a record whose status is 400 or more, or that has no response at all.

    Its message holds no credential. In a notebook it shows as one line.

    Attributes:
        record: the record.
    """

    def __init__(self, message: str, record: Record) -> None:
        self.record = record
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come, to be shown while it runs.

    Attributes:
        request: what is asked.
        stage: what happens now, in one or two words: queued, resolving, connecting, sent, receiving.
        received: bytes of the body so far.
        expected: bytes of the whole body; None where the response doesn't say.
        elapsed: seconds since the call.
        preview: the last lines of the body so far, where they are to be seen.
    """

    request: SentRequest
    stage: str
    received: int = 0
    expected: int | None = None
    elapsed: float = 0.0
    preview: str = ""


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
    checks: tuple[Verdict, ...] = ()
    values: tuple[UsedValue, ...] = ()
    """What was filled into the request, and where it came from."""
    attempts: int = 1
    """How often the request was made until this came of it."""
    """What became of the assertions, in order."""
    saved: SavedFile | None = None
    """The file that the body went to, where one was asked for; the body of a download is only there."""
    is_offline: bool = False
    """Whether the request was only put together, and not sent."""
    show: str | None = None
    """What its panel shows, of the letters H, B, h, b and m, as HTTPie's --print; None is the usual panel."""
    cell: int | None = None
    """The number of the cell that asked, as its `In [n]` says; None outside a notebook."""
    cell_id: str = field(default="", repr=False)
    """What stays the same when that cell runs again."""
    dropped: int = 0
    """Bytes of a body that the history let go of, as it had no more room."""
    stored: Record | None = None
    """After a 304, the earlier record whose body is still good, where the history has it."""

    @property
    def ok(self) -> bool:
        """Whether a response arrived whole and its status is below 400."""
        return self.failure is None and self.status is not None and (self.status < 400 or self.is_loaded)

    @property
    def is_loaded(self) -> bool:
        """Whether a download found nothing missing: its 416 is no error (RFC 9110 section 15.5.17)."""
        return self.status == 416 and self.saved is not None

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

    def jsonpath(self, path: str) -> Any:
        """Return what `path` finds in the body, by RFC 9535: one value where it names one place, else a list.

        Raises:
            KeyError: the path names one place, and there is nothing.
            ValueError: the path can't be understood, or the body is not JSON.
        """
        return find(path, self.json())

    def __getitem__(self, path: str) -> Any:
        """Return what the JSONPath `path` finds in the body: `r["$.items[*].id"]`; as `jsonpath` does."""
        return self.jsonpath(path)

    def df(self, path: str = "$") -> Any:
        """Return a table of the body as a DataFrame: of pandas, or of polars where that alone is there or imported.

        JSON is an array of objects, at the JSONPath `path`; NDJSON and CSV need no path.

        Raises:
            ImportError: neither pandas nor polars is installed.
            ValueError: there is no table at `path`.
        """
        return frame_of(self.headers.get("content-type") or "", self.text, path)

    def save(self, path: str | os.PathLike[str] = ".") -> Path:
        """Write the body to a file and return its path.

        The file is written beside its place and then put there whole, so that a symbolic link is replaced and never
        followed. In a folder a new file is made, named after the URL and its media type.

        Raises:
            OSError: it can't be written.
        """
        return save(self.content, path, self.url, self.headers.get("content-type") or "")

    @property
    def timing(self) -> dict[str, float]:
        """Seconds spent in each phase that happened."""
        return {phase.name: phase.duration for phase in self.phases}

    def raise_for_status(self) -> None:
        """Do nothing for a response below 400.

        Raises:
            RecordError: the status is 400 or more, or no response arrived; its `record.error` is the client's exception.
        """
        # Not `from self.error`: messages of the client repeat URLs, with what stands in them.
        if self.failure is not None:
            raise RecordError(VAULT.wary.url(self.failure.sentence), self)
        if self.status is not None and self.status >= 400 and not self.is_loaded:
            redactor = VAULT.wary.knowing(credentials_of(self.request))
            said = f"{self.status} {self.reason} from {self.request.method} {redactor.url(self.url)}"
            raise RecordError(visible_line(redactor.text(said)), self)

    def curl(self) -> str:
        """Return the request as a command of curl for bash; credentials are variables of the environment."""
        return written("curl", self)

    def python(self) -> str:
        """Return the request as a program with httpkit's client; credentials come from the environment."""
        return written("python", self)

    def http(self) -> str:
        """Return the request as the text of a .http file or a %%http cell; credentials come from the environment."""
        return written("http", self)

    def replaced(self, **changes: Any) -> Record:
        """Return a copy with `changes`."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        redactor = VAULT.wary.knowing(credentials_of(self.request))
        url = redactor.url(self.url)
        asked = f"{self.request.method[:_REPR_WORD]} {url[:_REPR_URL]}{'...' if len(url) > _REPR_URL else ''}"
        if self.is_offline:
            said = f"offline {asked}"
        elif self.failure is not None:
            said = f"{self.failure.title[:_REPR_WORD]} {asked} after {duration(self.elapsed)}"
        elif self.status is None:
            said = f"without response {asked}"
        else:
            status = f"{self.status} {self.reason[:_REPR_WORD]}".strip()
            got = self.dropped or (len(self.content) if self.saved is None else self.saved.size)
            said = f"{status} {asked} {size(got)} in {duration(self.elapsed)}"
        return visible_line(redactor.text(f"<Record {said}>"))
