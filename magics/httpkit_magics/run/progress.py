"""How far a request has come: written on the loop thread, and given to whoever shows it as a `Progress`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpkit
from httpkit_magics.record.record import Progress, SentRequest

TAIL = 8192
"""Bytes of a body that is shown while it arrives."""


class Underway:
    """The stage of a request in progress; plain attributes, so that another thread may read them at any time.

    Attributes:
        method: the method of the current hop.
        url: the URL of the current hop.
        stage: "queued", "resolving", "connecting", "sending", "sent" or "receiving".
        received: bytes of the decoded body so far.
        expected: bytes of the body to come, where they are known.
        seen: the last bytes of the body so far, where they are to be seen, and how many there were before and with them.
        attempts: how often the request was made so far, where it may be made again.
    """

    __slots__ = ("attempts", "expected", "method", "received", "seen", "stage", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url
        self.stage = "queued"
        self.received = 0
        self.expected: int | None = None
        self.seen = b"", 0
        self.attempts = 0

    def see(self, chunk: bytes) -> None:
        """Take `chunk` of the body into what is shown of it."""
        tail, count = self.seen
        self.seen = (tail + chunk)[-TAIL:], count + len(chunk)

    def after(self, count: int) -> tuple[bytes, int]:
        """Return what arrived after the first `count` bytes, as far as it is still here, and the new count."""
        tail, total = self.seen
        return tail[max(0, len(tail) - (total - count)) :] if total > count else b"", total

    def at(self, elapsed: float) -> Progress:
        """Return where the request is now, `elapsed` seconds after the call."""
        asked = SentRequest(self.method, self.url)
        preview = self.seen[0].decode("utf-8", "replace")
        if self.received > TAIL:
            preview = preview.partition("\n")[2] or preview
        return Progress(asked, self.stage, self.received, self.expected, elapsed, preview)


def progress_trace() -> httpkit.TraceConfig:
    """Return the observer that moves the `Underway` given as `trace_request_ctx` from stage to stage."""
    trace = httpkit.TraceConfig()

    def stage(name: str) -> Any:
        async def move(_session: Any, context: SimpleNamespace, _params: Any) -> None:
            # A WebSocket's handshake has none: its stream says how far it is.
            if context.trace_request_ctx is not None:
                context.trace_request_ctx.stage = name

        return move

    async def redirected(_session: Any, context: SimpleNamespace, params: Any) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.url = str(params.url)

    trace.on_dns_resolvehost_start.append(stage("resolving"))
    trace.on_dns_resolvehost_end.append(stage("connecting"))
    trace.on_connection_create_start.append(stage("connecting"))
    trace.on_connection_create_end.append(stage("sending"))
    trace.on_request_headers_sent.append(stage("sent"))
    trace.on_request_redirect.append(redirected)
    return trace
