"""Content codings, bytes <-> bytes (RFC 9110 section 8.4): gzip, deflate, br and zstd, incremental and bounded.

A decoder gives at most about as many bytes as it is asked for and keeps the rest of its input, so that a bomb inflates one
piece at a time, and only while somebody takes the pieces. br and zstd are imported when the first such body arrives.
"""

from __future__ import annotations

import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from httpkit.errors import ContentEncodingError

MAX_CODINGS: Final = 5
"""Codings of one body: what curl and urllib3 take. Real bodies have one."""

MAX_MEMBERS: Final = 1024
"""gzip members or zstd frames of one body (aiohttp): a fresh decoder for every few bytes is slow."""

_WINDOW: Final = 65536  # bytes of input at once: what a decoder leaves over is copied each time
_MAX_STEPS: Final = 64  # pieces that go from one coding to the next in one call
_ZSTD_WINDOW_LOG: Final = 23  # 8 MiB, the most that a content coding may use (RFC 9659 section 3)
_BROTLI_QUALITY: Final = 5  # 11, the default, is for files that are compressed once

_zlib: Any = zlib


def set_zlib_backend(module: Any) -> None:
    """Use `module` for gzip and deflate from now on: `zlib`, or what has its functions (`isal.isal_zlib`, `zlib_ng.zlib_ng`)."""
    global _zlib  # noqa: PLW0603 - the setting is the process's, as aiohttp's is
    _zlib = module


class ContentDecoder(ABC):
    """Decodes one body. `decoder_for` makes it.

    Attributes:
        has_pending: there may be more output without new input: call `feed(b"", max_length)` again.
    """

    has_pending = False

    @abstractmethod
    def feed(self, data: bytes, max_length: int) -> bytes:
        """Take `data` and return at most about `max_length` bytes; none while `has_pending` is true only means not yet.

        A brotli piece may be two or three times as long.

        Raises:
            ContentEncodingError: the data is malformed, or has too many members.
            ValueError: `max_length` is less than 1.
        """

    @abstractmethod
    def feed_eof(self) -> None:
        """Take the end of the body, once nothing is pending. A body without any bytes is an empty one.

        Raises:
            ContentEncodingError: the body is cut off.
        """


class _Decoder(ContentDecoder):
    """One coding. A body is one or more members, each decoded by an object of its own."""

    coding: str
    errors: tuple[type[Exception], ...]

    def __init__(self, max_members: int) -> None:
        self._max_members = max_members
        self._members = 0
        self._member: Any = None  # what decodes the member at hand; None between members
        self._is_full = False  # the member has output that wants no more input
        self._input = b""
        self._position = 0

    def feed(self, data: bytes, max_length: int) -> bytes:
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        if data:
            self.push(data)
        pieces: list[bytes] = []
        room = max_length
        while room > 0 and (self._is_full or self._position < len(self._input)):
            try:
                if self._member is None:
                    self._begin()
                piece = self._step(room)
            except self.errors as error:
                raise ContentEncodingError(f"content coding {self.coding} is malformed: {str(error)[:100]}") from error
            pieces.append(piece)
            room -= len(piece)
        self.has_pending = self._is_full or self._position < len(self._input)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def push(self, data: bytes) -> None:
        """Take `data` without decoding it yet."""
        self._input = self._input[self._position :] + data if self._position < len(self._input) else data
        self._position = 0
        self.has_pending = True

    def feed_eof(self) -> None:
        if self._member is not None:
            raise ContentEncodingError(f"content coding {self.coding} is cut off")

    def _begin(self) -> None:
        self._members += 1
        if self._members > self._max_members:
            raise ContentEncodingError(
                f"content coding {self.coding} has more than {self._max_members} members (max_members)"
            )
        self._member = self._new_member()

    @abstractmethod
    def _new_member(self) -> Any:
        """Return what decodes the next member."""

    @abstractmethod
    def _step(self, room: int) -> bytes:
        """Decode one window of input: at most `room` bytes."""


