"""The files that a plan names, read before it is sent: off the loop thread, and never more than `max_body` bytes."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from httpkit_magics.grammar.message import Message, MessageError, compose, files_of
from httpkit_magics.grammar.plan import Plan


async def composed(plan: Plan, limit: int) -> Message:
    """Return what `plan` sends, its files read; they may hold `limit` bytes together.

    Raises:
        MessageError: a file can't be read, or the request not be made from them.
    """
    files = files_of(plan)
    contents = await asyncio.to_thread(_read, [file.path for file in files], limit) if files else {}
    return compose(plan, contents, boundary=secrets.token_hex(16))


def _read(paths: list[str], limit: int) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    left = limit
    for path in dict.fromkeys(paths):
        try:
            with Path(path).expanduser().open("rb") as file:
                contents[path] = file.read(left + 1)
        except OSError as error:
            raise MessageError(f"{path} can't be read: {error.strerror or error}") from error
        left -= len(contents[path])
        if left < 0:
            raise MessageError(f"{path} makes the files of the request larger than {limit} bytes (max_body)")
    return contents
