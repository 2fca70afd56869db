"""JSONPath in a JSON document (RFC 9535), by python-jsonpath."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class PathError(ValueError):
    """A JSONPath that can't be understood; the message says what was expected, and where."""


def find(path: str, document: Any) -> Any:
    """Return what `path` finds: one value where it names one place (RFC 9535 section 2.3.5.1), else a list.

    Raises:
        KeyError: the path names one place, and there is nothing.
        PathError: the path can't be understood.
    """
    compiled = _compiled(path)
    try:
        found = compiled.findall(document)
    except RecursionError:
        raise PathError(f"{path[:60]!r} goes deeper into the document than Python does") from None
    except _error() as error:
        raise PathError(f"{path[:60]!r} can't be used here: {error.args[0]}") from error
    if not compiled.singular_query():
        return found
    if not found:
        raise KeyError(path)
    return found[0]


@lru_cache(maxsize=128)
def _compiled(path: str) -> Any:
    try:
        import jsonpath  # noqa: PLC0415 - of the extra "notebook", 30 ms that only a path pays for
    except ImportError as error:
        raise PathError("JSONPath needs python-jsonpath: pip install python-jsonpath") from error
    try:
        return jsonpath.JSONPathEnvironment(strict=True).compile(path)
    except RecursionError:
        raise PathError("the JSONPath is nested too deeply") from None
    except jsonpath.JSONPathError as error:
        # Its str() draws the place on several lines, and fails where that is the end.
        at = error.token.index + 1 if error.token and error.token.index >= 0 else len(path) + 1
        said = f"{path[:60]!r} is no JSONPath: {error.args[0]} at column {at}"
        raise PathError(f"{said}; expected such as $.items[0].name or $..id") from error


def _error() -> type[Exception]:
    import jsonpath  # noqa: PLC0415 - as above

    return jsonpath.JSONPathError
