"""What a `??` line asks of a response, as data: a query, filters on what it gives, and a predicate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Query:
    """What is taken from the response: `header "ETag"` is the query `header` with the argument `ETag`."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is made of the query's value: `count`, `nth 2`, `regex /v(.)/`."""

    name: str
    argument: str | int = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion.

    Attributes:
        query: what is taken from the response.
        filters: what is made of it, in order.
        predicate: what must be so, by its name: `==`, `contains`, `exists`.
        negated: whether `not` stood before it.
        expected: the value to compare with; None for a predicate that takes none.
        subject: query and filters as they were written.
        claim: `not`, the predicate and the value as they were written.
    """

    query: Query
    filters: tuple[Filter, ...]
    predicate: str
    negated: bool = False
    expected: Any = None
    subject: str = ""
    claim: str = ""
