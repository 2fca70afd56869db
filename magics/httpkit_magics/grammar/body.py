"""The body of a request in a `%%http` cell: lines of text, and files that stand for themselves (`< file`, `<@ file`)."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.request_line import refuse_foreign
from httpkit_magics.grammar.template import parse_template

# A blank must follow, as `<name>` is XML.
_FILE: Final = re.compile(r"<(@([\w.:-]*))?[ \t]+(\S.*)\Z")
_SEEN: Final = re.compile(r"<>[ \t]+\S")


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A file in a body.

    Attributes:
        path: where it is, with placeholders.
        is_template: whether its placeholders are filled in.
        encoding: the charset that a template is written in.
    """

    path: Piece
    is_template: bool = False
    encoding: str = "utf-8"


BodyPiece: TypeAlias = Piece | FilePiece


def parse_body(lines: list[Piece]) -> tuple[BodyPiece, ...]:
    """Return the texts and files of a body. Blank lines around it, and `<> file` of JetBrains, are not part of it.

    Raises:
        PlaceError: a line is a script of another tool, or names a charset that Python doesn't know.
    """
    kept = [line for line in lines if not _SEEN.match(line.text)]
    while kept and not kept[-1].text.strip():
        kept.pop()
    while kept and not kept[0].text.strip():
        kept.pop(0)
    pieces: list[BodyPiece] = []
    for line in kept:
        refuse_foreign(line, in_body=True)
        text = Piece(f"{line.text}\n", line.start)
        if (file := _file(line)) is not None:
            pieces.append(file)
            text = Piece("\n", line.end)
        last = pieces[-1] if pieces else None
        if isinstance(last, Piece) and last.end == text.start:
            pieces[-1] = Piece(last.text + text.text, last.start)
        else:
            # Pieces are what follows each other in the cell, so that places in them are right.
            pieces.append(text)
    if pieces and isinstance(last := pieces.pop(), Piece) and last.text != "\n":
        pieces.append(last.part(0, -1))
    return tuple(pieces)


def _file(line: Piece) -> FilePiece | None:
    found = _FILE.match(line.text)
    if not found:
        return None
    path = line.part(found.start(3)).stripped()
    parse_template(path)
    encoding = found[2] or "utf-8"
    try:
        codecs.lookup(encoding)
    except LookupError:
        place = line.part(found.start(2), found.end(2))
        raise PlaceError.at(
            f"{encoding!r} is no charset that Python knows; expected one such as latin1", place
        ) from None
    return FilePiece(path, found[1] is not None, encoding)
