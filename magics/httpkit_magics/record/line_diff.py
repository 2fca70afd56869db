"""Two texts -> the lines that left and the lines that came, as in a patience diff.

Lines that occur once in both texts, in the same order, are where they hold together. difflib takes cubic time on a text
that repeats itself; this takes n log n on any.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple


class LineChange(NamedTuple):
    """A line that was removed (`number` counts from 1 in the text before) or added (in the text after)."""

    kind: Literal["added", "removed"]
    number: int
    line: str


def line_changes(before: Sequence[str], after: Sequence[str]) -> Iterator[LineChange]:
    """Yield the lines that differ, removed ones before those added in their place."""
    old = new = 0
    for start, other, length in (*_common(before, after), (len(before), len(after), 0)):
        yield from (LineChange("removed", at + 1, before[at]) for at in range(old, start))
        yield from (LineChange("added", at + 1, after[at]) for at in range(new, other))
        old, new = start + length, other + length


def _common(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of equal lines: where they start in both texts, and how long they are."""
    old = new = 0
    for start, other in (*_anchors(before, after), (len(before), len(after))):
        if start < old:
            continue
        head = _equal(before, after, old, new, start, other)
        yield old, new, head
        old, new = old + head, new + head
        tail = 0
        while start - tail > old and other - tail > new and before[start - tail - 1] == after[other - tail - 1]:
            tail += 1
        ahead = _equal(before, after, start, other, len(before), len(after))
        yield start - tail, other - tail, tail + ahead
        old, new = start + ahead, other + ahead


def _equal(before: Sequence[str], after: Sequence[str], old: int, new: int, end: int, other: int) -> int:
    length = 0
    while old + length < end and new + length < other and before[old + length] == after[new + length]:
        length += 1
    return length


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the lines that are unique in both texts, as many as keep their order: the longest rising run of places."""
    mine, theirs = Counter(before), Counter(after)
    places = {line: at for at, line in enumerate(after) if theirs[line] == 1}
    pairs = [(at, places[line]) for at, line in enumerate(before) if mine[line] == 1 and line in places]
    ends: list[int] = []
    last: list[int] = []
    back: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect.bisect_left(ends, place)
        back.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [index]
    chain: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = back[index]
    return chain[::-1]
