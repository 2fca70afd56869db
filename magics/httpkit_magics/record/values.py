"""From where the values came that were filled into a request."""

from __future__ import annotations

from typing import NamedTuple

MAX_KEPT = 2_000
"""Characters of a value that are kept to be shown."""


class UsedValue(NamedTuple):
    """A value that was filled into a request.

    Attributes:
        name: the expression between the braces.
        text: the value as text, cut; empty for one that is secret.
        source: where it came from, in words.
        is_secret: whether it must not be shown.
    """

    name: str
    text: str
    source: str
    is_secret: bool = False
