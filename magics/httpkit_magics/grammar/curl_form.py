"""`-F name=content;type=...;filename=...` of curl -> a part of a multipart body."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.plan import FromFile, Part
from httpkit_magics.grammar.words import Word

_QUOTED: Final = re.compile(r'[ \t]*"((?:[^"\\]|\\.)*)"[^;]*', re.DOTALL)
_PLAIN: Final = re.compile(r"[^;]*")
_ATTRIBUTE: Final = re.compile(r";[ \t]*(type|filename|headers|encoder)=", re.IGNORECASE)
# A media type goes on after a `;` where no attribute of curl follows: `type=text/plain; charset=utf-8`.
_TYPE: Final = re.compile(r"[^;]*(?:;(?![ \t]*(?:type|filename|headers|encoder)=)[^;]*)*", re.IGNORECASE)
_ESCAPE: Final = re.compile(r'\\([\\"])')

TYPES: Final = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".htm": "text/html",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
}
"""What curl takes a file for, by the end of its name."""

ENCODERS: Final = ("binary", "8bit")
"""Values of `encoder=` that leave the content as it is (RFC 2045 section 6.2)."""

UNKNOWN: Final = "application/octet-stream"


def parse_form(word: Word, *, is_text: bool = False) -> Part:
    """Return the part that `word`, the value of -F, writes; with `is_text`, of --form-string.

    Raises:
        PlaceError: it has no `=`, or asks for what a Plan has no words for.
    """
    name, equals, content = word.text.partition("=")
    if not equals:
        raise PlaceError(f"{word.text!r} has no =; expected NAME=CONTENT or NAME=@FILE", word.start, word.end)
    if is_text:
        return Part(name, content)
    if content[:1] == "(" or word.text == "=)":
        raise PlaceError("a multipart inside a part can't be written; expected NAME=CONTENT", word.start, word.end)
    kind = content[:1] if content[:1] in ("@", "<") else ""
    value, at = _value(content, len(kind), _PLAIN)
    attributes = _attributes(content, at, word)
    media_type, filename = attributes.get("type"), attributes.get("filename")
    if not kind:
        guessed = TYPES.get(_ending(filename)) if filename else None
        return Part(name, value, filename, media_type or guessed, _headers(attributes, word))
    if "," in value and not content[1:].lstrip().startswith('"'):
        raise PlaceError(
            "one part holds one file; expected an -F for each, or quotes around a name", word.start, word.end
        )
    if value == "-":
        raise PlaceError("there is no standard input here; expected a file", word.start, word.end)
    if kind == "@":
        filename = PurePath(value).name if filename is None else filename
        media_type = media_type or TYPES.get(_ending(filename)) or TYPES.get(_ending(value), UNKNOWN)
    return Part(name, FromFile(value), filename, media_type, _headers(attributes, word))


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def _value(text: str, at: int, plain: re.Pattern[str]) -> tuple[str, int]:
    """Return what stands at `at`, in quotes or up to a `;`, and where it ends."""
    if quoted := _QUOTED.match(text, at):
        return _ESCAPE.sub(r"\1", quoted[1]), quoted.end()
    found = plain.match(text, at)
    return (found[0], found.end()) if found else ("", at)


def _attributes(text: str, at: int, word: Word) -> dict[str, str]:
    found: dict[str, str] = {}
    while at < len(text):
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None:
            raise PlaceError(
                f"{text[at:][:40]!r} is no attribute of a part; expected ;type= ;filename= ;headers=, quotes around the "
                "content, or --form-string",
                word.start,
                word.end,
            )
        key = attribute[1].lower()
        value, at = _value(text, attribute.end(), _TYPE if key == "type" else _PLAIN)
        if key == "headers":
            value = "\n".join(filter(None, (found.get(key), value)))
        found[key] = value
    if found.get("encoder", "binary") not in ENCODERS:
        raise PlaceError("parts are sent as they are; expected encoder=binary or none", word.start, word.end)
    return found


def _headers(attributes: dict[str, str], word: Word) -> tuple[tuple[str, str], ...]:
    """Return the field lines that `headers=` adds."""
    lines = []
    for line in filter(None, attributes.get("headers", "").split("\n")):
        name, colon, value = line.partition(":")
        if line[0] in "@<" or not colon:
            raise PlaceError(f'{line!r} is no header; expected headers="Name: value"', word.start, word.end)
        lines.append((name.strip(), value.strip()))
    if "encoder" in attributes:
        lines.append(("Content-Transfer-Encoding", attributes["encoder"]))
    return tuple(lines)
