"""Multipart bodies, bytes <-> parts (RFC 2046 section 5.1, RFC 7578). No stream, no clock: give bytes, take events.

A body is a preamble, parts and an epilogue, cut by delimiter lines: a line break, `--`, the boundary. A part is a head of
field lines, an empty line and a body. Parts may be multipart themselves: their body is then given to a decoder of its own.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

from httpkit.errors import BadHttpMessage, InvalidHeader, LineTooLong

MAX_BOUNDARY = 70
"""Characters of a boundary (RFC 2046 section 5.1.1)."""

MAX_PADDING = 256
"""Spaces and tabs after a boundary that still count as padding. RFC 2046 has no limit, and lets nobody write any."""

MAX_FIELD_SIZE = 8190
"""Bytes of one field line in a part's head, as in aiohttp."""

MAX_HEADERS = 128
"""Field lines in a part's head, as in aiohttp."""

# RFC 2046 allows fewer ("bchars"), but cameras and gateways send others; what may not occur is a line break or a control.
BOUNDARY = re.compile(rf"[ -~]{{0,{MAX_BOUNDARY - 1}}}[!-~]")
FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")
# What follows the boundary on a delimiter line, whole, and as far as it may have arrived.
LINE_END = re.compile(rb"(--)?[ \t]{0,%d}\r?\n" % MAX_PADDING)
LINE_BEGUN = re.compile(rb"-?|(--)?[ \t]{0,%d}\r?" % MAX_PADDING)
LINE_CUT_OFF = re.compile(rb"(--)?[ \t]{0,%d}\r?" % MAX_PADDING)

# Two of these with different values mean two different parts to two readers.
SINGLE_FIELDS = frozenset(
    {"content-disposition", "content-encoding", "content-length", "content-transfer-encoding", "content-type"}
)


class BadMultipart(BadHttpMessage, ValueError):
    """The bytes are not the multipart body that the boundary announces, or end before it does (RFC 2046 section 5.1)."""


class PartHead(NamedTuple):
    """The head of a part: its fields, and the bytes of its body where `Content-Length` is trusted."""

    fields: CIMultiDictProxy[str]
    length: int | None


class Mark(enum.Enum):
    """What a decoder gives beside heads and bytes."""

    PART_END = "the part's body is complete"
    END = "the closing delimiter was seen; what follows is epilogue"


Event = PartHead | bytes | Mark


def make_boundary() -> str:
    """Return a boundary of 32 random hex digits, which no body holds by chance."""
    return os.urandom(16).hex()


def check_boundary(boundary: str) -> bytes:
    """Return `boundary` as bytes (RFC 2046 section 5.1.1).

    Raises:
        ValueError: empty, longer than 70 characters, not printable ASCII, or ends with a space.
    """
    if len(boundary) > MAX_BOUNDARY:
        raise ValueError(f"boundary is too long: {len(boundary)} characters, at most {MAX_BOUNDARY}")
    if not BOUNDARY.fullmatch(boundary):
        raise ValueError(f"boundary contains invalid characters, or is empty or ends with a space: {boundary!r}")
    return boundary.encode("ascii")


def check_field(text: str) -> str:
    """Return `text` if it may stand in a field line (RFC 9110 section 5.5).

    Raises:
        ValueError: a control character other than tab is in it.
    """
    if CONTROL.search(text):
        raise ValueError(f"control character in a name or value, which would forge a header: {text[:100]!r}")
    return text


