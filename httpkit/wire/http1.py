"""HTTP/1.1 responses, bytes -> values (RFC 9112). No sockets, no clock: give bytes, get events.

The grammar is strict: one regular expression accepts or refuses a whole head, so nothing that two parsers could read
differently gets through. Field values are decoded as UTF-8 with surrogate escapes, which keeps every byte.
"""

from __future__ import annotations

import re

from multidict import CIMultiDict, CIMultiDictProxy

from httpkit.errors import (
    BadHttpMessage,
    BadStatusLine,
    ContentLengthError,
    LineTooLong,
    TransferEncodingError,
)
from httpkit.values.messages import HttpVersion, HttpVersion10, HttpVersion11
from httpkit.wire.http1_grammar import (
    CONTENT,
    MAX_CHUNK_LINE,
    TOKEN,
    bad_chunk_end,
    check_partial_chunk_line,
    check_transfer_encoding,
    explain_fields,
    explain_head,
    parse_chunk_size,
    parse_content_length,
)

# aiohttp's defaults; nginx sends at most 4-8 KB of head unless told otherwise.
MAX_LINE_SIZE = 8190
MAX_FIELD_SIZE = 8190
MAX_HEADERS = 128
# A server may send any number of interim responses (RFC 9110 section 15.2); nobody sends more than a few.
MAX_INFORMATIONAL = 64


# RFC 9112 sections 4 and 5. The space before an empty reason phrase is often forgotten, and harmless.
_HEAD = re.compile(rf"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ({CONTENT}))?\r\n(?:{TOKEN}:{CONTENT}\r\n)*\r\n")
_TRAILERS = re.compile(rf"(?:{TOKEN}:{CONTENT}\r\n)*\r\n")
# Cuts what one of the above accepted; the looser classes are twice as fast here.
_FIELDS = re.compile(r"([^:\r]+):[ \t]*([^\r]*)\r\n")

_VERSIONS = {"0": HttpVersion10, "1": HttpVersion11}


class ResponseHead:
    """A response's status line and fields (RFC 9112 section 4); interim ones, 100 to 199, too."""

    __slots__ = ("fields", "headers", "reason", "status", "version")

    def __init__(self, version: HttpVersion, status: int, reason: str, fields: list[tuple[str, str]]) -> None:
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields
        self.headers = CIMultiDictProxy(CIMultiDict(fields))

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as bytes, in the order and case they came."""
        return tuple(
            (name.encode(), value.encode("utf-8", "surrogateescape"))
            for name, value in self.fields
        )  # fmt: skip


class End:
    """The end of a response; `trailers` are the fields that followed a chunked body (RFC 9112 section 7.1.2)."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: CIMultiDictProxy[str] | None = None) -> None:
        self.trailers = trailers


END = End()
Event = ResponseHead | bytes | End


# Plain numbers: in Python 3.11 a member of an Enum costs 40 ns more each time it is named.
_HEAD_STATE, _LENGTH, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_END, _TRAILER_STATE, _UNTIL_CLOSE, _DONE = range(8)


