"""How a record's request is written as code: a table by language, which whoever can write them fills.

A record is plain data and knows no language; `export` does, and stands above it. So the table is here, and empty until
`export.languages.attach()` fills it when the magics are loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

WRITERS: Final[dict[str, Callable[[Any], str]]] = {}
"""What writes a record's request, by the language's name: "curl", "python", "http"."""


def written(language: str, record: Any) -> str:
    """Return the request of `record` in `language`.

    Raises:
        LookupError: nothing writes this language.
    """
    if language not in WRITERS:
        raise LookupError(f"nothing writes {language}; expected %load_ext httpkit_magics, which adds it")
    return WRITERS[language](record)
