r"""`{{expression}}` in a line of `%http`: one unit, whatever quotes, blanks and separators it has inside.

Before words and items are told apart each placeholder becomes a slot: a text of the same length, so that places stay,
made of letters that the line has nowhere else and no grammar has a meaning for. A slot is filled when it is known where
it came to stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.template import Place, Placeholder, Resolve, fill_parts, marks

MAX_PLACEHOLDERS: Final = 1_000
"""Placeholders of one line."""

# CJK ideographs (Unicode, "Extension B"): printable, so that repr() in a message leaves them as they are.
_LETTERS: Final = range(0x20000, 0x2A6D0)


class Slots:
    """A line with slots in the place of its placeholders.

    Attributes:
        line: the line with slots.
    """

    def __init__(self, typed: str, resolve: Resolve | None = None) -> None:
        r"""Find the placeholders of `typed`. Without `resolve` they stay as they are written; `\{{` is two braces.

        Raises:
            PlaceError: one is empty or has no end, or there are more than MAX_PLACEHOLDERS.
        """
        self.line = typed
        self._resolve = resolve
        self._parts: dict[str, str | Placeholder] = {}
        self._typed: dict[str, str] = {}
        self._slot: re.Pattern[str] | None = None
        if "{{" in typed:
            self._cut(typed)

    def fill(self, text: str, place: Place = Place.TEXT) -> str:
        """Return `text`, a part of the line, with its slots filled for `place`.

        Raises:
            PlaceError: a placeholder has no value, or its value can't stand there.
        """
        if not self.has(text):
            return text
        if self._resolve is None:
            return "".join(part if isinstance(part, str) else part.whole.text for part in self._split(text))
        return fill_parts(self._split(text), place, self._resolve)

    def has(self, text: str) -> bool:
        """Return whether `text` has a slot."""
        return self._slot is not None and self._slot.search(text) is not None

    def written(self, text: str) -> str:
        """Return `text` with its placeholders as they were typed."""
        return text if self._slot is None else self._slot.sub(lambda slot: self._typed.get(slot[0][0], ""), text)

    def _cut(self, typed: str) -> None:
        taken = set(typed)
        letters = (letter for letter in map(chr, _LETTERS) if letter not in taken)
        filler = next(letters)
        pieces = []
        done = 0
        for (start, end, part), letter in zip(marks(Piece(typed, 0)), letters, strict=False):
            if len(self._parts) == MAX_PLACEHOLDERS:
                message = f"the line has more than {MAX_PLACEHOLDERS} placeholders (MAX_PLACEHOLDERS); expected a cell"
                raise PlaceError(message, start, end)
            self._parts[letter], self._typed[letter] = part, typed[start:end]
            pieces += [typed[done:start], letter, filler * (end - start - 1)]
            done = end
        self.line = "".join((*pieces, typed[done:]))
        # Messages cut long texts, so a slot may have lost its end.
        self._slot = re.compile(f"[{''.join(self._parts)}]?{filler}+|[{''.join(self._parts)}]") if self._parts else None

    def _split(self, text: str) -> Iterator[str | Placeholder]:
        """Yield the texts and placeholders of `text`."""
        done = 0
        for slot in self._slot.finditer(text) if self._slot else ():
            yield text[done : slot.start()]
            yield self._parts[slot[0][0]]
            done = slot.end()
        yield text[done:]
