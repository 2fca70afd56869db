"""A form as a body: `application/x-www-form-urlencoded`, or `multipart/form-data` as soon as a field needs it (RFC 7578)."""

from __future__ import annotations

import io
import warnings
from collections import deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from multidict import MultiDict, MultiDictProxy

from httpkit.client.multipart_writer import MultipartWriter
from httpkit.client.payload import BytesPayload, Payload
from httpkit.client.payload_files import guess_filename
from httpkit.client.payload_registry import get_payload
from httpkit.values.hdrs import CONTENT_LENGTH, CONTENT_TYPE
from httpkit.wire.multipart import check_field


def _checked(option: str, text: object) -> str:
    """Return `text` if it is text that may stand in a field line."""
    if not isinstance(text, str):
        raise TypeError(f"{option} must be an instance of str. Got: {text}")
    return check_field(text)


class FormData:
    """The fields of a form.

    Args:
        fields: a dict, a multidict, pairs, files, or one of these.
        quote_fields: whether names and file names are percent-encoded or escaped, so that they are ASCII.
        charset: of the values; UTF-8 by default.
        default_to_multipart: whether the form is multipart even if no field needs it.
    """

    def __init__(
        self,
        fields: Iterable[Any] = (),
        quote_fields: bool = True,
        charset: str | None = None,
        *,
        default_to_multipart: bool = False,
    ) -> None:
        self._writer = MultipartWriter("form-data")
        # Each is (parameters of Content-Disposition, other fields of the part, value).
        self._fields: list[tuple[dict[str, str], dict[str, str], Any]] = []
        self._is_multipart = default_to_multipart
        self._quote_fields = quote_fields
        self._charset = charset
        if isinstance(fields, dict):
            fields = list(fields.items())
        elif not isinstance(fields, list | tuple):
            fields = (fields,)
        self.add_fields(*fields)

    @property
    def is_multipart(self) -> bool:
        """Whether the form will be sent as `multipart/form-data`."""
        return self._is_multipart

    def add_field(
        self,
        name: str,
        value: Any,
        *,
        content_type: str | None = None,
        filename: str | None = None,
        content_transfer_encoding: str | None = None,
    ) -> None:
        """Add a field. A file, `filename` or `content_type` makes the form multipart.

        Bytes become a file named after the field, with a DeprecationWarning; `content_transfer_encoding` only warns.

        Raises:
            TypeError: `filename`, `content_type` or `content_transfer_encoding` is not text.
            ValueError: a control character is in `name`, `filename` or `content_type`.
        """
        if isinstance(value, bytes | bytearray | memoryview) and filename is None and content_transfer_encoding is None:
            warnings.warn(
                "bytes will no longer make a file field; give filename, or pass io.BytesIO",
                DeprecationWarning,
                stacklevel=2,
            )
            filename = name
        if filename is None and isinstance(value, io.IOBase):
            filename = guess_filename(value, name)
        params = {"name": check_field(name)}
        if filename is not None:
            params["filename"] = _checked("filename", filename)
        headers: dict[str, str] = {}
        if content_type is not None:
            headers[CONTENT_TYPE] = _checked("content_type", content_type)
        if content_transfer_encoding is not None:
            _checked("content_transfer_encoding", content_transfer_encoding)
            warnings.warn(
                "content_transfer_encoding has no effect; pass a BytesPayload of encoded bytes",
                DeprecationWarning,
                stacklevel=2,
            )
        if len(params) > 1 or headers or content_transfer_encoding is not None:
            self._is_multipart = True
        self._fields.append((params, headers, value))

    def add_fields(self, *fields: Any) -> None:
        """Add files, multidicts and (name, value) pairs.

        Raises:
            TypeError: a field is none of these.
        """
        queue = deque(fields)
        while queue:
            field = queue.popleft()
            if isinstance(field, io.IOBase):
                self.add_field(guess_filename(field, "unknown") or "unknown", field)
            elif isinstance(field, MultiDict | MultiDictProxy):
                queue.extend(field.items())
            elif isinstance(field, list | tuple) and len(field) == 2:
                self.add_field(*field)
            else:
                raise TypeError(
                    "Only io.IOBase, multidict and (name, file) pairs allowed, "
                    f"use .add_field() for passing more complex parameters, got {field!r}"
                )

    def __call__(self) -> Payload:
        """Return the form as a payload. A multipart form is built once, and is the same payload on every call.

        Raises:
            TypeError: a value can't be made a payload.
        """
        return self._as_multipart() if self._is_multipart else self._as_urlencoded()

    def _as_urlencoded(self) -> BytesPayload:
        charset = self._charset or "utf-8"
        content_type = "application/x-www-form-urlencoded"
        if charset != "utf-8":
            content_type += f"; charset={charset}"
        pairs = [(params["name"], value) for params, _, value in self._fields]
        return BytesPayload(urlencode(pairs, doseq=True, encoding=charset).encode(), content_type=content_type)

    def _as_multipart(self) -> MultipartWriter:
        for params, headers, value in self._fields:
            options = {"content_type": headers[CONTENT_TYPE]} if headers else {}
            try:
                part = get_payload(value, headers=headers, encoding=self._charset, **options)
            except Exception as error:
                raise TypeError(f"Can not serialize value type: {type(value)!r}, headers: {headers!r}") from error
            # A name that isn't ASCII would be quoted as `name*`, which servers don't read: it goes as UTF-8, as browsers
            # send it (RFC 7578 section 5.1). aiohttp fails with an AssertionError here.
            is_quoted = self._quote_fields and params["name"].isascii()
            part.set_content_disposition("form-data", quote_fields=is_quoted, **params)
            # A part ends at its boundary, and some servers refuse another length (RFC 7578 section 4.8).
            part.headers.popall(CONTENT_LENGTH, None)
            self._writer.append_payload(part)
        self._fields.clear()
        return self._writer
