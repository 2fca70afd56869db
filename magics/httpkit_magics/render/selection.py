"""Which sections a panel shows, and which of them are open: HTTPie's letters, as `-v`, `-h`, `-b` and `-p` give them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

from httpkit_magics.render.panel import Fold

_LETTERS: Final = {
    "Body": "b",
    "Headers": "h",
    "Limits": "h",
    "Caching": "h",
    "Cookies": "h",
    "Links": "h",
    "Timing": "m",
    "Request": "HB",
    "Request as sent": "HB",
}
"""A section's title and the letters that ask for it."""

_OPEN: Final = frozenset({"Body", "Headers", "Timing", "Request", "Request as sent"})
_ALWAYS: Final = frozenset({"Asserts"})
_ALL: Final = frozenset("HBhb")


def selected(sections: Iterable[Fold], show: str | None) -> tuple[Fold, ...]:
    """Return the sections that `show` asks for, opened; None leaves them as they are.

    `-v` asks for all four of request and response: then nothing is left out, as in HTTPie, and these are open.
    """
    if show is None:
        return tuple(sections)
    asked = set(show)
    chosen = []
    for section in sections:
        is_asked = not asked.isdisjoint(_LETTERS.get(section.title, ""))
        if is_asked and section.blocks:
            chosen.append(dataclasses.replace(section, is_open=section.is_open or section.title in _OPEN))
        elif is_asked or asked >= _ALL or section.title in _ALWAYS:
            chosen.append(section)
    return tuple(chosen)
