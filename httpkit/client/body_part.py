"""The body of one part of a multipart body: its bytes as they come or as a whole, and what its head says about them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from typing import Any, NoReturn, Protocol, Self
from urllib.parse import parse_qsl

from multidict import CIMultiDictProxy

from httpkit.client.payload import Payload
from httpkit.client.payload_registry import payload_type
from httpkit.values.abc import AbstractStreamWriter
from httpkit.values.disposition import content_disposition_filename, parse_content_disposition
from httpkit.values.fields import parse_media_type
from httpkit.values.hdrs import (
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TRANSFER_ENCODING,
    CONTENT_TYPE,
)
from httpkit.wire.codings import decoder_for
from httpkit.wire.multipart import Event, Mark, MultipartDecoder, parse_length
from httpkit.wire.part_codings import (
    PIECE_SIZE,
    TRANSFER_ENCODINGS,
    PartDecoder,
    base64_end,
    count_base64,
)

READ_SIZE = 2**16
"""Bytes asked of the stream at a time: what a reader holds in memory."""

_UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')


class Content(Protocol):
    """What a reader reads from: a `StreamReader`, or anything with its `read`."""

    async def read(self, n: int = -1) -> bytes:
        """Return at most `n` bytes as soon as there are any; none at the end."""


class PartSource:
    """Pulls the events of one multipart body out of a stream, for its reader and the readers of its parts."""

    def __init__(self, content: Content, decoder: MultipartDecoder) -> None:
        self._content = content
        self._decoder = decoder
        self._is_abandoned = False

    async def take(self, size: int) -> Event:
        """Return the next event, bytes of a body at most `size` at a time; see `MultipartDecoder.take`."""
        if self._is_abandoned:
            return Mark.PART_END
        while (event := self._decoder.take(size)) is None:
            data = await self._content.read(READ_SIZE)
            if data:
                self._decoder.feed(data)
            else:
                self._decoder.feed_eof()
        return event

    def abandon(self) -> None:
        """Give nothing more: somebody else goes on reading the stream."""
        self._is_abandoned = True


class BodyPartReader:
    """The body of one part.

    Args:
        boundary: the boundary with its two dashes.
        headers: the part's fields.
        content: the stream, at the beginning of the part's body.
        subtype: of the multipart body; the parts of `form-data` have no Content-Length and no coding (RFC 7578).
        default_charset: of text that doesn't say.
        max_decompress_size: bytes of one decompressed piece.
        client_max_size: bytes that `read` may return.
        max_size_error_cls: what `read` raises beyond that, with the limit for an argument.
    """

    chunk_size = 8192

    def __init__(
        self,
        boundary: bytes,
        headers: CIMultiDictProxy[str],
        content: Any,
        *,
        subtype: str = "mixed",
        default_charset: str | None = None,
        max_decompress_size: int = PIECE_SIZE,
        client_max_size: int = sys.maxsize,
        max_size_error_cls: type[Exception] = ValueError,
    ) -> None:
        self.headers = headers
        self._is_form_data = subtype == "form-data"
        if not isinstance(content, PartSource):
            decoder = MultipartDecoder(boundary[2:].decode("latin-1"))
            decoder.begin_body(None if self._is_form_data else parse_length(headers.get(CONTENT_LENGTH)))
            content = PartSource(content, decoder)
        self._source: PartSource = content
        self._default_charset = default_charset
        self._max_decompress_size = max_decompress_size
        self._client_max_size = client_max_size
        self._max_size_error_cls = max_size_error_cls
        self._rest = bytearray()  # bytes taken from the source and not given out yet
        self._is_complete = False
        self._is_base64 = headers.get(CONTENT_TRANSFER_ENCODING, "").lower() == "base64"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    async def next(self) -> bytes | None:
        """Return the part's bytes; None if they were read before, or there are none."""
        return await self.read() or None

    def at_eof(self) -> bool:
        """Whether all of the part's bytes were read."""
        return self._is_complete and not self._rest

    async def _take(self, size: int) -> bytes:
        """Return at most `size` of the next bytes; none at the end of the part."""
        if self._rest:
            chunk = bytes(self._rest[:size])
            del self._rest[:size]
            return chunk
        if self._is_complete:
            return b""
        event = await self._source.take(size)
        if isinstance(event, bytes):
            return event
        self._is_complete = True
        return b""

    def _check_size(self, size: int) -> None:
        if size > self._client_max_size:
            raise self._max_size_error_cls(self._client_max_size)

    async def read(self, *, decode: bool = False) -> bytes:
        """Return the part's bytes; with `decode`, without their transfer encoding and content coding.

        Raises:
            ValueError: the body ends early or is malformed (`BadMultipart`), or `client_max_size` is exceeded.
            ContentEncodingError: with `decode`, the bytes are not what the codings promise.
            RuntimeError: with `decode`, a coding is unknown.
        """
        pieces = []
        size = 0
        while chunk := await self._take(READ_SIZE):
            pieces.append(chunk)
            size += len(chunk)
            self._check_size(size)
        data = b"".join(pieces)
        return self.decode(data) if decode else data

    async def read_chunk(self, size: int = chunk_size) -> bytes:
        """Return at most `size` of the next bytes as soon as there are any; none at the end of the part.

        A chunk of base64 has whole groups of four characters, so that it can be decoded on its own.

        Raises:
            ValueError: the body ends early or is malformed (`BadMultipart`), or `size` is not positive.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1 byte, got {size}")
        chunk = await self._take(size)
        while self._is_base64 and chunk and (left := count_base64(chunk) % 4):
            end = base64_end(chunk, left)
            if end:
                self._rest[:0] = chunk[end:]
                return chunk[:end]
            more = await self._take(max(4, size - len(chunk)))
            # Cut off within a group, or nothing but what base64 skips: there is no whole group to wait for.
            if not more or len(chunk) >= max(size, self.chunk_size):
                return chunk + more
            chunk += more
        return chunk

    async def readline(self) -> bytes:
        r"""Return the bytes up to and with the next `\n`, or the last ones of the part; none at its end.

        Raises:
            ValueError: the body ends early or is malformed (`BadMultipart`), or the line exceeds `client_max_size`.
        """
        line = bytearray()
        while chunk := await self._take(self.chunk_size):
            end = chunk.find(b"\n") + 1
            if end:
                self._rest[:0] = chunk[end:]
                chunk = chunk[:end]
            line += chunk
            self._check_size(len(line))
            if end:
                break
        return bytes(line)

    async def release(self) -> None:
        """Read the rest of the part and drop it."""
        while await self._take(READ_SIZE):
            pass

    async def text(self, *, encoding: str | None = None) -> str:
        """Return the decoded part as text in `encoding`, else in its charset, else in UTF-8."""
        data = await self.read(decode=True)
        return data.decode(encoding or self.get_charset(default="utf-8"))

    async def json(self, *, encoding: str | None = None) -> Any:
        """Return the value that the part's JSON stands for; None if the part is empty."""
        data = await self.read(decode=True)
        return json.loads(data.decode(encoding or self.get_charset(default="utf-8"))) if data else None

    async def form(self, *, encoding: str | None = None) -> list[tuple[str, str]]:
        """Return the fields of a part of `application/x-www-form-urlencoded`.

        Raises:
            ValueError: the bytes are not text in `encoding`, or in the part's charset.
        """
        data = await self.read(decode=True)
        charset = encoding or self.get_charset(default="utf-8")
        try:
            text = data.rstrip().decode(charset)
        except UnicodeDecodeError as error:
            raise ValueError(f"data cannot be decoded with {charset} encoding") from error
        return parse_qsl(text, keep_blank_values=True, encoding=charset)

    def _decoder(self) -> PartDecoder:
        """Return a decoder for this part's codings.

        Raises:
            RuntimeError: one of them is unknown.
            ContentEncodingError: the package for the content coding is not installed.
        """
        transfer = self.headers.get(CONTENT_TRANSFER_ENCODING, "binary").lower()
        if transfer not in {"binary", "8bit", "7bit", *TRANSFER_ENCODINGS}:
            raise RuntimeError(f"unknown content transfer encoding: {transfer}")
        # RFC 7578 section 4.8: a form's part has no content coding.
        coding = "identity" if self._is_form_data else self.headers.get(CONTENT_ENCODING, "identity")
        content = decoder_for(coding)
        if content is None and coding.lower() != "identity":
            raise RuntimeError(f"unknown content encoding: {coding}")
        return PartDecoder(content, transfer, self._max_decompress_size)

    def _decode_pieces(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder()
        yield from decoder.feed(data)
        yield from decoder.flush()

    def decode(self, data: bytes) -> bytes:
        """Return `data`, all of the part's bytes, without their transfer encoding and content coding.

        Raises:
            ContentEncodingError: the bytes are not what the codings promise.
            RuntimeError: a coding is unknown.
            ValueError: the result exceeds `client_max_size`.
        """
        pieces = []
        size = 0
        for piece in self._decode_pieces(data):
            pieces.append(piece)
            size += len(piece)
            self._check_size(size)
        return b"".join(pieces)

    async def decode_iter(self, data: bytes) -> AsyncIterator[bytes]:
        """Give what `decode` returns in pieces of at most `max_decompress_size` bytes if it was compressed."""
        for piece in self._decode_pieces(data):
            yield piece

    def get_charset(self, default: str) -> str:
        """Return the charset of the part's media type, else the form's `_charset_`, else `default`."""
        return parse_media_type(self.headers.get(CONTENT_TYPE)).charset or self._default_charset or default

    @cached_property
    def _disposition(self) -> dict[str, str]:
        return parse_content_disposition(self.headers.get(CONTENT_DISPOSITION))[1]

    @cached_property
    def name(self) -> str | None:
        """The field's name; None if there is none, or the Content-Disposition is malformed."""
        return content_disposition_filename(self._disposition, "name")

    @cached_property
    def filename(self) -> str | None:
        """The file's name exactly as it was sent: it may be a path, `..`, or anything else. See `safe_filename`."""
        return content_disposition_filename(self._disposition, "filename")

    @cached_property
    def safe_filename(self) -> str | None:
        """The last segment of `filename`, without what has a meaning to a file system; None if nothing is left.

        No directory, drive or stream, no dot in front (a hidden file, `..`), no dot or space behind, no control character.
        """
        segment = re.split(r"[/\\]", self.filename or "")[-1]
        return _UNSAFE_IN_NAMES.sub("", segment).strip(" .") or None


@payload_type(BodyPartReader)
class BodyPartReaderPayload(Payload):
    """A received part, decoded and passed on as it arrives; it can be written once."""

    _value: BodyPartReader

    def __init__(self, value: BodyPartReader, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        names = {"name": value.name, "filename": value.filename}
        params = {key: name for key, name in names.items() if name is not None}
        if params:
            self.set_content_disposition("attachment", True, **params)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:
        """Refuse: the part may be larger than memory.

        Raises:
            TypeError: always.
        """
        del encoding, errors
        raise TypeError("Unable to decode.")

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:
        """Refuse: the part may be larger than memory.

        Raises:
            TypeError: always.
        """
        del encoding, errors
        raise TypeError("Unable to read body part as bytes. Use write() to consume.")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the part, decoded, as it arrives."""
        # From here on bytes are gone, even if the write is cut off.
        self._consumed = True
        decoder = self._value._decoder()  # noqa: SLF001 - the payload of this very class
        while chunk := await self._value.read_chunk(READ_SIZE):
            for piece in decoder.feed(chunk):
                await writer.write(piece)
        for piece in decoder.flush():
            await writer.write(piece)
