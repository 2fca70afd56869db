"""`login.response.body.$.token`: a part of a named request or of its answer, as REST Client writes it."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Part = Literal["body", "headers", "status"]
_PARTS: Final[dict[str, Part]] = {"body": "body", "headers": "headers", "status": "status"}
_REFERENCE: Final = re.compile(
    r"([A-Za-z_]\w*)\.(request|response)\.(body|headers|status)(?:\.(.+)|(\[.+))?\Z", re.DOTALL
)


class Reference(NamedTuple):
    """A part of a named request.

    Attributes:
        name: the request's name.
        side: which of its two messages.
        part: "body", "headers" or "status".
        query: a JSONPath (`$...`), an XPath (`/...`) or `*` for the whole body; the name of a header field.
    """

    name: str
    side: Literal["request", "response"]
    part: Part
    query: str


def parse_reference(expression: str) -> Reference | None:
    """Return the reference that `expression` is, or None where it is something else."""
    found = _REFERENCE.match(expression)
    if not found:
        return None
    name, side, part, query, bracket = found.groups()
    if bracket:
        # `login.response.body[0]` is an expression of Python, whatever `login` is.
        return None
    return Reference(name, "request" if side == "request" else "response", _PARTS[part], (query or "").strip())
