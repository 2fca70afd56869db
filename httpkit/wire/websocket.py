"""WebSocket frames <-> messages, the client's side (RFC 6455 sections 5 and 7). No sockets: give bytes, get messages."""

from __future__ import annotations

import io
import struct
from codecs import utf_8_decode
from collections.abc import Callable

from httpkit.errors import WebSocketError
from httpkit.values.websocket import WSCloseCode, WSFragment, WSMessage, WSMessageTextBytes, WSMsgType
from httpkit.wire.deflate import Deflater, Inflater
from httpkit.wire.masking import mask_payload, new_mask

MAX_MSG_SIZE = 4 * 1024 * 1024
"""Bytes in one message; aiohttp's default."""

MAX_FRAGMENTS = 262_144
"""Frames in one message: 16 bytes each where a message has MAX_MSG_SIZE. The Autobahn TestSuite sends 65 536."""

MAX_BATCH = 1024 * 1024
"""Bytes of messages that one `feed` gives, give or take a message; each counts 128 bytes more (aiohttp's overhead)."""

_MESSAGE_OVERHEAD = 128

# Deflate makes at most 1032 bytes of one, so a slice inflates to 4 MiB at the most.
_INFLATE_SLICE = 4096

# Plain ints: comparing with a member of an IntEnum takes twice as long.
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_OPCODES = frozenset((0x0, 0x1, 0x2, 0x8, 0x9, 0xA))
_FIN, _RSV1, _RSV23, _MASKED = 0x80, 0x40, 0x30, 0x80

# The first bytes that a frame may have (RFC 6455 section 5.2): data frames with and without FIN, control frames with.
_HEADS = frozenset((0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A))
# RSV1 stands in the first frame of a compressed message and nowhere else (RFC 7692 section 6).
_DEFLATE_HEADS = _HEADS | {0x41, 0x42, 0xC1, 0xC2}

_MESSAGE_TYPES = {int(type_): type_ for type_ in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)}

Received = WSMessage | WSMessageTextBytes | WSFragment

CLOSE_CODES = (
    (0, 999, False, "not used"),
    (1000, 1003, True, "RFC 6455"),
    (1004, 1004, False, "reserved"),
    (1005, 1006, False, "stand for a missing code and a lost connection, never in a frame"),
    (1007, 1014, True, "RFC 6455 and the IANA registry"),
    (1015, 1015, False, "stands for a failed TLS handshake, never in a frame"),
    (1016, 2999, False, "not assigned"),
    (3000, 3999, True, "registered by libraries and applications"),
    (4000, 4999, True, "private use"),
    (5000, 65535, False, "not used"),
)
"""First and last close code, whether a close frame may carry them, and why (RFC 6455 section 7.4)."""

_FRAME_CODES = frozenset(code for first, last, may, _why in CLOSE_CODES if may for code in range(first, last + 1))


