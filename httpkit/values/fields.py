"""What most field values are made of: tokens, quoted strings, parameters and media types (RFC 9110 sections 5.6 and 8.3).

Text in, values out. What a server sent is read leniently and never raises; what we write is checked and raises ValueError.
Every pattern is possessive: a value of n characters costs n steps, however hostile it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from httpkit.values.charsets import find_charset

TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
"""token = 1*tchar (RFC 9110 section 5.6.2), as the inside of a character class."""

QUOTED: Final = r'"((?:[^"\\]++|\\.)*+)"?'
"""quoted-string (RFC 9110 section 5.6.4). The closing quote may be missing, as in what some servers send."""

_TOKEN: Final = re.compile(f"[{TCHAR}]++")
# What is forbidden, not what is allowed: a class that names all of Unicode takes 4 ms to compile.
_QUOTABLE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*+")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
# A parameter starts at its semicolon, so a search always goes on from where the last one ended.
_PARAMETER: Final = re.compile(rf";\s*+([^;=]*+)(?:=\s*+(?:{QUOTED}[^;]*+|([^;]*+)))?", re.DOTALL)
_EXT_VALUE: Final = re.compile(r"([^']++)'[^']*+'([^']*+)")

DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"
"""What a body is when nobody says (RFC 9110 section 8.3)."""


def is_token(text: str) -> bool:
    """Return whether `text` is a token (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def quote_string(text: str) -> str:
    """Return `text` as a quoted string, quotes included (RFC 9110 section 5.6.4).

    Raises:
        ValueError: a control character other than tab, which no field can carry.
    """
    if not _QUOTABLE.fullmatch(text):
        raise ValueError(f"a quoted string can't hold control characters, got {text[:32]!r}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote_pairs(text: str) -> str:
    """Return the inside of a quoted string without its backslashes (RFC 9110 section 5.6.4)."""
    return _QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text


def decode_ext_value(value: str) -> str | None:
    """Return the text of `charset'language'percent-encoded`, or None where it isn't one (RFC 8187 section 3.2.1)."""
    parts = _EXT_VALUE.fullmatch(value)
    charset = find_charset(parts[1]) if parts else None
    if parts is None or charset is None:
        return None
    try:
        return unquote_to_bytes(parts[2]).decode(charset)
    except UnicodeError:  # bytes that the charset hasn't, or in the field's value already
        return None


def parse_parameters(text: str) -> dict[str, str]:
    """Return the parameters of `; name=value; name="value"`, names in lower case (RFC 9110 section 5.6.6).

    The first of several with one name counts. What has no name or no value is skipped.
    """
    parameters: dict[str, str] = {}
    for match in _PARAMETER.finditer(text):
        name, quoted, plain = match.groups()
        value = plain.strip() if quoted is None and plain else unquote_pairs(quoted or "")
        name = name.strip().lower()
        if _TOKEN.fullmatch(name) and (value or quoted is not None):
            parameters.setdefault(name, value)
    return parameters


class MediaType(NamedTuple):
    """What a body is (RFC 9110 section 8.3.1).

    Attributes:
        type: type and subtype in lower case, such as `text/html`.
        parameters: by name in lower case.
    """

    type: str = DEFAULT_MEDIA_TYPE
    parameters: Mapping[str, str] = MappingProxyType({})

    @property
    def charset(self) -> str | None:
        """The `charset` parameter as it was sent; `find_charset` turns it into a codec."""
        return self.parameters.get("charset")


_UNKNOWN: Final = MediaType()


# A server answers with a handful of types, and the head's limits bound the size of each.
@lru_cache(maxsize=64)
def parse_media_type(value: str | None) -> MediaType:
    """Return the media type of a `Content-Type` value; `application/octet-stream` where it is missing or not one."""
    if not value:
        return _UNKNOWN
    essence, semicolon, rest = value.partition(";")
    essence = essence.strip().lower()
    parameters = MappingProxyType(parse_parameters(semicolon + rest))
    return MediaType(essence if essence.count("/") == 1 else DEFAULT_MEDIA_TYPE, parameters)
