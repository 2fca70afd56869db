"""The pool: at most so many connections, each given to one exchange at a time, the warmest first.

Whoever takes a slot gives it back, however it ends: `_busy` and `_opening` are the slots, and they change only here.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

from multidict import CIMultiDict
from yarl import URL

from httpkit.errors import ClientConnectionError, ConnectionTimeoutError
from httpkit.net.deadlines import Deadlines
from httpkit.net.http1_connection import Http1Connection
from httpkit.values.deprecation import warn
from httpkit.values.messages import ClientTimeout, ConnectionKey, Timing

KEEPALIVE_TIMEOUT = 15.0
_UNSET: Any = object()


class Trace(Protocol):
    """Who watches a request; each method is awaited at its moment."""

    async def send_connection_queued_start(self) -> None:
        """No slot is free."""

    async def send_connection_queued_end(self) -> None:
        """A slot became free."""

    async def send_connection_create_start(self) -> None:
        """A connection is about to be made."""

    async def send_connection_create_end(self) -> None:
        """A connection was made."""

    async def send_connection_reuseconn(self) -> None:
        """An idle connection is used again."""

    async def send_dns_resolvehost_start(self, host: str) -> None:
        """A name is about to be resolved."""

    async def send_dns_resolvehost_end(self, host: str) -> None:
        """A name was resolved."""

    async def send_dns_cache_hit(self, host: str) -> None:
        """A name's addresses were remembered."""

    async def send_dns_cache_miss(self, host: str) -> None:
        """A name's addresses were not remembered."""


class Request(Protocol):
    """What a connector must know of a request."""

    timing: Timing
    proxy_headers: CIMultiDict[str] | None

    @property
    def url(self) -> URL:
        """What is asked for."""

    @property
    def connection_key(self) -> ConnectionKey:
        """What it must share with a connection."""


