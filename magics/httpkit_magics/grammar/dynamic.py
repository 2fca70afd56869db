"""`$guid`, `$timestamp -1 d`, `$datetime iso8601`, `$processEnv NAME`: values that are made when a request is.

The names are those of REST Client and of JetBrains' client. Pure: the time, chance and environment are arguments.
"""

from __future__ import annotations

import difflib
import math
import random
import re
import shlex
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from httpkit_magics.grammar.template import Value

_CALL: Final = re.compile(r"\$([A-Za-z][\w.]*)\s*(?:\((.*)\)|(.*))\Z", re.DOTALL)
_OFFSET: Final = re.compile(r"([+-]?\d{1,9})\s*(y|Q|M|w|d|h|ms|m|s)\Z")
_MOMENT: Final = re.compile(
    r"\[([^\]]*)\]|YYYY|YY|Q|MMMM|MMM|MM|M|DD|Do|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|A|a|ZZ|Z|X|x"
)
_SECONDS: Final = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_MONTHS: Final = {"y": 12, "Q": 3, "M": 1}
_MOST: Final = 10_000
"""Characters of a random text."""


class DynamicError(ValueError):
    """A dynamic value that can't be made; the message says why and what was expected."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What dynamic values are made of.

    Attributes:
        now: the time, with a time zone; its zone is the local one.
        chance: where random values come from.
        variables: the variables of the process.
        dotenv: those of the `.env` file.
        lookup: gives the value of a name of the environment file, for `$processEnv %NAME`; raises KeyError.
    """

    now: datetime
    chance: random.Random
    variables: Mapping[str, str]
    dotenv: Mapping[str, str]
    lookup: Callable[[str], str]


def is_dynamic(expression: str) -> bool:
    """Return whether an expression is one of these: it starts with `$` and a letter."""
    return re.match(r"\$[A-Za-z]", expression) is not None


def dynamic_value(expression: str, given: Circumstances) -> Value:
    """Return the value of `$name` and its arguments.

    Raises:
        DynamicError: the name isn't known, or an argument is missing or malformed.
    """
    call = _CALL.match(expression)
    name = call[1] if call else expression[1:]
    name, dot, rest = name.partition(".") if name.startswith("env.") else (name, "", "")
    make = MAKERS.get(name)
    if make is None:
        near = difflib.get_close_matches(name, MAKERS, n=1, cutoff=0.5)
        hint = f"did you mean ${near[0]}?" if near else f"expected one of {', '.join('$' + each for each in MAKERS)}"
        raise DynamicError(f"${name} is not known; {hint}")
    words = [rest] if dot else _words(call)
    try:
        value = make(words, given)
    except DynamicError as error:
        raise DynamicError(f"${name}: {error}") from None
    except (OverflowError, ValueError) as error:
        raise DynamicError(f"${name}: {str(error).partition(chr(10))[0]}") from error
    return value if isinstance(value, Value) else Value(value, f"${name}")


def _words(call: re.Match[str] | None) -> list[str]:
    if call is None:
        return []
    if call[2] is not None:
        return [word.strip() for word in call[2].split(",") if word.strip()]
    try:
        return shlex.split(call[3] or "")
    except ValueError as error:
        raise DynamicError(f"{call[0]}: a quote is not closed") from error


def _no_words(words: list[str]) -> None:
    if words:
        raise DynamicError(f"takes no argument, got {words[0]!r}")


def _guid(words: list[str], given: Circumstances) -> str:
    _no_words(words)
    return str(uuid.UUID(int=given.chance.getrandbits(128), version=4))


def _timestamp(words: list[str], given: Circumstances) -> int:
    return math.floor(_moved(given.now, words).timestamp())


def _iso(words: list[str], given: Circumstances) -> str:
    return _formatted(_moved(given.now, words).astimezone(UTC), "iso8601")


def _datetime(words: list[str], given: Circumstances) -> str:
    return _shown(words, given.now.astimezone(UTC))


def _local_datetime(words: list[str], given: Circumstances) -> str:
    return _shown(words, given.now)


def _shown(words: list[str], now: datetime) -> str:
    if not words:
        raise DynamicError('a format is missing; expected rfc1123, iso8601 or a quoted one such as "YYYY-MM-DD"')
    return _formatted(_moved(now, words[1:]), words[0])


def _moved(moment: datetime, words: list[str]) -> datetime:
    """Return `moment` moved by an offset such as `-3 d`; months and years keep the day where there is one."""
    if not words:
        return moment
    offset = _OFFSET.match("".join(words))
    if not offset:
        raise DynamicError(f"{' '.join(words)!r} is no offset; expected a number and one of y Q M w d h m s ms")
    number, unit = int(offset[1]), offset[2]
    if unit in _SECONDS:
        return moment + timedelta(seconds=number * _SECONDS[unit])
    months = moment.year * 12 + moment.month - 1 + number * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month)


