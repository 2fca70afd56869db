"""HTTP/1.1 requests, values -> bytes (RFC 9112 section 3). What could be read as more than one message is refused."""

from __future__ import annotations

import re

from multidict import CIMultiDict

from httpkit.values.messages import HttpVersion
from httpkit.wire.http1_grammar import CONTENT, TOKEN

LAST_CHUNK = b"0\r\n\r\n"

# What can't be cut into pieces by CR, LF or a space in the wrong place.
_REQUEST_HEAD = re.compile(rf"{TOKEN} [^\x00-\x20\x7f]+ HTTP/1\.[01]\r\n(?:{TOKEN}\x00{CONTENT}\r\n)*\r\n")
_BAD_REQUEST_LINE = re.compile(rf"(?!{TOKEN} [^\x00-\x20\x7f]+ HTTP/1\.[01]$)")


def encode_request_head(method: str, target: str, version: HttpVersion, headers: CIMultiDict[str]) -> bytes:
    """Return the request line and the fields, ready for the wire (RFC 9112 sections 3 and 5).

    Raises:
        TypeError: a name or value that is no text.
        ValueError: a method, target, name or value that could be read as more than one; nothing is sent.
    """
    # Joined in C: no call per field. NUL stands for the colon until all is checked: a name or a value that brings a line
    # of its own would pass as a field otherwise, and it can't bring a NUL of its own unnoticed.
    line = f"{method} {target} HTTP/{version[0]}.{version[1]}"
    try:
        head = "\r\n".join((line, *map("\x00".join, headers.items()), "\r\n"))
    except TypeError:
        raise TypeError(_explain_types(headers)) from None
    if not _REQUEST_HEAD.fullmatch(head) or head.count("\x00") != len(headers):
        raise ValueError(_explain_request(method, target, version, headers))
    return head.replace("\x00", ": ").encode()


def _explain_request(method: str, target: str, version: HttpVersion, headers: CIMultiDict[str]) -> str:
    if _BAD_REQUEST_LINE.match(f"{method} {target} HTTP/{version[0]}.{version[1]}"):
        return f"forbidden character in request line: {method[:32]!r} {target[:64]!r} HTTP/{version[0]}.{version[1]}"
    for name, value in headers.items():
        if not re.fullmatch(TOKEN, name):
            return f"field name must be a token (RFC 9110 section 5.1), got {name[:64]!r}"
        if not re.fullmatch(CONTENT, value):
            # The value may be a credential: it stays out of the message.
            return f"control character in the value of field {name!r}"
    return "malformed request head"


def _explain_types(headers: CIMultiDict[str]) -> str:
    # The value may be a credential: it stays out of the message.
    for name, value in headers.items():
        if not isinstance(value, str):
            return f"value of field {name!r} must be str, got {type(value).__name__}"
    return "names and values of fields must be str"


def encode_chunk(data: bytes | bytearray | memoryview) -> bytes:
    """Return `data` as one chunk (RFC 9112 section 7.1); it must not be empty, which would end the body."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))
