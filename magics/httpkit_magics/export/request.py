"""A record's request, ready to be written in any language: each text with its credentials as references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from httpkit_magics.export.references import Pieces, Reference, Variables
from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import VAULT, Redactor

AUTOMATIC: Final = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""Fields that clients add by themselves where a request has none."""

# Whoever sends the request writes these.
_FRAMING: Final = frozenset(("content-length", "transfer-encoding"))
_CREDENTIAL_NAMES: Final = {"authorization": "CREDENTIALS", "proxy-authorization": "PROXY_CREDENTIALS"}


@dataclass(frozen=True, slots=True)
class Written:
    """A request to write.

    Attributes:
        method: the method.
        url: the URL without a fragment.
        headers: the field lines in order, without those of framing, and without a Host that the URL says.
        missing: the fields of `AUTOMATIC` that it does not have.
        body: the body; None is no body.
        charset: how the body's text is encoded: "utf-8", or "latin-1" where each character is one byte.
        comments: what its variables stand for, a line each.
    """

    method: str
    url: Pieces
    headers: tuple[tuple[str, Pieces], ...]
    missing: tuple[str, ...]
    body: Pieces | None
    charset: str
    comments: tuple[str, ...]

    def header(self, name: str) -> str | None:
        """Return the value of the first field `name` where it is plain text."""
        for key, value in self.headers:
            if key.lower() == name and not any(isinstance(piece, Reference) for piece in value):
                return "".join(piece for piece in value if isinstance(piece, str))
        return None

    def body_bytes(self) -> bytes | None:
        """Return the body where it is there and has no reference in it."""
        if self.body is None or any(isinstance(piece, Reference) for piece in self.body):
            return None
        return "".join(piece for piece in self.body if isinstance(piece, str)).encode(self.charset)


def written_request(record: Record, redactor: Redactor | None = None) -> Written:
    """Return the last request of `record`; `redactor` says what is not written out, else the one that knows all."""
    sent = record.request
    redactor = (redactor or VAULT.redactor).knowing(credentials_of(sent))
    variables = Variables()
    address = sent.url.partition("#")[0]
    url = variables.pieces(redactor.url(address), "the URL")
    authority = urlsplit(address).netloc.rpartition("@")[2].lower()
    headers = []
    for name, value in sent.headers.items():
        lowered = name.lower()
        if lowered in _FRAMING or (lowered == "host" and value.lower() == authority):
            continue
        masked = redactor.header(name, value)
        prefix = "COOKIE_" if lowered == "cookie" else ""
        # The name of a field is typed, and may hold a secret as well: no variable makes it, so it is only hidden.
        shown = redactor.text(name)
        headers.append((shown, variables.pieces(masked, shown, redactor.text(_header_name(lowered, value)), prefix)))
    given = {name.lower() for name, _ in sent.headers.items()}
    # Of a request that got no response the fields may not be known; then none is missing.
    is_known = bool(given) or record.status is not None
    body: Pieces | None = None
    charset = "utf-8"
    if sent.body is not None and (sent.body or "content-length" in given):
        text, charset = _decoded(sent.body)
        media_type = (sent.headers.get("content-type") or "").partition(";")[0].strip().lower()
        body = variables.pieces(redactor.request_body(media_type, text), "the body")
    elif sent.headers.get("content-length") == "0":
        body = ()
    return Written(
        redactor.text(sent.method),
        url,
        tuple(headers),
        tuple(name for name in AUTOMATIC if is_known and name.lower() not in given),
        body,
        charset,
        tuple(variables.comments()),
    )


def _header_name(lowered: str, value: str) -> str:
    """Return what the variable of a field is named after; cookies and parameters are named where they stand."""
    if lowered == "authorization" and value.lower().startswith("bearer "):
        return "TOKEN"
    if lowered == "cookie" or "=" in value:
        return _CREDENTIAL_NAMES.get(lowered, "")
    return _CREDENTIAL_NAMES.get(lowered, lowered)


def _decoded(body: bytes) -> tuple[str, str]:
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return body.decode("latin-1"), "latin-1"
