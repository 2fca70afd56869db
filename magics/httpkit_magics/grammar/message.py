"""A plan and the contents of the files that it names -> what is sent: field lines, query and body. Pure.

Bodies are written as HTTPie writes them, so that a server can't tell the difference.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote_from_bytes, urlencode

from httpkit_magics.grammar.nested import PathError, build
from httpkit_magics.grammar.plan import Body, Field, Fields, FromFile, Multipart, Part, Plan, Text

LINE_BREAK = re.compile(r"[\r\n\0]")
BREAKS = b"\r\n\0"
QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""What a name in Content-Disposition is escaped with (HTML Standard, multipart/form-data encoding algorithm)."""


class MessageError(ValueError):
    """A request that can't be made from its plan; the message says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Attributes:
        headers: field lines in order; a value of None means that the field is not sent at all.
        query: what is added to the URL's query, in order.
        body: the bytes of the body; None is no body.
    """

    headers: tuple[tuple[str, str | None], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def with_headers(self, headers: list[tuple[str, str]]) -> Message:
        """Return the message with `headers` in the place of those of the same names."""
        names = {name.lower() for name, _ in headers}
        kept = (pair for pair in self.headers if pair[0].lower() not in names)
        return dataclasses.replace(self, headers=(*kept, *headers))


def files_of(plan: Plan) -> list[FromFile]:
    """Return the files that are read before `plan` can be sent, in order; certificates are not among them."""
    values: list[Any] = [value for _, value in (*plan.headers, *plan.query)]
    match plan.body:
        case Fields(fields=fields):
            values += [field.value for field in fields]
        case Multipart(parts=parts):
            values += [part.content for part in parts]
        case tuple(pieces):
            values += pieces
    return [value for value in values if isinstance(value, FromFile)]


def compose(plan: Plan, contents: Mapping[str, bytes], boundary: str = "") -> Message:
    """Return what `plan` sends when its files hold `contents`, by path.

    `boundary` separates the parts of a multipart body whose plan has none of its own.

    Raises:
        MessageError: a file is not text, a JSON value is malformed, fields contradict each other.
    """
    headers = [(name, None if value is None else _text(value, contents)) for name, value in plan.headers]
    if isinstance(plan.body, Multipart):
        boundary = plan.body.boundary or boundary
        headers = _with_boundary(headers, boundary)
    body = None if plan.body is None else _body(plan.body, contents, boundary)
    if plan.compress and body:
        deflated = zlib.compress(body)
        if plan.compress == 2 or len(deflated) < len(body):
            body = deflated
            headers = [*_without(headers, "content-encoding"), ("Content-Encoding", "deflate")]
    if plan.auth is not None and plan.auth.scheme != "digest":
        secret = plan.auth.secret or ""
        if plan.auth.scheme == "basic":
            secret = base64.b64encode(f"{plan.auth.user}:{secret}".encode()).decode()
        headers = [*_without(headers, "authorization"), ("Authorization", f"{plan.auth.scheme.title()} {secret}")]
    query = tuple((name, _text(value, contents)) for name, value in plan.query)
    return Message(tuple(headers), query, body)


def _without(headers: list[tuple[str, str | None]], name: str) -> Iterator[tuple[str, str | None]]:
    return (pair for pair in headers if pair[0].lower() != name)


def _with_boundary(headers: list[tuple[str, str | None]], boundary: str) -> list[tuple[str, str | None]]:
    """Return `headers` with a Content-Type that names `boundary`, unless it names one already."""
    typed = [value for name, value in headers if name.lower() == "content-type"]
    media_type = (typed[-1] if typed else None) or "multipart/form-data"
    if "boundary=" not in media_type:
        media_type = f"{media_type}; boundary={boundary}"
    return [*_without(headers, "content-type"), ("Content-Type", media_type)]


def _body(body: Body, contents: Mapping[str, bytes], boundary: str) -> bytes:
    match body:
        case bytes():
            return body
        case Fields(kind="json", fields=fields):
            try:
                value = build((field.name, json_field(field, contents)) for field in fields)
            except PathError as error:
                raise MessageError(str(error)) from error
            return json.dumps(value).encode()
        case Fields(fields=fields):
            return urlencode([(field.name, form_value(field, contents)) for field in fields]).encode()
        case Multipart(parts=parts):
            return _multipart(parts, contents, boundary.encode())
        case pieces:
            return b"".join(piece if isinstance(piece, bytes) else _bytes(piece, contents) for piece in pieces)


def json_field(field: Field, contents: Mapping[str, bytes]) -> Any:
    """Return the value of one field of a JSON body.

    Raises:
        MessageError: it is not JSON, or its file not text.
    """
    text = _text(field.value, contents)
    return parse_json(text) if field.is_json else text


def form_value(field: Field, contents: Mapping[str, bytes]) -> str:
    """Return the text of one field of a form; a number or a boolean is written as HTTPie writes it.

    Raises:
        MessageError: it is an object, an array or null, which a form has no text for.
    """
    value = json_field(field, contents)
    if isinstance(value, dict | list | None):
        raise MessageError(f"{field.name} is no text, number or boolean; expected one of them in a form")
    return str(value)


class _Pairs(dict[str, Any]):
    """A JSON object that is written with the keys that it was read with, repeated ones too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        """Return the pairs as they were read; this is what `json.dumps` writes."""
        return self._pairs


def parse_json(text: str) -> Any:
    """Return the value that the JSON `text` writes; an object keeps repeated keys for `json.dumps`.

    Raises:
        MessageError: it is no JSON (RFC 8259).
    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"{text[:60]!r} is no JSON ({error})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Pairs(pairs)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not in JSON")


def _multipart(parts: tuple[Part, ...], contents: Mapping[str, bytes], boundary: bytes) -> bytes:
    """Return the body (RFC 7578); names are written in UTF-8, with %22 for a quote (section 4.2)."""
    pieces = []
    for part in parts:
        disposition = f'form-data; name="{part.name.translate(QUOTED)}"'
        if part.filename is not None:
            disposition += f'; filename="{part.filename.translate(QUOTED)}"'
        lines = [("Content-Disposition", disposition), *part.headers]
        if part.media_type is not None:
            lines.append(("Content-Type", part.media_type))
        for name, value in lines:
            if LINE_BREAK.search(f"{name}{value}"):
                raise MessageError(f"{name} of part {part.name!r} has a line break or NUL; expected one line")
        head = "".join(f"{name}: {value}\r\n" for name, value in lines).encode()
        content = part.content.encode() if isinstance(part.content, str) else _bytes(part.content, contents)
        if b"--" + boundary in content:
            raise MessageError(f"part {part.name!r} contains the boundary; expected another --boundary")
        pieces.append(b"--%b\r\n%b\r\n%b\r\n" % (boundary, head, content))
    return b"".join([*pieces, b"--%b--\r\n" % boundary])


def _bytes(file: FromFile, contents: Mapping[str, bytes]) -> bytes:
    content = contents[file.path]
    match file.change:
        case "trim":
            return content.rstrip(b"\n")
        case "one line":
            return content.translate(None, BREAKS)
        case "quote":
            return quote_from_bytes(content, safe=" ").replace(" ", "+").encode()
        case _:
            return content


def _text(value: Text, contents: Mapping[str, bytes]) -> str:
    if isinstance(value, str):
        return value
    try:
        return _bytes(value, contents).decode()
    except UnicodeDecodeError as error:
        raise MessageError(f"{value.path} is not UTF-8 text (byte {error.start})") from error
