"""The sections of names and values: header fields, cookies, links, redirects, the request, TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import quote

from httpkit_magics.record.record import Certificate, Cookie, Hop, Link, Record
from httpkit_magics.record.redaction import LONGEST, Redactor
from httpkit_magics.record.units import count, duration, size
from httpkit_magics.render.body import media_type_of
from httpkit_magics.render.clip import clip, cut, cut_line, rows
from httpkit_magics.render.layout import laid_out
from httpkit_magics.render.panel import (
    MAX_LABEL,
    MAX_LINES,
    MAX_SECTION,
    MAX_VALUE,
    Block,
    Code,
    Fold,
    Line,
    Rows,
    Span,
    Tone,
)

MAX_NAMES: Final = 20
"""Host names of a certificate."""
SOON: Final = 14
"""Days before a certificate expires from which on that is a warning."""

# To browsers the own machine is as safe as https (W3C Secure Contexts section 3.1).
_SECURE: Final = re.compile(r"(?i)https:|http://(?:[\w.-]*\.)?(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?(?:[/?#]|\Z)")
# What a URL in a copied line must not hold: quotes and blanks would end it, braces would be filled in.
_UNSAFE_IN_LINE: Final = str.maketrans({character: quote(character, safe="") for character in "\"'`\\{}$<>|^ \t\r\n"})


def headers(record: Record, redactor: Redactor) -> Fold | None:
    """Return the header fields as they came."""
    fields = record.headers.items()
    if not fields:
        return None
    return Fold("Headers", count(len(fields)), (rows(_fields(fields, redactor), len(fields), "r.headers"),))


def cookies(record: Record, redactor: Redactor) -> Fold | None:
    """Return the cookies that the response set, with attributes and what a browser would object to."""
    if not record.cookies:
        return None
    is_secure = _SECURE.match(record.url) is not None
    lines = ((cut(c.name, redactor.text), _cookie(c, redactor, is_secure=is_secure)) for c in record.cookies)
    warned = sum(1 for cookie in record.cookies[:1000] if _objection(cookie, is_secure=is_secure))
    note = count(len(record.cookies)) + (f", {count(warned, 'with a warning', 'with warnings')}" if warned else "")
    return Fold("Cookies", note, (rows(lines, len(record.cookies), "r.cookies"),))


def links(record: Record, redactor: Redactor) -> Fold | None:
    """Return the links of the response, each with the line that follows it."""
    if not record.links:
        return None
    lines = ((cut(link.rel, redactor.text), _link(link, redactor)) for link in record.links)
    note = cut(", ".join(link.rel[:100] for link in record.links[:6]), redactor.text, 60)
    return Fold("Links", note, (rows(lines, len(record.links), "r.links"),))


def redirects(record: Record, redactor: Redactor) -> Fold | None:
    """Return the responses that led here."""
    if not record.redirects:
        return None
    lines = ((cut(f"{hop.status} {hop.reason}", redactor.text, 60), _hop(hop, redactor)) for hop in record.redirects)
    return Fold("Redirects", count(len(record.redirects)), (rows(lines, len(record.redirects), "r.redirects"),))


def request(record: Record, redactor: Redactor, *, was_sent: bool) -> Fold:
    """Return the request with its credentials masked."""
    sent = record.request
    fields = sent.headers.items()
    note = cut(sent.method, redactor.text, 20)
    if fields or record.status is not None:  # they are not known where no response came
        note += f", {count(len(fields), 'header')}"
    if sent.body:
        note += f", {size(len(sent.body))}"
    line = (cut(sent.method, redactor.text, 20), cut_line(sent.url, redactor.url))
    listed = rows(_fields(fields, redactor), len(fields), "r.request.headers")
    blocks: tuple[Block, ...] = (Rows((line, *listed.rows), listed.more), *_sent_body(record, redactor))
    return Fold("Request as sent" if was_sent else "Request", note if was_sent else "nothing was sent", blocks)


def tls(certificate: Certificate | None, now: datetime | None) -> Fold | None:
    """Return the TLS session and the certificate; the days left are counted from `now`, where that is given."""
    if certificate is None:
        return None
    named = certificate.names[:MAX_NAMES]
    left = len(certificate.names) - len(named)
    names = ", ".join(clip(name, 100) for name in named) + (f", {count(left)} more" if left else "")
    pairs = [
        ("version", _plain(tls_version(certificate))),
        ("cipher", _plain(certificate.cipher)),
        ("subject", _plain(certificate.subject)),
        ("issuer", _plain(certificate.issuer)),
        ("names", _plain(names)),
    ]
    note = clip(tls_version(certificate).removeprefix("TLS "), 40)
    if certificate.expires is not None:
        days, tone = _days(certificate.expires, now)
        pairs.append(("expires", (Span(f"{certificate.expires:%Y-%m-%d}"), Span(days and f"  {days}", tone))))
        note = ", ".join(filter(None, (note, days)))
    return Fold("TLS", note, (Rows(tuple((name, line) for name, line in pairs if line[0].text)),))


def tls_version(certificate: Certificate) -> str:
    """Return the version as people write it: `TLS 1.3` for OpenSSL's `TLSv1.3`."""
    return clip(certificate.version.replace("TLSv", "TLS "), 40)


