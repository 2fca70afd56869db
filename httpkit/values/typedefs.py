"""Names for the types of arguments, as annotations of code written for aiohttp spell them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from http.cookies import BaseCookie, Morsel
from typing import Any

DEFAULT_JSON_ENCODER = json.dumps
DEFAULT_JSON_DECODER = json.loads

Byteish = bytes | bytearray | memoryview
JSONEncoder = Callable[[Any], str]
JSONBytesEncoder = Callable[[Any], bytes]
JSONDecoder = Callable[[str], Any]
LooseCookiesMappings = Mapping[str, "str | BaseCookie[str] | Morsel[Any]"]
LooseCookiesIterables = Iterable[tuple[str, "str | BaseCookie[str] | Morsel[Any]"]]
PathLike = str | os.PathLike[str]
RawHeaders = tuple[tuple[bytes, bytes], ...]
