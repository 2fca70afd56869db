r"""One word -> a request item: HTTPie's `Header:value`, `q==v`, `field=v`, `field:=json`, `field@file`, `Header;`.

The separator that comes first decides, the longest where two start at the same place. `\` before a separator's character
takes its meaning away; before brackets it stays, as the names of JSON fields have a syntax of their own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SEPARATORS = {
    ":": "header",
    ";": "empty header",
    "==": "query",
    "=": "data",
    ":=": "json data",
    "@": "file",
    ":@": "header from a file",
    "==@": "query from a file",
    "=@": "data from a file",
    ":=@": "json data from a file",
}
"""The separators of HTTPie's items and what each makes."""

DATA = frozenset({"=", ":=", "=@", ":=@"})
"""The separators that make a field."""

_LONGEST_FIRST = "|".join(re.escape(separator) for separator in sorted(SEPARATORS, key=len, reverse=True))
ITEM = re.compile(rf"((?:\\.|[^\\:;=@]|\\\Z)*?)({_LONGEST_FIRST})(.*)", re.DOTALL)
# Backslashes go in pairs with what follows, so that the second of two escapes nothing; other pairs stay.
ESCAPED = re.compile(r"\\([:;=@])|(\\.)", re.DOTALL)


class Item(NamedTuple):
    """A request item: what stands before its separator, the separator, and what stands after."""

    key: str
    separator: str
    value: str


def parse_item(text: str) -> Item | None:
    """Return the item that `text` writes, or None where it has no separator."""
    found = ITEM.fullmatch(text)
    if found is None:
        return None
    key, separator, value = found.groups()
    return Item(ESCAPED.sub(r"\1\2", key), separator, ESCAPED.sub(r"\1\2", value))
