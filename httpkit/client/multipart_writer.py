"""A multipart body as a payload: parts are payloads, written one after the other between boundaries (RFC 2046, RFC 7578)."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from multidict import CIMultiDict

from httpkit.client.payload import JsonPayload, Payload, StringPayload
from httpkit.client.payload_registry import LookupError as NoPayload
from httpkit.client.payload_registry import get_payload
from httpkit.values.abc import AbstractStreamWriter
from httpkit.values.fields import is_token, quote_string
from httpkit.values.hdrs import (
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TRANSFER_ENCODING,
)
from httpkit.wire.multipart import check_boundary, make_boundary
from httpkit.wire.part_codings import CONTENT_CODINGS, TRANSFER_ENCODINGS, PartEncoder

MAX_SYNC_SIZE = 2**16
"""Bytes that are compressed on the event loop, about 2 ms; larger pieces go to an executor."""

NAME_PARAMETER = re.compile(r";[ \t]*+name\*?=", re.IGNORECASE)

_logger = logging.getLogger("httpkit.client")

Part = tuple[Payload, str | None, str | None]
"""A part, its content coding and its transfer encoding, each None where it changes nothing."""


class MultipartWriter(Payload):
    """A multipart body.

    Args:
        subtype: `mixed`, `form-data`, `related` or another.
        boundary: 1 to 70 printable ASCII characters; 32 random hex digits by default.

    Raises:
        ValueError: the boundary isn't valid.
    """

    _value: None
    _autoclose = True

    def __init__(self, subtype: str = "mixed", boundary: str | None = None) -> None:
        boundary = make_boundary() if boundary is None else boundary
        self._boundary = check_boundary(boundary)
        quoted = boundary if is_token(boundary) else quote_string(boundary)
        super().__init__(None, content_type=f"multipart/{subtype}; boundary={quoted}")
        self._parts: list[Part] = []
        self._is_form_data = subtype == "form-data"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        """Do nothing: `with` only groups the appends."""

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    @property
    def boundary(self) -> str:
        """The boundary, without the dashes that delimiters add."""
        return self._boundary.decode("ascii")

    @property
    def consumed(self) -> bool:
        """Whether the writer, or one of its parts, can't be written again."""
        return self._consumed or any(part.consumed for part, _, _ in self._parts)

    def append(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Append `obj` as a part with `headers`; return its payload.

        Raises:
            TypeError: no payload is registered for the type of `obj`.
            ValueError: as in `append_payload`.
            RuntimeError: as in `append_payload`.
        """
        if isinstance(obj, Payload):
            obj.headers.update(headers or {})
            return self.append_payload(obj)
        try:
            payload = get_payload(obj, headers=CIMultiDict() if headers is None else headers)
        except NoPayload as error:
            raise TypeError(f"Cannot create payload from {obj!r}") from error
        return self.append_payload(payload)

    def append_payload(self, payload: Payload) -> Payload:
        """Append `payload` as a part; return it.

        The codings of its `Content-Encoding` and `Content-Transfer-Encoding` are applied when it is written. A form's
        parts have no such fields, and get a `Content-Disposition` if they have none (RFC 7578 sections 4.2, 4.7, 4.8).

        Raises:
            RuntimeError: the content coding or the transfer encoding is unknown.
            ValueError: a control character is in a field, or a form's part has a field that forms don't allow.
        """
        codings = self._form_codings(payload) if self._is_form_data else self._codings(payload)
        payload._binary_headers  # noqa: B018, SLF001 - the same class; refused now, and not halfway through the body
        self._parts.append((payload, *codings))
        return payload

    def _form_codings(self, payload: Payload) -> tuple[None, None]:
        for name in (CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TRANSFER_ENCODING):
            if name in payload.headers:
                raise ValueError(f"a part of multipart/form-data can't have {name} (RFC 7578)")
        if CONTENT_DISPOSITION not in payload.headers:
            payload.set_content_disposition("form-data", name=f"section-{len(self._parts)}")
        return None, None

    def _codings(self, payload: Payload) -> tuple[str | None, str | None]:
        content = payload.headers.get(CONTENT_ENCODING, "").lower()
        if content not in {"", "identity", *CONTENT_CODINGS}:
            raise RuntimeError(f"unknown content encoding: {content}")
        transfer = payload.headers.get(CONTENT_TRANSFER_ENCODING, "").lower()
        if transfer not in {"", "binary", *TRANSFER_ENCODINGS}:
            raise RuntimeError(f"unknown content transfer encoding: {transfer}")
        codings = content if content in CONTENT_CODINGS else None, transfer if transfer in TRANSFER_ENCODINGS else None
        if codings == (None, None) and (size := payload.size) is not None:
            payload.headers[CONTENT_LENGTH] = str(size)
        return codings

    def append_json(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Append `obj` as a part of JSON."""
        return self.append_payload(JsonPayload(obj, headers=headers))

    def append_form(
        self, obj: Sequence[tuple[str, str]] | Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Payload:
        """Append the fields of `obj` as a part of `application/x-www-form-urlencoded`.

        Raises:
            TypeError: `obj` is neither a sequence of pairs nor a mapping.
        """
        if not isinstance(obj, Sequence | Mapping):
            raise TypeError(f"a form is a sequence of pairs or a mapping, got {type(obj)!r}")
        text = urlencode(list(obj.items()) if isinstance(obj, Mapping) else obj, doseq=True)
        return self.append_payload(
            StringPayload(text, headers=headers, content_type="application/x-www-form-urlencoded")
        )

    def _heads(self) -> list[bytes]:
        """Return what stands before each part's body; ValueError if a head that was changed since can't be sent."""
        heads: list[bytes] = []
        for part, _, _ in self._parts:
            if self._is_form_data and not NAME_PARAMETER.search(part.headers.get(CONTENT_DISPOSITION, "")):
                raise ValueError("a part of multipart/form-data needs a Content-Disposition with a name (RFC 7578)")
            line_break = b"\r\n" if heads else b""
            heads.append(line_break + b"--" + self._boundary + b"\r\n" + part._binary_headers)  # noqa: SLF001 - as above
        return heads

    def _tail(self) -> bytes:
        line_break = b"\r\n" if self._parts else b""
        return line_break + b"--" + self._boundary + b"--\r\n"

    @property
    def size(self) -> int | None:
        """Bytes of the whole body; None if a part's size isn't known or a part is coded.

        Raises:
            ValueError: a part's head can't be sent. Asked for before the request, this is before anything is sent.
        """
        total = sum(map(len, self._heads())) + len(self._tail())
        for part, content_coding, transfer_encoding in self._parts:
            part_size = part.size
            if content_coding or transfer_encoding or part_size is None:
                return None
            total += part_size
        return total

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text; blocks while files are read.

        Raises:
            TypeError: a part is compressed or encoded for transfer: `as_bytes` gives those.
        """
        pieces = []
        for (part, *codings), head in zip(self._parts, self._heads(), strict=True):
            if any(codings):
                raise TypeError("Unable to decode - a part has a coding. Use as_bytes() instead.")
            pieces += [head.decode(encoding, errors), part.decode(encoding, errors)]
        return "".join([*pieces, self._tail().decode(encoding, errors)])

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the whole body, as `write` writes it."""
        pieces = []
        for (part, content_coding, transfer_encoding), head in zip(self._parts, self._heads(), strict=True):
            pieces += [head, await part.as_bytes(encoding, errors)]
            if content_coding or transfer_encoding:
                encoder = PartEncoder(content_coding, transfer_encoding)
                pieces[-1] = encoder.feed(pieces[-1]) + encoder.flush()
        return b"".join([*pieces, self._tail()])

    async def write(self, writer: AbstractStreamWriter, close_boundary: bool = True) -> None:
        """Write the body; `close_boundary=False` leaves out the last boundary, so that more parts may follow.

        Raises:
            ValueError: a part's head can't be sent; nothing was written.
        """
        for (part, content_coding, transfer_encoding), head in zip(self._parts, self._heads(), strict=True):
            await writer.write(head)
            if content_coding or transfer_encoding:
                coded = _CodedWriter(writer, PartEncoder(content_coding, transfer_encoding))
                await part.write(coded)
                await coded.write_eof()
            else:
                await part.write(writer)
        if close_boundary:
            await writer.write(self._tail())
        elif self._parts:
            await writer.write(b"\r\n")

    async def close(self) -> None:
        """Close the parts that hold something; what one of them raises is logged, and the others are still closed."""
        if self._consumed:
            return
        self._consumed = True
        for index, (part, _, _) in enumerate(self._parts):
            if not part.autoclose:
                try:
                    await part.close()
                except Exception:
                    _logger.exception("part %d of a multipart body can't be closed", index)


class _CodedWriter(AbstractStreamWriter):
    """Passes a part's bytes through its codings to the writer of the body."""

    def __init__(self, writer: AbstractStreamWriter, encoder: PartEncoder) -> None:
        self._writer = writer
        self._encoder = encoder

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write `chunk` coded, as far as it can be yet."""
        if len(chunk) > MAX_SYNC_SIZE:
            coded = await asyncio.get_running_loop().run_in_executor(None, self._encoder.feed, bytes(chunk))
        else:
            coded = self._encoder.feed(bytes(chunk))
        if coded:
            await self._writer.write(coded)

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Write the last of the part; the body goes on."""
        coded = self._encoder.feed(chunk) + self._encoder.flush()
        if coded:
            await self._writer.write(coded)

    async def drain(self) -> None:
        """Wait for the body's writer."""
        await self._writer.drain()

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Refuse: the part's fields, which are sent already, say how it is coded."""
        raise RuntimeError(f"a part can't turn on {encoding} (strategy {strategy}) while it is written")

    def enable_chunking(self) -> None:
        """Refuse: a part has no framing but its boundaries."""
        raise RuntimeError("a part can't be chunked")

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Refuse: a part's head is written by its body."""
        raise RuntimeError(f"a part has no head of its own to write: {status_line!r}, {len(headers)} fields")
