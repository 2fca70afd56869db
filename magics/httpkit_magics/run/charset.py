"""Which charset a body's bytes are in: what the server says, else what the bytes say."""

from __future__ import annotations

import codecs
import re

from httpkit_magics.record.record import known_charset

SAMPLE = 64 * 1024
"""Bytes that are looked at; detection takes milliseconds for each of them that isn't ASCII."""

TEXTUAL = re.compile(
    r"text/.*|application/(?:.*\+)?(?:json|xml|yaml|x-yaml|javascript|ecmascript|x-ndjson|jsonl|json-seq|graphql|sql|toml|"
    r"x-www-form-urlencoded|http|rtf)|image/svg\+xml|message/.*",
    re.IGNORECASE,
)
JSON = re.compile(r"application/(?:.*\+)?(?:json|x-ndjson|jsonl|json-seq)", re.IGNORECASE)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def charset_of(media_type: str, declared: str | None, content: bytes) -> str | None:
    """Return the Python codec for `content`, or None where it is not text.

    A declared charset that Python knows is taken; then a byte order mark; JSON is UTF-8 (RFC 8259 section 8.1).
    """
    if declared and (known := _codec(declared)):
        return known
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    if JSON.fullmatch(media_type):
        return "utf-8"
    if not TEXTUAL.fullmatch(media_type):
        return None
    return "utf-8" if _is_utf8(content) else _detected(content[:SAMPLE])


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if found == known_charset(name) else None


def _is_utf8(content: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content[:SAMPLE], final=len(content) <= SAMPLE)
    except UnicodeDecodeError:
        return False
    return True


def _detected(sample: bytes) -> str:
    import charset_normalizer  # noqa: PLC0415 - 20 ms that only a body without a charset pays for

    best = charset_normalizer.from_bytes(sample).best()
    return best.encoding if best else "latin-1"
