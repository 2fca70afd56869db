"""The body as text: which charset was used and why, and what did not fit, in words."""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from httpkit_magics.record.record import Record, known_charset
from httpkit_magics.record.redaction import LONGEST
from httpkit_magics.record.units import count, size
from httpkit_magics.render.clip import clip
from httpkit_magics.render.panel import MAX_BODY

HEAD: Final = 4 * (MAX_BODY + LONGEST)
"""Bytes that are decoded: no charset takes more than four for a character."""

_CHARSET: Final = re.compile(r"""(?i);\s*charset\s*=\s*"?([^\s;"]*)""")
_CODINGS: Final = frozenset(("identity", "gzip", "x-gzip", "deflate", "br", "zstd", ""))


class Head(NamedTuple):
    """The beginning of a body as text, and what is to be said about it."""

    text: str
    is_whole: bool
    problems: tuple[str, ...]


def head_of(record: Record) -> Head:
    """Return the first characters of the body, decoded as the record says."""
    content = record.content[:HEAD]
    is_whole = len(content) == len(record.content)
    charset = known_charset(record.encoding)
    if charset == "utf-8" and content.startswith(codecs.BOM_UTF8):
        content = content[3:]
    try:
        text = codecs.getincrementaldecoder(charset)("replace").decode(content, is_whole)
    except (UnicodeError, ValueError):  # some of Python's codecs take no "replace"
        text = content.decode("latin-1")
    return Head(text.replace("\r\n", "\n"), is_whole, tuple(_problems(record, charset, text)))


def coding_problem(record: Record) -> str:
    """Return what is wrong with the content coding (RFC 9110 section 8.4); empty where nothing is."""
    codings = (record.headers.get("content-encoding") or "").lower()
    unknown = [coding.strip() for coding in codings.split(",") if coding.strip() not in _CODINGS]
    return f"the coding {clip(unknown[0], 40)} is not known: the bytes are as they came" if unknown else ""


def _problems(record: Record, charset: str, text: str) -> list[str]:
    declared = _CHARSET.search(record.headers.get("content-type") or "")
    problems = []
    name = (declared[1] if declared else record.encoding) or ""
    if name and known_charset(name) == "utf-8" and not re.fullmatch(r"(?i)utf-?8(-sig)?|unicode-1-1-utf-8", name):
        problems.append(f"charset {clip(name, 40)} is not known: read as {charset}")
    elif not declared and charset not in {"utf-8", "ascii"}:
        problems.append(f"no charset declared: read as {charset}")
    elif declared and charset != known_charset(name):
        problems.append(f"declared as {clip(name, 40)}, read as {charset}")
    if misfits := text.count("\ufffd"):
        within = "" if len(record.content) <= HEAD else f" in the first {size(HEAD)}"
        verb = "does" if misfits == 1 else "do"
        problems.append(f"{count(misfits, 'character')}{within} {verb} not fit {charset}, shown as \ufffd")
    return problems
