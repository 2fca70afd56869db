"""Assertions on a Record -> verdicts. Nothing a server sends makes this raise: an assertion fails then, and says why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from httpkit_magics.grammar.check import Check, Filter
from httpkit_magics.record.paths import find
from httpkit_magics.record.record import Cookie, Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.verdicts import MAX_SHOWN, Verdict, kept
from httpkit_magics.record.visible import visible_line
from httpkit_magics.run.patterns import search
from httpkit_magics.run.xpath import xpath


class CheckError(AssertionError):
    """An assertion of a line with `--check` failed, or no response came; a notebook shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class _Absent(Exception):
    """There is no such value; the message says what is missing."""


class _Unfit(ValueError):
    """A value that a filter or predicate can't work with; the message says why."""


def judge(record: Record, checks: Sequence[Check]) -> tuple[Verdict, ...]:
    """Return what becomes of `checks`, in order."""
    subject = _Subject(record)
    return tuple(_verdict(subject, check) for check in checks)


def insist(record: Record, *, check: bool, status: bool) -> None:
    """Do nothing where the record is as it should be.

    Raises:
        CheckError: with `check`, an assertion failed or there is no response.
        RecordError: with `status`, there is no response, or its status is 400 or more.
    """
    if check and record.failure is not None:
        raise CheckError(record.failure.sentence)
    if check and (bad := [verdict for verdict in record.checks if not verdict]):
        asked, found = bad[0].shown(VAULT.wary)
        counted = f"{len(bad)} of {len(record.checks)} assertions failed"
        raise CheckError(visible_line(f"{counted}: {asked[:MAX_SHOWN]}, {found[:MAX_SHOWN]}"))
    if status:
        record.raise_for_status()


def _verdict(subject: _Subject, check: Check) -> Verdict:
    actual: Any = None
    why = ""
    try:
        actual = _filtered(subject, check)
        passed = check.predicate == "exists" or _holds(check, actual)
        is_absent = False
    except _Absent as absent:
        passed, is_absent, why = False, True, str(absent)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        return _said(check, passed=False, why=_words(error))
    if check.negated and (check.predicate == "exists" or not is_absent):
        passed = not passed
    return _said(check, passed=passed, actual=kept(actual), why=why)


def _said(check: Check, *, passed: bool, actual: Any = None, why: str = "") -> Verdict:
    return Verdict(
        check.subject, check.claim, passed, actual, "" if passed else why, check.query.name, check.query.argument
    )


