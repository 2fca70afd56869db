"""`Content-Disposition` (RFC 6266, and RFC 2183 with RFC 2231's continuations as multipart bodies use them).

The rules are aiohttp's, which are those of Julian Reschke's tests: what is malformed is dropped with a warning, and what
can't be told apart drops the whole value. A file name from a server is only a name: whoever writes a file must take its
last path segment.
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from httpkit.values.charsets import find_charset
from httpkit.values.fields import decode_ext_value, is_token, quote_string

_QUOTED_ASCII_PAIR: Final = re.compile(r"\\([\x00-\x7f])")
_CONTINUATION: Final = re.compile(r"[^*]*+\*[0-9]++\*?+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class BadContentDispositionHeader(RuntimeWarning):
    """The value of a `Content-Disposition` field is malformed."""


class BadContentDispositionParam(RuntimeWarning):
    """A parameter of a `Content-Disposition` field is malformed, and was left out."""


class ContentDisposition(NamedTuple):
    """How a body wants to be shown or stored.

    Attributes:
        type: `inline`, `attachment`, `form-data` or another, in lower case; None where the value is malformed.
        parameters: by name in lower case.
        filename: the name that the sender proposes, unchecked.
    """

    type: str | None
    parameters: MappingProxyType[str, str]
    filename: str | None


def parse_content_disposition(header: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the type and the parameters of a `Content-Disposition` value, both in lower case.

    Each kind of trouble is warned of once, however often it occurs: `BadContentDispositionParam` where a parameter was
    left out, `BadContentDispositionHeader` where the value is malformed; the latter mostly gives `(None, {})`.
    """
    if not header:
        return None, {}
    troubles: dict[type[RuntimeWarning], str] = {}
    parsed = _parse(header, troubles)
    for category, text in troubles.items():
        warnings.warn(category(text), stacklevel=2)
    return parsed


def _parse(header: str, troubles: dict[type[RuntimeWarning], str]) -> tuple[str | None, dict[str, str]]:
    first, *rest = header.split(";")
    disposition = first.strip()
    items = deque(rest)
    parameters: dict[str, str] = {}
    is_readable = is_token(disposition)
    while is_readable and items:
        item = items.popleft()
        if not item:  # two semicolons, or one at the end
            troubles[BadContentDispositionHeader] = header
            continue
        name, equals, value = item.partition("=")
        name = name.strip().lower()
        if not equals or name in parameters:
            is_readable = False
        elif not is_token(name):
            troubles[BadContentDispositionParam] = item
        elif name.endswith("*") or _CONTINUATION.fullmatch(name):
            text = _extended_value(name, value.lstrip())
            if text is None:
                troubles[BadContentDispositionParam] = item
            else:
                parameters[name] = text
        else:
            text = _plain_value(value.lstrip(), items)
            is_readable = text is not None
            parameters[name] = text or ""
    if is_readable:
        return disposition.lower(), parameters
    troubles[BadContentDispositionHeader] = header
    return None, {}


def _extended_value(name: str, value: str) -> str | None:
    """Return the value of `name*`, decoded (RFC 8187), or of the segment `name*0` as it is (RFC 2231 section 3)."""
    if _CONTINUATION.fullmatch(name):
        return _unquote(value) if _is_quoted(value) else value if is_token(value) else None
    if not is_token(value):
        return None
    # RFC 8187 wants a charset; some senders leave it out and mean UTF-8.
    return decode_ext_value(f"utf-8{value}" if value.startswith("'") else value)


def _plain_value(value: str, items: deque[str]) -> str | None:
    """Return the value of a parameter; a quoted one may reach over semicolons, into the first of `items`."""
    if not _is_quoted(value.rstrip()):
        if is_token(value):
            return value
        # Up to the item that ends with a quote; each is looked at once.
        ends = (count for count, item in enumerate(items, 1) if item.rstrip().endswith('"'))
        count = next(ends, 0) if value.startswith('"') else 0
        if not count:
            return None
        value = ";".join([value, *(items.popleft() for _ in range(count))])
    # A name never starts at the root: "/etc/passwd" and "\\etc\\passwd" are relative.
    return _unquote(value.rstrip(), strip="\\/")


def _is_quoted(text: str) -> bool:
    return len(text) >= 2 and text[0] == text[-1] == '"'


def _unquote(text: str, *, strip: str = "") -> str:
    return _QUOTED_ASCII_PAIR.sub(r"\1", text[1:-1].lstrip(strip) if strip else text[1:-1])


def content_disposition_filename(params: Mapping[str, str], name: str = "filename") -> str | None:
    """Return the file name among `params`, or the parameter `name`; None where there is none, or it can't be decoded.

    `filename*` wins over `filename`, which wins over the segments `filename*0`, `filename*1` and so on.
    """
    if not params:
        return None
    for whole in (f"{name}*", name):
        if whole in params:
            return params[whole]
    return _joined_segments(params, name)


def _joined_segments(params: Mapping[str, str], name: str) -> str | None:
    """Return the text of `name*0`, `name*1`, ... put together (RFC 2231 sections 3 and 4.1)."""
    segments: list[tuple[str, bool]] = []
    while True:
        key = f"{name}*{len(segments)}"
        if f"{key}*" in params:
            segments.append((params[f"{key}*"], True))
        elif key in params:
            segments.append((params[key], False))
        else:
            break
    if not segments:
        return None
    charset = "utf-8"
    first, is_extended = segments[0]
    if is_extended:
        prefix, _, rest = first.partition("'")
        _language, quote_sign, text = rest.partition("'")
        found = find_charset(prefix or charset)
        if not quote_sign or found is None:
            return None
        charset, segments[0] = found, (text, True)
    try:
        # A character may be cut in two between segments, so bytes are joined first.
        return b"".join(
            unquote_to_bytes(text) if is_encoded else text.encode(charset) for text, is_encoded in segments
        ).decode(charset)
    except UnicodeError:
        return None


def encode_content_disposition(
    disposition: str, params: Mapping[str, str], *, quote_fields: bool = True, charset: str = "utf-8"
) -> str:
    """Return a `Content-Disposition` value.

    With `quote_fields` it is ASCII: a file name is percent-encoded, and any other parameter that isn't ASCII is sent as
    `name*` (RFC 8187). Without, names and values are quoted and otherwise go out as they are.

    Raises:
        ValueError: the type or a parameter's name is not a token, or a value holds control characters.
    """
    if not is_token(disposition):
        raise ValueError(f"content disposition type must be a token, got {disposition[:32]!r}")
    parts = [disposition]
    for name, value in params.items():
        if not is_token(name):
            raise ValueError(f"content disposition parameter must be a token, got {name[:32]!r}")
        if _CONTROLS.search(value):
            raise ValueError(f"content disposition {name} can't hold control characters, got {value[:32]!r}")
        if quote_fields and name.lower() == "filename":
            parts.append(f'{name}="{quote(value, safe="", encoding=charset)}"')
        elif quote_fields and not value.isascii():
            parts.append(f"{name}*={charset}''{quote(value, safe='', encoding=charset)}")
        else:
            parts.append(f"{name}={quote_string(value)}")
    return "; ".join(parts)
