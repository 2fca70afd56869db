"""What a part's bytes are coded in: first a content coding, then a transfer encoding (RFC 9110 section 8.4, RFC 2045 section 6).

A decoder's output comes in pieces of bounded size, so that whoever takes them decides when there are too many.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator

from httpkit.errors import ContentEncodingError
from httpkit.wire.codings import ContentDecoder

CONTENT_CODINGS = frozenset({"deflate", "gzip"})
"""Content codings that a part can be written in, as in aiohttp; more can be read."""

TRANSFER_ENCODINGS = frozenset({"base64", "quoted-printable"})
"""Transfer encodings that change the bytes (RFC 2045 section 6.1)."""

PIECE_SIZE = 2**18
"""Bytes of one decoded piece, as in aiohttp."""

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)


def count_base64(data: bytes) -> int:
    """Return how many characters of `data` are base64 and padding; the others are skipped (RFC 2045 section 6.8)."""
    return len(data.translate(None, _NOT_BASE64))


def base64_end(data: bytes, left: int) -> int:
    """Return where the last `left` characters of base64 in `data` begin."""
    end = len(data)
    while left:
        end -= 1
        left -= data[end] in _BASE64
    return end


class PartEncoder:
    """Compresses a part's bytes and encodes them for the transfer; either may be None."""

    def __init__(self, content_coding: str | None, transfer_encoding: str | None) -> None:
        # aiohttp's "deflate" is without the zlib wrapper, and its reader takes no other.
        wbits = {"gzip": 31, "deflate": -15}
        self._compressor = zlib.compressobj(wbits=wbits[content_coding]) if content_coding else None
        self._transfer_encoding = transfer_encoding
        self._carry = b""  # less than three bytes that don't make four characters of base64 yet

    def feed(self, data: bytes) -> bytes:
        """Return `data` encoded, as far as it can be yet."""
        return self._transfer(self._compressor.compress(data) if self._compressor else data)

    def flush(self) -> bytes:
        """Return the rest."""
        rest = self._transfer(self._compressor.flush()) if self._compressor else b""
        return rest + binascii.b2a_base64(self._carry, newline=False)

    def _transfer(self, data: bytes) -> bytes:
        if self._transfer_encoding == "base64":
            data = self._carry + data
            whole = len(data) - len(data) % 3
            self._carry = data[whole:]
            return binascii.b2a_base64(data[:whole], newline=False)
        if self._transfer_encoding == "quoted-printable":
            # As text, b2a_qp would make all line breaks the same: only for text that has one kind of them.
            return binascii.b2a_qp(data, istext=data.count(b"\r\n") in {0, data.count(b"\n")})
        return data


class PartDecoder:
    """Undoes what `PartEncoder` did.

    Args:
        content: the decoder of the content coding; None if there is none.
        transfer_encoding: what isn't base64 or quoted-printable leaves the bytes as they are.
        piece_size: bytes of one decompressed piece.
    """

    def __init__(
        self, content: ContentDecoder | None, transfer_encoding: str | None, piece_size: int = PIECE_SIZE
    ) -> None:
        self._content = content
        self._transfer_encoding = transfer_encoding
        self._piece_size = piece_size
        self._carry = b""  # encoded bytes that can't be decoded before more come

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give `data` decoded, in pieces of about `piece_size` bytes if it was compressed.

        Raises:
            ContentEncodingError: the bytes are not what the codings promise.
        """
        return self._decompress(self._from_transfer(data, is_last=False))

    def flush(self) -> Iterator[bytes]:
        """Give the rest.

        Raises:
            ContentEncodingError: the bytes ended early.
        """
        yield from self._decompress(self._from_transfer(b"", is_last=True))
        if self._content is not None:
            self._content.feed_eof()

    def _from_transfer(self, data: bytes, *, is_last: bool) -> bytes:
        if self._transfer_encoding not in TRANSFER_ENCODINGS:
            return data
        data = self._carry + data
        cut = len(data)
        if not is_last:
            if self._transfer_encoding == "base64":
                cut = base64_end(data, count_base64(data) % 4)
            elif (equals := data.rfind(b"=", -2)) >= 0:
                cut = equals
        self._carry, data = data[cut:], data[:cut]
        try:
            return binascii.a2b_base64(data) if self._transfer_encoding == "base64" else binascii.a2b_qp(data)
        except binascii.Error as error:
            raise ContentEncodingError(f"transfer encoding {self._transfer_encoding} is malformed: {error}") from error

    def _decompress(self, data: bytes) -> Iterator[bytes]:
        decoder = self._content
        if decoder is None:
            if data:
                yield data
            return
        piece = decoder.feed(data, self._piece_size)
        while piece or decoder.has_pending:
            if piece:
                yield piece
            piece = decoder.feed(b"", self._piece_size)
