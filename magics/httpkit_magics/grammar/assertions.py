"""A `?? ` line -> a `Check`. The words are Hurl's, the place is httpYac's: `?? jsonpath "$.items" count == 3`.

What Hurl writes in quotes may stand without them where it is one word: `?? header content-type contains json`.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

from httpkit_magics.grammar.check import Check, Filter, Query
from httpkit_magics.grammar.plan import LineError

MAX_LINE: Final = 10_000
"""Characters of one assertion."""

MARK: Final = re.compile(r"\s*\?\?(?:\s+|\Z)")

QUERIES: Final[dict[str, str]] = {
    "status": "",
    "version": "",
    "url": "",
    "header": '"Name"',
    "cookie": '"name" or "name[Attribute]"',
    "body": "",
    "bytes": "",
    "sha256": "",
    "jsonpath": '"$.path"',
    "xpath": '"//element"',
    "regex": "/pattern/",
    "duration": "",
    "redirects": "",
    "certificate": '"Subject"',
}
"""The queries, and how an argument looks for those that take one."""

FILTERS: Final[dict[str, str]] = {
    "count": "",
    "first": "",
    "last": "",
    "nth": "2",
    "jsonpath": '"$.path"',
    "xpath": '"//element"',
    "regex": "/pattern/",
    "split": '","',
    "toInt": "",
    "toFloat": "",
    "toString": "",
    "location": "",
    "daysAfterNow": "",
    "daysBeforeNow": "",
}
"""The filters, and how an argument looks for those that take one."""

ANY: Final = "any value"
COMPARABLE: Final = "a number or a quoted text"
TEXT: Final = "a quoted text"
PREDICATES: Final[dict[str, str]] = {
    "==": ANY,
    "!=": ANY,
    ">": COMPARABLE,
    ">=": COMPARABLE,
    "<": COMPARABLE,
    "<=": COMPARABLE,
    "contains": ANY,
    "includes": ANY,
    "startsWith": TEXT,
    "endsWith": TEXT,
    "matches": "/pattern/",
    "exists": "",
    "isEmpty": "",
    "isNumber": "",
    "isInteger": "",
    "isFloat": "",
    "isBoolean": "",
    "isString": "",
    "isCollection": "",
    "isList": "",
    "isObject": "",
}
"""The predicates, and what they compare with."""

CERTIFICATE: Final = ("Subject", "Issuer", "Expire-Date", "Subject-Alt-Name")
"""The fields of a certificate that a record keeps; Hurl's names."""

