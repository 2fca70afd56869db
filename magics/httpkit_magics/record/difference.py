"""Two records -> a `Difference`: what another run of a request answered differently, as plain data."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from httpkit_magics.record.history import History
from httpkit_magics.record.json_diff import Keys, Kind, json_changes, json_path
from httpkit_magics.record.line_diff import line_changes
from httpkit_magics.record.record import Fields, Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.visible import visible_line

MOST_CHANGES: Final = 1_000
"""Changes of one body that are kept."""
MOST_COMPARED: Final = 5_000_000
"""Bytes of a body that is looked into; of a longer one only the size is compared and whether it is the same."""

_IGNORED: Final = """
date age expires set-cookie content-length etag last-modified server-timing traceparent cf-ray
x-request-id request-id x-correlation-id x-amzn-trace-id x-amzn-requestid x-runtime x-response-time x-served-by x-timer
ratelimit ratelimit-remaining ratelimit-reset x-ratelimit-remaining x-ratelimit-reset x-ratelimit-used
x-rate-limit-remaining x-rate-limit-reset
"""
IGNORED: Final = frozenset(_IGNORED.split())
"""Header fields that say when and by whom a response was made, or that follow from its body."""

Compared: TypeAlias = Literal["json", "text", "bytes", "dropped"]

_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One thing that differs.

    Attributes:
        kind: "added", "removed" or "changed".
        place: where: the name of a field, a JSONPath, "line 12", "byte 0", "status", "url".
        before: what it was: a text, or any JSON value; None where it was added.
        after: what it is; None where it was removed.
        keys: the member names and indexes of a place in JSON.
    """

    kind: Kind
    place: str
    before: Any = None
    after: Any = None
    keys: Keys = ()

    def __repr__(self) -> str:
        # No values: they may hold what only the panel of a response knows to be secret.
        return visible_line(f"<Change {self.kind} {VAULT.wary.url(self.place[:200])}>")


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """What differs between two records; true where the answer does.

    Attributes:
        before: the earlier record.
        after: the later one.
        status: the change of the status or of the failure; None where there is none.
        url: the change of the URL that answered; None where there is none.
        headers: changed, added and removed fields, but for those that were ignored.
        body: changes of the body; by path for JSON, by line for text, the first byte otherwise.
        compared: how the bodies were compared: "json", "text", "bytes", or "dropped" where the history let go of one.
        is_cut: whether the body has more changes than are kept.
    """

    before: Record
    after: Record
    status: Change | None = None
    url: Change | None = None
    headers: tuple[Change, ...] = ()
    body: tuple[Change, ...] = ()
    compared: Compared = "bytes"
    is_cut: bool = False

    def __bool__(self) -> bool:
        return bool(self.status or self.headers or self.body)

    @property
    def elapsed(self) -> tuple[float, float]:
        """Seconds that both took."""
        return self.before.elapsed, self.after.elapsed

    @property
    def timing(self) -> dict[str, tuple[float, float]]:
        """Seconds of each phase that one of them had, before and after; 0 where it had none."""
        old, new = self.before.timing, self.after.timing
        return {name: (old.get(name, 0.0), new.get(name, 0.0)) for name in {**old, **new}}

    def __repr__(self) -> str:
        counts = {"status": int(self.status is not None), "headers": len(self.headers), "body": len(self.body)}
        said = ", ".join(f"{name} {number}" for name, number in counts.items() if number)
        return f"<Difference {said or 'none'}>"


def compare(before: Record, after: Record, ignore: Iterable[str] = IGNORED) -> Difference:
    """Return what differs between two records; header fields named in `ignore` are not compared."""
    ignored = frozenset(name.lower() for name in ignore)
    changes, compared = _bodies(before, after)
    return Difference(
        before,
        after,
        _changed("status", _outcome(before), _outcome(after)),
        _changed("url", before.url, after.url),
        tuple(_fields(before.headers, after.headers, ignored)),
        tuple(changes[:MOST_CHANGES]),
        compared,
        is_cut=len(changes) > MOST_CHANGES,
    )


def compare_runs(
    history: History, before: Record | None = None, after: Record | None = None, *, ignore: Iterable[str] = IGNORED
) -> Difference:
    """Return what differs between two records; of one, or of the last, from the run before it.

    Raises:
        LookupError: the history has nothing to compare with.
    """
    if before is not None and after is not None:
        return compare(before, after, ignore)
    later = before or after or history.last
    earlier = None if later is None else history.before(later)
    if later is None or earlier is None:
        raise LookupError("there is no earlier run of that cell or request; expected two records to compare")
    return compare(earlier, later, ignore)


def _changed(place: str, before: str, after: str) -> Change | None:
    return None if before == after else Change("changed", place, before, after)


def _outcome(record: Record) -> str:
    """Return the status and the reason, or what went wrong instead."""
    if record.failure is not None:
        return record.failure.title
    return f"{record.status} {record.reason}".strip() if record.status is not None else "no response"


def _fields(before: Fields, after: Fields, ignored: frozenset[str]) -> Iterable[Change]:
    old, new = _values(before), _values(after)
    for name in {**old, **new}:
        was, now = old.get(name), new.get(name)
        if was != now and name not in ignored:
            kind: Kind = "added" if was is None else "removed" if now is None else "changed"
            yield Change(kind, name, was, now)


def _values(fields: Fields) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in fields.items():
        values.setdefault(name.lower(), []).append(value)
    # Set-Cookie has commas of its own (RFC 9110 section 5.3); no value has a line break.
    return {name: ("\n" if name == "set-cookie" else ", ").join(each) for name, each in values.items()}


def _bodies(before: Record, after: Record) -> tuple[list[Change], Compared]:
    # After a 304 the body is the one that it says is still good.
    old, new = before.stored or before, after.stored or after
    if before.dropped or after.dropped:
        return [], "dropped"
    if old.content == new.content:
        return [], "bytes"
    if max(len(old.content), len(new.content)) <= MOST_COMPARED:
        for way, name in _WAYS:
            # The walk itself fails on a value that is nested too deeply.
            with contextlib.suppress(ValueError, RecursionError):
                return list(itertools.islice(way(old, new), MOST_CHANGES + 1)), name
    return [_bytes(old.content, new.content)], "bytes"


def _json(old: Record, new: Record) -> Iterable[Change]:
    for keys, kind, was, now in json_changes(old.json(), new.json()):
        yield Change(kind, json_path(keys), was, now, keys)


def _lines(old: Record, new: Record) -> Iterable[Change]:
    """Yield the lines that differ.

    Raises:
        ValueError: one of the bodies is no text.
    """
    if b"\0" in old.content[:512] or b"\0" in new.content[:512]:
        raise ValueError("no text")
    for kind, number, line in line_changes(old.text.splitlines(), new.text.splitlines()):
        place = f"line {number}"
        yield Change(kind, place, line) if kind == "removed" else Change(kind, place, None, line)


def _bytes(old: bytes, new: bytes) -> Change:
    at = 0
    while at < min(len(old), len(new)) and old[at : at + _CHUNK] == new[at : at + _CHUNK]:
        at += _CHUNK
    pairs = zip(old[at : at + _CHUNK], new[at : at + _CHUNK], strict=False)
    at = next((at + index for index, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))
    return Change("changed", f"byte {at}", f"{len(old)} bytes", f"{len(new)} bytes")


_WAYS: Final[tuple[tuple[Callable[[Record, Record], Iterable[Change]], Compared], ...]] = (
    (_json, "json"),
    (_lines, "text"),
)
