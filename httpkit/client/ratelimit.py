"""A limit on requests per second, as a middleware: a token bucket for each origin. Who finds it empty waits in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.state import Handler

# Origins whose bucket is remembered; a full bucket is as good as none.
MAX_ORIGINS = 1000


class _Bucket:
    """Tokens, which go below zero by those who wait for theirs."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at


class RateLimitMiddleware:
    """Holds requests back so that an origin gets at most `rate` of them a second, after a burst of `burst`.

    Put it inside a retry (after it in `middlewares`), and each try counts.

    Args:
        rate: requests a second.
        burst: requests that may go out at once after a silence.
        key: request -> what shares a bucket; scheme, host and port by default.
        max_origins: buckets that are remembered.
    """

    def __init__(
        self,
        rate: float,
        *,
        burst: int = 1,
        key: Callable[[ClientRequest], object] | None = None,
        max_origins: int = MAX_ORIGINS,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"rate must be above 0 and burst at least 1, got {rate:g} and {burst}")
        self._rate = rate
        self._burst = burst
        self._key = key or _origin
        self._max_origins = max_origins
        self._buckets: OrderedDict[object, _Bucket] = OrderedDict()

    async def __call__(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        """Pass `request` on when it is its turn.

        Raises:
            TimeoutError: its total time is over before that; it doesn't wait for nothing.
        """
        bucket = self._bucket(self._key(request))
        wait = (1.0 - bucket.tokens) / self._rate
        if wait > 0.0 and request.deadline and monotonic() + wait >= request.deadline:
            raise TimeoutError(f"{wait:.1f} s to wait at {self._rate:g} requests/s, which is beyond the timeout")
        bucket.tokens -= 1.0
        if wait > 0.0:
            try:
                await asyncio.sleep(wait)
            except BaseException:
                bucket.tokens += 1.0
                raise
        return await handler(request)

    def _bucket(self, key: object) -> _Bucket:
        """Return the bucket of `key`, with the tokens that have dropped into it since it was looked at."""
        now = monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(float(self._burst), now)
            if len(self._buckets) > self._max_origins:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
            bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.at) * self._rate)
            bucket.at = now
        return bucket


def _origin(request: ClientRequest) -> object:
    return request.url.origin()
