"""The credentials that a request carried, so that they are masked wherever the answer repeats them.

Echo services, debug pages and error messages send back what they were given: a bearer token of the request then stands
in the body of the response.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, Protocol
from urllib.parse import unquote, unquote_plus

from httpkit_magics.record.naming import is_telling
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


class _Fields(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Carrier(Protocol):
    """What carries credentials: the URL and the header fields of a request."""

    @property
    def url(self) -> str:
        """The URL as it was sent."""

    @property
    def headers(self) -> _Fields:
        """The field lines."""


def credentials_of(request: Carrier) -> Iterator[Secret]:
    """Yield what the request's URL and header fields say to be secret, at most 20 values of 8 to 8192 characters."""
    seen: set[str] = set()
    for value in _values(request):
        if SHORTEST <= len(value) <= LONGEST and value not in seen and len(seen) < MOST:
            seen.add(value)
            yield Secret(value)


def _values(request: Carrier) -> Iterator[str]:
    url = request.url
    if "@" in url:
        for userinfo in _USERINFO.findall(url):
            yield unquote(userinfo.partition(":")[2] or userinfo)
    if "=" in url:
        pairs = ((unquote_plus(name), unquote_plus(value)) for name, value in _PARAMETER.findall(url))
        yield from (value for name, value in pairs if is_telling(name) and _is_no_word(value))
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered in {"authorization", "proxy-authorization"}:
            yield from _authorization(value)
        elif lowered == "cookie":
            pairs = (
                (name.strip(), text.strip()) for name, _, text in (pair.partition("=") for pair in value.split(";"))
            )
            yield from (text for name, text in pairs if is_telling(name) or len(text) >= LONG)
        elif is_telling(name) and _is_no_word(value):
            yield value


def _is_no_word(value: str) -> bool:
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
