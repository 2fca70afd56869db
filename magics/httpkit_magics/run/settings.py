"""What a request takes from the configuration where its own line says nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from httpkit_magics.grammar.plan import Plan

MAX_BODY = 100 * 1024 * 1024
"""Bytes of a decoded body that a Record keeps; a notebook's kernel holds them in memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of the magics at the moment of a request.

    Attributes:
        base_url: what a path alone is added to; empty is none.
        timeout: seconds for a whole request; 0 is no limit.
        follow: whether redirects are followed.
        max_redirects: redirects that are followed at most.
        verify: whether certificates are verified; a path is a file of certificates to trust instead of the system's.
        max_body: bytes of a decoded body that are read at most.
    """

    base_url: str = ""
    timeout: float = 60.0
    follow: bool = False
    max_redirects: int = 10
    verify: bool | str = True
    max_body: int = MAX_BODY

    def over(self, plan: Plan) -> Settings:
        """Return the settings with what `plan` says itself."""
        said = {name: getattr(plan, name) for name in ("timeout", "follow", "max_redirects", "verify")}
        return dataclasses.replace(self, **{name: value for name, value in said.items() if value is not None})
