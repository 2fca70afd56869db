"""Transcript -> panel: what a stream is doing or did, and its last messages. The same for one that runs and one that ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import LONGEST, Redactor
from httpkit_magics.record.transcript import Message, Transcript
from httpkit_magics.record.units import count, duration, size
from httpkit_magics.render import sections
from httpkit_magics.render.asserts import asserts
from httpkit_magics.render.clip import clip, cut
from httpkit_magics.render.outline import NEVER_SENT
from httpkit_magics.render.panel import MAX_LABEL, Fold, MessageRow, Messages, Panel, Prose, Span, Tone

MAX_ROWS: Final = 50
"""Messages that are shown."""
MAX_PREVIEW: Final = 160
"""Characters of a message; so all of them are at most 8 000."""
MAX_KIND: Final = 20

_IN: Final = Span("\u2193", "good")
_OUT: Final = Span("\u2191", "info")


def outline_stream(transcript: Transcript, redactor: Redactor) -> Panel:
    """Return the panel of a stream as it is now."""
    redactor = transcript.redactor(redactor)
    failure = transcript.failure
    notes = []
    if failure is not None:
        sentence = (Span(cut(failure.sentence, redactor.url, 2 * MAX_LABEL)), Span(f" {failure.hint}", "muted"))
        notes.append(Prose(sentence[: 2 if failure.hint else 1]))
    asked = Record(transcript.request, transcript.request.url)
    parts = (
        _messages(transcript, redactor),
        asserts(transcript.checks, redactor),
        sections.request(asked, redactor, was_sent=failure is None or failure.kind not in NEVER_SENT),
    )
    return Panel(
        tone=_tone(transcript),
        badge=clip(transcript.said, 40),
        asked=f"{transcript.protocol} {cut(transcript.request.url, redactor.url)}",
        facts=tuple(filter(None, _facts(transcript, redactor))),
        notes=tuple(notes),
        sections=tuple(part for part in parts if part is not None),
    )


def _tone(transcript: Transcript) -> Tone:
    if transcript.failure is not None:
        return "bad"
    if not transcript.has_ended:
        return "warn" if transcript.state == "reconnecting" else "info"
    return "good" if transcript.close_code in {None, 1000} else "warn"


def _facts(transcript: Transcript, redactor: Redactor) -> Iterator[str]:
    elapsed = duration(transcript.elapsed)
    yield f"after {elapsed}" if not transcript.connections else elapsed
    if not transcript.connections:
        return
    yield f"{count(transcript.sent)} sent, {count(transcript.received)} received"
    messages, length = transcript.rate()
    if transcript.received:
        yield f"{_rate(messages)} messages/s, {size(round(length))}/s"
    if transcript.latency is not None:
        yield f"ping {duration(transcript.latency)}"
    yield cut(transcript.subprotocol, redactor.text, 60)
    if transcript.connections > 1:
        yield count(transcript.connections, "connection")
    if transcript.close_reason:
        yield cut(transcript.close_reason, redactor.text, 123)


def _rate(number: float) -> str:
    return count(round(number)) if number >= 9.95 else f"{number:.1f}"


def _messages(transcript: Transcript, redactor: Redactor) -> Fold | None:
    # One more, for the time between the first that is shown and the one before it.
    messages = transcript.last(MAX_ROWS + 1)
    if not messages:
        return None
    shown = messages[-MAX_ROWS:]
    before: list[Message | None] = [messages[-MAX_ROWS - 1] if len(messages) > MAX_ROWS else None, *shown]
    rows = tuple(_row(message, last, redactor) for message, last in zip(shown, before, strict=False))
    total = transcript.total
    note = count(total) if total == len(shown) else f"last {len(shown)} of {count(total)}"
    return Fold("Messages", note, (Messages(rows, _left_out(transcript, len(shown))),), is_open=True)


def _left_out(transcript: Transcript, shown: int) -> str:
    if transcript.total == shown:
        return ""
    kept = transcript.kept
    dropped = transcript.total - kept
    said = f", the first {count(dropped)} are no longer kept" if dropped else ""
    return f"{count(kept - shown)} more: feed.messages{said}"


def _row(message: Message, last: Message | None, redactor: Redactor) -> MessageRow:
    text = message.masked(redactor, MAX_PREVIEW + LONGEST).replace("\n", " ")
    return MessageRow(
        _OUT if message.direction == "out" else _IN,
        cut(message.event or message.kind, redactor.text, MAX_KIND),
        clip(text, MAX_PREVIEW),
        size(message.size) if message.is_data else "",
        f"{message.time:.2f} s",
        "" if last is None else f"+{duration(message.time - last.time)}",
    )
