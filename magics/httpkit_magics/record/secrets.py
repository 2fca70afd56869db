"""Values that must never be shown: a `Secret` masks itself, and `Patterns` finds it in the forms it travels in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Never
from urllib.parse import quote, quote_plus

MASK: Final = "\u2022" * 6
"""What stands where a secret was: six bullets, whatever the secret's length."""

SHORTEST: Final = 4
"""Characters; a shorter secret is not searched for, as the mask would stand on every page without hiding anything."""

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


class Secret:
    """A text that shows as a mask wherever it is printed, formatted or displayed.

    `reveal()` is the only way to the text; a secret does not pickle, so that it is not saved by accident.
    """

    __slots__ = ("_text", "name")

    def __init__(self, text: str, name: str = "") -> None:
        self._text = text
        self.name = name

    def reveal(self) -> str:
        """Return the text itself, to be sent and not to be shown."""
        return self._text

    def __repr__(self) -> str:
        return f"<Secret {self.name} {MASK}>" if self.name else f"<Secret {MASK}>"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> Never:
        """Refuse.

        Raises:
            TypeError: always.
        """
        raise TypeError("a Secret does not pickle: it would be saved with its text")


class Patterns:
    """All forms of some secrets: raw, percent-encoded, JSON-escaped, in Python's repr, and inside any base64."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        texts = {secret.reveal() for secret in secrets if len(secret.reveal()) >= SHORTEST}
        self._forms = _longest_first({form for text in texts for form in _spellings(text)})
        self._cores = _longest_first({core for text in texts for core in _base64_cores(text)})

    def mask(self, text: str) -> str:
        """Return `text` with every form of every secret masked; a base64 run that holds one is masked whole."""
        # str.replace, as an alternation of 30 literals takes 50 times as long on text without any of them.
        for form in self._forms:
            text = text.replace(form, MASK)
        for core in self._cores:
            if core in text:
                text = _mask_runs(text, core)
        return text


# A redactor is made anew with each secret that is learnt, and the forms of one take 0.1 ms.
@lru_cache(maxsize=256)
def _spellings(text: str) -> frozenset[str]:
    """Return the ways in which `text` is written in URLs, forms, JSON and Python."""
    whole = text.encode("utf-8", "surrogatepass")
    percent = {quote(whole, safe=""), quote(whole, safe="/"), quote_plus(whole)}
    # Some escape in lower case (RFC 3986 section 2.1 takes both).
    percent |= {re.sub("%[0-9A-F]{2}", lambda m: m.group().lower(), form) for form in percent}
    # UTF-8 in a header field is read as Latin-1 by many servers (RFC 9110 section 5.5), and echoed so.
    read = {text, whole.decode("latin-1")}
    escaped = {json.dumps(text)[1:-1] for text in read} | {repr(text)[1:-1] for text in read}
    escaped |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in read}
    # A document inside a string of another: {"data": "{\\"token\\": ...}"}.
    escaped |= {json.dumps(form)[1:-1] for form in escaped}
    return frozenset(read | percent | escaped | {form.replace("/", "\\/") for form in escaped})


@lru_cache(maxsize=256)
def _base64_cores(text: str) -> frozenset[str]:
    """Return the base64 digits that `text` gives at each of the three places where it may begin (RFC 4648 section 4)."""
    whole = text.encode("utf-8", "surrogatepass")
    cores = set()
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + whole).decode()
        # The first digits mix with what stands before, the last with what stands after.
        first = -(-before * 8 // 6)
        last = (before + len(whole)) * 8 // 6
        core = digits[first:last]
        cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return frozenset(core for core in cores if len(core) >= SHORTEST)


def _longest_first(forms: set[str]) -> list[str]:
    return sorted(forms, key=lambda form: (-len(form), form))


def _mask_runs(text: str, core: str) -> str:
    """Mask every base64 run around `core`. Done by hand: `[A-Za-z0-9]*core` takes quadratic time on a long run."""
    parts = []
    done = 0
    start = text.find(core)
    while start >= 0:
        end = start + len(core)
        while start > done and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        parts += [text[done:start], MASK]
        done = end
        start = text.find(core, done)
    return "".join(parts) + text[done:]
