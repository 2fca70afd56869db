"""Pools that know how to connect: over TCP, a Unix socket or a named pipe."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl as ssl_module
from collections.abc import Awaitable, Sequence
from time import monotonic
from typing import Any, Unpack

from httpkit.errors import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ConnectionTimeoutError,
    InvalidUrlClientError,
    ServerFingerprintMismatch,
)
from httpkit.net.deprecated import ConnectorOptions, connector_ssl
from httpkit.net.dial import SocketFactoryType, addr_infos, connect_any, interleaved
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.pool import _UNSET, BaseConnector, Request, Trace
from httpkit.net.proxy import NOBODY, SOCKS_SCHEMES, open_tunnel, proxy_key, unreachable
from httpkit.net.resolver import AddressCache, DefaultResolver
from httpkit.net.socks import dial_socks, pick_address, resolves_here
from httpkit.net.tls import Fingerprint, attach, check_ssl_option, context_for, drop
from httpkit.values.abc import AbstractResolver, ResolveResult
from httpkit.values.messages import ClientTimeout, ConnectionKey, Timing

# RFC 8305 section 8: 250 ms.
HAPPY_EYEBALLS_DELAY = 0.25
# Hosts that inet_aton() takes for an IPv4 address and a reader does not: 2130706433, 127.1, 0177.0.0.1, 0x7f000001.
_LEGACY_IPV4 = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)
_DOTTED_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")


def _numeric_address(host: str, port: int) -> list[ResolveResult] | None:
    """Return the address that `host` is, or None where it is a name.

    Raises:
        OSError: neither.
    """
    if ":" in host:
        # The parser of URLs takes anything with a colon in brackets.
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
        family = socket.AF_INET6
    elif _DOTTED_IPV4.fullmatch(host):
        family = socket.AF_INET
    else:
        return None
    flags = socket.AI_NUMERICHOST
    return [{"hostname": host, "host": host, "port": port, "family": family, "proto": 0, "flags": flags}]


class TCPConnector(BaseConnector):
    """Connects over TCP, with TLS where the URL says so.

    Args:
        use_dns_cache: remember addresses for `ttl_dns_cache` seconds (None: for ever), at most
            `dns_cache_max_size` hosts of them.
        family: `AF_INET` or `AF_INET6` to use only one of them.
        ssl: True verifies, False does not; a context or a `Fingerprint` is used as it is. A request's own wins.
        local_addr: (host, port) to connect from.
        resolver: turns names into addresses; closed with the connector only if the connector made it.
        happy_eyeballs_delay: seconds until the next address is tried beside a slow one; None for one after another.
        interleave: how many addresses of the first family come before the families take turns (RFC 8305 section 4).
        socket_factory: makes the socket for an address.
        deprecated: `verify_ssl`, `ssl_context` and `fingerprint`, which are `ssl` now, and `ssl_shutdown_timeout`.
    """

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"tcp"}
    uses_proxies = True

    def __init__(
        self,
        *,
        use_dns_cache: bool = True,
        ttl_dns_cache: float | None = 10,
        dns_cache_max_size: int = 1000,
        family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC,
        ssl: ssl_module.SSLContext | bool | Fingerprint = True,
        local_addr: tuple[str, int] | None = None,
        resolver: AbstractResolver | None = None,
        keepalive_timeout: float | None = _UNSET,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
        happy_eyeballs_delay: float | None = HAPPY_EYEBALLS_DELAY,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        **deprecated: Unpack[ConnectorOptions],
    ) -> None:
        super().__init__(
            keepalive_timeout=keepalive_timeout,
            force_close=force_close,
            limit=limit,
            limit_per_host=limit_per_host,
            enable_cleanup_closed=enable_cleanup_closed,
            loop=loop,
            timeout_ceil_threshold=timeout_ceil_threshold,
        )
        if deprecated:
            ssl = connector_ssl(ssl, deprecated)
        check_ssl_option(ssl)
        self._ssl = ssl
        self._owns_resolver = resolver is None
        self._resolver = resolver
        self._use_dns_cache = use_dns_cache
        self._addresses = AddressCache(ttl_dns_cache, dns_cache_max_size)
        self._lookups: dict[tuple[str, int], asyncio.Task[list[ResolveResult]]] = {}
        self._family = family
        self._local_addr = local_addr
        self._happy_eyeballs_delay = happy_eyeballs_delay
        self._interleave = interleave
        self._socket_factory = socket_factory

    @property
    def family(self) -> int:
        """The address family in use."""
        return self._family

    @property
    def use_dns_cache(self) -> bool:
        """Whether addresses are remembered."""
        return self._use_dns_cache

    def clear_dns_cache(self, host: str | None = None, port: int | None = None) -> None:
        """Forget the addresses of one host and port, or of all.

        Raises:
            ValueError: only one of `host` and `port` is given.
        """
        if (host is None) != (port is None):
            raise ValueError("either both host and port must be specified, or none of them")
        if host is not None and port is not None:
            self._addresses.discard((host, port))
        else:
            self._addresses.clear()

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Close every connection, and the resolver that the connector made."""
        for lookup in self._lookups.values():
            lookup.cancel()
        closing = super().close(abort_ssl=abort_ssl)
        if self._owns_resolver and self._resolver is not None:
            resolver, self._resolver = self._resolver, None
            return _CloseBoth(closing, resolver)
        return closing

    # -- names --------------------------------------------------------------------------------------------------

    async def _resolve_host(self, host: str, port: int, traces: Sequence[Trace] = ()) -> list[ResolveResult]:
        """Return the addresses of `host`; those who ask for the same one at the same time share the answer."""
        if (numeric := _numeric_address(host, port)) is not None:
            return numeric
        key = (host, port)
        if self._use_dns_cache:
            cached = self._addresses.get(key, self._loop.time())
            for trace in traces:
                await (trace.send_dns_cache_miss if cached is None else trace.send_dns_cache_hit)(host)
            if cached is not None:
                return cached
        for trace in traces:
            await trace.send_dns_resolvehost_start(host)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = self._loop.create_task(self._look_up(host, port))
            lookup.add_done_callback(
                lambda done: self._lookups.pop(key, None) and not done.cancelled() and done.exception()
            )
        # One of those who wait may be cancelled; the others still want the answer.
        try:
            results = await asyncio.shield(lookup)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise ClientConnectionError("Connector is closed.") from None
            raise
        for trace in traces:
            await trace.send_dns_resolvehost_end(host)
        return results

    async def _look_up(self, host: str, port: int) -> list[ResolveResult]:
        if self._resolver is None:
            self._resolver = DefaultResolver(self._loop)  # type: ignore[call-arg]  # both kinds take the loop
        results = await self._resolver.resolve(host, port, family=self._family)
        if self._use_dns_cache and results:
            self._addresses.put((host, port), results, self._loop.time())
        return list(results)

    # -- connecting ---------------------------------------------------------------------------------------------

    async def _create_connection(
        self, req: Request, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> Http1Connection:
        key = req.connection_key
        connection = Http1Connection(self._loop, self, key, force_close=self._force_close)
        if key.proxy is None:
            sock = await self._dial(key, req.timing, traces, timeout)
        elif key.proxy.scheme in SOCKS_SCHEMES:
            sock = await self._dial_through_socks(key, req.timing, traces, timeout)
        else:
            await self._connect_by_proxy(connection, req, traces, timeout)
            return connection
        await self._wrap(connection, sock, key, req.timing, timeout)
        return connection

    async def _connect_by_proxy(
        self, connection: Http1Connection, req: Request, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> None:
        """Make `connection` one to an HTTP proxy, or to the origin through the proxy's tunnel.

        A tunnel is kept for further requests like any connection (aiohttp drops it). That is as safe: its key names
        the origin and all TLS and proxy material, so whoever may use it would have got the same tunnel.
        """
        key, timing = req.connection_key, req.timing
        hop_key = proxy_key(key, self._ssl if key.ssl is True else key.ssl)
        hop = Http1Connection(self._loop, NOBODY, hop_key) if key.is_tunnelled else connection
        try:
            try:
                sock = await self._dial(hop_key, timing, traces, timeout)
                await self._wrap(hop, sock, hop_key, timing, timeout)
            except ClientConnectorError as error:
                raise unreachable(error) from error
            if hop is not connection:
                transport = await open_tunnel(hop, key, req.url, req.proxy_headers, timeout)
                await self._wrap(connection, transport, key, timing, timeout)
        except BaseException:
            hop.close(abort=True)
            raise

    async def _dial_through_socks(
        self, key: ConnectionKey, timing: Timing, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> socket.socket:
        """Return a socket connected to the host of `key` through its SOCKS proxy."""
        proxy: Any = key.proxy
        hop_key = proxy_key(key, True)
        found = await self._resolve(hop_key, timing, traces)
        host = key.host.rstrip(".")
        if resolves_here(proxy):
            host = pick_address(await self._resolve(key, timing, traces), proxy, hop_key)
        timing.tcp_start = monotonic()
        sock = await dial_socks(
            key,
            [result["host"] for result in found],
            host,
            timeout=timeout.sock_connect or None,
            local_addr=self._local_addr,
        )
        timing.connected = monotonic()
        return sock

    async def _resolve(self, key: ConnectionKey, timing: Timing, traces: Sequence[Trace]) -> list[ResolveResult]:
        """Return the addresses of the host of `key`.

        Raises:
            InvalidUrlClientError: it looks like a name and is a number.
            ClientConnectorDNSError: it has none.
        """
        host, port = key.host.rstrip(".") + "." * key.host.endswith("."), key.port or 0
        if _LEGACY_IPV4.fullmatch(host) and not _DOTTED_IPV4.fullmatch(host):
            raise InvalidUrlClientError(key.host, "legacy form of an IPv4 address, write all four decimal numbers")
        timing.resolve_start = monotonic()
        try:
            results = await self._resolve_host(host, port, traces)
        except OSError as error:
            if error.errno is None and isinstance(error, TimeoutError):
                raise
            raise ClientConnectorDNSError(key, error) from error
        except UnicodeError as error:
            # A label that is empty or longer than 63 characters (RFC 1035 section 2.3.4).
            raise InvalidUrlClientError(key.host, "not a host name that can be looked up") from error
        timing.resolved = monotonic()
        return results

    async def _dial(
        self, key: ConnectionKey, timing: Timing, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> socket.socket:
        """Return a socket connected to the host of `key`."""
        results = await self._resolve(key, timing, traces)
        timing.tcp_start = timing.resolved
        infos = (
            interleaved(addr_infos(results), self._interleave or 1)
            if self._happy_eyeballs_delay
            else addr_infos(results)
        )
        try:
            sock = await connect_any(
                self._loop,
                infos,
                delay=self._happy_eyeballs_delay,
                timeout=timeout.sock_connect or None,
                local_addrs=[self._local_addr] if self._local_addr else None,
                socket_factory=self._socket_factory,
            )
        except ConnectionTimeoutError:
            raise
        except OSError as error:
            if error.errno is None and isinstance(error, TimeoutError):
                raise
            raise ClientConnectorError(key, error) from error
        timing.connected = monotonic()
        return sock

    async def _wrap(
        self,
        connection: Http1Connection,
        carrier: socket.socket | asyncio.Transport,
        key: ConnectionKey,
        timing: Timing,
        timeout: ClientTimeout,
    ) -> None:
        """Make `connection` the protocol of a socket or of a tunnel, with TLS if `key` says so."""
        option = self._ssl if key.ssl is True else key.ssl
        context = context_for(option) if key.is_ssl else None
        try:
            if context is None:
                await attach(self._loop, carrier, connection)
                return
            timing.tls_start = monotonic()
            # Neither the SNI extension (RFC 6066 section 3) nor a certificate has a trailing dot, or the zone of an address.
            name = (key.server_hostname or key.host.partition("%")[0]).rstrip(".")
            async with asyncio.timeout(timeout.sock_connect or None):
                await attach(self._loop, carrier, connection, context, name)
        except TimeoutError as error:
            drop(carrier)
            if not timeout.sock_connect:
                raise
            raise ConnectionTimeoutError(
                f"no TLS connection to {key.host} within {timeout.sock_connect:g} s (ClientTimeout.sock_connect)"
            ) from error
        except BaseException as error:
            drop(carrier)
            failure = _tls_failure(key, error)
            if failure is error:
                raise
            raise failure from error
        timing.secured = monotonic()
        if isinstance(option, Fingerprint) and connection.transport is not None:
            try:
                option.check(connection.transport)
            except ServerFingerprintMismatch:
                connection.close(abort=True)
                raise


def _tls_failure(key: ConnectionKey, error: BaseException) -> BaseException:
    """Return what the user sees when TLS could not be established."""
    if isinstance(error, ssl_module.CertificateError):
        return ClientConnectorCertificateError(key, error)
    if isinstance(error, ssl_module.SSLError):
        return ClientConnectorSSLError(key, error)
    if isinstance(error, OSError):
        return ClientConnectorError(key, error)
    return error


class _CloseBoth:
    """Waits for the connections to close, and then closes the resolver."""

    def __init__(self, closing: Awaitable[None], resolver: AbstractResolver) -> None:
        self._closing = closing
        self._resolver = resolver

    def __await__(self) -> Any:
        return self._wait().__await__()

    async def _wait(self) -> None:
        await self._closing
        await self._resolver.close()