def _words(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    return str(error) or type(error).__name__


class _Subject:
    """A record as the queries see it; the body is parsed once for all assertions."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def document(self) -> Any:
        """The body as JSON."""
        return self.record.json()

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            _Unfit: it isn't JSON.
        """
        try:
            return self.document
        except ValueError as error:
            # The message of a UnicodeDecodeError repeats bytes, the others are a fact and a place.
            reason = "not in a Unicode encoding" if isinstance(error, UnicodeDecodeError) else str(error)
            raise _Unfit(f"the body is not JSON: {reason}") from error

    def query(self, name: str, argument: str) -> Any:
        """Return the value that a query names.

        Raises:
            _Absent: there is none.
        """
        record = self.record
        if record.status is None and name not in {"url", "duration", "redirects"}:
            raise _Absent("there is no response")
        return QUERIES[name](self, argument)


def _header(subject: _Subject, name: str) -> Any:
    values = subject.record.headers.get_all(name)
    if not values:
        raise _Absent(f"there is no field {name}")
    return values if len(values) > 1 else values[0]


def _cookie(subject: _Subject, argument: str) -> Any:
    name, bracket, rest = argument.partition("[")
    attribute = rest.removesuffix("]").strip() if bracket else "Value"
    # The last one counts, as in a cookie jar.
    cookie = next((cookie for cookie in reversed(subject.record.cookies) if cookie.name == name.strip()), None)
    if cookie is None:
        raise _Absent(f"the response sets no cookie {name.strip()}")
    return cookie.value if attribute.lower() == "value" else _attribute(cookie, attribute)


def _attribute(cookie: Cookie, attribute: str) -> Any:
    for name, value in cookie.attributes:
        if name.lower() == attribute.lower():
            if value is None:
                return True
            return int(value) if name.lower() == "max-age" and value.lstrip("-").isdecimal() else value
    raise _Absent(f"the cookie has no attribute {attribute}")


def _redirects(subject: _Subject, _argument: str) -> Any:
    return [
        {"status": hop.status, "method": hop.method, "url": hop.url, "location": hop.location}
        for hop in subject.record.redirects
    ]


def _certificate(subject: _Subject, field: str) -> Any:
    shown = subject.record.tls
    if shown is None:
        raise _Absent("the connection had no TLS")
    value = {
        "Subject": shown.subject,
        "Issuer": shown.issuer,
        "Expire-Date": shown.expires,
        "Subject-Alt-Name": list(shown.names),
    }[field]
    if not value:
        raise _Absent(f"the certificate's {field} is not known: it was not verified")
    return value


def _at(path: str, document: Any) -> Any:
    try:
        return find(path, document)
    except KeyError:
        raise _Absent(f"there is nothing at {path}") from None


def _matched(pattern: str, text: Any) -> Any:
    """Return the first group of the first match, or the whole match where the pattern has no group; as in Hurl."""
    found = search(pattern, _text(text))
    if found is None:
        raise _Absent("the pattern matches nothing")
    return found[1] if len(found) > 1 else found[0]


def _xpath(subject: _Subject, expression: str) -> Any:
    record = subject.record
    is_html = "html" in (record.headers.get("content-type") or "").lower()
    return _one_or_all(xpath(expression, record.content, is_html=is_html))


def _one_or_all(found: Any) -> Any:
    if not isinstance(found, list):
        return found
    if not found:
        raise _Absent("the expression finds nothing")
    return found[0] if len(found) == 1 else found


QUERIES: Final[dict[str, Callable[[_Subject, str], Any]]] = {
    "status": lambda subject, _: subject.record.status,
    "version": lambda subject, _: subject.record.http_version,
    "url": lambda subject, _: subject.record.url,
    "header": _header,
    "cookie": _cookie,
    "body": lambda subject, _: subject.record.text,
    "bytes": lambda subject, _: subject.record.content,
    "sha256": lambda subject, _: hashlib.sha256(subject.record.content).digest(),
    "jsonpath": lambda subject, path: _at(path, subject.json()),
    "xpath": _xpath,
    "regex": lambda subject, pattern: _matched(pattern, subject.record.text),
    "duration": lambda subject, _: round(subject.record.elapsed * 1000),
    "redirects": _redirects,
    "certificate": _certificate,
}
"""The queries; each gives the value, or raises `_Absent`."""


def _filtered(subject: _Subject, check: Check) -> Any:
    value = subject.query(check.query.name, check.query.argument)
    for step in check.filters:
        value = FILTERS[step.name](value, step)
    return value


def _count(value: Any, _step: Filter) -> int:
    if isinstance(value, (list, dict, bytes)):
        return len(value)
    raise _Unfit(f"count needs an array, an object or bytes, and this is {_kind(value)}")


def _nth(value: Any, index: Any) -> Any:
    if not isinstance(value, list):
        raise _Unfit(f"only an array has items, and this is {_kind(value)}")
    if not -len(value) <= index < len(value):
        raise _Absent(f"there is no item {index} of {len(value)}")
    return value[index]


def _to_number(value: Any, kind: type[int | float]) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _Unfit(f"{_kind(value)} is no number")
    try:
        return kind(value)
    except (ValueError, OverflowError):
        raise _Unfit("the text is no number") from None


def _split(value: Any, step: Filter) -> list[str]:
    if not step.argument:
        raise _Unfit("split needs a separator")
    return _text(value).split(str(step.argument))


def _location(value: Any, _step: Filter) -> Any:
    if not isinstance(value, dict) or "location" not in value:
        raise _Unfit("only a redirect has a location")
    return value["location"]


def _days(value: Any, sign: int) -> int:
    if not isinstance(value, datetime):
        raise _Unfit(f"{_kind(value)} is no date")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return sign * (aware - datetime.now(UTC)).days


def _inner(value: Any, step: Filter) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _Unfit("the text is not JSON") from None
    return _at(str(step.argument), value)


FILTERS: Final[dict[str, Callable[[Any, Filter], Any]]] = {
    "count": _count,
    "first": lambda value, _: _nth(value, 0),
    "last": lambda value, _: _nth(value, -1),
    "nth": lambda value, step: _nth(value, step.argument),
    "jsonpath": _inner,
    "xpath": lambda value, step: _one_or_all(xpath(str(step.argument), _text(value).encode(), is_html=False)),
    "regex": lambda value, step: _matched(str(step.argument), value),
    "split": _split,
    "toInt": lambda value, _: _to_number(value, int),
    "toFloat": lambda value, _: _to_number(value, float),
    "toString": lambda value, _: value if isinstance(value, str) else json.dumps(value, default=str),
    "location": _location,
    "daysAfterNow": lambda value, _: _days(value, 1),
    "daysBeforeNow": lambda value, _: _days(value, -1),
}
"""The filters; each makes a value of a value."""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value)
    raise _Unfit(f"this is {_kind(value)}, no text")


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: Final = ((int, "a number"), (float, "a number"), (str, "a text"), (bytes, "bytes"), (list, "an array"), (dict, "an object"), (datetime, "a date"))  # fmt: skip


