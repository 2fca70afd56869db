"""Text and cursor -> what may stand there, for `%http`, `%%http` and `%httpkit`. Pure: names come as arguments.

Only the line with the cursor is read, and the first line of the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from httpkit_magics.grammar.assertions import FILTERS, PREDICATES, QUERIES
from httpkit_magics.grammar.line import METHODS
from httpkit_magics.grammar.options import OPTIONS

MOST: Final = 200
"""Candidates at most."""

HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Accept": ("application/json", "text/html", "text/csv", "application/xml", "text/event-stream", "*/*"),
    "Accept-Encoding": ("gzip", "br", "zstd", "identity"),
    "Accept-Language": ("en", "de", "fr"),
    "Authorization": ("Bearer ", "Basic ", "Digest "),
    "Cache-Control": ("no-cache", "no-store", "max-age=0", "only-if-cached"),
    "Connection": ("close", "keep-alive"),
    "Content-Encoding": ("gzip", "br", "zstd"),
    "Content-Language": ("en",),
    "Content-Type": (
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain",
        "application/xml", "text/csv", "application/merge-patch+json", "application/json-patch+json",
    ),
    "Cookie": (),
    "Expect": ("100-continue",),
    "Forwarded": ("for=", "proto=https"),
    "From": (),
    "Host": (),
    "Idempotency-Key": (),
    "If-Match": ("*",),
    "If-Modified-Since": (),
    "If-None-Match": ("*",),
    "If-Range": (),
    "If-Unmodified-Since": (),
    "Link": (),
    "Origin": (),
    "Pragma": ("no-cache",),
    "Prefer": ("return=representation", "return=minimal", "respond-async"),
    "Proxy-Authorization": ("Basic ", "Bearer "),
    "Range": ("bytes=0-",),
    "Referer": (),
    "TE": ("trailers",),
    "Traceparent": (),
    "User-Agent": (),
    "X-API-Key": (),
    "X-CSRF-Token": (),
    "X-Forwarded-For": (),
    "X-HTTP-Method-Override": ("PUT", "PATCH", "DELETE"),
    "X-Request-ID": (),
    "X-Requested-With": ("XMLHttpRequest",),
}  # fmt: skip
"""Request fields by name, with values that are often sent (RFC 9110 and common practice)."""

DIRECTIVES: Final = {
    "@name": "a name to refer to this request",
    "@ref": "run that request first, if it has not run",
    "@prompt": "ask for a variable",
    "@capture": "take a value from the response",
    "@retry": "try again this many times",
    "@no-redirect": "show a redirect instead of following it",
    "@no-cookie-jar": "send and keep no cookies",
    "@note": "ask before this is sent",
}

DYNAMIC: Final = ("$guid", "$timestamp", "$datetime", "$localDatetime", "$randomInt", "$processEnv", "$dotenv")

_VARIABLE: Final = re.compile(r"^@([\w.-]+)\s*=", re.MULTILINE)
_TEMPLATE: Final = re.compile(r"\{\{\s*([\w.$]*)\Z")
_LINE_MAGIC: Final = re.compile(r"(?:.*?=\s*|\s*)%(http|httpkit)[ \t]+(.*)\Z", re.DOTALL)
_CELL_MAGIC: Final = re.compile(r"%%http\b")
_METHOD_LINE: Final = re.compile(r"([A-Za-z]*)\Z")
_REQUEST_LINE: Final = re.compile(r"[A-Z]+[ \t]+(\S*)\Z")
_FIELD_VALUE: Final = re.compile(r"([A-Za-z][\w-]*):[ \t]*([^\r\n]*)\Z")
_FIELD_NAME: Final = re.compile(r"([A-Za-z][\w-]*)\Z")
_DIRECTIVE: Final = re.compile(r"\s*(?:#|//)\s*(@[\w-]*)\Z")
_CHECK: Final = re.compile(r"\s*\?\?\s+(.*)\Z")
_LAST_WORD: Final = re.compile(r"\S*\Z")


class Candidate(NamedTuple):
    """What may be inserted, of which kind (method, url, header, value, option, name, ...), and what it does."""

    text: str
    kind: str
    does: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a completion may offer.

    Attributes:
        names: what may stand in `{{ }}`: variables and named requests.
        urls: URLs that were asked, the latest first.
        environments: the environments' names.
        subcommands: what `%httpkit` takes.
        base_url: the base URL; its paths are offered as paths.
    """

    names: Sequence[str] = ()
    urls: Sequence[str] = ()
    environments: Sequence[str] = ()
    subcommands: Sequence[str] = ()
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Completions:
    """Candidates for the text between `start` and the cursor, in characters from the start of the line."""

    start: int
    candidates: tuple[Candidate, ...]


def complete(text: str, row: int, column: int, known: Known) -> Completions | None:
    """Return what may stand at the cursor; None where the cursor is in no line of ours.

    `row` and `column` count from 0, in lines and characters.
    """
    lines = text.split("\n")
    if not 0 <= row < len(lines):
        return None
    before = lines[row][:column]
    is_cell = _CELL_MAGIC.match(lines[0].lstrip()) is not None
    line = _LINE_MAGIC.match(before)
    if not (is_cell or line):
        return None
    if found := _TEMPLATE.search(before):
        names = dict.fromkeys((*_VARIABLE.findall(text), *known.names, *DYNAMIC))
        return _fitting(found.start(1), found[1], (Candidate(name, "name") for name in names))
    if line:
        start = line.start(2)
        found_in = _control if line[1] == "httpkit" else _request
        return found_in(line[2], start, known)
    if row == 0:
        rest = before.partition("%%http")[2]
        return _options(rest, len(before) - len(rest))
    return _cell_line(before, is_first=_is_first(lines, row), known=known)