def _formatted(moment: datetime, layout: str) -> str:
    if layout == "rfc1123":
        return format_datetime(moment.astimezone(UTC), usegmt=True)
    if layout == "iso8601":
        text = moment.isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    return _MOMENT.sub(lambda token: _token(token, moment), layout)


def _token(token: re.Match[str], moment: datetime) -> str:
    if token[1] is not None:
        return token[1]
    offset = f"{moment:%z}"
    day = moment.day
    ending = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    tokens: dict[str, Any] = {
        "YYYY": f"{moment.year:04}", "YY": f"{moment.year % 100:02}", "Q": (moment.month + 2) // 3,
        "MMMM": _NAMES[moment.month - 1], "MMM": _NAMES[moment.month - 1][:3], "MM": f"{moment.month:02}",
        "M": moment.month, "DD": f"{day:02}", "D": day, "Do": f"{day}{ending}",
        "dddd": _DAYS[moment.weekday()], "ddd": _DAYS[moment.weekday()][:3],
        "HH": f"{moment.hour:02}", "H": moment.hour, "hh": f"{moment.hour % 12 or 12:02}", "h": moment.hour % 12 or 12,
        "mm": f"{moment.minute:02}", "m": moment.minute, "ss": f"{moment.second:02}", "s": moment.second,
        "SSS": f"{moment.microsecond // 1000:03}", "A": "AM" if moment.hour < 12 else "PM",
        "a": "am" if moment.hour < 12 else "pm", "Z": f"{offset[:3]}:{offset[3:]}", "ZZ": offset,
        "X": math.floor(moment.timestamp()), "x": math.floor(moment.timestamp() * 1000),
    }  # fmt: skip
    return str(tokens[token[0]])


# Not strftime's: a request must not depend on the locale of the machine.
_NAMES: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _random_int(words: list[str], given: Circumstances) -> int:
    low, high = _numbers(words or ["0", "1000"], int, "two whole numbers, such as $randomInt 1 100")
    if low >= high:
        raise DynamicError(f"{low} is not less than {high}; the second is not included")
    return given.chance.randrange(low, high)


def _random_float(words: list[str], given: Circumstances) -> float:
    low, high = _numbers(words or ["0", "1000"], float, "two numbers, such as $random.float(0, 1)")
    return given.chance.uniform(low, high)


def _numbers(words: list[str], kind: Callable[[str], Any], expected: str) -> tuple[Any, Any]:
    try:
        low, high = map(kind, words)
    except ValueError:
        raise DynamicError(f"{' '.join(words)!r} is wrong; expected {expected}") from None
    return low, high


def _random_text(alphabet: str) -> Callable[[list[str], Circumstances], str]:
    def make(words: list[str], given: Circumstances) -> str:
        length = int(words[0]) if words and words[0].isdecimal() else -1
        if len(words) != 1 or not 0 <= length <= _MOST:
            raise DynamicError(f"expected a length of at most {_MOST} in parentheses")
        return "".join(given.chance.choices(alphabet, k=length))

    return make


def _email(words: list[str], given: Circumstances) -> str:
    _no_words(words)
    # example.org belongs to nobody (RFC 2606 section 3): no mail reaches a stranger.
    return f"{''.join(given.chance.choices(string.ascii_lowercase, k=10))}@example.org"


def _variable(where: str) -> Callable[[list[str], Circumstances], Value]:
    def make(words: list[str], given: Circumstances) -> Value:
        if len(words) != 1:
            raise DynamicError("expected the name of a variable")
        name = words[0]
        if name.startswith("%"):
            try:
                name = given.lookup(name[1:])
            except KeyError:
                raise DynamicError(f"{name[1:]!r} is not in the active environment") from None
        table = given.variables if where == "the process" else given.dotenv
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise DynamicError(f"{name!r} is not set in {where}{hint}")
        return Value(table[name], f"{name} of {where}", is_text=True)

    return make


MAKERS: Final[dict[str, Callable[[list[str], Circumstances], Any]]] = {
    "guid": _guid,
    "uuid": _guid,
    "timestamp": _timestamp,
    "isoTimestamp": _iso,
    "datetime": _datetime,
    "localDatetime": _local_datetime,
    "randomInt": _random_int,
    "processEnv": _variable("the process"),
    "env": _variable("the process"),
    "dotenv": _variable(".env"),
    "random.uuid": _guid,
    "random.integer": _random_int,
    "random.float": _random_float,
    "random.alphabetic": _random_text(string.ascii_letters),
    "random.alphanumeric": _random_text(string.ascii_letters + string.digits + "_"),
    "random.hexadecimal": _random_text("0123456789abcdef"),
    "random.email": _email,
}
"""Who makes the value of each name."""
