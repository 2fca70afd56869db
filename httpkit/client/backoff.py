"""How long to wait before the next attempt: a bound that grows, and a random time below it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from httpkit.errors import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientPayloadError,
    ClientResponseError,
    EventStreamError,
    ServerFingerprintMismatch,
)

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another attempt may turn into a better one."""

_MAX_EXPONENT = 64


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter: attempt n waits a random time below `initial * factor**n` seconds.

    Full jitter, and not a bit of it, because clients that lost the same server come back at the same moment otherwise.

    Attributes:
        initial: the bound of the first wait, in seconds.
        maximum: the bound that it grows to, in seconds; also the longest wait that a server may ask for.
        factor: how much it grows each time.
        attempts: how many may fail in a row before the last error is raised; None for any number.
        reset_after: a connection that lasted as long, in seconds, was a good one: the count starts again.
    """

    initial: float = 1.0
    maximum: float = 60.0
    factor: float = 2.0
    attempts: int | None = 10
    reset_after: float = 10.0

    def bound(self, failures: int) -> float:
        """Return the longest wait in seconds after `failures` in a row."""
        return min(self.maximum, self.initial * self.factor ** min(failures, _MAX_EXPONENT))


class Pauses:
    """Counts what failed in a row, and waits in between."""

    def __init__(self, backoff: Backoff, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.failures = 0
        self._refused = 0
        self._backoff = backoff
        self._sleep = sleep

    def note_failure(self) -> bool:
        """Count an attempt that failed; return whether there may be another."""
        self.failures += 1
        self._refused += 1
        return self._backoff.attempts is None or self._refused < self._backoff.attempts

    def note_success(self) -> None:
        """Count an attempt that led to a connection; only `note_end` tells whether it was a good one."""
        self._refused = 0

    def note_end(self, lasted: float) -> None:
        """Count a connection that ended after `lasted` seconds."""
        self.failures = 0 if lasted >= self._backoff.reset_after else self.failures + 1

    async def wait(self, at_least: float = 0.0) -> None:
        """Wait before the next attempt: at least as long as the server asked for, in seconds."""
        jitter = random.uniform(0, self._backoff.bound(max(0, self.failures - 1)))  # noqa: S311 - guards no secret
        await self._sleep(max(jitter, min(at_least, self._backoff.maximum)))


def is_passing(error: Exception) -> bool:
    """Return whether `error` may be gone at the next attempt.

    Lost and refused connections, timeouts and the statuses of `RETRIED_STATUSES` may; a wrong certificate, any other
    status and whatever isn't about the network may not.
    """
    if isinstance(error, ClientResponseError):
        return error.status in RETRIED_STATUSES
    if isinstance(error, (ClientConnectorCertificateError, ServerFingerprintMismatch, EventStreamError)):
        return False
    return isinstance(error, (ClientConnectionError, ClientPayloadError, TimeoutError))


def retry_after(error: Exception) -> float:
    """Return the seconds that `Retry-After` of a refused response asks for (RFC 9110 section 10.2.3); 0 where none."""
    if not isinstance(error, ClientResponseError) or error.headers is None:
        return 0.0
    value = error.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0
