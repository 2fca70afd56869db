"""The languages that a request can be written in, and how a Record gets at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from httpkit_magics.export.curl import curl_command
from httpkit_magics.export.http_text import http_text
from httpkit_magics.export.python import python_code
from httpkit_magics.record.languages import WRITERS
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor

LANGUAGES: Final[dict[str, Callable[[Record, Redactor | None], str]]] = {
    "curl": curl_command,
    "Python": python_code,
    ".http": http_text,
}
"""The writers, by the names that a panel shows."""


def attach() -> None:
    """Give every Record its `curl()`, `python()` and `http()`."""
    WRITERS.update(curl=curl_command, python=python_code, http=http_text)
