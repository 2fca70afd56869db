"""The section Code: the request as a command of curl, as Python and as .http text."""

from __future__ import annotations

from typing import Final

from httpkit_magics.export.languages import LANGUAGES
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.units import size
from httpkit_magics.render.clip import clip
from httpkit_magics.render.panel import MAX_LINES, MAX_SECTION, Code, Fold, Span

MAX_BODY: Final = 4_096
"""Bytes of a request's body up to which a panel shows the code."""

_CALLS: Final = {"curl": "r.curl()", "Python": "r.python()", ".http": "r.http()"}


def code(record: Record, redactor: Redactor) -> Fold | None:
    """Return the request in each language; with a large body, which call gives it."""
    sent = record.request
    if not sent.url.startswith(("http://", "https://")):
        return None
    note = ", ".join(_CALLS.values())
    if len(sent.body or b"") > MAX_BODY:
        return Fold("Code", f"{note} with the body of {size(len(sent.body or b''))}", ())
    languages = tuple(_language(name, record, redactor) for name in LANGUAGES)
    return Fold("Code", note, languages, is_derived=True)


def _language(name: str, record: Record, redactor: Redactor) -> Fold:
    text = LANGUAGES[name](record, redactor)
    shown = clip(text, MAX_SECTION)
    lines = shown.split("\n")
    is_cut = len(text) > MAX_SECTION or len(lines) > MAX_LINES
    more = f"the beginning: {_CALLS[name]} gives all" if is_cut else ""
    return Fold(name, _CALLS[name], (Code(tuple((Span(line),) for line in lines[:MAX_LINES]), more),))
