"""Plain data about a message exchange: who is asked, what was asked, how long it may take and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple, Self

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class HttpVersion(NamedTuple):
    """The HTTP version of a message (RFC 9110 section 2.5)."""

    major: int
    minor: int


HttpVersion10 = HttpVersion(1, 0)
HttpVersion11 = HttpVersion(1, 1)


class _RequestInfo(NamedTuple):
    url: URL
    method: str
    headers: CIMultiDictProxy[str]
    real_url: URL


class RequestInfo(_RequestInfo):
    """What was asked: `url` without its fragment, `real_url` with it."""

    __slots__ = ()

    def __new__(cls, url: URL, method: str, headers: CIMultiDictProxy[str], real_url: URL | None = None) -> Self:
        """Take `url` for `real_url` where none is given."""
        return super().__new__(cls, url, method, headers, url if real_url is None else real_url)

    # A view of a multidict can't be pickled, and errors carry one of these across process borders.
    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.url, self.method, list(self.headers.items()), self.real_url)


def _restored(url: URL, method: str, fields: list[tuple[str, str]], real_url: URL) -> RequestInfo:
    return RequestInfo(url, method, CIMultiDictProxy(CIMultiDict(fields)), real_url)


class ConnectionKey(NamedTuple):
    """Everything that two requests must share to share a connection: the origin and all of its TLS and proxy material."""

    host: str
    port: int | None
    is_ssl: bool
    ssl: Any
    proxy: URL | None
    proxy_auth: Any
    proxy_headers_hash: int | None
    server_hostname: str | None = None
    # A tunnel for ws and a proxy that forwards http would else look alike, and each must never be taken for the other.
    is_tunnelled: bool = False


@dataclass(frozen=True)
class ClientTimeout:
    """How long each phase of a request may take, in seconds; None or 0 is no limit.

    Raises:
        TypeError: a limit is not a number.
        ValueError: it is negative or not finite.

    Attributes:
        total: the whole request, redirects and reading the body included.
        connect: waiting for a free slot in the pool, resolving, connecting, TLS and the proxy's tunnel.
        sock_read: the gap between two reads from the socket.
        sock_connect: one TCP connection with its TLS handshake.
        ceil_threshold: limits above this are rounded up to whole seconds of the loop's clock.
    """

    total: float | None = None
    connect: float | None = None
    sock_read: float | None = None
    sock_connect: float | None = None
    ceil_threshold: float = 5

    def __post_init__(self) -> None:
        for name in ("total", "connect", "sock_read", "sock_connect", "ceil_threshold"):
            limit = getattr(self, name)
            if limit is None:
                continue
            if not isinstance(limit, int | float):
                raise TypeError(f"ClientTimeout.{name} must be a number or None, got {limit!r}")
            if not 0 <= limit < inf:
                raise ValueError(f"ClientTimeout.{name} must be 0 or more and finite, None for no limit, got {limit!r}")


DEFAULT_TIMEOUT = ClientTimeout(total=5 * 60, sock_connect=30)


class Timing:
    """Clock marks of one exchange in seconds of `time.monotonic()`; None is a phase that did not happen.

    The marks are written as the exchange goes along; `phases()` turns them into durations.
    """

    __slots__ = (
        "connected", "done", "first_byte", "queued", "resolve_start", "resolved", "secured", "sent", "started",
        "tcp_start", "tls_start",
    )  # fmt: skip

    def __init__(self, started: float) -> None:
        self.started = started
        self.queued: float | None = None
        self.resolve_start: float | None = None
        self.resolved: float | None = None
        self.tcp_start: float | None = None
        self.connected: float | None = None
        self.tls_start: float | None = None
        self.secured: float | None = None
        self.sent: float | None = None
        self.first_byte: float | None = None
        self.done: float | None = None

    def again(self, now: float) -> Timing:
        """Return the marks of another attempt, which begins at `now`: all that came before it counts as queued."""
        timing = Timing(self.started)
        timing.queued = now
        return timing

    @property
    def total(self) -> float | None:
        """Seconds from the call to the last byte of the body; None while the body is still arriving."""
        return None if self.done is None else self.done - self.started

    def phases(self) -> dict[str, float]:
        """Return the seconds spent in each phase that happened, in order.

        The names are `queued`, `dns`, `connect`, `tls`, `send`, `wait` and `receive`.
        """
        ready = self.secured or self.connected or self.queued or self.started
        spans = (
            ("queued", self.started, self.queued),
            ("dns", self.resolve_start, self.resolved),
            ("connect", self.tcp_start, self.connected),
            ("tls", self.tls_start, self.secured),
            ("send", ready, self.sent),
            ("wait", self.sent, self.first_byte),
            ("receive", self.first_byte, self.done),
        )
        return {name: end - start for name, start, end in spans if start is not None and end is not None}
