"""The data options of curl (`-d`, `--data-urlencode`, `--json`, ...) -> the pieces of a body or of a query."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote_plus

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.plan import FromFile
from httpkit_magics.grammar.words import Word

Piece = bytes | FromFile

DATA_OPTIONS: Final = ("data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json")


class Datum(NamedTuple):
    """The value of one data option: the option's long name, and the word."""

    option: str
    word: Word


def pieces_of(data: list[Datum]) -> tuple[Piece, ...]:
    """Return what follows each other in the body: values are joined by `&`, those of --json are not.

    Raises:
        PlaceError: a value asks for standard input.
    """
    pieces: list[Piece] = []
    for number, datum in enumerate(data):
        if number and datum.option != "json":
            pieces.append(b"&")
        pieces += _pieces(datum)
    merged: list[Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, bytes) and isinstance(last := merged[-1], bytes):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    return tuple(merged)


def encoded(text: str) -> bytes:
    """Return a text as UTF-8; what bash wrote as lone bytes is these bytes again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate that was pasted stands for no byte of a shell's.
        return text.encode("utf-8", "surrogatepass")


def _pieces(datum: Datum) -> list[Piece]:
    option, word = datum
    text = word.text
    if option == "data-urlencode":
        return _urlencoded(word)
    if option == "data-raw" or not text.startswith("@"):
        return [encoded(text)]
    return [FromFile(_path(text[1:], word), "" if option in ("data-binary", "json") else "one line")]


def _urlencoded(word: Word) -> list[Piece]:
    """Return `content`, `=content`, `name=content`, `@file` or `name@file`, percent-encoded."""
    text = word.text
    name, equals, content = text.partition("=")
    before, at, path = text.partition("@")
    if at and (not equals or len(before) < len(name)):
        return [encoded(f"{before}=" if before else ""), FromFile(_path(path, word), "quote")]
    if not equals:
        name, content = "", text
    return [encoded(f"{name}=" if name else "") + quote_plus(encoded(content), safe="").encode()]


def _path(text: str, word: Word) -> str:
    if text in ("-", ""):
        raise PlaceError(
            "there is no standard input here; expected a file after @, or the data itself", word.start, word.end
        )
    return text
