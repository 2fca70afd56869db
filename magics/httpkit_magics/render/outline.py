"""Record -> panel: which sections there are, in which order, and what the first two lines say.

This is where redaction happens, once for all ways of drawing.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.record import Failure, Progress, Record
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.units import count, duration, size, size_of
from httpkit_magics.render import policy, sections
from httpkit_magics.render.asserts import asserts
from httpkit_magics.render.body import body, media_type_of
from httpkit_magics.render.clip import clip, cut
from httpkit_magics.render.code import code
from httpkit_magics.render.panel import MAX_BODY, MAX_LABEL, Code, Fold, Panel, Prose, Span, Tone
from httpkit_magics.render.saved import saved
from httpkit_magics.render.selection import selected
from httpkit_magics.render.timing import timing
from httpkit_magics.render.values import values

PREVIEW: Final = 20
"""Lines of a body that is still arriving."""
TAIL: Final = 8192
"""Characters of it."""

_TONES: Final[dict[int, Tone]] = {1: "info", 2: "good", 3: "info", 4: "warn", 5: "bad"}
NEVER_SENT: Final = frozenset(("refused", "dns", "tls", "url"))
"""The kinds of failure that come before anything is sent."""


def outline(record: Record, redactor: Redactor, limit: int = MAX_BODY) -> Panel:
    """Return the panel of a finished request, with at most `limit` characters of the body.

    What the request says to be secret is masked in the answer as well.
    """
    redactor = redactor.knowing(credentials_of(record.request))
    failure = record.failure
    parts = (
        _body(record, redactor, limit),
        asserts(record.checks, redactor),
        sections.headers(record, redactor),
        policy.limits(record, redactor),
        policy.caching(record, redactor),
        sections.cookies(record, redactor),
        sections.links(record, redactor),
        timing(record.phases, record.elapsed),
        sections.redirects(record, redactor),
        sections.request(
            record, redactor, was_sent=not record.is_offline and (failure is None or failure.kind not in NEVER_SENT)
        ),
        values(record, redactor),
        sections.tls(record.tls, record.started),
        code(record, redactor),
    )
    return Panel(
        tone=_tone(record),
        badge=_badge(record, redactor) if failure is None else cut(failure.title, redactor.text, 60),
        asked=_asked(record.request.method, record.url or record.request.url, redactor),
        facts=tuple(filter(None, _facts(record, redactor))),
        notes=() if failure is None else (_sentence(failure, redactor),),
        sections=selected(
            (part for part in parts if part is not None), record.show or ("HB" if record.is_offline else None)
        ),
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
        sections=_preview(progress.preview, redactor),
    )


def _preview(text: str, redactor: Redactor) -> tuple[Fold, ...]:
    """Return the end of a body that is still arriving."""
    if not text:
        return ()
    shown = clip(redactor.text(redactor.json_text(text)), 2 * TAIL).rstrip("\n").split("\n")[-PREVIEW:]
    return (Fold("Body", "so far", (Code(tuple((Span(line),) for line in shown)),), is_open=True),)


def _body(record: Record, redactor: Redactor, limit: int) -> Fold | None:
    """Return the section of the body, or of the file that it went to."""
    if record.saved is not None:
        return saved(record.saved, redactor)
    if record.stored is not None:
        shown = body(record.stored, redactor, limit)
        return replace(shown, note=f"{policy.unchanged(record.stored)}: {shown.note}")
    if record.dropped:
        return Fold("Body", f"{size(record.dropped)}, let go of: the history has no room for it", ())
    return body(record, redactor, limit) if record.status is not None or record.content else None


def _badge(record: Record, redactor: Redactor) -> str:
    if record.is_offline:
        return "Offline"
    return "Complete" if record.is_loaded else _status(record, redactor)


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
    if record.is_offline:
        return "info"
    if record.is_loaded:
        return "good"
    if record.failure is not None:
        return "muted" if record.failure.kind == "cancelled" else "bad"
    return _TONES.get((record.status or 0) // 100, "bad")


def _facts(record: Record, redactor: Redactor) -> list[str]:
    took = duration(record.elapsed)
    attempts = count(record.attempts, "attempt") if record.attempts > 1 else ""
    if record.is_offline:
        return ["nothing was sent"]
    if record.status is None:
        return [f"after {took}", attempts]
    version = record.http_version
    return [
        _status(record, redactor) if record.failure is not None or record.is_loaded else "",
        _size(record, redactor),
        took,
        clip(version if not version or version.startswith("HTTP") else f"HTTP/{version}", 20),
        sections.tls_version(record.tls) if record.tls else "",
        cut(media_type_of(record.headers.get("content-type")), redactor.text, 60),
        count(len(record.redirects), "redirect") if record.redirects else "",
        attempts,
    ]


def _size(record: Record, redactor: Redactor) -> str:
    """Return the size of the body, and what its content coding saved."""
    whole = record.dropped or (len(record.content) if record.saved is None else record.saved.size)
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
