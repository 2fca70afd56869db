"""A body -> a DataFrame of whichever library is there. Neither pandas nor polars is ever required."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import sys
from typing import Any, Final

from httpkit_magics.record.paths import find

LIBRARIES: Final = ("pandas", "polars")


def frame_of(content_type: str, text: str, path: str = "$") -> Any:
    """Return the table that `text` holds: JSON at the JSONPath `path`, NDJSON or CSV, as the media type says.

    Raises:
        ImportError: neither pandas nor polars is installed.
        ValueError: there is no table.
    """
    library = _library()
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in {"text/csv", "application/csv", "text/tab-separated-values"}:
        return _csv(library, text, "\t" if media_type.endswith("values") else ",")
    if media_type.endswith(("ndjson", "jsonl", "jsonlines", "json-lines")):
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        return library.DataFrame(_rows(rows, "the lines"))
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the body is neither JSON nor CSV: {error}") from error
    try:
        value = find(path, document)
    except KeyError:
        raise ValueError(f"there is nothing at {path}") from None
    return library.DataFrame(_rows(value, path))


def frame_of_rows(rows: list[dict[str, Any]]) -> Any:
    """Return a table of `rows`, which need not have the same columns.

    Raises:
        ImportError: neither pandas nor polars is installed.
    """
    library = _library()
    # polars would judge a column by its first 100 rows.
    return library.DataFrame(rows, **({"infer_schema_length": None} if library.__name__ == "polars" else {}))


def _library() -> Any:
    """Return the library that the notebook has imported already, or else the first that is installed."""
    for name in sorted(LIBRARIES, key=lambda name: name not in sys.modules):
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    raise ImportError("df() needs pandas or polars: pip install pandas")


def _csv(library: Any, text: str, delimiter: str) -> Any:
    if library.__name__ == "polars":
        return library.read_csv(io.StringIO(text), separator=delimiter)
    return library.read_csv(io.StringIO(text), sep=delimiter)


def _rows(value: Any, where: str) -> list[Any]:
    """Return the rows of a table: objects as they are, one object as one row, plain values as a column.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, dict):
        lists = [f"{where}.{name}" for name, member in value.items() if isinstance(member, list)]
        if lists:
            raise ValueError(f"{where} is an object; its arrays are tables: df({lists[0]!r})")
        return [value]
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    if isinstance(value, list) and not any(isinstance(row, (dict, list)) for row in value):
        return [{"value": row} for row in value]
    what = "an array of different things" if isinstance(value, list) else "one value"
    raise ValueError(f"{where} is {what}; expected an array of objects")
