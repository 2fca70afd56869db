"""`--download`: a response's body -> a file, whole under its name or not at all; a broken one can be continued.

The body goes to a file of its own beside the place, made exclusively under a random name, and gets its name at the end.
A name that the server chose never replaces a file, has no folder in it and doesn't begin with a dot.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import unicodedata
from pathlib import Path
from typing import BinaryIO

import httpkit
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.record.record import SavedFile
from httpkit_magics.record.saving import file_name, reserved
from httpkit_magics.run.progress import Underway

BUFFER = 1024 * 1024
"""Bytes that are written at once: into the system's cache, 0.3 ms on the loop thread. Off it, what a cancelled request
still has to write would come too late."""

LONGEST_NAME = 180
"""Bytes of a file name in UTF-8; file systems take 255, and a number or `.part` may be added."""

CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
"""RFC 9110 section 14.4."""

FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)")
"""Names that Windows takes for devices, whatever their extension."""


class DownloadError(ValueError):
    """A body that can't be saved, or not be continued; the message says why."""


class Download:
    """One download: what it adds to the request, and where the body goes.

    Attributes:
        saved: the file, once there is something in it.
    """

    def __init__(self, plan: Plan, url: str, validators: dict[str, str]) -> None:
        """Look at what is there; `validators` are the ETags of files that were loaded in part, by path.

        Raises:
            OSError: the file to continue can't be looked at.
        """
        self.saved: SavedFile | None = None
        self._url = url
        self._validators = validators
        self._target = Path(plan.output).expanduser() if plan.output is not None else Path()
        self._is_named = not self._target.is_dir()
        is_there = plan.resume and self._is_named and self._target.exists()
        self._offset = self._target.stat().st_size if is_there else 0

    def headers(self) -> list[tuple[str, str]]:
        """Return the field lines that ask for the body as it is, and only for what is missing (RFC 9110 section 14.2)."""
        fields = [("Accept-Encoding", "identity")]
        if self._offset:
            fields.append(("Range", f"bytes={self._offset}-"))
            if validator := self._validators.get(self._key):
                fields.append(("If-Range", validator))
        return fields

    def takes(self, response: httpkit.ClientResponse) -> bool:
        """Return whether the body of `response` is what was to be saved, and no error page."""
        return response.status < 300 or (response.status == 416 and self._offset > 0)

    async def save(self, response: httpkit.ClientResponse, progress: Underway) -> None:
        """Write the body to its file; what arrived of a broken one stays, to be continued.

        Raises:
            DownloadError: the server's part doesn't continue the file, or the file can't be written.
            ClientError: the body broke off.
        """
        try:
            if response.status == 416:
                self._check_complete(response)
            elif response.status == 206 and self._offset:
                await self._continue(response, progress)
            else:
                await self._begin(response, progress)
        except (httpkit.ClientError, TimeoutError, ConnectionError):
            raise
        except OSError as error:
            raise DownloadError(f"{self._target} can't be written: {error.strerror or error}") from error

    @property
    def _key(self) -> str:
        return str(self._target.absolute())

    def _check_complete(self, response: httpkit.ClientResponse) -> None:
        """Take a range that can't be satisfied as an answer: nothing is missing (RFC 9110 section 15.5.17)."""
        found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        total = found[3] if found else "*"
        if total == "*" or int(total) != self._offset:
            there = "another size" if total == "*" else f"{total} bytes"
            raise DownloadError(
                f"{self._target} has {self._offset} bytes, the server's has {there}: it is another file; "
                "without -c it is loaded anew"
            )
        self.saved = SavedFile(self._target, self._offset, self._offset)

    async def _continue(self, response: httpkit.ClientResponse, progress: Underway) -> None:
        field = response.headers.get("Content-Range", "")
        found = CONTENT_RANGE.fullmatch(field)
        if found is None or found[1] is None or int(found[1]) != self._offset:
            raise DownloadError(
                f"the server sent {field or 'no range'!r}, and bytes from {self._offset} were asked for"
            )
        known, told = self._validators.get(self._key), response.headers.get("ETag")
        if known is not None and told is not None and known != told:
            raise DownloadError(
                f"the server's file has changed since {self._target} was begun; without -c it is loaded anew"
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DownloadError("the rest came with a Content-Encoding, so it doesn't continue the file")
        total = None if found[3] == "*" else int(found[3])
        with self._target.open("ab", BUFFER) as file:
            if file.tell() != self._offset:
                raise DownloadError(f"{self._target} was changed meanwhile")
            try:
                await self._write(response, file, progress, total)
            finally:
                self._note(response, self._target, file.tell(), total)

    async def _begin(self, response: httpkit.ClientResponse, progress: Underway) -> None:
        self._offset = 0
        total = response.content_length if "Content-Encoding" not in response.headers else None
        folder = self._target.parent if self._is_named else self._target
        beside = folder / f".{secrets.token_hex(8)}.part"
        size = 0
        try:
            with beside.open("xb", BUFFER) as file:
                try:
                    await self._write(response, file, progress, total)
                finally:
                    size = file.tell()
            self._place(beside, response, size, total)
        except BaseException:
            # Half of a file gets the name as well, so that -c can continue it, but takes no other file's place.
            if size and not (self._is_named and self._target.exists()):
                self._place(beside, response, size, total, is_complete=False)
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()

    def _place(
        self, beside: Path, response: httpkit.ClientResponse, size: int, total: int | None, *, is_complete: bool = True
    ) -> None:
        """Give the file its name."""
        target = self._target
        if not self._is_named:
            target = reserved(target, name_of(response, self._url))
        beside.replace(target)
        self._note(response, target, size, size if is_complete else total, is_complete=is_complete)

    def _note(
        self, response: httpkit.ClientResponse, path: Path, size: int, total: int | None, *, is_complete: bool = False
    ) -> None:
        complete = is_complete or size == total
        self.saved = SavedFile(path, size, self._offset, total, is_complete=complete)
        self._validators.pop(str(path.absolute()), None)
        etag = response.headers.get("ETag", "")
        # A weak one says nothing about bytes (RFC 9110 section 13.1.5).
        if not complete and etag.startswith('"'):
            self._validators[str(path.absolute())] = etag

    async def _write(
        self, response: httpkit.ClientResponse, file: BinaryIO, progress: Underway, total: int | None
    ) -> None:
        progress.stage = "receiving"
        progress.received, progress.expected = self._offset, total
        async for chunk in response.content.iter_any():
            file.write(chunk)
            progress.received += len(chunk)


def name_of(response: httpkit.ClientResponse, url: str) -> str:
    """Return a safe file name for `response`: the one of Content-Disposition, else the last word of `url`'s path."""
    disposition = response.content_disposition
    named = safe_name((disposition and disposition.filename) or "")
    return named or file_name(url, response.headers.get("Content-Type", ""))


def safe_name(text: str) -> str:
    """Return a file name made of `text`: its last part, without what a file system or a reader would take amiss.

    Letters of all scripts stay; control and direction characters go. Empty where nothing is left.
    """
    last = re.split(r"[/\\]", text)[-1]
    shown = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    name = FORBIDDEN.sub("_", shown).strip(" .")
    if DEVICE.match(name):
        name = f"_{name}"
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = name, "", ""
    room = LONGEST_NAME - len(f"{dot}{suffix}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{suffix}"
