"""What a message may consist of (RFC 9112), and what is said of one that doesn't: the checks that leave no second reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

from multidict import CIMultiDictProxy

from httpkit.errors import (
    BadHttpMessage,
    BadStatusLine,
    ContentLengthError,
    InvalidHeader,
    PayloadEncodingError,
    TransferEncodingError,
)

# A chunk's size line holds at most 16 digits; extensions are rare and short (RFC 9112 section 7.1.1).
MAX_CHUNK_LINE = 4096

# RFC 9110 section 5.6.2: token.
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - the grammar's word for a name
# RFC 9110 section 5.5: any byte but controls; HTAB is not a control here.
CONTENT = r"[^\x00-\x08\x0a-\x1f\x7f]*"

_STATUS_LINE = re.compile(rf"HTTP/1\.[0-9] [1-9][0-9][0-9](?: {CONTENT})?")
_FIELD_LINE = re.compile(rf"{TOKEN}:{CONTENT}")
# RFC 9112 section 7.1. int() alone would take "+1f", "1_0" and " 1f": request smuggling.
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
# 18 digits are below 2**63, where lengths stop making sense anywhere.
_CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")


def parse_chunk_size(line: bytes) -> int:
    """Return the chunk size in bytes; extensions are ignored (RFC 9112 section 7.1).

    Raises:
        TransferEncodingError: not 1 to 16 hexadecimal digits, or a control character in an extension.
    """
    match = _CHUNK_LINE.fullmatch(line)
    if match is None:
        raise TransferEncodingError(f"chunk size must be 1-16 hex digits, got {line[:32]!r}")
    return int(match[1], 16)


def check_partial_chunk_line(line: bytes) -> None:
    """Refuse a chunk's size line that can't become one.

    Raises:
        TransferEncodingError: too long, or malformed already.
    """
    if len(line) >= MAX_CHUNK_LINE:
        raise TransferEncodingError(f"chunk size line exceeds {MAX_CHUNK_LINE} bytes")
    text = line.removesuffix(b"\r")
    if text and not _CHUNK_LINE.fullmatch(text):
        raise TransferEncodingError(f"chunk size must be 1-16 hex digits, got {line[:32]!r}")


def bad_chunk_end(found: bytes) -> TransferEncodingError:
    """Return the error for a chunk that ends with `found` instead of CR LF."""
    return TransferEncodingError(f"chunk must end with CR LF, got {found!r}")


def check_transfer_encoding(headers: CIMultiDictProxy[str]) -> bool:
    """Return True for the one transfer coding that we take (RFC 9112 section 6.1).

    Raises:
        PayloadEncodingError: another coding, several, or `Content-Length` beside it: response smuggling.
    """
    values = headers.getall("Transfer-Encoding")
    if len(values) != 1 or values[0].lower() != "chunked":
        raise TransferEncodingError(f"transfer coding must be 'chunked', got {', '.join(values)[:64]!r}")
    if "Content-Length" in headers:
        raise PayloadEncodingError("both Transfer-Encoding and Content-Length")
    return True


def parse_content_length(values: list[str]) -> int:
    """Return the length of the body in bytes (RFC 9110 section 8.6); repeats must agree.

    Raises:
        ContentLengthError: not 1 to 18 digits, or two different ones.
    """
    if len(values) > 1 or "," in values[0]:
        values = list({part.strip(" \t") for value in values for part in value.split(",")})
    if len(values) > 1:
        raise ContentLengthError(f"Content-Length values differ: {', '.join(sorted(values))[:64]!r}")
    if not _CONTENT_LENGTH.fullmatch(values[0]):
        raise ContentLengthError(f"Content-Length must be 1-18 digits, got {values[0][:32]!r}")
    return int(values[0])


def explain_head(text: str) -> BadHttpMessage:
    """Say what the head's regular expression refused."""
    lines = text.split("\r\n")
    if not _STATUS_LINE.fullmatch(lines[0]):
        return BadStatusLine(f"expected 'HTTP/1.x NNN reason', got {lines[0][:64]!r}")
    return explain_fields(lines[1:-2], "field")


def explain_fields(lines: Iterable[str], kind: str) -> BadHttpMessage:
    """Say which of `lines` is no field line; `kind` is what they are called."""
    for line in lines:
        if line[:1] in {" ", "\t"}:
            return InvalidHeader(f"obsolete folding in {kind} line {line[:64]!r}")
        if not _FIELD_LINE.fullmatch(line):
            return InvalidHeader(f"malformed {kind} line {line[:64]!r}")
    return InvalidHeader(f"malformed {kind} section")
