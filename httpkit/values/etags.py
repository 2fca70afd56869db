"""Entity tags (RFC 9110 section 8.8.3) and the lists of them in `If-Match` and `If-None-Match` (section 13.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ETAG_ANY: Final = "*"
"""Stands for any tag, in a list of its own."""

_OPAQUE: Final = r"[!\x23-\x7e\x80-\xff]*+"
_OPAQUE_RE: Final = re.compile(_OPAQUE)
_ETAG: Final = re.compile(rf'[\s,]*+(W/)?"({_OPAQUE})"\s*+(?:,|\Z)')


@dataclass(frozen=True, slots=True)
class ETag:
    """The name of one representation of a resource; two of them with a weak tag are only equivalent."""

    value: str
    is_weak: bool = False


def parse_etags(value: str) -> list[ETag]:
    """Return the tags of an `ETag`, `If-Match` or `If-None-Match` value, up to the first that is malformed."""
    if value.strip() == ETAG_ANY:
        return [ETag(ETAG_ANY)]
    tags: list[ETag] = []
    position = 0
    while match := _ETAG.match(value, position):
        tags.append(ETag(match[2], match[1] is not None))
        position = match.end()
    return tags


def encode_etag(etag: ETag) -> str:
    """Return `etag` as it stands in a field.

    Raises:
        ValueError: the tag holds a quote, a space, or something outside of latin-1.
    """
    if etag == ETag(ETAG_ANY):
        return ETAG_ANY
    if not _OPAQUE_RE.fullmatch(etag.value):
        raise ValueError(f"an entity tag can't hold quotes, spaces or control characters, got {etag.value[:32]!r}")
    return f'{"W/" if etag.is_weak else ""}"{etag.value}"'
