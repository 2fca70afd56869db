"""What was asked in this process, in order: records with their bodies, in bounded memory.

The oldest bodies go first, and the record in the history then says so; one that somebody else holds stays whole.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Final, overload

from httpkit_magics.record.record import Record

MOST: Final = 1_000
"""Records that are kept."""
ROOM: Final = 64_000_000
"""Bytes of bodies that are kept, those of requests and of responses together, besides the last record's."""


class History:
    """The records of this process, oldest first: `history[-1]` is the last one, `history[2:5]` a list.

    Safe to use from any thread.
    """

    def __init__(self, most: int = MOST, room: int = ROOM) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._held = 0
        self._whole = 0  # those before it have given their bodies away
        self._most, self._room = most, room

    @property
    def last(self) -> Record | None:
        """The last record; None where nothing was asked yet."""
        records = self._records
        return records[-1] if records else None

    @property
    def held(self) -> int:
        """Bytes of the bodies that are kept."""
        return self._held

    def limit(self, most: int | None = None, room: int | None = None) -> None:
        """Keep at most `most` records and `room` bytes of bodies from now on; None leaves a limit as it is."""
        with self._lock:
            self._most = self._most if most is None else most
            self._room = self._room if room is None else room
            self._trim()

    def add(self, record: Record) -> None:
        """Take `record` in, and let go of what no longer fits."""
        with self._lock:
            self._records.append(record)
            self._held += _weight(record)
            self._trim()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records, self._held, self._whole = [], 0, 0

    def find(
        self,
        text: str = "",
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        cell: int | None = None,
    ) -> list[Record]:
        """Return the records to which all of this applies, oldest first.

        Args:
            text: stands in the URL, the reason, the failure, a header line or the body; case doesn't count.
            method: the method asked with.
            url: a part of the URL.
            status: the status, or its class: 4 for every 4xx.
            cell: the number of the cell, as its `In [n]` says.
        """
        return [
            record
            for record in list(self)
            if (method is None or record.request.method.upper() == method.upper())
            and (url is None or url in record.url or url in record.request.url)
            and (status is None or record.status == status or (record.status or 0) // 100 == status)
            and (cell is None or record.cell == cell)
            and (not text or _holds(record, text))
        ]

    def before(self, record: Record) -> Record | None:
        """Return the run before: of the same cell where it ran before, else of the same request; None if there is none.

        Of the runs of one cell the one with the same method and URL is meant, if there is one.
        """
        earlier = self._earlier(record)
        ran = [
            each for each in earlier if record.cell_id and each.cell_id == record.cell_id and each.cell != record.cell
        ]
        same = [each for each in ran or earlier if _asked(each) == _asked(record)]
        return next(iter(same or ran), None)

    def stored(self, record: Record) -> Record | None:
        """Return the record whose body a 304 says is still good: of that URL, with that validator (RFC 9110 section 15.4.5)."""
        if record.status != 304:
            return None
        return next((each for each in self._earlier(record) if each.content and _is_validated(each, record)), None)

    def _earlier(self, record: Record) -> list[Record]:
        """Return what came before `record`, the latest first."""
        records = list(self)
        # A record without its body shares the request with the whole one.
        place = next((index for index, each in enumerate(records) if each.request is record.request), len(records))
        return records[:place][::-1]

    def _trim(self) -> None:
        surplus = max(len(self._records) - self._most, 0)
        self._held -= sum(map(_weight, self._records[:surplus]))
        del self._records[:surplus]
        self._whole = max(self._whole - surplus, 0)
        # The last one stays whole, whatever its size: it is what the next line of a notebook is about.
        while self._held > self._room and self._whole < len(self._records) - 1:
            record = self._records[self._whole]
            lighter = _without_body(record)
            self._held -= _weight(record) - _weight(lighter)
            self._records[self._whole] = lighter
            self._whole += 1
        # What is left are bodies of requests: without them a record would say that something else was sent.
        while self._held > self._room and len(self._records) > 1:
            self._held -= _weight(self._records.pop(0))
            self._whole = max(self._whole - 1, 0)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        with self._lock:
            records = list(self._records)
        return iter(records)

    def __repr__(self) -> str:
        return f"<History of {len(self)}, {self._held} bytes>"


HISTORY: Final = History()
"""The one of this process: the magics and `http` write to it."""


def _weight(record: Record) -> int:
    """Return the bytes that `record` holds; a body that two records share is counted twice."""
    stored = 0 if record.stored is None else len(record.stored.content)
    return len(record.content) + len(record.request.body or b"") + stored


def _without_body(record: Record) -> Record:
    if not record.content and record.stored is None:
        return record
    return dataclasses.replace(record, content=b"", stored=None, dropped=len(record.content))


def _asked(record: Record) -> tuple[str, str]:
    return record.request.method, record.request.url


def _holds(record: Record, text: str) -> bool:
    wanted = text.lower()
    failure = "" if record.failure is None else record.failure.sentence
    lines = (f"{name}: {value}" for name, value in record.headers.items())
    words = (record.url, record.request.url, record.reason, failure, *lines)
    return any(wanted in word.lower() for word in words) or wanted in record.text.lower()


def _is_validated(earlier: Record, now: Record) -> bool:
    if _asked(earlier)[1] != now.request.url or earlier.request.method != now.request.method or earlier.status != 200:
        return False
    tag = earlier.headers.get("etag")
    if tag is not None:
        named = now.headers.get("etag") or now.request.headers.get("if-none-match") or ""
        # The weak comparison of RFC 9110 section 8.8.3.2.
        return tag.removeprefix("W/") in {each.strip().removeprefix("W/") for each in named.split(",")}
    date = earlier.headers.get("last-modified")
    return date is not None and date == now.request.headers.get("if-modified-since")