def _control(text: str, start: int, known: Known) -> Completions:
    """Complete what follows `%httpkit`."""
    words = text.split()
    at = start + len(text) - len(_last(text))
    if len(words) > 1 or (words and text[-1:].isspace()):
        offered = {"env": tuple(known.environments), "demo": ("stop",)}.get(words[0], ())
        return _fitting(at, _last(text), (Candidate(name, "argument") for name in offered))
    return _fitting(at, _last(text), (Candidate(name, "subcommand") for name in known.subcommands))


def _request(text: str, start: int, known: Known) -> Completions:
    """Complete what follows `%http`: a method and a URL, then items, options anywhere."""
    word = _last(text)
    at = start + len(text) - len(word)
    if word.startswith("-"):
        return _options(text, start)
    operands = _operands(text[: len(text) - len(word)].split())
    if not operands:
        methods = (Candidate(f"{name} ", "method") for name in _METHOD_ORDER)
        return _fitting(at, word, [*methods, *_urls(known)])
    if len(operands) == 1 and operands[0].upper() in METHODS:
        return _fitting(at, word, _urls(known))
    name, colon, value = word.partition(":")
    if colon and name.title() in _BY_TITLE:
        values = HEADERS[_BY_TITLE[name.title()]]
        # A blank would end the item: such a value needs quotes, which are the user's to open.
        return _fitting(at + len(name) + 1, value, (Candidate(each.strip(), "value") for each in values))
    return _fitting(at, word, (Candidate(f"{name}:", "header") for name in HEADERS))


def _cell_line(before: str, *, is_first: bool, known: Known) -> Completions | None:
    """Complete a line of a `%%http` cell."""
    if found := _DIRECTIVE.match(before):
        return _fitting(
            found.start(1), found[1], (Candidate(name, "directive", does) for name, does in DIRECTIVES.items())
        )
    if found := _CHECK.match(before):
        return _check(found[1], found.start(1))
    if found := _REQUEST_LINE.match(before):
        return _fitting(found.start(1), found[1], _urls(known))
    if is_first and (found := _METHOD_LINE.match(before)):
        return _fitting(0, found[1], [*(Candidate(f"{name} ", "method") for name in _METHOD_ORDER), *_urls(known)])
    return _field_line(before)


def _field_line(before: str) -> Completions | None:
    """Complete a field of a cell: its name, and after the colon its value."""
    if found := _FIELD_VALUE.match(before):
        values = HEADERS.get(_BY_TITLE.get(found[1].title(), ""), ())
        return _fitting(found.start(2), found[2], (Candidate(value, "value") for value in values))
    if found := _FIELD_NAME.match(before):
        return _fitting(0, found[1], (Candidate(f"{name}: ", "header") for name in HEADERS))
    return None


def _check(text: str, start: int) -> Completions:
    word = _last(text)
    at = start + len(text) - len(word)
    if not text[: len(text) - len(word)].split():
        return _fitting(at, word, (Candidate(name, "query", example) for name, example in QUERIES.items()))
    after = {**FILTERS, **PREDICATES, "not": ""}
    return _fitting(at, word, (Candidate(name, "predicate", example) for name, example in after.items()))


def _options(text: str, start: int) -> Completions:
    word = _last(text)
    listed = (Candidate(name, (option.value or "flag").lower(), option.does) for name, option in OPTIONS.items())
    return _fitting(start + len(text) - len(word), word, listed)


def _urls(known: Known) -> Iterator[Candidate]:
    """Yield the paths that were asked under the base URL, then the URLs; without userinfo and query."""
    base = urlsplit(known.base_url)
    seen = set()
    for url in known.urls:
        parts = urlsplit(url)
        bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        text = bare
        if known.base_url and (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
            inner = parts.path.removeprefix(base.path.rstrip("/"))
            text = inner or "/"
        if text not in seen:
            seen.add(text)
            yield Candidate(text, "path" if text is not bare else "url")


def _is_first(lines: list[str], row: int) -> bool:
    """Return whether a request begins at `row`: nothing but comments and variables between it and `###` or the head."""
    for line in reversed(lines[1:row]):
        if line.startswith("###"):
            return True
        if line.strip() and not line.lstrip().startswith(("#", "//", "@")):
            return False
    return True


def _operands(words: Iterable[str]) -> list[str]:
    """Return the words that are no options and no values of options."""
    operands = []
    queue = iter(words)
    for word in queue:
        if not word.startswith("-"):
            operands.append(word)
        elif (option := OPTIONS.get(word)) is not None and option.value is not None:
            next(queue, None)
    return operands


def _last(text: str) -> str:
    found = _LAST_WORD.search(text)
    return found[0] if found else ""


def _fitting(start: int, typed: str, candidates: Iterable[Candidate]) -> Completions:
    """Return the candidates that begin with what is typed, without regard to case; and begin further than that."""
    lowered = typed.lower()
    fit = [each for each in candidates if each.text.lower().startswith(lowered) and each.text != typed]
    return Completions(start, tuple(fit[:MOST]))


_METHOD_ORDER: Final = sorted(METHODS, key=lambda name: (name not in {"GET", "POST"}, name))
_BY_TITLE: Final = {name.title(): name for name in HEADERS}