class FrameDecoder:
    """Turns what a server sends after the handshake into messages (RFC 6455 section 5).

    After a CLOSE or ERROR message nothing more is decoded. The data of an ERROR message is a `WebSocketError` that says
    with which code to close; every message that was complete before it has been given. A text message fails at its
    first byte that is not UTF-8, and a message that is too large at the header that says so.

    Attributes:
        closed: a CLOSE or ERROR message was given.
        has_more: the last `feed` stopped at `max_batch`, perhaps within a message; `feed(b"")` goes on.
        streaming: give messages in pieces as they arrive, as `WSFragment`, and without a limit to their size. May be
            set at any time, by `begin_stream` where the pieces that are there already must not wait for the next; when
            it is turned off in the middle of a message, that message still ends in pieces.
    """

    def __init__(
        self,
        *,
        max_msg_size: int = MAX_MSG_SIZE,
        inflater: Inflater | None = None,
        decode_text: bool = True,
        max_fragments: int = MAX_FRAGMENTS,
        max_batch: int = MAX_BATCH,
    ) -> None:
        """Set the limits.

        Args:
            max_msg_size: refuse a message whose frames declare this many bytes, or that inflates to more; 0 is no limit.
            inflater: where permessage-deflate was negotiated.
            decode_text: False gives text as bytes and does not check that it is UTF-8.
            max_fragments: frames of one message; 0 is no limit.
            max_batch: bytes of messages that one `feed` gives before it stops.
        """
        self.closed = False
        self.has_more = False
        self.streaming = False
        self._max_msg_size = max_msg_size
        self._max_fragments = max_fragments
        self._max_batch = max(max_batch, _MESSAGE_OVERHEAD)
        self._inflater = inflater
        self._decode_text = decode_text
        self._heads = _HEADS if inflater is None else _DEFLATE_HEADS
        # The head of the frames that `_decode` takes without a call: whole small text messages.
        self._common_head = _FIN | _TEXT if decode_text and not 0 < max_msg_size < 126 else -1
        self._rest = b""
        self._budget = 0
        # The data frame that is arriving: its missing bytes, and whether it is the last of its message.
        self._left = 0
        self._final = True
        # The message that is arriving; opcode 0 is none.
        self._opcode = 0
        self._inflating: Inflater | None = None
        self._in_pieces = False
        self._declared = 0
        self._inflated = 0
        self._fragments = 0
        self._undecoded = b""
        self._text = io.StringIO()
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Received]:
        """Return the messages that `data` completes, in order."""
        messages: list[Received] = []
        if self.closed:
            return messages
        if self._rest:
            data = self._rest + data
        try:
            position = self._decode(data, messages)
            self._rest = b"" if self.closed else data[position:]
        except WebSocketError as exc:
            messages.append(WSMessage(WSMsgType.ERROR, exc, None))
            self.closed = True
            self._rest = b""
            self._text = io.StringIO()
            self._bytes = bytearray()
        return messages

    def begin_stream(self) -> list[Received]:
        """Set `streaming`; return what was already collected of the message that is arriving."""
        pieces: list[Received] = []
        self.streaming = True
        if self._opcode:
            self._in_pieces = True
            self._give_collected(complete=False, append=pieces.append)
        return pieces

    def _decode(self, data: bytes, messages: list[Received]) -> int:
        """Append the messages in `data`; return the position of the first byte that was not taken."""
        new, append, size = tuple.__new__, messages.append, len(data)
        self.has_more = False
        self._budget = self._max_batch
        try:
            position = self._take_payload(data, 0, append) if self._left else 0
            if self._left:
                self.has_more = position < size
                return position
            head = -1 if self._opcode or self.streaming else self._common_head
            for _ in range(self._max_batch // _MESSAGE_OVERHEAD):
                if size - position < 2:
                    return position
                # Nearly every frame of a chatty server, so without a call of ours: 0.48 us a frame;
                # aiohttp 3.14.5's reader in C takes 0.70.
                if data[position] == head and (length := data[position + 1]) < 126:
                    end = position + 2 + length
                    if end <= size:
                        append(new(WSMessage, (WSMsgType.TEXT, data[position + 2 : end].decode(), "")))
                        position = end
                        continue
                after = self._take_frame(data, position, append)
                if after < 0 or self.closed:
                    return position
                position = after
                if self._left or self._budget <= 0:
                    break
                head = -1 if self._opcode or self.streaming else self._common_head
        except UnicodeDecodeError as exc:
            raise WebSocketError(
                WSCloseCode.INVALID_TEXT,
                f"text message is not UTF-8: {exc.reason}, {exc.object[exc.start : exc.end]!r}",
            ) from exc
        self.has_more = position < size
        return position

    def _take_frame(self, data: bytes, position: int, append: Callable[[Received], None]) -> int:
        """Take the frame at `position`; return the position behind what was taken, -1 if its header is incomplete."""
        first, length = data[position], data[position + 1]
        start = position + 2
        if first not in self._heads or length & _MASKED:
            raise _bad_header(first, length)
        opcode = first & 0x0F
        if opcode >= _CLOSE:
            if length > 125:
                raise _protocol_error("control frame has more than 125 bytes")
            if len(data) < start + length:
                return -1
            self._take_control(opcode, data[start : start + length], append)
            return start + length
        if length > 125:
            width = 2 if length == 126 else 8
            if len(data) < start + width:
                return -1
            length = int.from_bytes(data[start : start + width], "big")
            start += width
            # Two ways to write one length are one too many (RFC 6455 section 5.2).
            if length < (126 if width == 2 else 65536) or length >> 63:
                raise _protocol_error(
                    f"payload length {length} is not written in the fewest bytes, or exceeds 2**63 - 1"
                )
        self._open_frame(first, opcode, length)
        end = start + length
        if opcode and end <= len(data) and self._final and self._inflating is None and not self._in_pieces:
            payload = data[start:end]
            self._give_message(payload.decode() if opcode == _TEXT and self._decode_text else payload, append)
            return end
        return self._take_payload(data, start, append)

    def _take_control(self, opcode: int, payload: bytes, append: Callable[[Received], None]) -> None:
        if opcode == _CLOSE:
            append(parse_close(payload))
            self.closed = True
        else:
            append(WSMessage(_MESSAGE_TYPES[opcode], payload, ""))

    def _open_frame(self, first: int, opcode: int, length: int) -> None:
        """Check a data frame's header against the message that is arriving, before any of its payload is kept."""
        if opcode:
            if self._opcode:
                raise _protocol_error(f"opcode {opcode} inside a fragmented message")
            self._opcode = opcode
            self._inflating = self._inflater if first & _RSV1 else None
        elif not self._opcode:
            raise _protocol_error("continuation frame without a message to continue")
        self._final = bool(first & _FIN)
        self._left = length
        self._in_pieces |= self.streaming
        if self._in_pieces:
            return
        self._declared += length
        self._fragments += 1
        if 0 < self._max_msg_size <= self._declared:
            raise _too_big(
                f"message of {self._declared} bytes reaches the limit of {self._max_msg_size} (max_msg_size)"
            )
        if 0 < self._max_fragments < self._fragments:
            raise _too_big(f"message has more than {self._max_fragments} fragments (max_fragments)")

    def _take_payload(self, data: bytes, position: int, append: Callable[[Received], None]) -> int:
        """Take what `data` has of the frame's payload, while the budget lasts; return the position behind it."""
        self._in_pieces |= self.streaming
        end = min(position + self._left, len(data))
        step = end - position if self._inflating is None else _INFLATE_SLICE
        while True:
            piece = data[position : min(position + step, end)]
            position += len(piece)
            self._left -= len(piece)
            complete = self._final and not self._left
            self._collect(
                piece if self._inflating is None else self._inflate(self._inflating, piece, complete), complete
            )
            if position >= end or self._budget <= 0:
                break
        # What was collected before `streaming` was set goes out with the first piece.
        if self._in_pieces or complete:
            self._give_collected(complete, append)
        return position

    def _inflate(self, inflater: Inflater, piece: bytes, final: bool) -> bytes:
        limit = 0 if self._in_pieces else self._max_msg_size
        room = limit and limit - self._inflated + 1
        inflated = inflater.finish(piece, room) if final else inflater.inflate(piece, room)
        self._inflated += len(inflated)
        if 0 < limit < self._inflated:
            raise _too_big(f"compressed message inflates to more than {limit} bytes (max_msg_size)")
        return inflated

    def _collect(self, piece: bytes, final: bool) -> None:
        self._budget -= len(piece)
        if self._opcode == _TEXT and self._decode_text:
            # A character may be cut in two; whatever can't begin one fails here and now.
            piece = self._undecoded + piece
            text, used = utf_8_decode(piece, "strict", final)
            self._undecoded = piece[used:]
            self._text.write(text)
        else:
            self._bytes += piece

    def _give_collected(self, complete: bool, append: Callable[[Received], None]) -> None:
        collected: str | bytes
        if self._opcode == _TEXT and self._decode_text:
            collected, self._text = self._text.getvalue(), io.StringIO()
        else:
            collected, self._bytes = bytes(self._bytes), bytearray()
        if not self._in_pieces:
            self._give_message(collected, append)
            return
        if collected or complete:
            append(WSFragment(_MESSAGE_TYPES[self._opcode], collected, complete))
        if complete:
            self._end_message()

    def _give_message(self, data: str | bytes, append: Callable[[Received], None]) -> None:
        kind = WSMessageTextBytes if self._opcode == _TEXT and not self._decode_text else WSMessage
        append(kind(_MESSAGE_TYPES[self._opcode], data, ""))
        self._end_message()

    def _end_message(self) -> None:
        self._opcode = self._left = self._declared = self._inflated = self._fragments = 0
        self._in_pieces = False


def parse_close(payload: bytes) -> WSMessage:
    """Return the CLOSE message of a close frame's payload: code and reason, 0 and "" if it is empty (RFC 6455 5.5.1).

    Raises:
        WebSocketError: 1002, one byte, or a code that `CLOSE_CODES` does not allow; 1007, the reason is not UTF-8.
    """
    if not payload:
        return WSMessage(WSMsgType.CLOSE, 0, "")
    if len(payload) == 1:
        raise _protocol_error("close frame has 1 byte, which is no close code")
    try:
        reason = payload[2:].decode()
    except UnicodeDecodeError as exc:
        raise WebSocketError(WSCloseCode.INVALID_TEXT, "reason in the close frame is not UTF-8") from exc
    code = int.from_bytes(payload[:2], "big")
    if code not in _FRAME_CODES:
        raise _protocol_error(f"close frame has the code {code}")
    return WSMessage(WSMsgType.CLOSE, code, reason)


def encode_close(code: int, reason: bytes = b"") -> bytes:
    """Return the payload of a close frame; `code` 0 is no code and no reason (RFC 6455 section 5.5.1).

    Raises:
        ValueError: a code that `CLOSE_CODES` does not allow in a frame, or a reason of more than 123 bytes.
    """
    if not code and not reason:
        return b""
    if code not in _FRAME_CODES:
        raise ValueError(f"close code must be 1000-1003, 1007-1014 or 3000-4999, got {code}")
    if len(reason) > 123:
        raise ValueError(f"close reason must have at most 123 bytes, got {len(reason)}")
    return code.to_bytes(2, "big") + reason


def _bad_header(first: int, second: int) -> WebSocketError:
    opcode = first & 0x0F
    if second & _MASKED:
        return _protocol_error("server frame is masked")
    if first & _RSV23:
        return _protocol_error("RSV2 or RSV3 is set, but no extension that uses them was negotiated")
    if opcode not in _OPCODES:
        return _protocol_error(f"unknown opcode {opcode}")
    if opcode >= _CLOSE and not first & _FIN:
        return _protocol_error("control frame is fragmented")
    return _protocol_error("RSV1 is set, but this is not the first frame of a message with permessage-deflate")


def _protocol_error(message: str) -> WebSocketError:
    return WebSocketError(WSCloseCode.PROTOCOL_ERROR, message)


def _too_big(message: str) -> WebSocketError:
    return WebSocketError(WSCloseCode.MESSAGE_TOO_BIG, message)


def encode_frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, mask: bytes | None = None
) -> bytes:
    """Return one masked frame (RFC 6455 section 5.2).

    Args:
        opcode: 0 to 2 for data, 8 to 10 for control frames.
        payload: before masking.
        fin: this is the last frame of its message.
        rsv1: the message is compressed, and this is its first frame.
        mask: 4 bytes; a fresh one where it is None, which is right for everything but a test.

    Raises:
        ValueError: a control frame with more than 125 bytes, or without `fin`.
    """
    length = len(payload)
    if opcode >= _CLOSE and (length > 125 or not fin):
        raise ValueError(f"control frame must be one frame of at most 125 bytes, got {length}")
    if mask is None:
        mask = new_mask()
    first = opcode | (_FIN if fin else 0) | (_RSV1 if rsv1 else 0)
    if length < 126:
        return _pack_small(first, _MASKED | length, mask) + mask_payload(payload, mask)
    head = _pack_medium(first, _MASKED | 126, length) if length < 65536 else _pack_large(first, _MASKED | 127, length)
    return head + mask + mask_payload(payload, mask)