class Connection:
    """A connection lent out by a connector; give it back with `release()`, or end it with `close()`."""

    __slots__ = ("__weakref__", "_callbacks", "_connector", "_key", "_protocol")

    def __init__(self, connector: BaseConnector, key: ConnectionKey, protocol: Http1Connection) -> None:
        self._connector = connector
        self._key = key
        self._protocol: Http1Connection | None = protocol
        self._callbacks: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"Connection<{self._key}>"

    def __bool__(self) -> bool:
        """Return True: it is there, closed or not."""
        return True

    def __del__(self, _warnings: Any = warnings) -> None:
        protocol = self._protocol
        if protocol is None or self._connector.closed:
            return
        _warnings.warn(f"Unclosed connection {self!r}", ResourceWarning, source=self, stacklevel=1)
        if self._connector.loop.is_closed():
            return
        protocol.close(abort=True)
        self._connector.put(protocol)
        context = {"client_connection": self, "message": "Unclosed connection"}
        self._connector.loop.call_exception_handler(context)

    @property
    def protocol(self) -> Http1Connection | None:
        """The connection itself; None once it is released or closed."""
        return self._protocol

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport; None once it is released or closed."""
        return None if self._protocol is None else self._protocol.transport

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop; deprecated."""
        warn("connector.loop property is deprecated")
        return self._connector.loop

    @property
    def closed(self) -> bool:
        """Whether it is released or closed."""
        return self._protocol is None or self._protocol.transport is None

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the connection is released or closed."""
        self._callbacks.append(callback)

    def detach(self) -> Http1Connection:
        """Return the connection itself; its exchange gives it back from now on.

        Raises:
            ClientConnectionError: it is released or closed already.
        """
        protocol, self._protocol = self._protocol, None
        if protocol is None:
            raise ClientConnectionError("connection is released already")
        return protocol

    def release(self) -> None:
        """Give the connection back."""
        if self._protocol is not None:
            self._connector.put(self.detach())
            self._notify()

    def close(self) -> None:
        """Close the connection."""
        if self._protocol is not None:
            protocol = self.detach()
            protocol.close()
            self._connector.put(protocol)
            self._notify()

    def _notify(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            # A callback of the user's must not keep the others from theirs.
            with suppress(Exception):
                callback()


class _Closing:
    """What `close()` returns: awaiting it waits until the transports are gone, not awaiting it is fine."""

    __slots__ = ("_connections",)

    def __init__(self, connections: Sequence[Http1Connection]) -> None:
        self._connections = connections

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        for connection in self._connections:
            await connection.wait_closed()


class BaseConnector:
    """A pool of connections.

    Args:
        keepalive_timeout: seconds that an idle connection is kept; None for any time.
        force_close: close every connection after one exchange.
        limit: connections that may be in use at once; 0 for any number.
        limit_per_host: the same for each `ConnectionKey`.
        enable_cleanup_closed: has no effect: asyncio closes lost TLS transports itself.
        loop: the event loop; the running one by default.
        timeout_ceil_threshold: timeouts above this many seconds are rounded up to whole seconds of the loop's clock.
    """

    allowed_protocol_schema_set = frozenset({"", "http", "https", "ws", "wss"})
    uses_proxies = False
    _closed = True  # until the constructor is done

    def __init__(
        self,
        *,
        keepalive_timeout: float | None = _UNSET,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
    ) -> None:
        if force_close and keepalive_timeout is not None and keepalive_timeout is not _UNSET:
            raise ValueError("keepalive_timeout cannot be set if force_close is True")
        if enable_cleanup_closed:
            warn("enable_cleanup_closed is deprecated and has no effect: asyncio closes lost TLS transports")
        self._loop = loop or asyncio.get_running_loop()
        self._keepalive_timeout = KEEPALIVE_TIMEOUT if keepalive_timeout is _UNSET else keepalive_timeout
        self._force_close = force_close
        self._limit = limit
        self._limit_per_host = limit_per_host
        self._timeout_ceil_threshold = timeout_ceil_threshold
        self._idle: dict[ConnectionKey, list[Http1Connection]] = {}
        self._busy: set[Http1Connection] = set()
        self._opening = 0
        self._per_key: dict[ConnectionKey, int] = {}
        self._waiters: deque[tuple[ConnectionKey, asyncio.Future[None]]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self.deadlines = Deadlines(self._loop)
        self._closed = False

    def __del__(self, _warnings: Any = warnings) -> None:
        if self._closed or not (self._idle or self._busy):
            return
        _warnings.warn(f"Unclosed connector {self!r}", ResourceWarning, source=self, stacklevel=1)
        if not self._loop.is_closed():
            self._loop.call_exception_handler({"connector": self, "message": "Unclosed connector"})
            self.close()

    def __enter__(self) -> Self:
        warn('"with Connector():" is deprecated, use "async with Connector():" instead')
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._loop

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._closed

    @property
    def force_close(self) -> bool:
        """Whether every connection closes after one exchange."""
        return self._force_close

    @property
    def limit(self) -> int:
        """How many connections may be in use at once; 0 for any number."""
        return self._limit

    @property
    def limit_per_host(self) -> int:
        """How many connections of one `ConnectionKey` may be in use at once; 0 for any number."""
        return self._limit_per_host

    # -- taking -------------------------------------------------------------------------------------------------

    def take(self, key: ConnectionKey) -> Http1Connection | None:
        """Return an idle connection for `key` at once, or None where one must be waited for or made."""
        if key not in self._idle or self._waiters or (self._limit and len(self._busy) + self._opening >= self._limit):
            return None
        if self._limit_per_host and self._per_key.get(key, 0) >= self._limit_per_host:
            return None
        return self._take_idle(key)

    def _take_idle(self, key: ConnectionKey) -> Http1Connection | None:
        stack = self._idle.get(key)
        if stack is None:
            return None
        oldest = 0.0 if self._keepalive_timeout is None else monotonic() - self._keepalive_timeout
        found = None
        while stack and found is None:
            connection = stack.pop()
            if connection.room and connection.idle_since >= oldest:
                found = connection
                self._busy.add(connection)
                if self._limit_per_host:
                    self._per_key[key] = self._per_key.get(key, 0) + 1
            else:
                connection.close()
        if not stack:
            self._idle.pop(key, None)
        return found

    async def connect(self, req: Request, traces: Sequence[Trace], timeout: ClientTimeout) -> Connection:
        """Return a connection for `req`, waiting for a slot and connecting as necessary.

        Raises:
            ConnectionTimeoutError: `timeout.connect` seconds were not enough.
            ClientConnectorError: no connection could be made.
            ClientConnectionError: the connector is closed.
        """
        try:
            async with asyncio.timeout(timeout.connect or None):
                connection = await self._connect(req, traces, timeout)
        except ConnectionTimeoutError:
            raise
        except TimeoutError as error:
            host = f"{req.connection_key.host}:{req.connection_key.port}"
            raise ConnectionTimeoutError(
                f"no connection to {host} within {timeout.connect or 0:g} s (ClientTimeout.connect)"
            ) from error
        return Connection(self, req.connection_key, connection)

    async def _connect(self, req: Request, traces: Sequence[Trace], timeout: ClientTimeout) -> Http1Connection:
        key = req.connection_key
        connection: Http1Connection | None = None
        await self._reserve(key, traces)
        try:
            req.timing.queued = monotonic()
            connection = self._take_idle(key)
            if connection is not None:
                for trace in traces:
                    await trace.send_connection_reuseconn()
                return connection
            for trace in traces:
                await trace.send_connection_create_start()
            connection = await self._create_connection(req, traces, timeout)
            self._lend(connection)
            for trace in traces:
                await trace.send_connection_create_end()
        except BaseException:
            # Cancelled, or a watcher failed, when there was a connection already.
            if connection is not None:
                connection.close(abort=True)
                self.put(connection)
            raise
        finally:
            self._opening -= 1
            self._free(key)
        return connection

    def _lend(self, connection: Http1Connection) -> None:
        """Count a new connection.

        Raises:
            ClientConnectionError: the connector was closed meanwhile.
        """
        if self._closed:
            raise ClientConnectionError("Connector is closed.")
        self._busy.add(connection)
        if self._limit_per_host:
            self._per_key[connection.key] = self._per_key.get(connection.key, 0) + 1

    async def _create_connection(
        self, req: Request, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> Http1Connection:
        raise NotImplementedError

    def _has_slot(self, key: ConnectionKey) -> bool:
        if self._limit and len(self._busy) + self._opening >= self._limit:
            return False
        return not self._limit_per_host or self._per_key.get(key, 0) < self._limit_per_host

    async def _reserve(self, key: ConnectionKey, traces: Sequence[Trace]) -> None:
        """Take a slot, waiting for one in the order of asking."""
        if self._closed:
            raise ClientConnectionError("Connector is closed.")
        if self._has_slot(key) and not any(waiting == key for waiting, _ in self._waiters):
            self._hold(key)
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        entry = (key, waiter)
        self._waiters.append(entry)
        try:
            for trace in traces:
                await trace.send_connection_queued_start()
            await waiter
            for trace in traces:
                await trace.send_connection_queued_end()
        except BaseException:
            if entry in self._waiters:
                self._waiters.remove(entry)
            elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # The slot was ours already when the cancellation came.
                self._opening -= 1
                self._free(key)
            raise

    def _hold(self, key: ConnectionKey) -> None:
        self._opening += 1
        if self._limit_per_host:
            self._per_key[key] = self._per_key.get(key, 0) + 1

    # -- giving back --------------------------------------------------------------------------------------------

    def put(self, connection: Http1Connection) -> None:
        """Take `connection` back: idle if it has room, forgotten if not."""
        key = connection.key
        if connection not in self._busy:
            stack = self._idle.get(key)
            if stack is not None and not connection.room and connection in stack:
                stack.remove(connection)
                if not stack:
                    del self._idle[key]
            return
        self._busy.discard(connection)
        if connection.room:
            if self._closed:
                connection.close()
            else:
                stack = self._idle.get(key)
                if stack is None:
                    self._idle[key] = [connection]
                else:
                    stack.append(connection)
                if self._sweep is None and self._keepalive_timeout is not None:
                    self._sweep = self._loop.call_later(self._keepalive_timeout, self._close_stale)
        if self._waiters or self._limit_per_host:
            self._free(key)

    def _free(self, key: ConnectionKey) -> None:
        """Count one slot less for `key`, and give free slots to those who wait."""
        if self._limit_per_host:
            left = self._per_key.get(key, 0) - 1
            if left > 0:
                self._per_key[key] = left
            else:
                self._per_key.pop(key, None)
        passed_over = []
        while self._waiters and not (self._limit and len(self._busy) + self._opening >= self._limit):
            waiting, waiter = self._waiters.popleft()
            if waiter.done():
                continue
            if self._has_slot(waiting):
                self._hold(waiting)
                waiter.set_result(None)
            else:
                passed_over.append((waiting, waiter))
        self._waiters.extendleft(reversed(passed_over))

    def _close_stale(self) -> None:
        """Close what has been idle for too long; come again for the rest."""
        self._sweep = None
        limit = self._keepalive_timeout
        if limit is None:
            return
        now = monotonic()
        for key, stack in list(self._idle.items()):
            fresh = [connection for connection in stack if connection.idle_since > now - limit]
            for connection in stack:
                if connection.idle_since <= now - limit:
                    connection.close()
            if fresh:
                self._idle[key] = fresh
            else:
                del self._idle[key]
        oldest = min((connection.idle_since for stack in self._idle.values() for connection in stack), default=None)
        if oldest is not None:
            self._sweep = self._loop.call_later(max(0.0, oldest + limit - now), self._close_stale)

    # -- closing ------------------------------------------------------------------------------------------------

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Close every connection; await the result to wait until the sockets are closed.

        Requests that wait for a connection fail with `ClientConnectionError`.
        """
        if self._closed:
            return _Closing(())
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        self.deadlines.close()
        waiters, self._waiters = self._waiters, deque()
        for _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(ClientConnectionError("Connector is closed."))
        connections = [connection for stack in self._idle.values() for connection in stack] + list(self._busy)
        self._idle.clear()
        if not self._loop.is_closed():
            for connection in connections:
                connection.close(abort=abort_ssl)
        self._busy.clear()
        return _Closing(connections)
