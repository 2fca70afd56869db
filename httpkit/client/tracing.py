"""Who watches requests: `TraceConfig` and its signals, with aiohttp's names and order.

A handler is an async callable `(session, context, params)`. Nothing here runs while no `TraceConfig` is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self, overload

from multidict import CIMultiDict
from yarl import URL

Receiver = Callable[[Any, Any, Any], Awaitable[object]]


@dataclass(frozen=True)
class TraceRequestStartParams:
    """A request begins."""

    method: str
    url: URL
    headers: CIMultiDict[str]


@dataclass(frozen=True)
class TraceRequestChunkSentParams:
    """A piece of the request's body is sent."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True)
class TraceResponseChunkReceivedParams:
    """The response's body is read."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True)
class TraceRequestEndParams:
    """The response's head is in, and is not a redirect that is followed."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: Any


@dataclass(frozen=True)
class TraceRequestExceptionParams:
    """The request failed."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    exception: BaseException


@dataclass(frozen=True)
class TraceRequestRedirectParams:
    """A redirect is followed."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: Any


@dataclass(frozen=True)
class TraceConnectionQueuedStartParams:
    """The request waits for a connection."""


@dataclass(frozen=True)
class TraceConnectionQueuedEndParams:
    """The request may have a connection."""


@dataclass(frozen=True)
class TraceConnectionCreateStartParams:
    """A connection is about to be made."""


@dataclass(frozen=True)
class TraceConnectionCreateEndParams:
    """A connection was made."""


@dataclass(frozen=True)
class TraceConnectionReuseconnParams:
    """An idle connection is used again."""


@dataclass(frozen=True)
class TraceDnsResolveHostStartParams:
    """A name is about to be resolved."""

    host: str


@dataclass(frozen=True)
class TraceDnsResolveHostEndParams:
    """A name was resolved."""

    host: str


@dataclass(frozen=True)
class TraceDnsCacheHitParams:
    """A name's addresses were remembered."""

    host: str


@dataclass(frozen=True)
class TraceDnsCacheMissParams:
    """A name's addresses were not remembered."""

    host: str


@dataclass(frozen=True)
class TraceRequestHeadersSentParams:
    """The request's head is sent."""

    method: str
    url: URL
    headers: CIMultiDict[str]


