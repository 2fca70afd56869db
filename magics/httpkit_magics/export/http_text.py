"""A record's request -> the text of a `.http` file and of a `%%http` cell.

The text is read again by the grammar of cells; a body that would come out as another one goes to a file instead.
"""

from __future__ import annotations

import re
from typing import Final

from httpkit_magics.export.references import Pieces, Reference
from httpkit_magics.export.request import Written, written_request
from httpkit_magics.grammar.body import FilePiece
from httpkit_magics.grammar.cell import parse_cell
from httpkit_magics.grammar.place import CellError, Piece
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor

BODY_FILE: Final = "body.bin"

_MULTIPART: Final = re.compile(r"multipart/", re.IGNORECASE)
_LINES: Final = re.compile(r"application/(?:x-ndjson|jsonl)", re.IGNORECASE)
_FORM: Final = re.compile(r"application/x-www-form-urlencoded", re.IGNORECASE)
_CHARSET: Final = re.compile(r"charset=(?!\"?utf-8)", re.IGNORECASE)


def http_text(record: Record, redactor: Redactor | None = None) -> str:
    """Return the last request of `record` as `.http` text; credentials are `{{$processEnv NAME}}`.

    A body that can't stand in such a text is `< body.bin`, and a comment says how to write that file.
    """
    request = written_request(record, redactor)
    head = [
        *(f"# {comment}" for comment in request.comments),
        f"{request.method} {_text(request.url)}",
        *(f"{name}: {_text(value)}".rstrip() for name, value in request.headers),
    ]
    if not request.body:
        return "\n".join(head)
    body = _body_text(request)
    text = "\n".join([*head, "", body or ""])
    if body is not None and _reads_as(text, body):
        return text
    note = f'# the body is in a file: open("{BODY_FILE}", "wb").write(r.request.body)'
    return "\n".join([note, *head, "", f"< {BODY_FILE}"])


def _text(pieces: Pieces) -> str:
    return "".join(
        f"{{{{$processEnv {piece.name}}}}}" if isinstance(piece, Reference) else piece.replace("{{", "\\{{")
        for piece in pieces
    )


def _body_text(request: Written) -> str | None:
    """Return the lines that make the body when they are sent, or None where there are none."""
    media_type = next((_text(value) for name, value in request.headers if name.lower() == "content-type"), "")
    text = _text(request.body or ())
    if request.charset != "utf-8" or _CHARSET.search(media_type):
        return None
    if _MULTIPART.match(media_type):
        # Lines of a multipart body end with CRLF when they are sent (RFC 2046 section 5.1.1).
        if re.search(r"(?<!\r)\n", text) or not text.endswith("\r\n"):
            return None
        text = text[:-2].replace("\r\n", "\n")
    elif _LINES.match(media_type):
        if not text.endswith("\n"):
            return None
        text = text[:-1]
    elif _FORM.match(media_type) and re.search(r"\s", text):
        # The lines of a form are put together, without the blanks around & and =.
        return None
    return text if "\r" not in text else None


def _reads_as(text: str, body: str) -> bool:
    """Return whether the grammar of cells finds one request in `text`, with this body and no more."""
    try:
        requests = parse_cell(text).requests
    except CellError:
        return False
    if len(requests) != 1 or requests[0].checks:
        return False
    pieces = requests[0].body
    return not any(isinstance(piece, FilePiece) for piece in pieces) and body == "".join(
        piece.text for piece in pieces if isinstance(piece, Piece)
    )
