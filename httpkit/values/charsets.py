"""Charset names that a server may send, as Python codecs.

A name from the network never reaches `codecs.lookup`: that imports a module by name and keeps every name that it didn't
find for ever. The names are those of Python's own table of aliases, which has no surprises in it once the codecs that
aren't charsets are gone.
"""

from __future__ import annotations

import re
from encodings.aliases import aliases
from typing import Final

_NOT_CHARSETS: Final = {
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "mbcs",
    "quopri_codec",
    "rot_13",
    "uu_codec",
    "zlib_codec",
}
# utf-7 hides markup from whoever reads the bytes as ASCII; browsers dropped it for that.
_CODECS: Final = set(aliases.values()) - _NOT_CHARSETS - {"utf_7"} | {"cp874", "koi8_u", "utf_8_sig"}
_CHARSETS: Final = {alias: codec for alias, codec in aliases.items() if codec in _CODECS} | {c: c for c in _CODECS}
_SEPARATORS: Final = re.compile(r"[^0-9a-z]++")


def find_charset(name: str) -> str | None:
    """Return the Python codec of the charset `name`, in any spelling, or None where there is none."""
    return _CHARSETS.get(_SEPARATORS.sub("_", name.strip().lower()).strip("_"))