class Signal(MutableSequence[Receiver]):
    """The receivers of one kind of event, called in order. Frozen once a session uses it."""

    __slots__ = ("_frozen", "_receivers")

    def __init__(self, receivers: Iterable[Receiver] = ()) -> None:
        self._receivers = list(receivers)
        self._frozen = False

    def __repr__(self) -> str:
        return f"<Signal frozen={self._frozen} {self._receivers!r}>"

    @property
    def frozen(self) -> bool:
        """Whether receivers can't be added or removed any more."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        self._frozen = True

    @overload
    def __getitem__(self, index: int) -> Receiver: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Receiver | Self:
        return type(self)(self._receivers[index]) if isinstance(index, slice) else self._receivers[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check_open()
        self._receivers[index] = value

    def __delitem__(self, index: int | slice) -> None:
        self._check_open()
        del self._receivers[index]

    def __len__(self) -> int:
        return len(self._receivers)

    def insert(self, index: int, value: Receiver) -> None:
        """Add `value` before `index`.

        Raises:
            RuntimeError: a session uses the signal already.
        """
        self._check_open()
        self._receivers.insert(index, value)

    async def send(self, *args: Any) -> None:
        """Call every receiver, one after the other.

        Raises:
            RuntimeError: the signal is not frozen.
        """
        if not self._frozen:
            raise RuntimeError("Cannot send non-frozen signal.")
        for receiver in self._receivers:
            await receiver(*args)

    def _check_open(self) -> None:
        if self._frozen:
            raise RuntimeError("Cannot modify frozen list.")


SIGNALS = {
    "on_request_start": TraceRequestStartParams,
    "on_request_chunk_sent": TraceRequestChunkSentParams,
    "on_response_chunk_received": TraceResponseChunkReceivedParams,
    "on_request_end": TraceRequestEndParams,
    "on_request_exception": TraceRequestExceptionParams,
    "on_request_redirect": TraceRequestRedirectParams,
    "on_connection_queued_start": TraceConnectionQueuedStartParams,
    "on_connection_queued_end": TraceConnectionQueuedEndParams,
    "on_connection_create_start": TraceConnectionCreateStartParams,
    "on_connection_create_end": TraceConnectionCreateEndParams,
    "on_connection_reuseconn": TraceConnectionReuseconnParams,
    "on_dns_resolvehost_start": TraceDnsResolveHostStartParams,
    "on_dns_resolvehost_end": TraceDnsResolveHostEndParams,
    "on_dns_cache_hit": TraceDnsCacheHitParams,
    "on_dns_cache_miss": TraceDnsCacheMissParams,
    "on_request_headers_sent": TraceRequestHeadersSentParams,
}
"""Every signal, and what its receivers are told."""


class TraceConfig:
    """What to call when. Append async handlers `(session, context, params)` to the signals.

    Args:
        trace_config_ctx_factory: makes the context of each request, from `trace_request_ctx=`.
    """

    on_request_start: Signal
    on_request_chunk_sent: Signal
    on_response_chunk_received: Signal
    on_request_end: Signal
    on_request_exception: Signal
    on_request_redirect: Signal
    on_connection_queued_start: Signal
    on_connection_queued_end: Signal
    on_connection_create_start: Signal
    on_connection_create_end: Signal
    on_connection_reuseconn: Signal
    on_dns_resolvehost_start: Signal
    on_dns_resolvehost_end: Signal
    on_dns_cache_hit: Signal
    on_dns_cache_miss: Signal
    on_request_headers_sent: Signal

    def __init__(self, trace_config_ctx_factory: Callable[..., Any] = SimpleNamespace) -> None:
        self._ctx_factory = trace_config_ctx_factory
        for name in SIGNALS:
            setattr(self, name, Signal())

    def trace_config_ctx(self, trace_request_ctx: Any = None) -> Any:
        """Return the context of one request."""
        return self._ctx_factory(trace_request_ctx=trace_request_ctx)

    def watch(self, session: Any, trace_request_ctx: Any = None) -> Trace:
        """Return what watches one request of `session`."""
        return Trace(session, self, self.trace_config_ctx(trace_request_ctx))

    def freeze(self) -> None:
        """Refuse new handlers: a session begins to use this."""
        for name in SIGNALS:
            getattr(self, name).freeze()


class Trace:
    """One `TraceConfig` watching one request."""

    __slots__ = ("_config", "_context", "_session")

    def __init__(self, session: Any, config: TraceConfig, context: Any) -> None:
        self._session = session
        self._config = config
        self._context = context

    async def _tell(self, signal: str, *facts: Any) -> None:
        receivers: Signal = getattr(self._config, signal)
        if receivers:
            await receivers.send(self._session, self._context, SIGNALS[signal](*facts))

    async def send_request_start(self, method: str, url: URL, headers: CIMultiDict[str]) -> None:
        """A request begins."""
        await self._tell("on_request_start", method, url, headers)

    async def send_request_headers(self, method: str, url: URL, headers: CIMultiDict[str]) -> None:
        """The request's head is sent."""
        await self._tell("on_request_headers_sent", method, url, headers)

    async def send_request_chunk_sent(self, method: str, url: URL, chunk: bytes) -> None:
        """A piece of the request's body is sent."""
        await self._tell("on_request_chunk_sent", method, url, chunk)

    async def send_response_chunk_received(self, method: str, url: URL, chunk: bytes) -> None:
        """The response's body is read."""
        await self._tell("on_response_chunk_received", method, url, chunk)

    async def send_request_end(self, method: str, url: URL, headers: CIMultiDict[str], response: Any) -> None:
        """The response's head is in."""
        await self._tell("on_request_end", method, url, headers, response)

    async def send_request_exception(
        self, method: str, url: URL, headers: CIMultiDict[str], exception: BaseException
    ) -> None:
        """The request failed."""
        await self._tell("on_request_exception", method, url, headers, exception)

    async def send_request_redirect(self, method: str, url: URL, headers: CIMultiDict[str], response: Any) -> None:
        """A redirect is followed."""
        await self._tell("on_request_redirect", method, url, headers, response)

    async def send_connection_queued_start(self) -> None:
        """The request waits for a connection."""
        await self._tell("on_connection_queued_start")

    async def send_connection_queued_end(self) -> None:
        """The request may have a connection."""
        await self._tell("on_connection_queued_end")

    async def send_connection_create_start(self) -> None:
        """A connection is about to be made."""
        await self._tell("on_connection_create_start")

    async def send_connection_create_end(self) -> None:
        """A connection was made."""
        await self._tell("on_connection_create_end")

    async def send_connection_reuseconn(self) -> None:
        """An idle connection is used again."""
        await self._tell("on_connection_reuseconn")

    async def send_dns_resolvehost_start(self, host: str) -> None:
        """A name is about to be resolved."""
        await self._tell("on_dns_resolvehost_start", host)

    async def send_dns_resolvehost_end(self, host: str) -> None:
        """A name was resolved."""
        await self._tell("on_dns_resolvehost_end", host)

    async def send_dns_cache_hit(self, host: str) -> None:
        """A name's addresses were remembered."""
        await self._tell("on_dns_cache_hit", host)

    async def send_dns_cache_miss(self, host: str) -> None:
        """A name's addresses were not remembered."""
        await self._tell("on_dns_cache_miss", host)
