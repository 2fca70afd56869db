"""Bytes -> a file, whole or not at all. The file's name may come from a server, its place never does."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import re
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

LONGEST_NAME: Final = 100
MOST_TRIES: Final = 10_000

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
# What Python's table has not, or names in an unusual way.
_EXTENSIONS: Final = {
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/html": ".html",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
}
# Windows takes these for devices, whatever their extension.
_DEVICE: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)")


def save(content: bytes, path: str | os.PathLike[str], url: str, content_type: str) -> Path:
    """Write `content` to `path` and return where it is; in a folder a new file is named after the URL.

    A file that is there is replaced, and so is a symbolic link, which is not followed.

    Raises:
        OSError: it can't be written.
    """
    target = Path(path).expanduser()
    is_new = target.is_dir()
    folder = target if is_new else target.parent
    beside = folder / f".{secrets.token_hex(8)}.part"
    try:
        with beside.open("xb") as file:
            file.write(content)
        if is_new:
            target = reserved(folder, file_name(url, content_type))
        beside.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
    return target


def file_name(url: str, content_type: str) -> str:
    """Return a file name for what came from `url`: the last word of its path, with the media type's extension.

    It holds letters, digits, `.`, `_` and `-` only, and never begins with a dot.
    """
    last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    stem = _UNSAFE.sub("_", last).lstrip(".")[:LONGEST_NAME] or "response"
    if _DEVICE.match(stem):
        stem = f"_{stem}"
    media_type = content_type.partition(";")[0].strip().lower()
    extension = _EXTENSIONS.get(media_type) or mimetypes.guess_extension(media_type) or ""
    if media_type.endswith("+json"):
        extension = ".json"
    known = mimetypes.guess_type(f"x{Path(stem).suffix}")[0] is not None
    return stem if known or not extension else stem + extension


def reserved(folder: Path, name: str) -> Path:
    """Return a path that nobody else has: `name`, or `name-1` and so on; an empty file stands there.

    Raises:
        FileExistsError: ten thousand of them are there.
    """
    first = folder / name
    for number in range(MOST_TRIES):
        target = first.with_name(f"{first.stem}-{number}{first.suffix}") if number else first
        with contextlib.suppress(FileExistsError):
            target.touch(exist_ok=False)
            return target
    raise FileExistsError(f"{first} and {MOST_TRIES} names like it are taken")
