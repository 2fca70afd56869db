"""What became of the assertions of a request, and how they are shown without a credential in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from httpkit_magics.record.naming import is_password, is_telling
from httpkit_magics.record.redaction import LONGEST, VAULT, Redactor
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.units import count, size
from httpkit_magics.record.visible import visible_line

MAX_SHOWN: Final = 200
"""Characters of a value in a verdict's repr."""

MAX_KEPT: Final = 2_000
"""Characters of JSON; of a larger value only what it is and its size is kept, so that it can be forgotten."""

_NAME: Final = re.compile(r"[^\W\d][\w-]*")


class Words(str):
    """What a value is, said in words, in place of the value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """One assertion and what it found.

    Attributes:
        subject: what was looked at, as written: `jsonpath "$.items" count`.
        claim: what should be so, as written: `== 3`.
        passed: whether it is so.
        actual: the value that was found; None also where there is nothing, and then `why` says so.
        why: what kept the assertion from being judged, or what did not fit, in words; empty where it passed.
        query: the kind of the query: `status`, `header`, `jsonpath`.
        argument: the query's argument: a field name, a path.
    """

    subject: str
    claim: str
    passed: bool
    actual: Any = None
    why: str = ""
    query: str = ""
    argument: str = ""

    def __bool__(self) -> bool:
        return self.passed

    def shown(self, redactor: Redactor) -> tuple[str, str]:
        """Return the assertion and what was found, both masked: (`status == 201`, `is 200`)."""
        is_hidden = self._is_hidden()
        if is_hidden:
            claim = " ".join([*self.claim.split(maxsplit=1)[:1], MASK]) if " " in self.claim else self.claim
        else:
            claim = redactor.url(self.claim)
        asked = f"{redactor.url(self.subject)} {claim}"
        if self.why:
            return asked, redactor.url(self.why)
        return asked, f"is {MASK if is_hidden else self._value(redactor)}"

    def _is_hidden(self) -> bool:
        """Return whether what was looked at is a credential by its name."""
        if self.query in {"header", "cookie"}:
            return is_telling(self.argument) or self.argument.lower() in {"set-cookie", "cookie"}
        return self.query == "jsonpath" and any(map(is_password, _NAME.findall(self.subject)))

    def _value(self, redactor: Redactor) -> str:
        value = self.actual
        if isinstance(value, Words):
            return str(value)
        if isinstance(value, bytes):
            return f"{len(value)} bytes" if len(value) > 64 else f"hex,{value.hex()};"
        if isinstance(value, str):
            return json.dumps(redactor.json_text(value[: MAX_SHOWN + LONGEST]), ensure_ascii=False)
        return redactor.json_text(json.dumps(value, ensure_ascii=False, default=str))

    def __repr__(self) -> str:
        asked, found = self.shown(VAULT.redactor)
        word = "passed" if self.passed else "failed"
        return visible_line(f"<{word}: {asked[:MAX_SHOWN]}{'' if self.passed else ', ' + found[:MAX_SHOWN]}>")


def kept(value: Any) -> Any:
    """Return what a verdict keeps of `value`: itself, the beginning of a long text, or what a large value is in words."""
    if isinstance(value, str):
        return value[: MAX_SHOWN + LONGEST]
    if isinstance(value, bytes):
        return value if len(value) <= MAX_KEPT else Words(size(len(value)))
    if not isinstance(value, (list, dict)):
        return value
    length = 0
    try:
        for piece in json.JSONEncoder(default=str).iterencode(value):
            length += len(piece)
            if length > MAX_KEPT:
                return Words(_few(value))
    except RecursionError:
        return Words(_few(value))
    return value


def _few(value: list[Any] | dict[str, Any]) -> str:
    if isinstance(value, list):
        return f"an array of {count(len(value), 'item')}"
    return f"an object with {count(len(value), 'key')}"
