"""A record's request -> a command for bash and curl that sends the same bytes.

A text stands in quotes that bash doesn't look into; what can't stand in an argument (NUL, bytes that are no UTF-8, more
than 100 000 bytes) comes in base64 through a here-document.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from httpkit_magics.export.references import Pieces, Reference
from httpkit_magics.export.request import Written, written_request
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor

MAX_ARGUMENT: Final = 100_000
"""Bytes of a body in the command itself; Linux takes 131 072 for one argument (MAX_ARG_STRLEN)."""

# A larger body makes curl ask first (Expect: 100-continue), which httpkit doesn't.
_ASKS_FIRST: Final = 1_000_000
_BARE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
# What stays as it is in double quotes, in an interactive shell too (`!`).
_PLAIN: Final = re.compile(r"[^\"\\$`!\0-\x1f\x7f]*")
_GLOB: Final = re.compile(r"[\[\]{}]")
_DOTS: Final = re.compile(r"/\.\.?(?:/|\?|\Z)")


def curl_command(record: Record, redactor: Redactor | None = None) -> str:
    """Return the last request of `record` as a command of bash; credentials are variables, named in comments above it."""
    request = written_request(record, redactor)
    body, before, after = _body(request)
    options = [*_method(request), *_url_options(request), *_headers(request), *body]
    command = " \\\n  ".join([f"{before}curl {quoted(request.url, is_url=True)}", *options])
    return "\n".join([*(f"# {comment}" for comment in request.comments), f"{command}{after}"])


def quoted(pieces: Pieces, *, is_url: bool = False) -> str:
    """Return a word of bash that means `pieces`."""
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if len(texts) == len(pieces):
        return _quoted_text("".join(texts), is_bare=not is_url)
    if all(_PLAIN.fullmatch(text) for text in texts):
        return '"' + "".join(piece if isinstance(piece, str) else f"${{{piece.name}}}" for piece in pieces) + '"'
    return "".join(
        f'"${piece.name}"' if isinstance(piece, Reference) else _quoted_text(piece, is_bare=False) for piece in pieces
    )


def _quoted_text(text: str, *, is_bare: bool) -> str:
    if is_bare and _BARE.fullmatch(text):
        return text
    if text.replace("\n", "").isprintable():
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    r"""Return a character for `$'...'`; as bytes, since `\u` depends on the locale."""
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _method(request: Written) -> Iterator[str]:
    if request.method == "HEAD" and request.body is None:
        yield "-I"
    elif request.method != ("GET" if request.body is None else "POST"):
        yield f"-X {quoted((request.method,))}"


def _url_options(request: Written) -> Iterator[str]:
    url = "".join(piece for piece in request.url if isinstance(piece, str))
    if _GLOB.search(url):
        yield "--globoff"
    if _DOTS.search(url.partition("?")[0]):
        yield "--path-as-is"


def _headers(request: Written) -> Iterator[str]:
    for name, value in request.headers:
        if (name.lower(), value) == ("accept", ("*/*",)):
            continue  # curl's own
        if name.lower() == "accept-encoding":
            yield "--compressed"
        yield f"-H {quoted((f'{name}: ', *value) if value else (f'{name};',))}"
    for name in request.missing:
        if name == "Accept-Encoding" or (name == "Content-Type" and request.body is None):
            continue  # curl sends none by itself
        yield f"-H {name}:"


def _body(request: Written) -> tuple[list[str], str, str]:
    """Return the options of the body, what stands before `curl`, and what after the command."""
    if request.body is None:
        return [], "", ""
    texts = [piece for piece in request.body if isinstance(piece, str)]
    size = sum(len(text.encode(request.charset)) for text in texts)
    expect = ["-H Expect:"] if size > _ASKS_FIRST else []
    if request.charset == "utf-8" and size <= MAX_ARGUMENT and not any("\0" in text for text in texts):
        return [f"--data-raw {quoted(request.body)}"], "", ""
    sources, documents = [], []
    for number, piece in enumerate(request.body, 1):
        if isinstance(piece, Reference):
            sources.append(f'printf %s "${piece.name}"')
        else:
            end = "BODY" if len(request.body) == 1 else f"BODY_{number}"
            sources.append(f"base64 -d <<'{end}'")
            digits = base64.b64encode(piece.encode(request.charset)).decode()
            documents.append("\n".join(["", *textwrap.wrap(digits, 76), end]))
    source = sources[0] if len(sources) == 1 else "{ " + "; ".join(sources) + "; }"
    return [*expect, "--data-binary @-"], f"{source} | ", "".join(documents)
