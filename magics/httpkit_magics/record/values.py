"""From where the values came that were filled into a request."""

from __future__ import annotations

from typing import NamedTuple

from httpkit_magics.record.naming import is_telling
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK

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

    def __repr__(self) -> str:
        # What the last requests carried is masked here as it is in their own reprs.
        text = MASK if self.is_secret or is_telling(self.name) else VAULT.wary.url(self.text)
        name, source = VAULT.wary.url(self.name), VAULT.wary.url(self.source)
        return f"UsedValue(name={name!r}, text={text!r}, source={source!r})"
