"""Reading a multipart body part by part from a stream; the cutting itself is `httpkit.wire.multipart`.

A part that is multipart itself is a reader again, which reads that part's bytes: an inner body can't reach beyond the
boundary of the outer one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Self

from multidict import CIMultiDictProxy

from httpkit.client.body_part import READ_SIZE, BodyPartReader, PartSource
from httpkit.values.fields import parse_media_type
from httpkit.values.hdrs import CONTENT_TYPE
from httpkit.wire.multipart import MAX_FIELD_SIZE, MAX_HEADERS, BadMultipart, Mark, MultipartDecoder, PartHead

MAX_NESTING = 16
"""Multipart bodies inside one another: each level costs a call for every read. Mail seldom has more than five."""

MAX_CHARSET = 31
"""Bytes of a form's `_charset_` field, as in aiohttp; the longest name in the WHATWG's list has 19."""


class _NestedContent:
    """The bytes of a part, as the content of a reader of its own."""

    def __init__(self, part: BodyPartReader, depth: int, max_nesting: int) -> None:
        self._part = part
        self.depth = depth
        self.max_nesting = max_nesting

    async def read(self, n: int) -> bytes:
        return await self._part.read_chunk(n)


class MultipartResponseWrapper:
    """The parts of a response, which is released after the last one."""

    def __init__(self, resp: Any, stream: MultipartReader) -> None:
        self.resp = resp
        self.stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MultipartReader | BodyPartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """Whether all of the response was read."""
        return bool(self.resp.content.at_eof())

    async def next(self) -> MultipartReader | BodyPartReader | None:
        """Return the next part; after the last one release the response and return None."""
        part = await self.stream.next()
        if self.stream.at_eof():
            await self.release()
        return part

    async def release(self) -> None:
        """Give the connection back."""
        await self.resp.release()


class MultipartReader:
    """The parts of a multipart body: `BodyPartReader`s, and `MultipartReader`s for parts that are multipart themselves.

    Args:
        headers: the fields of the response, or of the part; their Content-Type has the boundary.
        content: the stream.
        client_max_size: bytes that a part's `read` may return.
        max_field_size: bytes of one field line in a part's head.
        max_headers: field lines in a part's head.
        max_size_error_cls: what a part's `read` raises beyond `client_max_size`.
        max_nesting: multipart bodies inside one another, this one included.

    Raises:
        ValueError: the media type is not multipart, or has no valid boundary.
    """

    #: What `from_response` returns.
    response_wrapper_cls = MultipartResponseWrapper
    #: The reader of parts that are multipart; None is the reader's own class.
    multipart_reader_cls: type[MultipartReader] | None = None
    #: The reader of other parts.
    part_reader_cls = BodyPartReader

    def __init__(
        self,
        headers: Mapping[str, str],
        content: Any,
        *,
        client_max_size: int = sys.maxsize,
        max_field_size: int = MAX_FIELD_SIZE,
        max_headers: int = MAX_HEADERS,
        max_size_error_cls: type[Exception] = ValueError,
        max_nesting: int = MAX_NESTING,
    ) -> None:
        self.headers = headers
        media_type = parse_media_type(headers.get(CONTENT_TYPE))
        main_type, _, self._subtype = media_type.type.partition("/")
        if main_type != "multipart":
            raise ValueError(f"multipart/* content type expected, got {media_type.type!r}")
        if "boundary" not in media_type.parameters:
            raise ValueError(f"boundary missed for Content-Type: {headers[CONTENT_TYPE]}")
        boundary = media_type.parameters["boundary"]
        decoder = MultipartDecoder(
            boundary,
            trust_length=self._subtype != "form-data",
            max_field_size=max_field_size,
            max_headers=max_headers,
        )
        self._boundary = b"--" + boundary.encode("ascii")
        self._source = PartSource(content, decoder)
        # The outermost reader's limit holds for all.
        self._depth = content.depth if isinstance(content, _NestedContent) else 1
        self._max_nesting = content.max_nesting if isinstance(content, _NestedContent) else max_nesting
        self._options: dict[str, Any] = {"client_max_size": client_max_size, "max_size_error_cls": max_size_error_cls}
        self._head_limits: dict[str, Any] = {"max_field_size": max_field_size, "max_headers": max_headers}
        self._default_charset: str | None = None
        self._last_part: MultipartReader | BodyPartReader | None = None
        self._last_body: BodyPartReader | None = None  # the same, or the part that it reads from
        self._at_bof = True
        self._at_eof = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MultipartReader | BodyPartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    @classmethod
    def from_response(cls, response: Any) -> MultipartResponseWrapper:
        """Return a reader of the body of `response`, which is released after the last part."""
        return cls.response_wrapper_cls(response, cls(response.headers, response.content))

    def at_eof(self) -> bool:
        """Whether the last boundary was read."""
        return self._at_eof

    async def next(self) -> MultipartReader | BodyPartReader | None:
        """Return the next part, None after the last one. What is left of the part before is dropped.

        Raises:
            ValueError: the body ends early or is malformed, is nested deeper than `max_nesting` (`BadMultipart`).
            BadHttpMessage: the part's head is malformed or exceeds a limit.
            RuntimeError: the form's `_charset_` is too long.
        """
        is_first, self._at_bof = self._at_bof, False
        part = await self._next_part()
        # RFC 7578 section 4.6: the first field of a form may name the charset of the others.
        if is_first and self._subtype == "form-data" and isinstance(part, BodyPartReader) and part.name == "_charset_":
            charset = b""
            while len(charset) <= MAX_CHARSET and (chunk := await part.read_chunk(MAX_CHARSET + 1)):
                charset += chunk
            if len(charset) > MAX_CHARSET:
                raise RuntimeError(f"Invalid default charset: longer than {MAX_CHARSET} bytes")
            self._default_charset = charset.strip().decode()
            part = await self._next_part()
        return part

    async def release(self) -> None:
        """Read the rest of the body and drop it."""
        while (part := await self.next()) is not None:
            await part.release()

    async def fetch_next_part(self) -> MultipartReader | BodyPartReader:
        """Return the next part.

        Raises:
            BadMultipart: there is none.
        """
        part = await self._next_part()
        if part is None:
            raise BadMultipart("no part follows: the last boundary was read")
        return part

    async def _next_part(self) -> MultipartReader | BodyPartReader | None:
        await self._drop_last_part()
        if self._at_eof:
            return None
        event = await self._source.take(READ_SIZE)
        if not isinstance(event, PartHead):
            self._at_eof = event is Mark.END
            return None
        self._last_part = self._open_part(event.fields)
        return self._last_part

    async def _drop_last_part(self) -> None:
        part, body = self._last_part, self._last_body
        self._last_part = self._last_body = None
        if isinstance(part, MultipartReader):
            part._abandon()  # noqa: SLF001 - the same class
        if body is not None:
            await body.release()

    def _abandon(self) -> None:
        """End here: the reader around this one drops what is left."""
        self._at_eof = True
        self._source.abandon()
        if isinstance(self._last_part, MultipartReader):
            self._last_part._abandon()  # noqa: SLF001 - the same class

    def _open_part(self, headers: CIMultiDictProxy[str]) -> MultipartReader | BodyPartReader:
        is_multipart = parse_media_type(headers.get(CONTENT_TYPE)).type.startswith("multipart/")
        part_cls = BodyPartReader if is_multipart else self.part_reader_cls
        self._last_body = part_cls(
            self._boundary,
            headers,
            self._source,
            subtype=self._subtype,
            default_charset=self._default_charset,
            **self._options,
        )
        if not is_multipart:
            return self._last_body
        if self._depth >= self._max_nesting:
            raise BadMultipart(f"multipart bodies are nested deeper than {self._max_nesting} (max_nesting)")
        reader_cls = self.multipart_reader_cls or type(self)
        nested = _NestedContent(self._last_body, self._depth + 1, self._max_nesting)
        return reader_cls(headers, nested, **self._options, **self._head_limits)
