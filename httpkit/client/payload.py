"""What a request's body is made of: values in memory and async iterables, with the fields that describe them.

A payload knows its media type, its size where it can be known, and how to write itself to an `AbstractStreamWriter`. One
that is not `consumed` can be written again: for a redirect, for a retry. Files are in `payload_files`, multipart bodies
in `multipart`, and what makes a payload of a value in `payload_registry`.
"""

from __future__ import annotations

import json
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from typing import IO, Any

from multidict import CIMultiDict

from httpkit.net.body import StreamReader
from httpkit.values.abc import AbstractStreamWriter
from httpkit.values.disposition import encode_content_disposition
from httpkit.values.fields import DEFAULT_MEDIA_TYPE, parse_media_type
from httpkit.values.hdrs import CONTENT_DISPOSITION, CONTENT_TYPE

TOO_LARGE_BYTES_BODY = 2**20
"""Bytes from which a body in one piece is warned about, as in aiohttp: it is written without a pause."""

FieldSource = Mapping[str, str] | Iterable[tuple[str, str]]
"""What `headers=` takes."""


def guess_media_type(filename: str) -> str | None:
    """Return the media type that the ending of `filename` stands for, or None."""
    import mimetypes  # noqa: PLC0415 - 2 ms and a read of the system's tables, for file uploads only

    if sys.version_info >= (3, 13):
        return mimetypes.guess_file_type(filename)[0]
    return mimetypes.guess_type(filename)[0]