_BLANK: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r"[^\s\"'`]+")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*|[=!<>]=?")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_RAW: Final = re.compile(r"`([^`]*)`|'([^']*)'")
_SLASHED: Final = re.compile(r"/((?:[^/\\]|\\.)*+)/")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?(?=\s|\Z)")
_LASTING: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s)(?=\s|\Z)")
_BINARY: Final = re.compile(r"(hex|base64),\s*([^;]*);?(?=\s|\Z)")
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}


class _Read(NamedTuple):
    """A value that was read, and where it ends."""

    value: Any
    end: int


def is_check(line: str) -> bool:
    """Return whether `line` is an assertion: it begins with `??` and a blank."""
    return MARK.match(line) is not None


def parse_check(line: str) -> Check:
    """Return the assertion that `line` writes, with or without the `??` before it.

    Raises:
        LineError: it can't be understood; columns count from the start of `line`.
    """
    if len(line) > MAX_LINE:
        raise LineError(f"the assertion has {len(line)} characters; expected at most {MAX_LINE}", line[:80])
    mark = MARK.match(line)
    return _Parser(line.rstrip(), mark.end() if mark else 0).check()


class _Parser:
    """Reads one line from left to right."""

    def __init__(self, line: str, at: int) -> None:
        self.line = line
        self.at = at

    def check(self) -> Check:
        """Return the whole assertion."""
        start = self.skip()
        query = self.query()
        filters = []
        end = self.at
        while (name := self.peek()) in FILTERS:
            self.at = self.skip() + len(name)
            filters.append(Filter(name, self.filter_argument(name)))
            end = self.at
        claim = self.skip()
        negated = self.peek() == "not"
        if negated:
            self.at += len("not")
        predicate = self.predicate()
        expected = self.value(predicate)
        done = self.at
        rest = self.skip()
        if rest < len(self.line) and self.line[rest] != "#":
            self.refuse(rest, f"{self.line[rest:][:40]!r} is left over; expected the end of the line")
        return Check(
            query,
            tuple(filters),
            predicate,
            negated,
            expected,
            self.line[start:end].rstrip(),
            self.line[claim:done].rstrip(),
        )

    def query(self) -> Query:
        """Read the query and its argument."""
        start = self.skip()
        name = self.peek()
        if not name:
            self.refuse(start, f"missing query; expected one of {', '.join(QUERIES)}")
        if name not in QUERIES:
            self.unknown(start, self.word_at(start), "query", tuple(QUERIES))
        self.at = start + len(name)
        if not QUERIES[name]:
            return Query(name)
        where = self.skip()
        argument = self.argument(name, QUERIES[name])
        if name == "regex":
            self.check_pattern(where, argument)
        if name == "certificate" and argument not in CERTIFICATE:
            self.unknown(where, argument, "field of a certificate", CERTIFICATE)
        return Query(name, argument)

    def filter_argument(self, name: str) -> str | int:
        """Read the argument of a filter that takes one."""
        expected = FILTERS[name]
        if not expected:
            return ""
        where = self.skip()
        argument = self.argument(name, expected)
        if name == "regex":
            self.check_pattern(where, argument)
        if name != "nth":
            return argument
        if not re.fullmatch(r"-?\d{1,9}", argument):
            self.refuse(where, f"nth is {argument!r}; expected a whole number, such as nth 0")
        return int(argument)

    def argument(self, name: str, expected: str) -> str:
        """Read a quoted text, a pattern between slashes or one word."""
        at = self.skip()
        if at == len(self.line):
            self.refuse(at, f"missing argument of {name}; expected {name} {expected}")
        read = self.quoted(at)
        if read is None and name == "regex":
            read = self.slashed(at)
        if read is None:
            word = self.line[at:].split(maxsplit=1)[0]
            read = _Read(word, at + len(word))
        self.at = read.end
        return str(read.value)

    def predicate(self) -> str:
        """Read the predicate's name."""
        at = self.skip()
        if at == len(self.line):
            self.refuse(at, f"missing predicate; expected one of {', '.join(PREDICATES)}, or a filter")
        name = self.peek()
        if name not in PREDICATES:
            self.unknown(at, self.word_at(at), "predicate or filter", (*PREDICATES, *FILTERS, "not"))
        self.at = at + len(name)
        return name

    def value(self, predicate: str) -> Any:
        """Read what the predicate compares with."""
        expected = PREDICATES[predicate]
        if not expected:
            return None
        at = self.skip()
        if at == len(self.line) or self.line[at] == "#":
            self.refuse(at, f"missing value of {predicate}; expected {expected}")
        readers: tuple[Callable[[int], _Read | None], ...] = (
            self.quoted, self.number, self.lasting, self.constant, self.binary, self.collection, self.text,
        )  # fmt: skip
        if predicate == "matches":
            readers = (self.quoted, self.slashed, self.text)
        elif expected is TEXT:
            readers = (self.quoted, self.binary, self.text)
        read = next(found for reader in readers if (found := reader(at)) is not None)
        self.at = read.end
        if predicate == "matches":
            self.check_pattern(at, read.value)
        if expected is COMPARABLE and (isinstance(read.value, bool) or not isinstance(read.value, (int, float, str))):
            self.refuse(at, f"{self.line[at : read.end]} has no order; expected {expected}")
        return read.value

    def quoted(self, at: int) -> _Read | None:
        """Read a text in quotes of any kind."""
        if found := _QUOTED.match(self.line, at):
            return _Read(_ESCAPE.sub(_unescaped, found[1]), found.end())
        if found := _RAW.match(self.line, at):
            return _Read(found[1] if found[1] is not None else found[2], found.end())
        if self.line[at : at + 1] in {'"', "`", "'"}:
            self.refuse(at, f"unclosed quote: expected another {self.line[at]} before the end of the line")
        return None

    def slashed(self, at: int) -> _Read | None:
        r"""Read a pattern between slashes; `\/` is a slash."""
        found = _SLASHED.match(self.line, at)
        return _Read(found[1].replace("\\/", "/"), found.end()) if found else None

    def number(self, at: int) -> _Read | None:
        """Read a number as JSON writes it."""
        found = _NUMBER.match(self.line, at)
        if found is None:
            return None
        is_float = found[1] or found[2]
        return _Read(float(found[0]) if is_float else int(found[0][:300]), found.end())

    def lasting(self, at: int) -> _Read | None:
        """Read a time with its unit as milliseconds."""
        found = _LASTING.match(self.line, at)
        return _Read(float(found[1]) * (1 if found[2] == "ms" else 1000), found.end()) if found else None

    def constant(self, at: int) -> _Read | None:
        """Read true, false or null."""
        word = _WORD.match(self.line, at)
        return _Read(_CONSTANTS[word[0]], word.end()) if word and word[0] in _CONSTANTS else None

    def binary(self, at: int) -> _Read | None:
        """Read `hex,...;` or `base64,...;`."""
        found = _BINARY.match(self.line, at)
        if found is None:
            return None
        try:
            decode = bytes.fromhex if found[1] == "hex" else base64.b64decode
            return _Read(decode(found[2].strip()), found.end())
        except (ValueError, binascii.Error):
            self.refuse(at, f"{found[0]!r} holds no {found[1]} digits; expected such as hex,c0ffee; or base64,/+A=;")

    def collection(self, at: int) -> _Read | None:
        """Read a JSON array or object up to its end."""
        if self.line[at] not in "[{":
            return None
        try:
            value, end = json.JSONDecoder().raw_decode(self.line, at)
        except (ValueError, RecursionError) as error:
            self.refuse(at, f"{self.line[at:][:40]!r} is no JSON; expected an array or object, or a quoted text", error)
        return _Read(value, end)

    def text(self, at: int) -> _Read:
        """Read the rest of the line, up to a comment, as a text without quotes."""
        end = self.line.find(" #", at)
        end = len(self.line) if end < 0 else end
        return _Read(self.line[at:end].rstrip(), at + len(self.line[at:end].rstrip()))

    def check_pattern(self, at: int, pattern: str) -> None:
        """Refuse what is no regular expression."""
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            self.refuse(at, f"{pattern[:40]!r} is no regular expression: {error}", error)

    def skip(self) -> int:
        """Go to the next word and return where it stands."""
        blank = _BLANK.match(self.line, self.at)
        self.at = blank.end() if blank else self.at
        return self.at

    def peek(self) -> str:
        """Return the name or sign that stands next; empty where there is none."""
        found = _NAME.match(self.line, self.skip())
        return found[0] if found else ""

    def word_at(self, at: int) -> str:
        """Return the word at `at`, up to a blank."""
        return self.line[at:].split(maxsplit=1)[0][:60]

    def unknown(self, at: int, word: str, what: str, known: tuple[str, ...]) -> NoReturn:
        """Refuse a word that is none of `known`."""
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
        raise LineError(f"unknown {what} {word!r}; {hint}", self.line, at, at + len(word))

    def refuse(self, at: int, message: str, cause: BaseException | None = None) -> NoReturn:
        """Raise what is wrong with the word at `at`."""
        word = self.line[at:].split(maxsplit=1)
        raise LineError(message, self.line, at, at + len(word[0]) if word else at) from cause


def _unescaped(found: re.Match[str]) -> str:
    r"""Return what an escape stands for; a backslash before anything else stays, as `"\d"` is a pattern's."""
    if found[1]:
        code = int(found[1], 16)
        return chr(code) if code < 0x110000 else found[0]
    if found[2] in _ESCAPES:
        return _ESCAPES[found[2]]
    return found[2] if found[2] in '"\\/' else found[0]