_pack_small = struct.Struct("!BB4s").pack
_pack_medium = struct.Struct("!BBH").pack
_pack_large = struct.Struct("!BBQ").pack


class FrameEncoder:
    """Turns what the client sends into masked frames, compressed where that was negotiated.

    Messages must be sent in the order in which they were encoded: the compression depends on it.
    """

    def __init__(self, deflater: Deflater | None = None) -> None:
        self._deflater = deflater
        self._fragmented = False

    def encode(self, opcode: int, payload: bytes | bytearray | memoryview, compress: int | None = None) -> bytes:
        """Return the frame of a whole message, or of a PING, PONG or CLOSE.

        Args:
            opcode: a `WSMsgType` below 0x100.
            payload: the message; text as UTF-8.
            compress: for this message only, 0 is not at all, otherwise as `Deflater.deflate_alone` takes it; without
                negotiated permessage-deflate it has no effect. None is the connection's setting.

        Raises:
            ValueError: a PING, PONG or CLOSE with more than 125 bytes, or a wrong `compress`.
            RuntimeError: a message in the middle of a fragmented one.
        """
        if type(payload) is not bytes:
            payload = bytes(payload)
        if opcode >= _CLOSE:
            return encode_frame(opcode, payload)
        if self._fragmented:
            raise RuntimeError(
                "a fragmented message is being sent: no other message may begin before its last fragment"
            )
        if self._deflater is None or compress == 0:
            return encode_frame(opcode, payload)
        deflated = (
            self._deflater.deflate(payload) if compress is None else self._deflater.deflate_alone(payload, compress)
        )
        return encode_frame(opcode, deflated, rsv1=True)

    def encode_fragment(self, opcode: int, payload: bytes | bytearray | memoryview, *, final: bool) -> bytes:
        """Return the frame of the next fragment of a message (RFC 6455 section 5.4).

        `opcode` is TEXT or BINARY in each call; all but the first become continuation frames. A text fragment may end
        within a character.
        """
        first = not self._fragmented
        self._fragmented = not final
        fragment = bytes(payload)
        if self._deflater is not None:
            fragment = self._deflater.deflate(fragment, final=final)
        return encode_frame(
            opcode if first else WSMsgType.CONTINUATION, fragment, fin=final, rsv1=first and self._deflater is not None
        )
