"""What the client's response says -> the values of a Record."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import httpkit
from httpkit_magics.record.record import Certificate, Cookie, Hop, Link, Phase

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


def phases_of(timing: Any) -> tuple[Phase, ...]:
    """Return the phases that took place, in order, in seconds from the call."""
    phases = []
    for name, duration in timing.phases().items():
        marks = (getattr(timing, mark) for mark in MARKS[name])
        start = next((mark for mark in marks if mark is not None), timing.started)
        phases.append(Phase(name, start - timing.started, duration))
    return tuple(phases)


def parse_cookie(line: str) -> Cookie:
    """Return a Set-Cookie value as it is written: the attributes in order, unknown ones too (RFC 6265 section 5.2)."""
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    parts = (attribute.strip().partition("=") for attribute in attributes if attribute.strip())
    return Cookie(
        name.strip(), value.strip(), tuple((key.strip(), val.strip() if equals else None) for key, equals, val in parts)
    )


def links_of(response: httpkit.ClientResponse) -> tuple[Link, ...]:
    """Return the links of the Link fields (RFC 8288)."""
    return tuple(
        Link(
            rel, str(link["url"]), tuple((key, str(value)) for key, value in link.items() if key not in ("url", "rel"))
        )
        for rel, link in response.links.items()
    )


def hops_of(history: tuple[httpkit.ClientResponse, ...]) -> tuple[Hop, ...]:
    """Return the redirects that led to a response."""
    return tuple(
        Hop(hop.status, hop.reason or "", hop.method, str(hop.url), hop.headers.get("Location", "")) for hop in history
    )


def connection_of(response: httpkit.ClientResponse) -> tuple[Certificate | None, str | None]:
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
