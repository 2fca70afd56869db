"""Record -> panel: which sections there are, in which order, and what the first two lines say.

This is where redaction happens, once for all ways of drawing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.record import Failure, Progress, Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.units import count, duration, size, size_of
from httpkit_magics.render import sections
from httpkit_magics.render.asserts import asserts
from httpkit_magics.render.body import body, media_type_of
from httpkit_magics.render.clip import clip, cut
from httpkit_magics.render.panel import MAX_LABEL, Panel, Prose, Span, Tone
from httpkit_magics.render.timing import timing

_TONES: Final[dict[int, Tone]] = {1: "info", 2: "good", 3: "info", 4: "warn", 5: "bad"}
_NEVER_SENT: Final = frozenset(("refused", "dns", "tls", "url"))


def outline(record: Record, redactor: Redactor) -> Panel:
    """Return the panel of a finished request. What the request says to be secret is masked in the answer as well."""
    redactor = redactor.knowing(credentials_of(record.request))
    failure = record.failure
    parts = (
        body(record, redactor) if record.status is not None or record.content else None,
        asserts(record.checks, redactor),
        sections.headers(record, redactor),
        sections.cookies(record, redactor),
        sections.links(record, redactor),
        timing(record.phases, record.elapsed),
        sections.redirects(record, redactor),
        sections.request(record, redactor, was_sent=failure is None or failure.kind not in _NEVER_SENT),
        sections.tls(record.tls, record.started),
    )
    return Panel(
        tone=_tone(record),
        badge=_status(record, redactor) if failure is None else cut(failure.title, redactor.text, 60),
        asked=_asked(record.request.method, record.url or record.request.url, redactor),
        facts=tuple(filter(None, _facts(record, redactor))),
        notes=() if failure is None else (_sentence(failure, redactor),),
        sections=tuple(part for part in parts if part is not None),
    )


def outline_progress(progress: Progress, redactor: Redactor) -> Panel:
    """Return the panel of a request that is running: two lines, as the final panel begins."""
    redactor = redactor.knowing(credentials_of(progress.request))
    request = progress.request
    loaded = ""
    if progress.expected:
        loaded = size_of(progress.received, progress.expected)
    elif progress.received:
        loaded = size(progress.received)
    return Panel(
        tone="info",
        badge=clip(progress.stage, 40),
        asked=_asked(request.method, request.url, redactor),
        facts=tuple(filter(None, (loaded, duration(progress.elapsed)))),
    )


def _asked(method: str, url: str, redactor: Redactor) -> str:
    return f"{cut(method, redactor.text, 20)} {cut(url, redactor.url)}"


def _status(record: Record, redactor: Redactor) -> str:
    """Return the status line in words; HTTP/2 has no reason phrase, so the standard's stands in."""
    status = record.status
    reason = record.reason
    if not reason:
        reason = next((known.phrase for known in HTTPStatus if known == status), "")
    return f"{status} {cut(reason, redactor.text, 60)}".strip()


def _tone(record: Record) -> Tone:
    if record.failure is not None:
        return "muted" if record.failure.kind == "cancelled" else "bad"
    return _TONES.get((record.status or 0) // 100, "bad")


def _facts(record: Record, redactor: Redactor) -> list[str]:
    took = duration(record.elapsed)
    if record.status is None:
        return [f"after {took}"]
    version = record.http_version
    return [
        _status(record, redactor) if record.failure is not None else "",
        _size(record, redactor),
        took,
        clip(version if not version or version.startswith("HTTP") else f"HTTP/{version}", 20),
        sections.tls_version(record.tls) if record.tls else "",
        cut(media_type_of(record.headers.get("content-type")), redactor.text, 60),
        count(len(record.redirects), "redirect") if record.redirects else "",
    ]


def _size(record: Record, redactor: Redactor) -> str:
    """Return the size of the body, and what its content coding saved."""
    whole = len(record.content)
    coding = cut(record.headers.get("content-encoding") or "", redactor.text, 20)
    if not coding or coding == "identity" or not whole:
        return size(whole)
    if not record.received or record.received >= whole * 0.95:
        return f"{size(whole)} ({coding})"
    return f"{size(whole)} ({coding}, {whole / record.received:.1f} times smaller)"


def _sentence(failure: Failure, redactor: Redactor) -> Prose:
    sentence = Span(cut(failure.sentence, redactor.url, 2 * MAX_LABEL))
    if not failure.hint:
        return Prose((sentence,))
    return Prose((sentence, Span(f" {cut(failure.hint, redactor.url, 2 * MAX_LABEL)}", "muted")))