def _holds(check: Check, actual: Any) -> bool:
    return PREDICATES[check.predicate](actual, check.expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _equal(actual: Any, expected: Any) -> bool:
    """Return whether both are the same; true is not 1, and 1 is 1.0."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    return bool(actual == expected)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(actual: Any, expected: Any) -> bool:
        if _is_number(actual) != _is_number(expected) or not isinstance(actual, (int, float, str)):
            raise _Unfit(f"{_kind(actual)} can't be compared with {_kind(expected)}")
        return compare(actual, expected)

    return holds


def _contains(actual: Any, expected: Any) -> bool:
    if isinstance(actual, list):
        return any(_equal(item, expected) for item in actual)
    if isinstance(actual, dict):
        return expected in actual if isinstance(expected, str) else False
    if isinstance(actual, bytes):
        return (expected if isinstance(expected, bytes) else _text(expected).encode()) in actual
    return _text(expected) in _text(actual)


def _ends(method: str) -> Callable[[Any, Any], bool]:
    def holds(actual: Any, expected: Any) -> bool:
        if isinstance(actual, bytes) and isinstance(expected, str):
            expected = expected.encode()
        elif not isinstance(actual, bytes):
            actual, expected = _text(actual), _text(expected)
        return bool(getattr(actual, method)(expected))

    return holds


def _is_empty(actual: Any, _expected: Any) -> bool:
    if isinstance(actual, (str, bytes, list, dict)):
        return not actual
    raise _Unfit(f"{_kind(actual)} is neither empty nor full")


PREDICATES: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda actual, expected: not _equal(actual, expected),
    ">": _ordered(lambda actual, expected: actual > expected),
    ">=": _ordered(lambda actual, expected: actual >= expected),
    "<": _ordered(lambda actual, expected: actual < expected),
    "<=": _ordered(lambda actual, expected: actual <= expected),
    "contains": _contains,
    "includes": _contains,
    "startsWith": _ends("startswith"),
    "endsWith": _ends("endswith"),
    "matches": lambda actual, pattern: search(pattern, _text(actual)) is not None,
    "isEmpty": _is_empty,
    "isNumber": lambda actual, _: _is_number(actual),
    "isInteger": lambda actual, _: _is_number(actual) and isinstance(actual, int),
    "isFloat": lambda actual, _: isinstance(actual, float),
    "isBoolean": lambda actual, _: isinstance(actual, bool),
    "isString": lambda actual, _: isinstance(actual, str),
    "isCollection": lambda actual, _: isinstance(actual, (list, dict)),
    "isList": lambda actual, _: isinstance(actual, list),
    "isObject": lambda actual, _: isinstance(actual, dict),
}
"""The predicates but `exists`, which asks for no more than a value."""


def found(record: Record, check: Check) -> Any:
    """Return the value that the query and the filters of `check` give, whole.

    Raises:
        ValueError: there is none, or the body or a value is not what they need; the message says why.
    """
    try:
        return _filtered(_Subject(record), check)
    except _Absent as absent:
        raise ValueError(str(absent)) from absent
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(_words(error)) from error
