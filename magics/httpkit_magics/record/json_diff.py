"""Two JSON values -> what was added, removed and changed between them. Pure, and linear in the size of both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["added", "removed", "changed"]
Keys: TypeAlias = tuple[str | int, ...]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "'": "\\'"} | {chr(code): f"\\u{code:04x}" for code in range(32)})


class JsonChange(NamedTuple):
    """One change: the member names and indexes that lead to it, what it is, and the value before and after.

    Of an array, indexes of what was removed are those before, of what was added those after; a changed item has the
    same index in both.
    """

    keys: Keys
    kind: Kind
    before: Any = None
    after: Any = None


def json_path(keys: Keys) -> str:
    """Return the JSONPath of a place, as short as can be: `$.items[0].name`, `$['a b']` (RFC 9535 section 2)."""
    return "$" + "".join(map(_segment, keys))


def json_changes(before: Any, after: Any) -> Iterator[JsonChange]:
    """Yield what turns `before` into `after`: of each container what came and went, then what changed inside it.

    Of two arrays the equal items at the start and at the end belong together, what is between goes by index.

    Raises:
        RecursionError: a value is nested more deeply than Python calls.
    """
    numbers = _Numbers()
    stack: list[tuple[Keys, Any, Any]] = [((), before, after)]
    while stack:
        keys, old, new = stack.pop()
        if numbers.of(old) == numbers.of(new):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            pairs = _members(keys, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            pairs = _items(keys, old, new, numbers)
        else:
            yield JsonChange(keys, "changed", old, new)
            continue
        inner: list[tuple[Keys, Any, Any]] = []
        for change in pairs:
            if change.kind == "changed":
                inner.append((change.keys, change.before, change.after))
            else:
                yield change
        stack += reversed(inner)


def _members(keys: Keys, old: dict[str, Any], new: dict[str, Any]) -> Iterator[JsonChange]:
    for name, value in old.items():
        if name in new:
            yield JsonChange((*keys, name), "changed", value, new[name])
        else:
            yield JsonChange((*keys, name), "removed", value)
    yield from (JsonChange((*keys, name), "added", None, value) for name, value in new.items() if name not in old)


def _items(keys: Keys, old: list[Any], new: list[Any], numbers: _Numbers) -> Iterator[JsonChange]:
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and numbers.of(old[start]) == numbers.of(new[start]):
        start += 1
    end = 0
    while end < shorter - start and numbers.of(old[-1 - end]) == numbers.of(new[-1 - end]):
        end += 1
    both = shorter - end
    yield from (JsonChange((*keys, at), "changed", old[at], new[at]) for at in range(start, both))
    yield from (JsonChange((*keys, at), "removed", old[at]) for at in range(both, len(old) - end))
    yield from (JsonChange((*keys, at), "added", None, new[at]) for at in range(both, len(new) - end))


class _Numbers:
    """Gives equal values equal numbers, each container looked at once: comparing them level by level is quadratic."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        self._seen: dict[int, int] = {}

    def of(self, value: Any) -> int:
        """Return the number of `value`. `1` and `1.0` are one number, `1` and `true` are not; NaN equals itself."""
        if not isinstance(value, (dict, list)):
            is_nan = isinstance(value, float) and math.isnan(value)
            return self._number(("NaN",) if is_nan else (type(value) is bool, value))
        number = self._seen.get(id(value))
        if number is None:
            if isinstance(value, dict):
                number = self._number((dict, frozenset((name, self.of(each)) for name, each in value.items())))
            else:
                number = self._number((list, tuple(map(self.of, value))))
            self._seen[id(value)] = number
        return number

    def _number(self, form: Any) -> int:
        return self._known.setdefault(form, len(self._known))


def _segment(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _NAME.fullmatch(key) else f"['{key.translate(_ESCAPED)}']"
