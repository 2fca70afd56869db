"""The credentials that a request carried, so that they are masked wherever the answer repeats them.

Echo services, debug pages and error messages send back what they were given: a bearer token of the request then stands
in the body of the response.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol
from urllib.parse import parse_qsl, unquote, unquote_plus

from httpkit_magics.record.naming import is_password, is_telling
from httpkit_magics.record.secrets import Secret

SHORTEST: Final = 8
"""Characters; a shorter value is a word that may stand anywhere."""

LONG: Final = 16
"""Characters from which on a value is no word, whatever its name."""

LONGEST: Final = 8192
"""Characters; servers refuse longer fields, and each form of a secret is searched for in all that is shown."""

MOST: Final = 20
"""Credentials of one request that are searched for."""

_PARAMETER: Final = re.compile(r"[?&#;]([^=&#;?]+)=([^&#]*)")
# `?key=category` names a column. To mask that word in the whole answer would hide what people came for.
_WORD: Final = re.compile(r"[a-z_.-]+|[A-Z_]+")
_USERINFO: Final = re.compile(r"//([^/?#@\s]+)@")


_PART: Final = re.compile(r'(?i)[; ]name="?([^"\r\n;]*)[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)')

MAX_BODY: Final = 65_536
"""Bytes of a body that are looked at."""


class _Fields(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Carrier(Protocol):
    """What carries credentials: the URL, the header fields and the body of a request."""

    @property
    def url(self) -> str:
        """The URL as it was sent."""

    @property
    def headers(self) -> _Fields:
        """The field lines."""

    @property
    def body(self) -> bytes | None:
        """The bytes of the body."""


def credentials_of(request: Carrier) -> Iterator[Secret]:
    """Yield what a request's URL, fields and body say to be secret, at most 20 values of 8 to 8192 characters."""
    seen: set[str] = set()
    for value in _values(request):
        if SHORTEST <= len(value) <= LONGEST and value not in seen and len(seen) < MOST:
            seen.add(value)
            yield Secret(value)


def carried(request: Carrier) -> frozenset[str]:
    """Return the credentials of a request whatever their length: what is equal to one is one, though it be a word."""
    return frozenset(_values(request))


def _values(request: Carrier) -> Iterator[str]:
    url = request.url
    if "@" in url:
        for userinfo in _USERINFO.findall(url):
            yield unquote(userinfo.partition(":")[2] or userinfo)
    if "=" in url:
        pairs = ((unquote_plus(name), unquote_plus(value)) for name, value in _PARAMETER.findall(url))
        yield from (value for name, value in pairs if is_telling(name) and is_no_word(value))
        # A URL in a parameter, which a redirect may follow.
        values = [unquote(value) for _, value in _PARAMETER.findall(url) if "%3D" in value.upper()]
        inner = [pair for value in values for pair in _PARAMETER.findall(value)]
        yield from (unquote_plus(value) for name, value in inner if is_telling(name) and is_no_word(value))
    media_type = ""
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered in {"authorization", "proxy-authorization"}:
            yield from _authorization(value)
        elif lowered == "cookie":
            pairs = (
                (name.strip(), text.strip()) for name, _, text in (pair.partition("=") for pair in value.split(";"))
            )
            yield from (text for name, text in pairs if is_telling(name) or len(text) >= LONG)
        elif lowered == "content-type":
            media_type = value.lower()
        elif is_telling(name) and is_no_word(value):
            yield value
    if request.body:
        members = _members(media_type, request.body[:MAX_BODY].decode("utf-8", "replace"))
        yield from (value for name, value in members if is_telling(name) and is_no_word(value))


def _members(media_type: str, text: str) -> Iterable[tuple[str, str]]:
    """Return the names and values of a body: a form's fields, parts, members of JSON at any depth."""
    if "urlencoded" in media_type:
        return parse_qsl(text, keep_blank_values=True)
    if media_type.startswith("multipart/"):
        return _PART.findall(text)
    if "json" not in media_type and text.lstrip()[:1] not in {"{", "["}:
        return ()
    pairs: list[tuple[str, str]] = []
    with contextlib.suppress(ValueError, RecursionError):
        # A hook for every object is how the parser goes through a document of any depth for us.
        json.loads(text, object_pairs_hook=lambda found: pairs.extend(p for p in found if isinstance(p[1], str)))
    return pairs


def is_no_word(value: str) -> bool:
    """Return whether a value is long or has digits or signs: more than a word that may stand anywhere."""
    return len(value) >= LONG or _WORD.fullmatch(value) is None


def _authorization(value: str) -> Iterator[str]:
    scheme, _, rest = value.partition(" ")
    yield rest.strip() or scheme
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return
        yield decoded.partition(":")[2]


def is_secret_value(name: str, value: object) -> bool:
    """Return whether what is named so is masked wherever it stands.

    A password or token always is. `key` or `session` may name a column, and a common word would be masked on every page.
    """
    return is_password(name) or (is_telling(name) and isinstance(value, str) and is_no_word(value))
