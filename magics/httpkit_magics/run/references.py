"""`login.response.body.$.token` -> its value, from the record of the request that is named so."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from httpkit_magics.grammar.reference import Reference
from httpkit_magics.grammar.template import Value
from httpkit_magics.record.naming import is_password, is_telling
from httpkit_magics.record.paths import find
from httpkit_magics.record.record import Fields, Record
from httpkit_magics.run.xpath import xpath

_NAME = re.compile(r"[^\W\d][\w-]*")


class MissingPart(ValueError):
    """A part of a request or response that isn't there; the message says what is missing."""


def value_of(reference: Reference, record: Record) -> Value:
    """Return the value that `reference` names in `record`. Of several that a path finds it is the first.

    Raises:
        MissingPart: there is none.
    """
    source = f"{reference.side} of {reference.name}"
    if reference.side == "response" and record.status is None:
        title = record.failure.title if record.failure else "it was not sent"
        raise MissingPart(f"{reference.name} has no response: {title}")
    if reference.part == "status":
        return Value(record.status, source)
    fields = record.headers if reference.side == "response" else record.request.headers
    if reference.part == "headers":
        secret = is_telling(reference.query) or reference.query.lower() in {"set-cookie", "cookie"}
        return Value(_field(reference, fields), source, is_text=True, is_secret=secret)
    content = record.content if reference.side == "response" else record.request.body or b""
    secret = any(map(is_password, _NAME.findall(reference.query)))
    if not reference.query or reference.query == "*":
        text = record.text if reference.side == "response" else content.decode("utf-8", "replace")
        return Value(text, source, is_text=True)
    if reference.query.startswith("$"):
        return Value(_by_jsonpath(reference, record, content), source, is_secret=secret)
    if reference.query.startswith("/"):
        return Value(_by_xpath(reference, record, content), source, is_text=True, is_secret=secret)
    raise MissingPart(f"{reference.query!r} is no path; expected a JSONPath ($.id), an XPath (//id) or *")


def _field(reference: Reference, fields: Fields) -> str:
    value = fields.get(reference.query)
    if value is not None:
        return value
    near = difflib.get_close_matches(reference.query, list(fields), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(fields) or 'none'}"
    raise MissingPart(f"the {reference.side} of {reference.name} has no header {reference.query!r}; {hint}")


def _by_jsonpath(reference: Reference, record: Record, content: bytes) -> Any:
    where = f"the {reference.side} of {reference.name}{_status(reference, record)}"
    try:
        document = record.json() if reference.side == "response" else json.loads(content)
    except ValueError:
        raise MissingPart(f"{reference.query!r} needs JSON, and the body of {where} is none") from None
    try:
        found = find(reference.query, document)
    except KeyError:
        raise MissingPart(f"{reference.query!r} finds nothing in {where}") from None
    except ValueError as error:
        raise MissingPart(str(error)) from error
    return _first(found, reference, where) if _is_several(reference.query, found) else found


def _is_several(path: str, found: Any) -> bool:
    """Return whether `found` is the list of what a path finds in several places, and not one value that is a list."""
    return isinstance(found, list) and re.search(r"\.\.|[*?:,]", path) is not None


def _first(found: list[Any], reference: Reference, where: str) -> Any:
    if not found:
        raise MissingPart(f"{reference.query!r} finds nothing in {where}")
    return found[0]


def _by_xpath(reference: Reference, record: Record, content: bytes) -> Any:
    where = f"the {reference.side} of {reference.name}{_status(reference, record)}"
    is_html = reference.side == "response" and "html" in (record.headers.get("content-type") or "").lower()
    try:
        found = xpath(reference.query, content, is_html=is_html)
    except ValueError as error:
        raise MissingPart(f"{where}: {error}") from error
    return _first(found, reference, where) if isinstance(found, list) else found


def _status(reference: Reference, record: Record) -> str:
    return f" ({record.status} {record.reason})".replace(" )", ")") if reference.side == "response" else ""