class Payload(ABC):
    """A body, or a part of a multipart body.

    Args:
        value: what is sent.
        headers: fields of the part, or that the request takes over.
        content_type: the media type; None guesses it from `filename`.
        filename: the name that a part is sent under.
        encoding: the charset of text.
    """

    _default_content_type: str = DEFAULT_MEDIA_TYPE
    _size: int | None = None
    _consumed: bool = False
    _autoclose: bool = False

    def __init__(
        self,
        value: Any,
        headers: FieldSource | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **_kwargs: Any,
    ) -> None:
        # Who asks the registry for a payload doesn't know its class: `disposition` is for files, and not for the others.
        self._value = value
        self._encoding = encoding
        self._filename = filename
        if content_type is None:
            content_type = self._default_content_type
            if filename is not None:
                content_type = guess_media_type(filename) or content_type
        self._headers = CIMultiDict({CONTENT_TYPE: content_type})
        if headers:
            self._headers.update(headers)

    @property
    def size(self) -> int | None:
        """Bytes that `write` writes; None if that can't be known before."""
        return self._size

    @property
    def filename(self) -> str | None:
        """The name that a part is sent under."""
        return self._filename

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields that describe the payload; they may be changed until it is written."""
        return self._headers

    @property
    def encoding(self) -> str | None:
        """The charset of text."""
        return self._encoding

    @property
    def content_type(self) -> str:
        """The media type."""
        return self._headers[CONTENT_TYPE]

    @property
    def consumed(self) -> bool:
        """Whether the value is used up, so that the payload can't be written again."""
        return self._consumed

    @property
    def autoclose(self) -> bool:
        """Whether there is nothing that `close` must give back."""
        return self._autoclose

    @property
    def _binary_headers(self) -> bytes:
        """The head of this payload as a part (RFC 2046 section 5.1); ValueError for control characters."""
        from httpkit.wire.multipart import encode_head  # noqa: PLC0415 - most bodies are not parts

        return encode_head(self._headers.items())

    def set_content_disposition(
        self, disptype: str, quote_fields: bool = True, _charset: str = "utf-8", **params: Any
    ) -> None:
        """Set `Content-Disposition` to `disptype` with `params` (RFC 7578 section 4.2).

        Raises:
            ValueError: the type isn't a token, or a control character is in a parameter.
        """
        self._headers[CONTENT_DISPOSITION] = encode_content_disposition(
            disptype, params, quote_fields=quote_fields, charset=_charset
        )

    @abstractmethod
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the value as text. A file is read here and now: not for use on the event loop."""

    @abstractmethod
    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the whole value to `writer`."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write at most `content_length` bytes; None is no limit."""
        del content_length  # a subclass that can stop early overrides this
        await self.write(writer)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes that `write` writes; text in the payload's own `encoding` if it has one."""
        charset = self._encoding or encoding
        return self.decode(charset, errors).encode(charset)

    def _close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what the payload holds, without waiting."""

    async def close(self) -> None:
        """Give back what the payload holds. Never waits, so it may be called while a task is being cancelled."""
        self._close()


class BytesPayload(Payload):
    """Bytes that are in memory.

    Raises:
        TypeError: the value is not bytes, a bytearray or a memoryview.
    """

    _value: bytes | bytearray | memoryview
    _size: int
    _autoclose = True

    def __init__(self, value: bytes | bytearray | memoryview, *args: Any, **kwargs: Any) -> None:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"value argument must be byte-ish, not {type(value)!r}")
        # Only an explicit content_type=None has the media type guessed from the file name, as in aiohttp.
        kwargs.setdefault("content_type", DEFAULT_MEDIA_TYPE)
        # A view may have items of several bytes: len() and slices would count those.
        super().__init__(value.cast("B") if isinstance(value, memoryview) else value, *args, **kwargs)
        self._size = len(self._value)
        if self._size > TOO_LARGE_BYTES_BODY:
            warnings.warn(
                f"a body of {self._size} bytes in one piece keeps the event loop busy; pass io.BytesIO instead",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    @property
    def value(self) -> bytes | bytearray | memoryview:
        """The bytes."""
        return self._value

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the bytes as text."""
        return str(self._value, encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes."""
        del encoding, errors
        return bytes(self._value)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the bytes in one piece."""
        await writer.write(self._value)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the first `content_length` bytes in one piece."""
        await writer.write(self._value if content_length is None else self._value[:content_length])


def text_encoding(encoding: str | None, content_type: str | None) -> tuple[str, str]:
    """Return the charset and the media type of text: the one that is missing follows the other, else UTF-8."""
    if content_type is None:
        charset = encoding or "utf-8"
        return charset, f"text/plain; charset={charset}"
    return encoding or parse_media_type(content_type).charset or "utf-8", content_type


class StringPayload(BytesPayload):
    """Text, sent in `encoding`, else in the charset of `content_type`, else in UTF-8."""

    def __init__(
        self, value: str, *args: Any, encoding: str | None = None, content_type: str | None = None, **kwargs: Any
    ) -> None:
        encoding, content_type = text_encoding(encoding, content_type)
        super().__init__(value.encode(encoding), *args, encoding=encoding, content_type=content_type, **kwargs)


class StringIOPayload(StringPayload):
    """The rest of an `io.StringIO`."""

    def __init__(self, value: IO[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(value.read(), *args, **kwargs)


class JsonPayload(BytesPayload):
    """A value as JSON, from an encoder that gives text."""

    def __init__(
        self,
        value: Any,
        encoding: str = "utf-8",
        content_type: str = "application/json",
        dumps: Callable[[Any], str] = json.dumps,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dumps(value).encode(encoding), *args, content_type=content_type, encoding=encoding, **kwargs)


class JsonBytesPayload(BytesPayload):
    """A value as JSON, from an encoder that gives bytes."""

    def __init__(
        self,
        value: Any,
        dumps: Callable[[Any], bytes],
        content_type: str = "application/json",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dumps(value), *args, content_type=content_type, **kwargs)


class AsyncIterablePayload(Payload):
    """The bytes that an async iterable gives. It can be written once, or any number of times after `as_bytes`.

    Raises:
        TypeError: the value is not an async iterable.
    """

    _autoclose = True

    def __init__(self, value: AsyncIterable[bytes], *args: Any, **kwargs: Any) -> None:
        if not isinstance(value, AsyncIterable):
            raise TypeError(f"value argument must support AsyncIterable, got {type(value)!r}")
        kwargs.setdefault("content_type", DEFAULT_MEDIA_TYPE)
        super().__init__(value, *args, **kwargs)
        self._iter: AsyncIterator[bytes] | None = aiter(value)
        self._cached_chunks: list[bytes] | None = None

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write each piece as it comes."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write pieces as they come, at most `content_length` bytes; then the iterable is closed if it can be."""
        if self._cached_chunks is not None:
            for chunk in self._cached_chunks:
                content_length = await _write_some(writer, chunk, content_length)
            return
        pieces, self._iter = self._iter, None
        if pieces is None:
            return
        # From here on bytes are gone, even if the write is cut off.
        self._consumed = True
        try:
            async for chunk in pieces:
                content_length = await _write_some(writer, chunk, content_length)
                if content_length == 0:
                    break
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the bytes as text.

        Raises:
            TypeError: `as_bytes` hasn't been called, so nothing is in memory.
        """
        if self._cached_chunks is None:
            raise TypeError("Unable to decode - content not cached. Call as_bytes() first.")
        return b"".join(self._cached_chunks).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return all bytes, and keep them for later writes; none if they were written before."""
        del encoding, errors
        if self._cached_chunks is None:
            if self._iter is None:
                return b""
            self._cached_chunks = [chunk async for chunk in self._iter]
            self._iter = None
        return b"".join(self._cached_chunks)


async def _write_some(writer: AbstractStreamWriter, chunk: bytes, limit: int | None) -> int | None:
    """Write at most `limit` bytes of `chunk`; return what is left of the limit."""
    if limit is None:
        await writer.write(chunk)
        return None
    if limit > 0:
        await writer.write(chunk[:limit])
    return max(0, limit - len(chunk))


class StreamReaderPayload(AsyncIterablePayload):
    """A received body, passed on as it arrives."""

    def __init__(self, value: StreamReader, *args: Any, **kwargs: Any) -> None:
        super().__init__(value.iter_any(), *args, **kwargs)
