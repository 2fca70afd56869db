"""`%http [METHOD] URL [ITEM ...] [options]` -> a Plan. HTTPie's items and options; what is ours is said at the option.

Pure: no file, no network, no notebook.
"""

from __future__ import annotations

import difflib
import json
import keyword
import math
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from httpkit_magics.grammar.items import DATA, FILES, Item, parse_item
from httpkit_magics.grammar.plan import LineError, Plan
from httpkit_magics.grammar.words import Word, split_words

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
METHOD = re.compile(r"[A-Za-z][A-Za-z-]*")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A field name (RFC 9110 section 5.6.2)."""

EXPECTED_ITEM = "Header:value, q==value, field=value, field:=json, Header: (not sent) or Header; (empty)"
JSON_HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json, */*;q=0.5"))
"""What HTTPie sends with JSON data, unless the line says something else."""


class Option(NamedTuple):
    """An option of the line: where its value goes, what the value is (None for a flag), and what it does."""

    plan_name: str
    value: str | None
    flag: bool
    does: str


OPTIONS = {
    "-o": Option("name", "NAME", flag=False, does="bind the Record to a Python name"),
    "--timeout": Option("timeout", "SECONDS", flag=False, does="limit for the whole request; 0 is no limit"),
    "-F": Option("follow", None, flag=True, does="follow redirects"),
    "--follow": Option("follow", None, flag=True, does="follow redirects"),
    "--no-follow": Option("follow", None, flag=False, does="show a redirect instead of following it"),
    "--check": Option("check", None, flag=True, does="an assertion that fails, or no response, is an error"),
}
"""The options by the name they are written with."""


@dataclass(slots=True)
class _Request:
    """What the items of a line add up to."""

    headers: list[tuple[str, str | None]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    data: dict[str, Any] | None = None


def parse_line(line: str) -> Plan:
    """Return the plan that `line` writes.

    Raises:
        LineError: the line can't be understood; it says what was expected, and where.
    """
    typed = split_words(line)
    words, silent = _silenced(typed)
    options, operands = _split_options(line, words)
    if not operands:
        raise LineError("missing URL; expected [METHOD] URL [ITEM ...]; %http? shows examples", line, len(line))
    method, url, items = _method_and_url(line, operands)
    if not url.text:
        raise LineError("the URL is empty; expected a host, a URL or a path", line, url.start, url.end)
    if silent and items and items[-1] not in typed and TOKEN.fullmatch(items[-1].text):
        # `Accept;` means something only with its semicolon: it is an item, and nothing is silenced.
        items[-1], silent = typed[-1], False
    request = _Request()
    for word in items:
        _add(line, word, request)
    body = None if request.data is None else json.dumps(request.data).encode()
    named = {name.lower() for name, _ in request.headers}
    defaults = [] if body is None else [pair for pair in JSON_HEADERS if pair[0].lower() not in named]
    return Plan(
        method or ("GET" if body is None else "POST"),
        url.text,
        headers=(*defaults, *request.headers),
        query=tuple(request.query),
        body=body,
        silent=silent,
        **options,
    )


def _silenced(words: list[Word]) -> tuple[list[Word], bool]:
    """Take the `;` off the end of the line that keeps IPython from showing a result."""
    if not words or not words[-1].text.endswith(";"):
        return words, False
    *before, last = words
    text = last.text[:-1]
    return [*before, Word(text, last.start, last.end - 1)] if text else before, True


def _split_options(line: str, words: list[Word]) -> tuple[dict[str, Any], list[Word]]:
    """Return the options' values by their names in Plan, and the words that are no options."""
    values: dict[str, Any] = {}
    operands: list[Word] = []
    queue = iter(words)
    for word in queue:
        if word.text == "--":
            operands += queue
        elif word.text.startswith("-") and word.text != "-":
            _read_option(line, word, queue, values)
        else:
            operands.append(word)
    return values, operands


def _read_option(line: str, word: Word, queue: Any, values: dict[str, Any]) -> None:
    name, attached = _option_name(word.text)
    option = OPTIONS.get(name)
    if option is None:
        _unknown_option(line, word, name)
    if option.value is None:
        values[option.plan_name] = option.flag
        if attached and name.startswith("--"):
            raise LineError(f"{name} takes no value", line, word.start, word.end)
        if attached:  # -Fo NAME is -F -o NAME
            _read_option(line, Word(f"-{attached}", word.start, word.end), queue, values)
        return
    where = word
    if attached is None:
        where = next(queue, Word("", len(line), len(line)))
        attached = where.text
    if not attached:
        raise LineError(f"missing value of {name}; expected {name} {option.value}", line, where.start, where.end)
    values[option.plan_name] = VALUES[option.value](line, where, name, attached)


