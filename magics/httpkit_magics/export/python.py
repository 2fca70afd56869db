"""A record's request -> a program with httpkit's client that makes the same request."""

from __future__ import annotations

import json
from typing import Final

from yarl import URL

from httpkit_magics.export.references import Pieces, Reference
from httpkit_magics.export.request import Written, written_request
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor

_JSON: Final = "application/json"
_BODILESS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods whose requests get no Content-Type from the client where they have no body."""


def python_code(record: Record, redactor: Redactor | None = None) -> str:
    """Return a program of Python that sends the last request of `record`; credentials come from the environment."""
    request = written_request(record, redactor)
    url, needs_yarl = _url(request.url)
    arguments = [_literal(request.method), url, *_options(request)]
    uses_environment = bool(request.comments)
    imports = ["import asyncio", *(["import os"] if uses_environment else []), "", "import httpkit"]
    if needs_yarl:
        imports.append("from yarl import URL")
    indented = "".join(f"            {argument},\n" for argument in arguments)
    return "\n".join(
        [
            *(f"# {comment}" for comment in request.comments),
            *imports,
            "",
            "",
            "async def main():",
            "    async with httpkit.ClientSession() as session:",
            f"        async with session.request(\n{indented}        ) as response:",
            "            print(response.status, response.reason)",
            "            print(await response.text())",
            "",
            "",
            "asyncio.run(main())  # in a notebook: await main()",
        ]
    )


def _options(request: Written) -> list[str]:
    headers, body, missing = list(request.headers), request.body, list(request.missing)
    options = []
    value = _json_value(request)
    if value is not None:
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
        options.append(f"json={value}")
    elif body:
        options.append(f"data={_expression(body, charset=request.charset)}")
    if not body and request.method in _BODILESS and "Content-Type" in missing:
        missing.remove("Content-Type")
    # What the client sends by itself.
    headers = [pair for pair in headers if (pair[0].lower(), pair[1]) != ("accept", ("*/*",))]
    if headers:
        options.insert(0, _headers(headers))
    if missing:
        options.append(f"skip_auto_headers={missing!r}")
    return [*options, "allow_redirects=False"]


def _headers(headers: list[tuple[str, Pieces]]) -> str:
    """Return the argument: a dict, or pairs where a name repeats."""
    lines = [(_literal(name), _expression(value)) for name, value in headers]
    names = [name.lower() for name, _ in headers]
    if len(set(names)) == len(names):
        inside = "".join(f"                {name}: {value},\n" for name, value in lines)
        return f"headers={{\n{inside}            }}"
    inside = "".join(f"                ({name}, {value}),\n" for name, value in lines)
    return f"headers=[\n{inside}            ]"


def _url(pieces: Pieces) -> tuple[str, bool]:
    """Return the URL, and whether it must be told to stay as it is."""
    text = "".join(piece if isinstance(piece, str) else "x" for piece in pieces)
    try:
        is_plain = str(URL(text)) == text
    except ValueError:
        is_plain = True
    expression = _expression(pieces)
    return (expression, False) if is_plain else (f"URL({expression}, encoded=True)", True)


def _expression(pieces: Pieces, charset: str = "") -> str:
    """Return an expression whose value is `pieces`: bytes where there is a `charset`, else text."""
    parts = []
    for piece in pieces:
        if isinstance(piece, Reference):
            parts.append(f'os.environ["{piece.name}"]{".encode()" if charset else ""}')
        else:
            parts.append(_literal(piece.encode(charset) if charset else piece))
    return " + ".join(parts) or '""'


def _literal(value: str | bytes) -> str:
    """Return `value` as Python writes it, in double quotes where it has no quotes in it."""
    text = repr(value)
    quote = b'"' if isinstance(value, bytes) else '"'
    if quote in value or "\\'" in text or not text.endswith("'"):  # type: ignore[operator] # both are of one type
        return text
    return text.replace("'", '"', 1)[:-1] + '"'


def _json_value(request: Written) -> str | None:
    """Return the value whose JSON the body is, as Python writes it, or None where the client would write another body."""
    content = request.body_bytes()
    if not content or request.header("content-type") != _JSON:
        return None
    try:
        value = json.loads(content)
        is_same = json.dumps(value).encode() == content and value is not None
    except (ValueError, RecursionError):
        return None
    return repr(value) if is_same else None
