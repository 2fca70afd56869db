"""A request of a cell and the values of its placeholders -> the Plan to send."""

from __future__ import annotations

import codecs
import dataclasses
import json
import re
from pathlib import Path
from typing import Any, Final

from httpkit_magics.grammar.body import BodyPiece, FilePiece
from httpkit_magics.grammar.cell import CellRequest
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Auth, Body, FromFile, Plan
from httpkit_magics.grammar.queries import parse_checks
from httpkit_magics.grammar.template import Place, Resolve, fill, place_of

MAX_TEMPLATE: Final = 10_000_000
"""Bytes of a file whose placeholders are filled in (`<@ file`)."""

_LINES: Final = re.compile(r"application/(?:x-ndjson|jsonl)", re.IGNORECASE)
_MULTIPART: Final = re.compile(r"multipart/", re.IGNORECASE)
_BOUNDARY: Final = re.compile(r"""boundary=(?:"[^"]+"|[^\s;"]+)""", re.IGNORECASE)
_DELIMITER: Final = re.compile(r"--([^\s]{1,70})\s*\Z")
_CHARSET: Final = re.compile(r"""charset="?([\w.:-]+)""", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(r"(basic|digest)\s+(\S+?)(?:\s+|:)(.*)\Z", re.IGNORECASE | re.DOTALL)
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")

Headers = list[tuple[str, str | None]]


def assemble(request: CellRequest, base: Plan, resolve: Resolve) -> Plan:
    """Return the plan of `request`; `base` has what the options of the cell's line say.

    Raises:
        PlaceError: a placeholder has no value, a value can't stand where it does, or a file can't be read.
    """
    target = fill(request.target, Place.URL, resolve)
    headers: Headers = [(each.name, fill(each.value, Place.HEADER, resolve)) for each in request.headers]
    target, headers = _with_host(target, headers)
    body: Body | None
    if request.is_graphql:
        body, headers = _graphql(request, headers, resolve)
    else:
        body, headers = _body(request.body, headers, resolve)
    auth, headers = _auth(base.auth, headers)
    said = request.directives
    return dataclasses.replace(
        base,
        method=request.method,
        target=target,
        headers=tuple(headers),
        body=body,
        auth=auth,
        follow=base.follow if said.follow is None else said.follow,
        timeout=base.timeout if said.timeout is None else said.timeout,
        verify=base.verify if said.verify is None else said.verify,
        cookie_jar=base.cookie_jar and said.cookie_jar,
        captures=tuple(capture for capture, _ in said.captures),
        checks=parse_checks([(check, fill(check, Place.JSON, resolve)) for check in request.checks]),
        retries=said.retries,
    )


def _value(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name and value), "")


def _without(headers: Headers, name: str) -> Headers:
    return [pair for pair in headers if pair[0].lower() != name]


def _with_host(target: str, headers: Headers) -> tuple[str, Headers]:
    """Return a path and the `Host` under it as one URL, as a request is written in RFC 9112 section 3.2.1."""
    host = _value(headers, "host")
    if not host or not target.startswith("/") or target.startswith("//"):
        return target, headers
    return host + target, _without(headers, "host")


def _auth(auth: Auth | None, headers: Headers) -> tuple[Auth | None, Headers]:
    """Return who asks: `Basic user password`, `Basic user:password` and the same of Digest are encoded when sent."""
    found = _CREDENTIALS.match(_value(headers, "authorization"))
    if not found:
        return auth, headers
    scheme, user, password = found.groups()
    return Auth("basic" if scheme.lower() == "basic" else "digest", user, password), _without(headers, "authorization")


def _body(pieces: tuple[BodyPiece, ...], headers: Headers, resolve: Resolve) -> tuple[Body | None, Headers]:
    if not pieces:
        return None, headers
    media_type = _value(headers, "content-type")
    if _MULTIPART.match(media_type) and not _BOUNDARY.search(media_type):
        media_type = f"{media_type.rstrip('; ')}; boundary={_boundary(pieces[0])}"
        headers = [*_without(headers, "content-type"), ("Content-Type", media_type)]
    first = pieces[0]
    place = place_of(media_type, first.text if isinstance(first, Piece) else "")
    made = [_made(piece, place, media_type, resolve) for piece in pieces]
    # A file that ends a body ends as it does.
    if isinstance(pieces[-1], Piece) and (_LINES.match(media_type) or _MULTIPART.match(media_type)):
        # A reader of lines waits for the end of the last one, and RFC 2046 section 5.1.1 ends parts with CRLF.
        made.append(b"\n" if _LINES.match(media_type) else b"\r\n")
    if all(isinstance(each, bytes) for each in made):
        return b"".join(each for each in made if isinstance(each, bytes)), headers
    return tuple(made), headers


