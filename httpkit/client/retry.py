"""Trying again, as a middleware: after what a server or a connection may get over.

Only what can be repeated is: idempotent methods (RFC 9110 section 9.2.2), bodies that can be written again. Where no
connection could be made nothing was sent, so every method may be tried again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from time import monotonic

from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.sending import IDEMPOTENT_METHODS
from httpkit.client.state import Handler
from httpkit.errors import (
    ClientConnectionError,
    ClientConnectorError,
    ClientSSLError,
    ConnectionTimeoutError,
    ServerFingerprintMismatch,
)
from httpkit.values import hdrs
from httpkit.values.dates import parse_retry_after

# 408, 425, 429, 500, 502, 503, 504: what may pass by itself. 500 often is a bug, which stays.
RETRY_STATUSES = frozenset({408, 425, 429, 502, 503, 504})


class RetryMiddleware:
    """Sends a request again while its answer may get better.

    The wait before try n is a random part of `backoff * 2 ** (n - 2)` seconds, at most `max_backoff` ("full jitter": many
    clients that failed together don't come back together). `Retry-After` is the least wait; where a server asks for more
    than `max_retry_after`, its answer is returned.

    Args:
        attempts: tries in all, the first included.
        statuses: answers that are worth another try.
        methods: methods that may be sent again after a server had them.
        backoff, max_backoff: seconds.
        max_retry_after: seconds that a server may ask for.
        budget: seconds from the first try in which the last one must begin.
        jitter: (low, high) -> seconds between them.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        statuses: Collection[int] = RETRY_STATUSES,
        methods: Collection[str] = IDEMPOTENT_METHODS,
        backoff: float = 0.5,
        max_backoff: float = 30.0,
        max_retry_after: float = 60.0,
        budget: float = 120.0,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {attempts}")
        self._attempts = attempts
        self._statuses = frozenset(statuses)
        self._methods = frozenset(method.upper() for method in methods)
        self._backoff = backoff
        self._max_backoff = max_backoff
        self._max_retry_after = max_retry_after
        self._budget = budget
        self._jitter = jitter

    async def __call__(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        """Answer `request` with the first good response, or with the last one.

        Raises:
            ClientConnectionError: the last try failed.
        """
        started = monotonic()
        may_repeat = request.method in self._methods
        for attempt in range(1, self._attempts):
            response = None
            failure: ClientConnectionError | None = None
            try:
                response = await handler(request)
                if response.status not in self._statuses or not may_repeat:
                    return response
            except ClientConnectionError as error:
                if not _may_pass(error) or not (may_repeat or _sent_nothing(error)):
                    raise
                failure = error
            wait = self._wait(attempt, response)
            if wait is None or not _fits(request, started + self._budget, wait):
                if failure is not None:
                    raise failure
                assert response is not None  # noqa: S101 - or there was a failure
                return response
            if response is not None:
                response.release()
            await asyncio.sleep(wait)
        return await handler(request)

    def _wait(self, attempt: int, response: ClientResponse | None) -> float | None:
        """Return the seconds before the try after number `attempt`; None where the server wants too many."""
        # The exponent is bounded, as numbers are not.
        wait = self._jitter(0.0, min(self._max_backoff, self._backoff * 2.0 ** min(attempt - 1, 64)))
        asked = None if response is None else response.headers.get(hdrs.RETRY_AFTER)
        if asked is None:
            return wait
        least = parse_retry_after(asked, datetime.now(UTC)) or 0.0
        return None if least > self._max_retry_after else max(least, wait)


def _may_pass(error: ClientConnectionError) -> bool:
    """Return whether another try could end otherwise: a certificate stays what it is."""
    return not isinstance(error, (ClientSSLError, ServerFingerprintMismatch))


def _sent_nothing(error: ClientConnectionError) -> bool:
    return isinstance(error, (ClientConnectorError, ConnectionTimeoutError))


def _fits(request: ClientRequest, end: float, wait: float) -> bool:
    """Return whether the request can be sent again after `wait` seconds, before the time is over."""
    if request.body and request.body.consumed:
        return False
    at = monotonic() + wait
    return at <= end and not (request.deadline and at >= request.deadline)
