"""The request line and the header fields of a `%%http` cell, and the lines of other tools that are refused there."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from httpkit_magics.grammar.place import Piece, PlaceError

# RFC 9110 section 5.6.2.
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_METHOD: Final = re.compile(r"([A-Z][A-Z0-9_-]*|[A-Za-z]+)[ \t]+(?=\S)")
_VERSION: Final = re.compile(r"HTTP/\d(?:\.\d)?", re.IGNORECASE)
# None starts in another: to look for the end of each in all that follows would take quadratic time.
_PLACEHOLDER: Final = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_FIELD_LINE: Final = re.compile(r"[A-Za-z][\w-]*:(?:\s|\Z)")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[/?:]|[\w\[]|\{\{")

METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "PATCH", "OPTIONS", "TRACE", "QUERY", "GRAPHQL")
)
_OTHER: Final = frozenset(("WEBSOCKET", "WS", "WSS", "SSE", "EVENTSOURCE", "GRPC", "RSOCKET", "MQTT", "AMQP"))

_CHECKS: Final = "expected # @capture and ?? lines, or Python in the next cell"
_SCRIPTS: Final = (
    (re.compile(r"[<>]\s*\{%"), f"scripts are JavaScript of another client, which doesn't run here; {_CHECKS}"),
    (
        re.compile(r">\s+\S+\.js\s*\Z"),
        f"a response handler is JavaScript of another client, which doesn't run here; {_CHECKS}",
    ),
    (
        re.compile(r">>!?\s+\S+\s*\Z"),
        'a response isn\'t written to a file from here; expected -o r after %%http, and r.save("file") in the next cell',
    ),
)
_IMPORTS: Final = (
    (
        re.compile(r"(?:import|run)\s+(?:#|\S+\.http\b)"),
        "requests of other files aren't imported; expected the request itself, or # @ref and the name of another cell's",
    ),
    (
        re.compile(r"\{\{(?:[@+=]\w*)?\s*\Z"),
        "script blocks are JavaScript of httpYac, which doesn't run here; expected Python in a cell before, and {{name}}",
    ),
)


class Field(NamedTuple):
    """A header field: its name, and its value with placeholders."""

    name: str
    value: Piece


def refuse_foreign(line: Piece, *, in_body: bool = False) -> None:
    """Do nothing for a line that is one of ours.

    Raises:
        PlaceError: it is a script, import or response file of another tool.
    """
    for pattern, sentence in _SCRIPTS if in_body else (*_SCRIPTS, *_IMPORTS):
        if pattern.match(line.text):
            raise PlaceError.at(sentence, line.stripped())


def parse_request_line(lines: list[Piece]) -> tuple[str, Piece]:
    """Return the method and the URL of a request line and the indented lines that go on with its URL.

    Raises:
        PlaceError: it is no request line.
    """
    method, target = _cut(lines)
    first = target.text.split(None, 1)[0] if target.text else ""
    if not first:
        place = lines[0].stripped()
        raise PlaceError(f"missing URL after {place.text}; expected {place.text} URL", place.end, place.end)
    if method is None and _FIELD_LINE.match(target.text):
        raise PlaceError.at("a header field stands where the request is; expected METHOD URL before it", target)
    bare = "".join(map(str.strip, _PLACEHOLDER.sub("x", target.text).split("\n")))
    if not _URL.match(target.text) or (method is None and re.search(r"\s", bare) and "://" not in bare.split()[0]):
        raise PlaceError.at(
            f"{target.text[:60]!r} is no request; expected METHOD URL, such as GET https://example.org/items, or ### "
            "before the next request",
            lines[0].stripped(),
        )
    if method in _OTHER:
        raise PlaceError(
            f"{method} is no HTTP method, and %%http makes HTTP requests; expected GET, POST or another method of HTTP",
            lines[0].start,
            lines[0].start + len(method),
        )
    return method or "GET", target


def _cut(lines: list[Piece]) -> tuple[str | None, Piece]:
    """Return the method, if there is one, and the URL without the version of HTTP; its lines are joined when it is filled."""
    start = lines[0].stripped()
    found = _METHOD.match(start.text)
    is_method = found is not None and (found[1].isupper() or found[1].upper() in METHODS)
    method = found[1].upper() if found and is_method else None
    if start.text in METHODS:
        return start.text, Piece("", start.end)
    target = start.part(found.end() if found and is_method else 0)
    text = target.text + "".join(f"\n{line.text}" for line in lines[1:])
    before, *last = text.rsplit(None, 1)
    if last and _VERSION.fullmatch(last[0]):
        text = before
    return method, Piece(text, target.start).stripped()


def parse_field(line: Piece) -> Field:
    """Return the header field of a line.

    Raises:
        PlaceError: the line is none.
    """
    refuse_foreign(line)
    name, colon, _ = line.text.partition(":")
    place = line.stripped()
    if not colon:
        raise PlaceError.at(
            f"{place.text[:60]!r} has no colon; expected Header: value, or a blank line before the body", place
        )
    if not _TOKEN.fullmatch(name.strip()):
        raise PlaceError.at(
            f"{name.strip()[:60]!r} is no header name; expected letters, digits and - (RFC 9110 section 5.1), or a blank "
            "line before the body",
            line.part(0, len(name)).stripped() if name.strip() else place,
        )
    return Field(name.strip(), line.part(len(name) + 1).stripped())