class _ZlibDecoder(_Decoder):
    """gzip (RFC 1952), or deflate in zlib's wrapper (RFC 1950) or without it, as some servers send it (RFC 1951)."""

    def __init__(self, coding: str, max_members: int) -> None:
        super().__init__(max_members)
        self.coding = coding
        self._zlib = _zlib
        self.errors = (zlib.error, getattr(_zlib, "error", zlib.error))

    def _new_member(self) -> Any:
        bits = self._zlib.MAX_WBITS
        if self.coding == "gzip":
            bits += 16
        elif self._input[self._position] & 15 != 8:  # the wrapper's first byte says that it is deflate: 8
            bits = -bits
        return self._zlib.decompressobj(wbits=bits)

    def _step(self, room: int) -> bytes:
        member = self._member
        window = self._input[self._position : self._position + _WINDOW]
        piece: bytes = member.decompress(window, room)
        rest = member.unused_data if member.eof else member.unconsumed_tail
        self._position += len(window) - len(rest)
        # It may hold back output although it has taken all input.
        self._is_full = not member.eof and len(piece) >= room
        if member.eof:
            self._member = None
        return piece


class _ZstdDecoder(_Decoder):
    """zstd (RFC 8878), one or more frames, with windows as large as RFC 9659 allows."""

    coding = "zstd"

    def __init__(self, module: Any, max_members: int) -> None:
        super().__init__(max_members)
        self._zstd = module
        self.errors = (module.ZstdError,)

    def _new_member(self) -> Any:
        return self._zstd.ZstdDecompressor(options={self._zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    def _step(self, room: int) -> bytes:
        member = self._member
        window = self._input[self._position : self._position + _WINDOW] if member.needs_input else b""
        self._position += len(window)
        piece: bytes = member.decompress(window, room)
        self._is_full = not member.eof and not member.needs_input
        if member.eof:
            rest = member.unused_data
            if self._position:
                self._position -= len(rest)
            else:  # the frame took it in with an earlier call, and gave its last output only now
                self._input = rest + self._input
            self._member = None
        return piece


class _BrotliDecoder(_Decoder):
    """br (RFC 7932), which has no members: whatever follows is garbage."""

    coding = "br"

    def __init__(self, module: Any) -> None:
        super().__init__(max_members=MAX_MEMBERS)
        self._brotli = module
        self.errors = (module.error,)

    def _new_member(self) -> Any:
        if self._members > 1:
            raise ContentEncodingError("content coding br is malformed: data after its end")
        return self._brotli.Decompressor()

    def _step(self, room: int) -> bytes:
        member = self._member
        window = b"" if self._is_full else self._input[self._position : self._position + _WINDOW]
        self._position += len(window)
        piece: bytes = member.process(window, output_buffer_limit=room)
        is_finished = member.is_finished()
        # Google's package takes more input as soon as it has read all that it has, with megabytes of output to come.
        self._is_full = not is_finished and (len(piece) >= room or not member.can_accept_more_data())
        if is_finished:
            self._member = None
        return piece


class _StackedDecoder(ContentDecoder):
    """Several codings, one around the other; pieces of at most a window go from each to the next."""

    def __init__(self, decoders: Sequence[_Decoder]) -> None:
        self._decoders = decoders  # the outermost, which was applied last, first

    def feed(self, data: bytes, max_length: int) -> bytes:
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        if data:
            self._decoders[0].push(data)
        pieces: list[bytes] = []
        room = max_length
        for _ in range(_MAX_STEPS):
            if room <= 0 or not any(decoder.has_pending for decoder in self._decoders):
                break
            piece = self._step(room)
            pieces.append(piece)
            room -= len(piece)
        self.has_pending = any(decoder.has_pending for decoder in self._decoders)
        return b"".join(pieces)

    def feed_eof(self) -> None:
        for decoder in self._decoders:
            decoder.feed_eof()

    def _step(self, room: int) -> bytes:
        """Let the innermost decoder that has something go on; so none is ever given more than one piece."""
        last = len(self._decoders) - 1
        start = max(index for index, decoder in enumerate(self._decoders) if decoder.has_pending)
        piece = b""
        for index, decoder in enumerate(self._decoders[start:], start):
            piece = decoder.feed(piece, room if index == last else _WINDOW)
        return piece


def decoder_for(
    content_encoding: str, *, max_codings: int = MAX_CODINGS, max_members: int = MAX_MEMBERS
) -> ContentDecoder | None:
    """Return a decoder for a `Content-Encoding` value; None where the body is to be taken as it is.

    That is where there is no coding but `identity`, and where one is unknown.

    Raises:
        ContentEncodingError: there are too many codings, or the package for one is not installed.
    """
    codings = _parse(content_encoding)
    if not codings:
        return None
    if len(codings) > max_codings:
        raise ContentEncodingError(f"body has {len(codings)} content codings, more than {max_codings} (max_codings)")
    decoders = [_decoder(coding, max_members) for coding in reversed(codings)]
    return decoders[0] if len(decoders) == 1 else _StackedDecoder(decoders)


_KNOWN: Final = frozenset({"gzip", "deflate", "br", "zstd"})


@lru_cache(maxsize=64)
def _parse(content_encoding: str) -> tuple[str, ...]:
    """Return the codings in the order in which they were applied; none where one is unknown."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    codings = tuple("gzip" if name == "x-gzip" else name for name in names if name not in {"", "identity"})
    return codings if _KNOWN.issuperset(codings) else ()


def _decoder(coding: str, max_members: int) -> _Decoder:
    if coding == "br":
        return _BrotliDecoder(_package("br"))
    if coding == "zstd":
        return _ZstdDecoder(_package("zstd"), max_members)
    return _ZlibDecoder(coding, max_members)


class ContentEncoder:
    """Encodes one body. `encoder_for` makes it.

    Attributes:
        feed: takes bytes and returns those that are ready to be sent, maybe none.
        flush: takes the end of the body and returns the last bytes.
    """

    __slots__ = ("feed", "flush")

    def __init__(self, feed: Callable[[bytes], bytes], flush: Callable[[], bytes]) -> None:
        self.feed = feed
        self.flush = flush


def encoder_for(coding: str, *, level: int | None = None, strategy: int | None = None) -> ContentEncoder:
    """Return an encoder; `level` is the coding's own scale, `strategy` zlib's.

    Raises:
        ContentEncodingError: the package for the coding is not installed.
        ValueError: the coding is unknown.
    """
    if coding == "br":
        brotli = _package("br").Compressor(quality=_BROTLI_QUALITY if level is None else level)
        return ContentEncoder(brotli.process, brotli.finish)
    if coding == "zstd":
        zstd = _package("zstd").ZstdCompressor(level=level)
        return ContentEncoder(zstd.compress, zstd.flush)
    if coding not in _KNOWN:
        raise ValueError(f"content coding must be gzip, deflate, br or zstd, got {coding[:32]!r}")
    options = {name: value for name, value in (("level", level), ("strategy", strategy)) if value is not None}
    deflate = _zlib.compressobj(wbits=_zlib.MAX_WBITS + (16 if coding == "gzip" else 0), **options)
    return ContentEncoder(deflate.compress, deflate.flush)


@cache
def accept_encoding() -> str:
    """Return the `Accept-Encoding` value that names what can be decoded here.

    zstd is only looked for. A brotli is imported, which takes half a millisecond: one that can't bound its output is none.
    """
    codings = ["gzip", "deflate"]
    if _brotli() is not None:
        codings.append("br")
    if _is_there(_ZSTD):
        codings.append("zstd")
    return ", ".join(codings)


# The name in the standard library is only there where Python was built with the C library.
_ZSTD: Final = ("compression.zstd", "_zstd") if sys.version_info >= (3, 14) else ("backports.zstd",)
_INSTALL: Final = {"br": "brotli 1.2 or newer", "zstd": "backports.zstd"}


def _package(coding: str) -> Any:
    """Return the package that implements `coding`."""
    module = _brotli() if coding == "br" else import_module(_ZSTD[0]) if _is_there(_ZSTD) else None
    if module is None:
        raise ContentEncodingError(
            f"content coding {coding} needs the package {_INSTALL[coding]}, which is not installed"
        )
    return module


@cache
def _brotli() -> Any | None:
    """Return the Brotli package; before 1.2 it gave all of its output at once, so that one is as good as none."""
    for name in ("brotli", "brotlicffi"):
        if _is_there((name,)):
            module = import_module(name)
            if hasattr(module.Decompressor, "can_accept_more_data"):
                return module
    return None


def _is_there(names: Sequence[str]) -> bool:
    try:
        return all(find_spec(name) is not None for name in names)
    except ImportError:  # of the package that the module would be in
        return False
