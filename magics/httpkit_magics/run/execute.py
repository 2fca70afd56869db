"""Plan -> Record: one request from its start to a Record, whatever happens on the way."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import ssl
import time
from datetime import UTC, datetime
from typing import Any

import httpkit
from httpkit_magics.grammar.message import Message
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.grammar.target import TargetError, complete_target
from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.record import (
    Certificate,
    Cookie,
    Failure,
    Fields,
    Hop,
    Link,
    Phase,
    Record,
    SentRequest,
)
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.run.charset import charset_of
from httpkit_magics.run.failures import Attempt, explain
from httpkit_magics.run.files import composed
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.settings import Settings

AUTOMATIC = frozenset({"user-agent", "accept", "accept-encoding", "content-type"})
"""Fields that the client adds by itself, unless it is told to leave them out."""

FAILURES = (httpkit.ClientError, OSError, ValueError, asyncio.CancelledError)
"""What a request may end with; anything else is a fault of ours, and shows its traceback."""

MARKS = {
    "queued": ("started",),
    "dns": ("resolve_start",),
    "connect": ("tcp_start",),
    "tls": ("tls_start",),
    "send": ("secured", "connected", "queued"),
    "wait": ("sent",),
    "receive": ("first_byte",),
}
"""The clock marks of `response.timing` at which each phase starts; the first that was taken counts."""


async def execute(
    session: httpkit.ClientSession, plan: Plan, settings: Settings, progress: Underway, verify: Any = True
) -> Record:
    """Make the request that `plan` asks for and return its Record; a failure is in the Record.

    `verify` is what the client takes as `ssl`. A cancelled request gives a Record too.
    """
    started, began = datetime.now(UTC), time.perf_counter()
    if plan.timeout is not None:
        settings = dataclasses.replace(settings, timeout=plan.timeout)
    try:
        url = complete_target(plan.target, settings.base_url)
    except TargetError as error:
        failure = Failure("url", "Bad URL", f"{str(error).partition('; ')[0]}.", str(error).partition("; ")[2])
        return Record(_asked(plan, Message(), plan.target), plan.target, name=plan.name, failure=failure, error=error)
    progress.url = url
    message = Message()
    try:
        message = await composed(plan, settings.max_body)
        async with session.request(plan.method, url, **_options(plan, message, settings, progress, verify)) as response:
            record = await _received(response, plan, message, settings, progress)
    except FAILURES as error:
        record = _failed(error, plan, message, Attempt(url, settings, progress))
    record.started, record.elapsed = started, time.perf_counter() - began
    VAULT.hear(credentials_of(record.request))
    return record


def _options(plan: Plan, message: Message, settings: Settings, progress: Underway, verify: Any) -> dict[str, Any]:
    unset = [name for name, value in message.headers if value is None]
    follow = settings.follow if plan.follow is None else plan.follow
    return {
        "params": list(message.query) or None,
        "headers": [(name, value) for name, value in message.headers if value is not None],
        "skip_auto_headers": [name for name in unset if name.lower() in AUTOMATIC],
        "data": message.body,
        "timeout": httpkit.ClientTimeout(total=settings.timeout or None, sock_connect=settings.timeout or None),
        "allow_redirects": follow,
        "max_redirects": settings.max_redirects,
        "ssl": verify,
        "trace_request_ctx": progress,
    }


async def _received(
    response: httpkit.ClientResponse, plan: Plan, message: Message, settings: Settings, progress: Underway
) -> Record:
    """Read the body and return the whole Record; what arrived is kept where the body fails."""
    error: BaseException | None = None
    progress.url = str(response.url)
    tls, peer = _connection(response)
    # A BytesIO gives its buffer away; bytes(bytearray()) and b"".join() hold a body twice.
    body = io.BytesIO()
    try:
        await _read(response, settings.max_body, body, progress)
    except FAILURES as caught:
        error = caught
    content = body.getvalue()
    body.close()
    return Record(
        _sent(response.request_info, plan, message),
        str(response.url),
        status=response.status,
        reason=response.reason or "",
        http_version=f"{response.version.major}.{response.version.minor}" if response.version else "",
        headers=Fields(response.headers.items()),
        content=content,
        encoding=charset_of(response.content_type, response.charset, content),
        received=response.content.total_raw_bytes,
        phases=_phases(response.timing),
        cookies=tuple(_cookie(line) for line in response.headers.getall("Set-Cookie", ())),
        links=_links(response),
        redirects=_hops(response.history),
        tls=tls,
        peer=peer,
        name=plan.name,
        failure=explain(error, Attempt(progress.url, settings, progress)) if error else None,
        error=error,
    )


async def _read(response: httpkit.ClientResponse, limit: int, body: io.BytesIO, progress: Underway) -> None:
    """Read the body into `body`.

    Raises:
        BodyTooLarge: it is longer than `limit` bytes.
    """
    progress.stage = "receiving"
    if "Content-Encoding" not in response.headers:
        progress.expected = response.content_length
    async for chunk in response.content.iter_any():
        body.write(chunk)
        progress.received = body.tell()
        if progress.received > limit:
            body.truncate(limit)
            raise httpkit.BodyTooLarge(f"the body exceeds {limit} bytes (max_body)")


def _failed(error: BaseException, plan: Plan, message: Message, attempt: Attempt) -> Record:
    """Return the Record of a request that got no response."""
    info = getattr(error, "request_info", None)
    return Record(
        _asked(plan, message, attempt.progress.url) if info is None else _sent(info, plan, message),
        attempt.progress.url,
        redirects=_hops(getattr(error, "history", ())),
        name=plan.name,
        failure=explain(error, attempt),
        error=error,
    )


def _asked(plan: Plan, message: Message, url: str) -> SentRequest:
    fields = Fields((name, value) for name, value in message.headers if value is not None)
    return SentRequest(plan.method, url, fields, message.body)


def _sent(info: httpkit.RequestInfo, plan: Plan, message: Message) -> SentRequest:
    # A redirect that turned POST into GET left the body out (RFC 9110 section 15.4).
    body = message.body if info.method == plan.method else None
    return SentRequest(info.method, str(info.url), Fields(info.headers.items()), body)


def _phases(timing: Any) -> tuple[Phase, ...]:
    phases = []
    for name, duration in timing.phases().items():
        marks = (getattr(timing, mark) for mark in MARKS[name])
        start = next((mark for mark in marks if mark is not None), timing.started)
        phases.append(Phase(name, start - timing.started, duration))
    return tuple(phases)


def _cookie(line: str) -> Cookie:
    """Return a Set-Cookie value as it is written: the attributes in order, unknown ones too (RFC 6265 section 5.2)."""
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    parts = (attribute.strip().partition("=") for attribute in attributes if attribute.strip())
    return Cookie(
        name.strip(), value.strip(), tuple((key.strip(), val.strip() if equals else None) for key, equals, val in parts)
    )


def _links(response: httpkit.ClientResponse) -> tuple[Link, ...]:
    return tuple(
        Link(
            rel, str(link["url"]), tuple((key, str(value)) for key, value in link.items() if key not in ("url", "rel"))
        )
        for rel, link in response.links.items()
    )


def _hops(history: tuple[httpkit.ClientResponse, ...]) -> tuple[Hop, ...]:
    return tuple(
        Hop(hop.status, hop.reason or "", hop.method, str(hop.url), hop.headers.get("Location", "")) for hop in history
    )


def _connection(response: httpkit.ClientResponse) -> tuple[Certificate | None, str | None]:
    """Return the TLS session and the address of the peer, as far as they are known."""
    address = response.get_extra_info("peername")
    peer = None
    if isinstance(address, tuple):
        host, port = address[:2]
        peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    ssl_object = response.get_extra_info("ssl_object")
    return (_certificate(ssl_object) if ssl_object is not None else None), peer


def _certificate(ssl_object: Any) -> Certificate:
    # Empty where the certificate was not verified: Python's ssl parses it only then.
    shown = ssl_object.getpeercert() or {}
    cipher = ssl_object.cipher()
    expires = shown.get("notAfter")
    return Certificate(
        version=(ssl_object.version() or "").replace("TLSv", "TLS "),
        cipher=cipher[0] if cipher else "",
        subject=_distinguished(shown.get("subject", ())),
        issuer=_distinguished(shown.get("issuer", ())),
        names=tuple(value for kind, value in shown.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        expires=_date(expires) if expires else None,
    )


def _distinguished(name: Any) -> str:
    """Return the common name of a distinguished name, or its organisation."""
    parts = dict(pair for relative in name for pair in relative)
    return str(parts.get("commonName") or parts.get("organizationName") or "")


def _date(text: str) -> datetime:
    """Return the time of a certificate's `notAfter`, such as `Nov 20 09:00:00 2027 GMT`."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
