"""Whether a message of a stream is the one that is waited for: the assertions of a response, asked of a message."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from httpkit_magics.grammar.check import Check
from httpkit_magics.grammar.condition import parse_condition
from httpkit_magics.record.record import Record, SentRequest
from httpkit_magics.record.transcript import Message
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.run.checks import found, judge

Condition: TypeAlias = str | re.Pattern[str] | Check | Callable[[Message], Any] | None
"""What a message is asked: text as in `=== wait`, a pattern, a function of the message; None fits any message."""


def condition_of(condition: Condition) -> Callable[[Message], bool]:
    """Return the function that says whether a message fits.

    Raises:
        LineError: the text can't be understood.
    """
    if condition is None:
        return lambda message: message.is_data
    if isinstance(condition, str):
        condition = parse_condition(condition)
    if isinstance(condition, Check):
        check = condition
        return lambda message: message.is_data and bool(verdict_of(check, message))
    if isinstance(condition, re.Pattern):
        pattern = condition
        return lambda message: message.is_data and pattern.search(message.text) is not None
    test = condition
    return lambda message: message.is_data and bool(test(message))


def verdict_of(check: Check, message: Message) -> Verdict:
    """Return what becomes of `check` on a message."""
    return judge(_as_record(message), (check,))[0]


def part_of(check: Check, message: Message) -> Any:
    """Return the value that the query of `check` gives.

    Raises:
        ValueError: there is none; the message says why.
    """
    return found(_as_record(message), check)


def _as_record(message: Message) -> Record:
    content = message.data if isinstance(message.data, bytes) else message.data.encode("utf-8", "surrogatepass")
    # A status, because assertions fail where there is no response; no query of a message asks for it.
    return Record(SentRequest("GET", ""), "", status=200, content=content, encoding="utf-8")