def _option_name(text: str) -> tuple[str, str | None]:
    """Return an option's name and what is attached to it: `--timeout=3`, `-oNAME`."""
    if text.startswith("--"):
        name, equals, value = text.partition("=")
        return name, value if equals else None
    return text[:2], text[2:].removeprefix("=") or None


def _unknown_option(line: str, word: Word, name: str) -> NoReturn:
    near = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.6)
    known = ", ".join(f"{key} {option.value}" if option.value else key for key, option in OPTIONS.items())
    hint = (
        f"did you mean {near[0]}?"
        if near
        else f"expected one of {known}, or -- before an item that starts with -; %http? shows all"
    )
    raise LineError(f"unknown option {name}; {hint}", line, word.start, word.end)


def _seconds(line: str, word: Word, name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise LineError(f"{name} is {text!r}; expected seconds, such as {name} 2.5", line, word.start, word.end)
    return seconds


def _python_name(line: str, word: Word, name: str, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise LineError(f"{name} is {text!r}; expected a Python name, such as {name} r", line, word.start, word.end)
    return text


VALUES = {"SECONDS": _seconds, "NAME": _python_name}


def _method_and_url(line: str, operands: list[Word]) -> tuple[str | None, Word, list[Word]]:
    """Return the method, if one is written, the URL and the words of the items, as HTTPie tells them apart."""
    first, *rest = operands
    is_method = METHOD.fullmatch(first.text) is not None and first.text.lower() != "localhost"
    if not rest:
        if is_method and first.text.upper() in METHODS:
            raise LineError(f"missing URL after {first.text}; expected {first.text} URL", line, len(line))
        return None, first, []
    if is_method:
        return first.text.upper(), rest[0], rest[1:]
    return None, first, rest


def _add(line: str, word: Word, request: _Request) -> None:
    """Read one item into `request`."""
    item = parse_item(word.text)
    if item is None:
        _refuse(line, word, f"{word.text!r} has no separator; expected {EXPECTED_ITEM}")
    if item.separator in FILES:
        _refuse(line, word, f"{word.text!r} names a file ({item.separator}); expected {EXPECTED_ITEM}")
    if not item.key:
        _refuse(line, word, f"{word.text!r} has nothing before {item.separator!r}; expected {EXPECTED_ITEM}")
    if item.separator in DATA:
        if item.nested:
            hint = f"""{item.key.partition("[")[0] or "field"}:='{{"b": 1}}'"""
            _refuse(line, word, f"{word.text!r} has brackets in its name; expected whole JSON, such as {hint}, or \\[")
        request.data = {} if request.data is None else request.data
        request.data[item.key] = item.value if item.separator == "=" else _json(line, word, item)
    elif item.separator == "==":
        request.query.append((item.key, item.value))
    else:
        request.headers.append((item.key, _header(line, word, item)))


def _header(line: str, word: Word, item: Item) -> str | None:
    if not TOKEN.fullmatch(item.key):
        _refuse(line, word, f"{item.key!r} is no header name; expected letters, digits and - (RFC 9110 section 5.1)")
    value = item.value.strip()
    if item.separator == ";":
        if value:
            _refuse(line, word, f"{word.text!r} has something after ';'; expected {item.key}; or {item.key}:{value}")
        return ""
    if any(character in value for character in "\r\n\0"):
        _refuse(line, word, f"the value of {item.key} has a line break or NUL; expected one line")
    return value or None


def _json(line: str, word: Word, item: Item) -> Any:
    try:
        return json.loads(item.value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        _refuse(
            line,
            word,
            f"{item.value!r} is no JSON ({error}); expected {item.key}:=1, {item.key}:=true, {item.key}:='[\"a\"]'",
            error,
        )


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not in JSON")


def _refuse(line: str, word: Word, message: str, cause: BaseException | None = None) -> NoReturn:
    raise LineError(message, line, word.start, word.end) from cause
