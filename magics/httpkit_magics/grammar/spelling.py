"""How a value of Python is written in a request: as text, or as JSON.

A value that has no one spelling is refused, as its `repr` in a request helps nobody: `{{str(x)}}` says what is meant.
"""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID


def text_spelling(value: Any) -> str:
    """Return `value` as text: numbers and booleans as in JSON, dates as in ISO 8601, lists and dicts as JSON.

    Raises:
        TypeError: it has no spelling as text.
        ValueError: a number is no number, or bytes are not UTF-8.
    """
    value = _plain(value)
    match value:
        case str():
            return str(value)
        case bytes():
            return value.decode()
        case None:
            raise TypeError("is None; expected text, a number, a list or a dict")
        case date() | time():
            return value.isoformat()
        case UUID() | PurePath() | Decimal():
            return str(value)
        case _:
            return json_spelling(value)


def json_spelling(value: Any) -> str:
    """Return `value` as JSON.

    Raises:
        TypeError: it has no spelling in JSON.
        ValueError: a number is infinite or no number at all.
    """
    try:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=_member)
    except RecursionError:
        raise ValueError("is nested too deep for JSON") from None
    except ValueError as error:
        raise ValueError(f"can't be written in JSON: {str(error).lower()}") from error


def _plain(value: Any) -> Any:
    """Return a number or array of numpy and its like as the value of Python that it stands for."""
    if type(value).__module__.partition(".")[0] in {"numpy", "pandas", "polars"}:
        for name in ("isoformat", "tolist", "to_list", "item"):
            if convert := getattr(value, name, None):
                return convert()
    return value


def _member(value: Any) -> Any:
    plain = _plain(value)
    if plain is not value:
        return plain
    if isinstance(value, date | time | UUID | PurePath):
        return text_spelling(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"is or holds a {type(value).__name__}; expected text, a number, a list or a dict")