class ResponseDecoder:
    """Turns the bytes of one connection into responses, one `expect` each.

    Attributes:
        keep_alive: whether the connection may carry another request after this response (RFC 9112 section 9.3).
        switched: whether the connection now speaks something else (101, or 2xx to CONNECT).
        chunk_ends: offsets in the body where a chunk ended, since the caller last cleared it.
    """

    __slots__ = (
        "_buffer", "_field_count", "_interim", "_left", "_line_count", "_line_start", "_max_field_size", "_max_headers",
        "_max_line_size", "_method", "_read_until_eof", "_received", "_searched", "_state", "chunk_ends", "keep_alive",
        "switched",
    )  # fmt: skip

    def __init__(
        self,
        *,
        max_line_size: int = MAX_LINE_SIZE,
        max_field_size: int = MAX_FIELD_SIZE,
        max_headers: int = MAX_HEADERS,
    ) -> None:
        self._max_line_size = max_line_size
        self._max_field_size = max_field_size
        self._max_headers = max_headers
        self._buffer = bytearray()
        # Of a head that comes in pieces: where the line begins that is not whole yet, how many are, and what was looked at.
        self._line_start = 0
        self._line_count = 0
        self._searched = 0
        self._left = 0
        self._received = 0
        self._interim = 0
        self._field_count = 0
        self._method = "GET"
        self._read_until_eof = True
        self._state = _DONE
        self.chunk_ends: list[int] = []
        self.keep_alive = True
        self.switched = False

    def set_limits(self, max_line_size: int, max_field_size: int, max_headers: int) -> None:
        """Use other limits from the next response on."""
        self._max_line_size = max_line_size
        self._max_field_size = max_field_size
        self._max_headers = max_headers

    @property
    def is_clean(self) -> bool:
        """Whether the connection can carry another request: the response is whole, nothing follows, nobody closes."""
        return self.keep_alive and self._state == _DONE and not self._buffer

    def expect(self, method: str, *, read_until_eof: bool = True) -> None:
        """Await the response to a request with `method`, which decides whether it has a body (RFC 9112 section 6.3).

        A response without a length lasts until the connection closes; it is empty where `read_until_eof` is false.
        """
        self._method = method
        self._read_until_eof = read_until_eof
        self._state = _HEAD_STATE
        self._interim = 0
        self._received = 0
        if self.chunk_ends:
            self.chunk_ends = []

    def take_rest(self) -> bytes:
        """Return the bytes that follow the response: the first ones of the protocol that the connection switched to."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes.

        Raises:
            BadHttpMessage: the bytes are not the response that RFC 9112 allows here, or exceed a limit.
        """
        if self._state == _HEAD_STATE and not self._buffer:
            # Nearly always the whole head comes in one piece, and nearly as often the body with it.
            end = data.find(b"\r\n\r\n") + 4
            if end > 3:
                head = self._parse_head(data[:end])
                if self._state == _LENGTH and len(data) - end == self._left:
                    self._state = _DONE
                    self._received = self._left
                    return [head, data[end:], END] if self._left else [head, END]
                return self._feed_more([head, END] if self._state == _DONE else [head], data[end:])
        return self._feed_more([], data)

    def _feed_more(self, events: list[Event], data: bytes) -> list[Event]:
        if self._state == _LENGTH and not self._buffer and len(data) < self._left:
            self._left -= len(data)
            self._received += len(data)
            if data:
                events.append(data)
            return events
        if self._state == _DONE and self._buffer and not self.switched:
            # Something follows that nobody asked for; how much makes no difference.
            return events
        self._buffer += data
        while self._state != _DONE and self._STEPS[self._state](self, events):
            pass
        return _merged(events) if len(events) > 2 else events

    def feed_eof(self) -> list[Event]:
        """Return the events that the end of the connection completes.

        Raises:
            ContentLengthError: fewer bytes arrived than `Content-Length` promised.
            TransferEncodingError: the last chunk did not arrive.
            BadHttpMessage: the head is cut off.
        """
        state = self._state
        self.keep_alive = False
        if state == _UNTIL_CLOSE:
            self._state = _DONE
            return [END]
        if state == _DONE or (state == _HEAD_STATE and not self._buffer):
            return []
        if state == _HEAD_STATE:
            raise BadHttpMessage(f"response head is cut off after {len(self._buffer)} bytes")
        if state == _LENGTH:
            raise ContentLengthError(
                f"body is cut off: {self._received} of {self._received + self._left} bytes arrived (Content-Length)"
            )
        raise TransferEncodingError(f"chunked body is cut off after {self._received} bytes")

    # -- head ---------------------------------------------------------------------------------------------------

    def _take_head(self, events: list[Event]) -> bool:
        block = self._take_block()
        if block is None:
            return False
        events.append(self._parse_head(block))
        if self._state == _DONE:
            events.append(END)
        return True

    def _take_block(self) -> bytes | None:
        """Return a head or trailer section with its empty line; None while it is not complete."""
        buffer = self._buffer
        if self._state == _TRAILER_STATE and buffer.startswith(b"\r\n"):
            end = 2
        else:
            # The empty line may have begun in what was there before.
            end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3)) + 4
        if end == 3:
            self._check_partial()
            return None
        block = bytes(buffer[:end])
        del buffer[:end]
        self._line_start = self._line_count = self._searched = 0
        return block

    def _check_partial(self) -> None:
        """Refuse what can't become a head any more, before it has grown; look at each byte once."""
        buffer = self._buffer
        is_head = self._state == _HEAD_STATE
        if is_head and not buffer.startswith(b"HTTP/1."[: len(buffer)]):
            raise BadStatusLine(f"expected 'HTTP/1.', got {bytes(buffer[:32])!r}")
        while (newline := buffer.find(b"\n", self._searched)) >= 0:
            if not buffer.endswith(b"\r", 0, newline):
                raise BadHttpMessage("line ends with LF alone, expected CR LF")
            self._check_line(newline - 1, is_head=is_head)
            self._line_count += 1
            self._line_start = self._searched = newline + 1
        self._searched = len(buffer)
        # A last CR may be half of the line's end.
        self._check_line(len(buffer) - buffer.endswith(b"\r"), is_head=is_head)

    def _check_line(self, end: int, *, is_head: bool) -> None:
        """Hold the line that ends at `end`, or has come so far, to its limit.

        Raises:
            LineTooLong: the line, or the number of fields, exceeds its limit.
        """
        is_status_line = is_head and not self._line_count
        if end - self._line_start > (self._max_line_size if is_status_line else self._max_field_size):
            raise self._too_long(is_status_line)
        if end > self._line_start and self._line_count - is_head >= self._max_headers:
            raise LineTooLong(f"more than {self._max_headers} fields (max_headers)")

    def _check_lines(self, block: bytes, *, is_head: bool) -> None:
        """Hold every line of the whole `block` to its limit.

        Raises:
            LineTooLong: a line exceeds its limit.
        """
        lines = block.split(b"\r\n")
        if is_head and len(lines[0]) > self._max_line_size:
            raise self._too_long(True)
        if max(map(len, lines[is_head:]), default=0) > self._max_field_size:
            raise self._too_long(False)

    def _too_long(self, is_status_line: bool) -> LineTooLong:
        if is_status_line:
            return LineTooLong(f"status line exceeds {self._max_line_size} bytes (max_line_size)")
        return LineTooLong(f"field line exceeds {self._max_field_size} bytes (max_field_size)")

    def _parse_head(self, block: bytes) -> ResponseHead:
        text = block.decode("utf-8", "surrogateescape")
        match = _HEAD.fullmatch(text)
        if match is None:
            raise explain_head(text)
        if len(block) > self._max_line_size or len(block) > self._max_field_size:
            self._check_lines(block, is_head=True)
        minor, status, reason = match.groups()
        fields = _FIELDS.findall(text, text.index("\n") + 1)
        if len(fields) > self._max_headers:
            raise LineTooLong(f"more than {self._max_headers} fields (max_headers)")
        if " \r\n" in text or "\t\r\n" in text:
            fields = [(name, value.rstrip(" \t")) for name, value in fields]
        self._field_count = len(fields)
        head = ResponseHead(_VERSIONS.get(minor, HttpVersion11), int(status), reason or "", fields)
        self._frame(head)
        return head

    def _frame(self, head: ResponseHead) -> None:
        """Decide how the body ends (RFC 9112 section 6.3)."""
        status, headers = head.status, head.headers
        if status < 200 and status != 101:
            self._interim += 1
            if self._interim > MAX_INFORMATIONAL:
                raise BadHttpMessage(f"more than {MAX_INFORMATIONAL} interim responses")
            return
        self.keep_alive = head.version is HttpVersion11
        connection = headers.get("Connection")
        if connection is not None and connection != "keep-alive":
            self._frame_connection(headers)
        elif connection is not None:
            self.keep_alive = True
        if "Transfer-Encoding" in headers:
            chunked = check_transfer_encoding(headers)
            self.keep_alive = self.keep_alive and head.version is HttpVersion11
        else:
            chunked = False
        length = parse_content_length(headers.getall("Content-Length")) if "Content-Length" in headers else None
        if status == 101 or (self._method == "CONNECT" and 200 <= status < 300):
            self.switched = True
            self.keep_alive = False
            self._state = _DONE
        elif self._method == "HEAD" or status in {204, 304}:
            self._state = _DONE
        elif chunked:
            self._state = _CHUNK_SIZE
        elif length is not None:
            self._left = length
            self._state = _LENGTH
        else:
            self.keep_alive = False
            self._state = _UNTIL_CLOSE if self._read_until_eof else _DONE

    def _frame_connection(self, headers: CIMultiDictProxy[str]) -> None:
        options = {option.strip(" \t").lower() for option in ",".join(headers.getall("Connection")).split(",")}
        if "close" in options:
            self.keep_alive = False
        elif "keep-alive" in options:
            self.keep_alive = True

    # -- body ---------------------------------------------------------------------------------------------------

    def _take_data(self, events: list[Event]) -> bool:
        """Take what there is of `Content-Length` bytes, or of a chunk."""
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(piece)
        self._received += len(piece)
        if piece:
            events.append(piece)
        if self._left:
            return False
        if self._state == _CHUNK_DATA:
            self._state = _CHUNK_END
        else:
            self._state = _DONE
            events.append(END)
        return True

    def _take_all(self, events: list[Event]) -> bool:
        """Take everything: the body ends with the connection."""
        if self._buffer:
            self._received += len(self._buffer)
            events.append(self.take_rest())
        return False

    def _take_chunks(self, events: list[Event]) -> bool:
        """Take all chunks that are there; False where more bytes are needed (RFC 9112 section 7.1)."""
        buffer = self._buffer
        data = bytes(buffer)
        at, size = 0, len(data)
        try:
            while True:
                if self._state == _CHUNK_END:
                    if size - at < 2:
                        if size > at and data[at] != 13:
                            raise bad_chunk_end(data[at : at + 2])
                        return False
                    if data[at : at + 2] != b"\r\n":
                        raise bad_chunk_end(data[at : at + 2])
                    at += 2
                    self.chunk_ends.append(self._received)
                    self._state = _CHUNK_SIZE
                line_end = data.find(b"\r\n", at, at + MAX_CHUNK_LINE)
                if line_end < 0:
                    check_partial_chunk_line(data[at : at + MAX_CHUNK_LINE])
                    return False
                length = parse_chunk_size(data[at:line_end])
                at = line_end + 2
                if not length:
                    self._state = _TRAILER_STATE
                    return True
                piece = data[at : at + length]
                at += len(piece)
                self._received += len(piece)
                if piece:
                    events.append(piece)
                if len(piece) < length:
                    self._left = length - len(piece)
                    self._state = _CHUNK_DATA
                    return False
                self._state = _CHUNK_END
        finally:
            del buffer[:at]

    def _take_trailers(self, events: list[Event]) -> bool:
        block = self._take_block()
        if block is None:
            return False
        events.append(END if block == b"\r\n" else End(self._parse_trailers(block)))
        self._state = _DONE
        return True

    def _parse_trailers(self, block: bytes) -> CIMultiDictProxy[str]:
        text = block.decode("utf-8", "surrogateescape")
        if not _TRAILERS.fullmatch(text):
            raise explain_fields(text.split("\r\n")[:-2], "trailer")
        self._check_lines(block, is_head=False)
        fields = _FIELDS.findall(text)
        if self._field_count + len(fields) > self._max_headers:
            raise LineTooLong(f"more than {self._max_headers} fields and trailers (max_headers)")
        return CIMultiDictProxy(CIMultiDict((name, value.rstrip(" \t")) for name, value in fields))

    # What takes the bytes of each state, by its number; a step is false where it needs more of them.
    _STEPS = (_take_head, _take_data, _take_chunks, _take_data, _take_chunks, _take_trailers, _take_all)


def _merged(events: list[Event]) -> list[Event]:
    """Join neighbouring pieces of body."""
    merged: list[Event] = []
    pieces: list[bytes] = []
    for event in events:
        if type(event) is bytes:
            pieces.append(event)
            continue
        if pieces:
            merged.append(b"".join(pieces))
            pieces = []
        merged.append(event)
    if pieces:
        merged.append(b"".join(pieces))
    return merged