def _boundary(first: BodyPiece) -> str:
    """Return the boundary that the first line of a multipart body shows."""
    line = first.text.partition("\n")[0] if isinstance(first, Piece) else ""
    found = _DELIMITER.match(line)
    if found:
        return found[1]
    place = first if isinstance(first, Piece) else first.path
    raise PlaceError(
        "the body has no boundary; expected --boundary in its first line, or boundary= in Content-Type",
        place.start,
        place.start + max(1, len(line)),
    )


def _made(piece: BodyPiece, place: Place, media_type: str, resolve: Resolve) -> bytes | FromFile:
    if isinstance(piece, FilePiece) and not piece.is_template:
        return FromFile(str(_path(piece, resolve)))
    if isinstance(piece, FilePiece):
        # No line of the cell is wrong where a placeholder in the file is: the error points at the file's name.
        text, where = _template(piece, place, resolve), piece.path
    else:
        text, where = fill(piece, place, resolve), piece
    if _MULTIPART.match(media_type):
        text = text.replace("\n", "\r\n") if isinstance(piece, Piece) else text
    return _encoded(text, media_type, where)


def _encoded(text: str, media_type: str, where: Piece) -> bytes:
    found = _CHARSET.search(media_type)
    try:
        charset = codecs.lookup(found[1]).name if found else "utf-8"
    except LookupError:
        charset = "utf-8"
    try:
        return text.encode(charset)
    except UnicodeEncodeError as error:
        message = (
            f"{text[error.start : error.start + 1]!r} is not in {charset}; expected another charset in Content-Type"
        )
        raise PlaceError(message, where.start, where.start + 1) from error


def path_of(piece: FilePiece, name: str) -> Path:
    """Return the path of a file in a body.

    Raises:
        PlaceError: there is no such file.
    """
    path = Path(name).expanduser()
    if not path.is_file():
        raise PlaceError.at(
            f"there is no file {name!r} in {Path.cwd().name or '/'}; expected a path to one", piece.path
        )
    return path


def _path(piece: FilePiece, resolve: Resolve) -> Path:
    return path_of(piece, fill(piece.path, Place.TEXT, resolve))


def _template(piece: FilePiece, place: Place, resolve: Resolve) -> str:
    path = _path(piece, resolve)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TEMPLATE + 1)
    except OSError as error:
        raise PlaceError.at(f"{path.name} can't be read: {error.strerror}", piece.path) from error
    if len(content) > MAX_TEMPLATE:
        raise PlaceError.at(f"{path.name} exceeds {MAX_TEMPLATE} bytes (MAX_TEMPLATE); < takes it as it is", piece.path)
    try:
        text = content.decode(piece.encoding)
    except UnicodeDecodeError as error:
        message = f"{path.name} is not {piece.encoding} (byte {error.start}); expected <@latin1 or another charset"
        raise PlaceError.at(message, piece.path) from error
    try:
        return fill(Piece(text, 0), place, resolve)
    except PlaceError as error:
        line = text.count("\n", 0, error.start) + 1
        raise PlaceError.at(f"{path.name}, line {line}: {error.message}", piece.path) from error


def _graphql(request: CellRequest, headers: Headers, resolve: Resolve) -> tuple[bytes, Headers]:
    """Return the JSON that carries a query, and the variables that stand after it and a blank line."""
    if not request.body:
        raise PlaceError(
            "the query is missing; expected a blank line and a query of GraphQL", request.start, request.start
        )
    query, variables = _split(request.body)
    message: dict[str, Any] = {"query": "".join(_text(piece, Place.TEXT, resolve) for piece in query)}
    if variables is not None:
        text = fill(variables, Place.JSON, resolve)
        try:
            message["variables"] = json.loads(text)
        except (ValueError, RecursionError) as error:
            message_ = f"the variables are no JSON ({str(error).partition(': line')[0]}); expected an object"
            raise PlaceError.at(message_, variables) from error
    if not _value(headers, "content-type"):
        headers = [*headers, ("Content-Type", "application/json")]
    return json.dumps(message, ensure_ascii=False).encode(), headers


def _split(body: tuple[BodyPiece, ...]) -> tuple[tuple[BodyPiece, ...], Piece | None]:
    """Return the query and the variables: what starts with a brace after the last blank line."""
    *before, last = body
    if not isinstance(last, Piece):
        return body, None
    for blank in reversed(list(_BLANK_LINE.finditer(last.text))):
        rest = last.part(blank.end()).stripped()
        if rest.text.startswith("{") and (before or last.text[: blank.start()].strip()):
            return (*before, last.part(0, blank.start())), rest
    return body, None


def _text(piece: BodyPiece, place: Place, resolve: Resolve) -> str:
    if isinstance(piece, Piece):
        return fill(piece, place, resolve)
    if piece.is_template:
        return _template(piece, place, resolve)
    return _template(piece, place, lambda placeholder: _refuse(placeholder.expression, piece))


def _refuse(expression: str, piece: FilePiece) -> Any:
    raise PlaceError.at(
        f"the file has {{{{{expression}}}}}; expected <@ before it, which fills placeholders in", piece.path
    )
