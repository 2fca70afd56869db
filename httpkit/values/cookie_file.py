"""A jar in a file: JSON in the layout of aiohttp 3.14, so that either reads what the other saved.

Nothing but JSON is ever read: a pickle, which older files are, runs the code of whoever wrote it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable
from http.cookies import Morsel
from pathlib import Path
from typing import Any, Final, NamedTuple

from httpkit.values.cookie_store import StoredCookie
from httpkit.values.set_cookie import Cookie, make_cookie

MAX_FILE_SIZE: Final = 64 * 1024 * 1024
"""Bytes that are read: twice what a full jar of the largest cookies needs."""

_PICKLE: Final = b"\x80"  # how every pickle since Python 2.3 starts, and no JSON
# Seconds from now would mean something else when the file is read; the moment is saved instead.
_RELATIVE: Final = frozenset({"expires", "max-age"})
_ATTRIBUTES: Final = frozenset(Morsel())


class SavedCookie(NamedTuple):
    """One cookie of a file; the deadline is in seconds since 1970."""

    domain: str
    name: str
    cookie: Cookie
    is_host_only: bool
    deadline: float | None


def write_cookies(path: Path, cookies: Iterable[StoredCookie]) -> None:
    """Write `cookies` to the file at `path`, which nobody but its owner can read, all or nothing.

    Raises:
        OSError: the file can't be written; what was there before still is.
    """
    data: dict[str, dict[str, dict[str, Any]]] = {}
    for stored in cookies:
        cookie = stored.cookie
        record: dict[str, Any] = {"key": cookie.key, "value": cookie.value, "coded_value": cookie.coded_value}
        record |= {name: value for name, value in cookie.items() if value and name not in _RELATIVE}
        if stored.is_host_only:
            record["host_only"] = True
        if stored.deadline is not None:
            record["expires_timestamp"] = stored.deadline
        data.setdefault(f"{stored.domain}|{stored.path}", {})[stored.name] = record
    _write_private(path, json.dumps(data, indent=2).encode())


def _write_private(path: Path, data: bytes) -> None:
    """Replace the file at `path`; the new one never existed with other rights, or under a name that could be guessed."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - pathlib opens no descriptors
            file.write(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read_cookies(path: Path) -> list[SavedCookie]:
    """Return the cookies of the file at `path`.

    Raises:
        OSError: the file can't be read.
        ValueError: it is no cookie file.
    """
    with path.open("rb") as file:
        data = file.read(MAX_FILE_SIZE + 1)
    if len(data) > MAX_FILE_SIZE:
        raise ValueError(f"cookie file exceeds {MAX_FILE_SIZE} bytes (cookie_file.MAX_FILE_SIZE)")
    if data.startswith(_PICKLE):
        raise ValueError(
            "cookie file is a pickle, which can run any code and is never loaded; load it with aiohttp 3.14 and save it again"
        )
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cookie file is not JSON: {str(error)[:100]}") from error
    return [
        _saved_cookie(place, name, record)
        for place, records in _entries(parsed, "the file")
        for name, record in _entries(records, f"{place[:64]!r}")
    ]


def _entries(value: Any, what: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} in a cookie file must be an object, got {type(value).__name__}")  # noqa: TRY004 - malformed data
    return value.items()


def _saved_cookie(place: str, name: str, record: Any) -> SavedCookie:
    domain, bar, _path = place.partition("|")
    where = f"cookie {name[:64]!r} of {place[:64]!r}"
    fields = dict(_entries(record, where))
    if not bar:
        raise ValueError(f"{where} has no path in a cookie file")
    key, value, coded_value = (fields.pop(part, None) for part in ("key", "value", "coded_value"))
    if not (isinstance(key, str) and isinstance(value, str) and isinstance(coded_value, str)):
        raise ValueError(f"{where} needs the texts key, value and coded_value in a cookie file")  # noqa: TRY004 - malformed data
    cookie = make_cookie(key, value, coded_value)
    is_host_only = bool(fields.pop("host_only", False))
    deadline = fields.pop("expires_timestamp", None)
    # bool is a number to Python, but not in a cookie file
    if deadline is not None and (type(deadline) not in {int, float} or not math.isfinite(deadline)):
        raise ValueError(f"{where} must expire at a finite number of seconds in a cookie file")
    for attribute in _ATTRIBUTES & fields.keys():
        if not isinstance(fields[attribute], str | bool):
            raise ValueError(f"{attribute} of {where} must be text or a boolean in a cookie file")  # noqa: TRY004 - malformed data
        cookie[attribute] = fields[attribute]
    if is_host_only:
        cookie["domain"] = ""
    return SavedCookie(domain, name, cookie, is_host_only, deadline)
