"""Text with credentials in it -> the same text with references to variables of the environment in their place.

The redactor says where credentials stand. What it leaves as it is stays as it is, to the byte; what it masks becomes a
name, and its value is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from httpkit_magics.record.secrets import MASK

_BEFORE: Final = (
    # "name": "      name=      the name of a part; the last one counts.
    re.compile(r'"((?:[^"\\]|\\.){1,60})"\s*:\s*"?\Z'),
    re.compile(r"([\w.~-]{1,60})=\Z"),
    re.compile(r'name="([^"]{1,60})"[^\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n\Z'),
)
_LOOKED_AT: Final = 500
"""Characters before a credential in which its name is looked for."""
_NO_NAME: Final = re.compile(r"[^A-Z0-9]+")
# What a shell gives a meaning of its own: a variable that is named so would change the program.
_TAKEN: Final = frozenset(("PATH", "HOME", "IFS", "ENV", "SHELL", "USER", "PWD", "LANG", "UID"))


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable of the environment that holds a credential."""

    name: str


Pieces: TypeAlias = tuple[str | Reference, ...]
"""Text, and references in the places of credentials."""


@dataclass(slots=True)
class Variables:
    """The variables of one piece of code.

    Attributes:
        notes: the names in order, and what each stands for, in words.
    """

    notes: dict[str, str] = field(default_factory=dict)

    def pieces(self, masked: str, place: str, name: str = "", prefix: str = "") -> Pieces:
        """Return `masked` with a variable for each mask; it is named `name`, or after what stands before it.

        `place` says in words where the text stands, such as "the URL"; `prefix` is put before a name.
        """
        if MASK not in masked:
            return (masked,) if masked else ()
        texts = masked.split(MASK)
        found: list[str | Reference] = [texts[0]]
        for text in texts[1:]:
            before = "".join(piece for piece in found[-1:] if isinstance(piece, str))
            found += [self._reference(name or prefix + _name_before(before), place), text]
        return tuple(piece for piece in found if piece)

    def comments(self) -> list[str]:
        """Return a line for each variable, without the sign of a comment."""
        return [f"{name}: {note}" for name, note in self.notes.items()]

    def _reference(self, named: str, place: str) -> Reference:
        name = _NO_NAME.sub("_", named.upper()).strip("_") or "SECRET"
        if name[0].isdigit() or name in _TAKEN:
            name = f"SECRET_{name}"
        unique, number = name, 1
        while unique in self.notes:
            number += 1
            unique = f"{name}_{number}"
        self.notes[unique] = f"a credential in {place}, as it is written there"
        return Reference(unique)


def _name_before(text: str) -> str:
    """Return the name of the member, parameter or part that a value follows, or an empty text."""
    tail = text[-_LOOKED_AT:]
    return next((found[1] for pattern in _BEFORE if (found := pattern.search(tail))), "")