def _plain(text: str) -> Line:
    """Return what a certificate says: it is public, so it is only cut."""
    return cut_line(text, str)


def _fields(fields: list[tuple[str, str]], redactor: Redactor) -> Iterator[tuple[str, Line]]:
    for name, value in fields:
        yield cut(name, redactor.text), cut_line(value, partial(redactor.header, name))


def _cookie(cookie: Cookie, redactor: Redactor, *, is_secure: bool) -> Line:
    mask = partial(redactor.cookie, cookie.name, http_only=cookie.is_http_only)
    attributes = "".join(f"  {name}={_lasting(name, text)}" if text else f"  {name}" for name, text in _few(cookie))
    objection = _objection(cookie, is_secure=is_secure)
    spans = (*cut_line(cookie.value, mask), Span(cut(attributes, redactor.text), "muted"))
    return (*spans, Span(f"  {objection}", "warn")) if objection else spans


def _few(cookie: Cookie) -> tuple[tuple[str, str | None], ...]:
    return tuple((name[:100], text and text[:MAX_VALUE]) for name, text in cookie.attributes[:20])


def _lasting(name: str, text: str) -> str:
    """Return Max-Age with its seconds in words as well."""
    if name.lower() != "max-age" or not text.isascii() or not text.isdigit() or len(text) > 12:
        return text
    seconds = int(text)
    words = count(seconds // 86400, "day") if seconds >= 2 * 86400 else duration(seconds)
    return f"{text} ({words})" if seconds else f"{text} (removes it)"


def _objection(cookie: Cookie, *, is_secure: bool) -> str:
    """Return why a browser would not keep the cookie (RFC 6265bis section 5.7); empty where it would."""
    given = {name.lower(): (text or "") for name, text in _few(cookie)}
    prefix = cookie.name.lower()
    secure = "secure" in given
    objections = (
        (given.get("samesite", "").lower() == "none" and not secure, "SameSite=None without Secure"),
        (secure and not is_secure, "Secure, but set over http"),
        (prefix.startswith("__secure-") and not secure, "__Secure- without Secure"),
        (prefix.startswith("__host-") and not secure, "__Host- without Secure"),
        (prefix.startswith("__host-") and ("domain" in given or given.get("path") != "/"), "__Host- needs Path=/, no Domain"),
        ("partitioned" in given and not secure, "Partitioned without Secure"),
        (len(cookie.name) + len(cookie.value) > 4096, "over 4096 bytes"),
    )  # fmt: skip
    return next((f"{why}: browsers drop it" for applies, why in objections if applies), "")


def _link(link: Link, redactor: Redactor) -> Line:
    if not link.url.startswith(("http://", "https://")):
        return cut_line(link.url, redactor.url)
    return (Span("%http GET ", "muted"), *cut_line(link.url, lambda url: redactor.url(url).translate(_UNSAFE_IN_LINE)))


def _hop(hop: Hop, redactor: Redactor) -> Line:
    asked = (Span(cut(f"{hop.method} ", redactor.text, 20)), *cut_line(hop.url, redactor.url, MAX_LABEL))
    return (*asked, Span(" \u2192 ", "muted"), *cut_line(hop.location, redactor.url, MAX_LABEL))


def _sent_body(record: Record, redactor: Redactor) -> tuple[Block, ...]:
    content = record.request.body
    if not content:
        return ()
    media_type = media_type_of(record.request.headers.get("content-type"))
    text = redactor.request_body(media_type, content[: MAX_SECTION + LONGEST].decode("utf-8", "replace"))
    if text.count("\ufffd") > len(text) // 10:
        return (Code((), f"{size(len(content))} of binary content: r.request.body"),)
    text = text.replace("\r\n", "\n")
    shown = clip(laid_out(text, MAX_SECTION) if text[:1] in {"{", "["} else text, MAX_SECTION)
    lines = shown.split("\n")
    is_cut = len(shown) > MAX_SECTION or len(lines) > MAX_LINES or len(content) > MAX_SECTION + LONGEST
    more = f"the beginning of {size(len(content))}: r.request.body" if is_cut else ""
    return (Code(tuple((Span(line),) for line in lines[:MAX_LINES]), more),)


def _days(expires: datetime, now: datetime | None) -> tuple[str, Tone]:
    if now is None:
        return "", "plain"
    days = (_aware(expires) - _aware(now)).days
    if days < 0:
        return f"expired {count(-days, 'day')} ago", "bad"
    return f"{count(days, 'day')} left", "warn" if days < SOON else "muted"


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
