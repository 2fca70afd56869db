"""Files as bodies: read in an executor in bounded pieces, never as a whole, and from the same place again when resent."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import io
import os
import stat
import sys
from pathlib import Path
from typing import IO, Any

from httpkit.client.payload import Payload, text_encoding
from httpkit.values.abc import AbstractStreamWriter
from httpkit.values.hdrs import CONTENT_DISPOSITION

CHUNK_SIZE = 2**18
"""Bytes read from a file at a time, as in aiohttp: what an upload holds in memory."""

# A closing runs on when the task that asked for it is gone; the loop itself holds only weak references to it.
_closing: set[asyncio.Future[None]] = set()


def guess_filename(obj: Any, default: str | None = None) -> str | None:
    """Return the last segment of the file's name, or `default` if it has none, such as a pipe."""
    name = getattr(obj, "name", None)
    if name and isinstance(name, str) and name[0] != "<" and name[-1] != ">":
        return Path(name).name
    return default


class IOBasePayload(Payload):
    """A file, from where it stands to its end.

    Args:
        value: the file.
        disposition: the type of its Content-Disposition; None sets none.
        args: as in `Payload`.
        kwargs: as in `Payload`; `filename` is the file's own by default.
    """

    _value: Any
    _start_position: int | None = None
    _is_closed = False

    def __init__(self, value: IO[Any], disposition: str | None = "attachment", *args: Any, **kwargs: Any) -> None:
        if "filename" not in kwargs:
            kwargs["filename"] = guess_filename(value)
        super().__init__(value, *args, **kwargs)
        # Where bytes are read from; for text that may be the file below.
        self._source: Any = value
        if self._filename is not None and disposition is not None and CONTENT_DISPOSITION not in self.headers:
            self.set_content_disposition(disposition, filename=self._filename)

    @property
    def size(self) -> int | None:
        """Bytes from the start position to the end of the file; None for a pipe or what is no file of the system.

        It stays the same when the file has been read, so that a redirect announces what it sends.
        """
        value = self._source
        # A gzip.GzipFile and its like show the descriptor of the file below, whose size isn't theirs.
        if isinstance(value, io.BufferedIOBase) and not isinstance(value, io.BufferedReader | io.BufferedRandom):
            return None
        try:
            status = os.fstat(value.fileno())
            if self._start_position is None:
                self._start_position = self._value.tell()
        except (AttributeError, OSError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return max(0, status.st_size - self._start_position)

    def _rewind(self) -> None:
        """Go to where the first write began; what can't seek is used up by its first write."""
        try:
            if self._start_position is None:
                self._start_position = self._value.tell()
            else:
                self._source.seek(self._start_position)
        except (AttributeError, OSError):
            self._consumed = True

    def _read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        data: bytes = self._source.read(size)
        return data

    def _read_first(self, limit: int | None) -> tuple[int | None, bytes]:
        """Return how many bytes are to be written, None if that isn't known, and the first of them."""
        self._rewind()
        size = self.size
        left = limit if size is None else size if limit is None else min(size, limit)
        return left, self._read(CHUNK_SIZE if left is None else min(CHUNK_SIZE, left))

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the file piece by piece."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write at most `content_length` bytes of the file, piece by piece, each read in an executor."""
        loop = asyncio.get_running_loop()
        left, chunk = await loop.run_in_executor(None, self._read_first, content_length)
        while chunk:
            if left is not None:
                # Text may come out longer than what was asked for.
                chunk = chunk[:left]
                left -= len(chunk)
            await writer.write(chunk)
            if left == 0:
                return
            chunk = await loop.run_in_executor(None, self._read, CHUNK_SIZE if left is None else min(CHUNK_SIZE, left))

    def _close(self) -> None:
        """Have an executor close the file, once; needs a running loop."""
        if self._is_closed:
            return
        self._is_closed = self._consumed = True
        closing = asyncio.get_running_loop().run_in_executor(None, self._value.close)
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)

    def _read_all(self) -> bytes:
        self._rewind()
        pieces = []
        while piece := self._read(CHUNK_SIZE):
            pieces.append(piece)
        return b"".join(pieces)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the file as text; blocks while it is read."""
        return self._read_all().decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the whole file, read in an executor."""
        del encoding, errors
        return await asyncio.get_running_loop().run_in_executor(None, self._read_all)


class TextIOPayload(IOBasePayload):
    r"""A text file.

    One that is stored in the charset that it is sent in goes out byte for byte: its size is known, and its line breaks
    stay. Another is encoded as it is read, so its size isn't known. (aiohttp announces the size on disk and sends the
    text with `\r\n` turned into `\n`, which is fewer bytes.)
    """

    def __init__(
        self, value: IO[str], *args: Any, encoding: str | None = None, content_type: str | None = None, **kwargs: Any
    ) -> None:
        encoding, content_type = text_encoding(encoding, content_type)
        super().__init__(value, *args, encoding=encoding, content_type=content_type, **kwargs)
        self._encoder: codecs.IncrementalEncoder | None = None
        stored = getattr(value, "encoding", None)
        if stored and hasattr(value, "buffer") and codecs.lookup(stored) == codecs.lookup(encoding):
            with contextlib.suppress(OSError):
                start = value.tell()
                # Larger numbers carry the state of the decoder, and mean no place in the file.
                if start <= sys.maxsize:
                    self._start_position = start
                    self._source = value.buffer

    @property
    def size(self) -> int | None:
        """Bytes from the start position to the end; None where the text is encoded as it is read."""
        return None if self._source is self._value else super().size

    def _rewind(self) -> None:
        super()._rewind()
        if self._source is self._value:
            # One encoder for the whole text: a byte order mark is written once.
            self._encoder = codecs.getincrementalencoder(self._encoding or "utf-8")()

    def _read(self, size: int) -> bytes:
        if self._encoder is None:
            return super()._read(size)
        text = self._source.read(size)
        return self._encoder.encode(text, final=not text)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the text; blocks while it is read."""
        del encoding, errors
        self._rewind()
        if self._start_position is not None:
            self._value.seek(self._start_position)
        text: str = self._value.read()
        return text


class BytesIOPayload(IOBasePayload):
    """An `io.BytesIO`, from where it stands to its end."""

    _value: io.BytesIO
    _size: int
    _autoclose = True

    def __init__(self, value: io.BytesIO, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        self._start_position = value.tell()
        self._size = max(0, value.getbuffer().nbytes - self._start_position)

    @property
    def size(self) -> int:
        """Bytes from the start position to the end, when the payload was made."""
        return self._size

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write at most `content_length` bytes, piece by piece; other tasks run between them."""
        self._rewind()
        left = self._size if content_length is None else min(self._size, content_length)
        while chunk := self._value.read(min(CHUNK_SIZE, left)):
            left -= len(chunk)
            await writer.write(chunk)
            if not left:
                return
            await asyncio.sleep(0)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes."""
        del encoding, errors
        return self._read_all()

    def _close(self) -> None:
        """Leave it open: it holds nothing but memory, and belongs to the caller."""


class BufferedReaderPayload(IOBasePayload):
    """A file opened for reading bytes."""

    _value: io.BufferedReader | io.BufferedRandom