def encode_head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a part: its field lines and the empty line (RFC 2046 section 5.1).

    Raises:
        ValueError: a control character is in a name or a value.
    """
    lines = [f"{check_field(name)}: {check_field(value)}\r\n" for name, value in fields]
    lines.append("\r\n")
    return "".join(lines).encode()


class _State(enum.Enum):
    PREAMBLE = 0
    HEAD = 1
    BODY = 2
    COUNTED_BODY = 3
    END = 4


class MultipartDecoder:
    r"""Cuts one multipart body into events: head, bytes and `PART_END` for each part, then `END`.

    A delimiter line must be whole: boundary, padding, line break. `--boundary` with other text after it is data. Field
    lines may end in a bare LF, as aiohttp takes them; the line break before a boundary is CRLF. Preamble and epilogue are
    dropped. An error is raised in place of the event that it spoils, and again on every later `take`.

    Args:
        boundary: the parameter of the media type, without the leading dashes.
        trust_length: whether a part's `Content-Length` says where its body ends (RFC 7578 section 4.8 forbids it in forms).
        max_field_size: bytes of one field line in a part's head.
        max_headers: field lines in a part's head.

    Raises:
        ValueError: the boundary isn't valid.
    """

    def __init__(
        self,
        boundary: str,
        *,
        trust_length: bool = True,
        max_field_size: int = MAX_FIELD_SIZE,
        max_headers: int = MAX_HEADERS,
    ) -> None:
        self._dashes = b"--" + check_boundary(boundary)
        self._trust_length = trust_length
        self._max_field_size = max_field_size
        self._max_headers = max_headers
        self._buffer = bytearray()
        self._from = 0  # where the search for a line break or delimiter goes on: no byte is searched twice
        self._at_line_start = True
        self._state = _State.PREAMBLE
        self._fields: list[tuple[str, bytes]] = []
        self._left = 0  # bytes to come of a counted body
        self._eof = False

    def begin_body(self, length: int | None = None) -> None:
        """Start inside a part whose head was read elsewhere; `length` is its Content-Length."""
        self._state = _State.BODY if length is None else _State.COUNTED_BODY
        self._at_line_start = length is None
        self._left = length or 0

    def feed(self, data: bytes) -> None:
        """Take received bytes; `take` gives what they hold."""
        if self._state is not _State.END:
            self._buffer += data

    def feed_eof(self) -> None:
        """Say that no more bytes will come."""
        self._eof = True

    def take(self, limit: int) -> Event | None:
        """Return the next event, bytes of a body at most `limit` at a time; None if more must be fed first.

        Raises:
            BadMultipart: the bytes ended early, a part is longer or shorter than its Content-Length, or that isn't a number.
            InvalidHeader: a field line of a part is malformed.
            LineTooLong: a field line or the number of fields exceeds `max_field_size` or `max_headers`.
            BadHttpMessage: a field occurs twice in a part.
        """
        state = self._state
        if state is _State.BODY:
            return self._take_body(limit)
        if state is _State.COUNTED_BODY:
            return self._take_counted(limit)
        if state is _State.PREAMBLE and not self._skip_preamble():
            return None
        return Mark.END if self._state is _State.END else self._take_head()

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._from = max(0, self._from - size)

    def _ended(self, where: str) -> BadMultipart:
        return BadMultipart(f"multipart body ended {where}, its boundary is {self._dashes[2:].decode()!r}")

    def _find_delimiter(self, line_break: bytes) -> tuple[int, re.Match[bytes] | None]:
        """Return how many bytes stand before the next delimiter, and the end of its line; None if that isn't here yet."""
        buffer = self._buffer
        needle = line_break + self._dashes
        if self._at_line_start:
            if len(buffer) < len(self._dashes) and not self._eof and self._dashes.startswith(buffer):
                return 0, None
            if buffer.startswith(self._dashes):
                line = self._end_of_line(len(self._dashes))
                if line is not False:
                    return 0, line
            self._at_line_start = False
        while (start := buffer.find(needle, self._from)) >= 0:
            line = self._end_of_line(start + len(needle))
            if line is not False:
                self._from = start
                return start, line
            self._from = start + len(needle)
        # A line break that may begin a delimiter is held back. It can begin nowhere else: boundaries have no line break.
        held = -1 if self._eof else buffer.rfind(line_break[:1], max(self._from, len(buffer) - len(needle) + 1))
        if held < 0 or not needle.startswith(buffer[held:]):
            held = len(buffer)
        self._from = held
        return held, None

    def _end_of_line(self, at: int) -> re.Match[bytes] | Literal[False] | None:
        """Return the rest of a delimiter line from `at`; None if it isn't complete, False if this is no delimiter."""
        whole = LINE_END.match(self._buffer, at)
        if whole is not None:
            return whole
        if self._eof:
            return LINE_CUT_OFF.fullmatch(self._buffer, at) or False
        return None if LINE_BEGUN.fullmatch(self._buffer, at) else False

    def _pass_delimiter(self, line: re.Match[bytes]) -> None:
        closing = line[1] is not None
        self._drop(line.end())
        self._from = 0
        self._state = _State.END if closing else _State.HEAD
        if closing:
            self._buffer.clear()

    def _skip_preamble(self) -> bool:
        clear, line = self._find_delimiter(b"\n")
        if line is not None:
            self._pass_delimiter(line)
            return True
        self._drop(clear)
        if self._eof:
            raise self._ended("before its first part: could not find starting boundary")
        return False

    def _take_body(self, limit: int) -> bytes | Mark | None:
        clear, line = self._find_delimiter(b"\r\n")
        if clear:
            size = min(clear, limit)
            chunk = bytes(self._buffer[:size])
            self._drop(size)
            return chunk
        if line is not None:
            self._pass_delimiter(line)
            return Mark.PART_END
        if self._eof:
            raise self._ended("inside a part")
        return None

    def _take_counted(self, limit: int) -> bytes | Mark | None:
        buffer = self._buffer
        if self._left:
            chunk = bytes(buffer[: min(self._left, limit)])
            if chunk:
                self._drop(len(chunk))
                self._left -= len(chunk)
                return chunk
        else:
            clear, line = self._find_delimiter(b"\r\n")
            if clear:
                raise BadMultipart("a part is longer than its Content-Length: no boundary follows")
            if line is not None:
                self._pass_delimiter(line)
                return Mark.PART_END
        if self._eof:
            raise self._ended("inside a part")
        return None

    def _take_head(self) -> PartHead | None:
        buffer = self._buffer
        while True:
            end = buffer.find(b"\n", self._from)
            size = (len(buffer) if end < 0 else end) - buffer.endswith(b"\r", 0, None if end < 0 else end)
            if size > self._max_field_size:
                raise LineTooLong(f"field line of a part exceeds {self._max_field_size} bytes (max_field_size)")
            if end < 0:
                self._from = len(buffer)
                if self._eof:
                    raise self._ended("inside the head of a part")
                return None
            if not size:
                head = self._finish_head()
                self._drop(end + 1)
                self._from = 0
                return head
            self._add_field(bytes(buffer[:size]))
            self._drop(end + 1)
            self._from = 0

    def _add_field(self, line: bytes) -> None:
        if line[0] in b" \t" and self._fields:
            # A folded line: MIME still allows what HTTP no longer does (RFC 5322 section 2.2.3).
            name, value = self._fields[-1]
            value += b" " + line.strip(b" \t")
            if len(name) + len(value) > self._max_field_size:
                raise LineTooLong(f"field of a part exceeds {self._max_field_size} bytes (max_field_size)")
            if CONTROL_BYTE.search(line):
                raise InvalidHeader(f"control character in a field of a part: {line[:100]!r}")
            self._fields[-1] = (name, value)
            return
        if len(self._fields) >= self._max_headers:
            raise LineTooLong(f"part has more than {self._max_headers} fields (max_headers)")
        raw_name, colon, value = line.partition(b":")
        if not colon or not FIELD_NAME.fullmatch(raw_name) or CONTROL_BYTE.search(value):
            raise InvalidHeader(f"malformed field line in a part: {line[:100]!r}")
        name = raw_name.decode()
        if name.lower() in SINGLE_FIELDS and any(name.lower() == other.lower() for other, _ in self._fields):
            raise BadHttpMessage(f"field {name!r} occurs twice in a part")
        self._fields.append((name, value.strip(b" \t")))

    def _finish_head(self) -> PartHead:
        fields = CIMultiDict((name, value.decode("utf-8", "surrogateescape")) for name, value in self._fields)
        length = None
        # A nested multipart ends by its boundaries: its Content-Length says nothing that they don't.
        if self._trust_length and not fields.get("Content-Type", "").lstrip().lower().startswith("multipart/"):
            length = parse_length(fields.get("Content-Length"))
        self.begin_body(length)
        self._fields = []
        return PartHead(CIMultiDictProxy(fields), length)


def parse_length(value: str | None) -> int | None:
    """Return a part's Content-Length in bytes; None where it has none (RFC 9110 section 8.6).

    Raises:
        BadMultipart: not 1 to 18 digits.
    """
    if value is None:
        return None
    # int() alone would take "+1", "1_0", " 1" and other alphabets' digits.
    if not CONTENT_LENGTH.fullmatch(value):
        raise BadMultipart(f"invalid Content-Length of a part: {value[:32]!r}")
    return int(value)
