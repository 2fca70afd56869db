"""What goes wrong is said as `application/problem+json` (RFC 9457), and what a request says is read strictly."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Problem(Exception):
    """An answer that is an error: a status, one sentence, and extension members (RFC 9457 section 3.2)."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self, instance: str) -> Response:
        """Return the response; `instance` is the path that was asked for."""
        document = {
            "type": "about:blank",
            "title": phrase_of(self.status),
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.members,
        }
        return JSONResponse(document, self.status, self.headers, "application/problem+json")


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status code, or words for one that has none."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned Status"


def within(name: str, value: float, low: float, high: float) -> None:
    """Check a number against its limits.

    Raises:
        Problem: 400, it lies outside.
    """
    # Written so that NaN is refused too.
    if not low <= value <= high:
        raise Problem(400, f"{name} must lie between {low:g} and {high:g}, got {value:g}")


def read_number(request: Request, name: str, default: float, low: float, high: float) -> float:
    """Return a number of the query.

    Raises:
        Problem: 400, not a number or outside its limits.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise Problem(400, f"{name} must be a number, got {text[:40]!r}") from None
    within(name, value, low, high)
    return value


def read_whole(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number of the query.

    Raises:
        Problem: 400, not a whole number or outside its limits.
    """
    value = read_number(request, name, default, low, high)
    if value != int(value):
        raise Problem(400, f"{name} must be a whole number, got {value:g}")
    return int(value)


def read_flag(request: Request, name: str, *, default: bool = False) -> bool:
    """Return a yes or no of the query: 1, true or yes, and 0, false or no.

    Raises:
        Problem: 400, anything else.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.lower() in {"1", "true", "yes", ""}:
        return True
    if text.lower() in {"0", "false", "no"}:
        return False
    raise Problem(400, f"{name} must be true or false, got {text[:40]!r}")


def read_field_value(name: str, text: str) -> str:
    """Return a text that may stand in a field line, percent-encoded where it isn't ASCII (RFC 9110 section 5.5).

    Raises:
        Problem: 400, it has control characters.
    """
    if not text.isprintable():
        raise Problem(400, f"{name} must not have control characters, got {text[:40]!r}")
    return text if text.isascii() else "".join(c if c.isascii() else _percent(c) for c in text)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def media_type_of(request: Request) -> str:
    """Return the media type of the request's content without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request, *media_types: str) -> Any:
    """Return the JSON value of the request's content; `media_types` are accepted besides `application/json`.

    Raises:
        Problem: 415, another media type; 400, not JSON.
    """
    accepted = ("application/json", *media_types)
    if (given := media_type_of(request)) not in accepted:
        raise Problem(
            415,
            f"content must be {' or '.join(accepted)}, got {given or 'no media type'!r}",
            {"Accept-Post" if request.method == "POST" else "Accept-Patch": ", ".join(accepted)},
        )
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"content is not JSON: {error}") from None
