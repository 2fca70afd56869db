"""Addresses -> a connected socket: Happy Eyeballs (RFC 8305)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any

from httpkit.errors import ConnectionTimeoutError
from httpkit.values.abc import ResolveResult

AddrInfoType = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""What `getaddrinfo` gives for one address."""

SocketFactoryType = Callable[[AddrInfoType], socket.socket]
"""Makes the socket for an address; it connects afterwards."""


def addr_infos(results: Sequence[ResolveResult]) -> list[AddrInfoType]:
    """Return resolved addresses as `getaddrinfo` would give them."""
    infos: list[AddrInfoType] = []
    for result in results:
        address: tuple[Any, ...] = (result["host"], result["port"])
        if result["family"] == socket.AF_INET6:
            host, _, scope = result["host"].partition("%")
            address = (host, result["port"], 0, _scope_id(scope))
        infos.append((result["family"], socket.SOCK_STREAM, socket.IPPROTO_TCP, result["hostname"], address))
    return infos


def _scope_id(scope: str) -> int:
    if not scope:
        return 0
    return int(scope) if scope.isascii() and scope.isdigit() else socket.if_nametoindex(scope)


def interleaved(infos: Sequence[AddrInfoType], first: int = 1) -> list[AddrInfoType]:
    """Return the addresses with families taking turns; `first` of the leading family come before (RFC 8305 section 4)."""
    families: dict[int, list[AddrInfoType]] = {}
    for info in infos:
        families.setdefault(int(info[0]), []).append(info)
    if not families:
        return []
    lists = list(families.values())
    head = lists[0][: max(first - 1, 0)]
    lists[0] = lists[0][len(head) :]
    return head + [info for turn in zip_longest(*lists) for info in turn if info is not None]


async def connect_any(
    loop: asyncio.AbstractEventLoop,
    infos: Sequence[AddrInfoType],
    *,
    delay: float | None,
    timeout: float | None,
    local_addrs: Sequence[tuple[str, int]] | None = None,
    socket_factory: SocketFactoryType | None = None,
) -> socket.socket:
    """Return a socket connected to the first of `infos` that answers.

    The next address is tried when one fails, or after `delay` seconds beside it; None waits for the failure. Each
    attempt may take `timeout` seconds.

    Raises:
        OSError: none could be reached; of several reasons, the last.
        ConnectionTimeoutError: the last attempt took too long.
    """
    attempts: set[asyncio.Task[socket.socket]] = set()
    failures: list[BaseException] = []
    waiting = list(infos)
    try:
        while waiting or attempts:
            if waiting:
                attempt = _connect(loop, waiting.pop(0), timeout, local_addrs, socket_factory)
                attempts.add(loop.create_task(attempt))
            done, attempts = await asyncio.wait(
                attempts, timeout=delay if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            winners = []
            for task in done:
                failure = task.exception()
                if failure is None:
                    winners.append(task.result())
                else:
                    failures.append(failure)
            for loser in winners[1:]:
                loser.close()
            if winners:
                return winners[0]
    finally:
        for task in attempts:
            task.cancel()
            task.add_done_callback(_close_late)
    raise failures[-1] if failures else OSError("no address to connect to")


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    """Close a socket that connected although nobody waits for it any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _connect(
    loop: asyncio.AbstractEventLoop,
    info: AddrInfoType,
    timeout: float | None,
    local_addrs: Sequence[tuple[str, int]] | None,
    socket_factory: SocketFactoryType | None,
) -> socket.socket:
    family, kind, proto, _, address = info
    sock = socket.socket(family, kind, proto) if socket_factory is None else socket_factory(info)
    try:
        sock.setblocking(False)
        if local_addrs:
            _bind(sock, local_addrs)
        async with asyncio.timeout(timeout):
            await loop.sock_connect(sock, address)
        # Not every family has it, and asyncio sets it only on sockets that it made itself.
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError as error:
        sock.close()
        if timeout is None:
            raise
        raise ConnectionTimeoutError(
            f"no TCP connection to {address[0]} port {address[1]} within {timeout:g} s (ClientTimeout.sock_connect)"
        ) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, local_addrs: Sequence[tuple[str, int]]) -> None:
    """Bind to the local address of the socket's family.

    Raises:
        OSError: none of them can be bound.
    """
    failure: OSError | None = None
    for local in local_addrs:
        try:
            sock.bind(local)
        except OSError as error:
            failure = error
        else:
            return
    raise failure or OSError("no local address to bind to")
