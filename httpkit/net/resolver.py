"""Host names -> addresses, and the cache in front of it."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from importlib.util import find_spec
from typing import Any, NamedTuple

from httpkit.values.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class ThreadedResolver(AbstractResolver):
    """Asks the operating system, in the loop's executor."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host` in the system's order.

        Raises:
            OSError: the name can't be resolved.
        """
        found = await self._loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
        )
        results: list[ResolveResult] = []
        for found_family, _, proto, _, address in found:
            if found_family == socket.AF_INET6 and len(address) > 3 and address[3]:
                # A link-local address needs its scope (RFC 4007), which only its text carries on.
                text, _ = await self._loop.getnameinfo(address, _NUMERIC)
            else:
                text = str(address[0])
            results.append(_result(host, text, int(address[1]), found_family, proto))
        return results

    async def close(self) -> None:
        """Do nothing: the executor is the loop's."""


class AsyncResolver(AbstractResolver):
    """Asks name servers through aiodns, without a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, *args: Any, **kwargs: Any) -> None:
        try:
            import aiodns  # noqa: PLC0415 - optional
        except ImportError as error:
            raise RuntimeError("AsyncResolver needs aiodns: pip install aiodns") from error
        self._loop = loop or asyncio.get_running_loop()
        self._resolver = aiodns.DNSResolver(*args, **{"loop": self._loop, **kwargs})
        self._error = aiodns.error.DNSError

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`.

        Raises:
            OSError: the name can't be resolved.
        """
        try:
            answer = await self._resolver.getaddrinfo(
                host, port=port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
            )
        except self._error as error:
            message = error.args[1] if len(error.args) > 1 else "DNS lookup failed"
            raise OSError(None, message) from error
        results = [_result(host, _text(node.addr[0]), int(node.addr[1]), node.family, 0) for node in answer.nodes]
        if not results:
            raise OSError(None, "DNS lookup failed")
        return results

    async def close(self) -> None:
        """Cancel what is being asked."""
        self._resolver.cancel()


def _text(address: str | bytes) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address


def _result(hostname: str, host: str, port: int, family: int, proto: int) -> ResolveResult:
    return {"hostname": hostname, "host": host, "port": port, "family": family, "proto": proto, "flags": _NUMERIC}


class _Entry(NamedTuple):
    results: list[ResolveResult]
    expires: float


class AddressCache:
    """Resolved addresses, for `ttl` seconds each and at most `max_size` hosts; the least recently used goes first.

    Time is an argument, in seconds of any one clock.
    """

    def __init__(self, ttl: float | None, max_size: int) -> None:
        self._ttl = ttl
        self._max_size = max_size
        self._entries: OrderedDict[tuple[str, int], _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: tuple[str, int], now: float) -> list[ResolveResult] | None:
        """Return the addresses, each time beginning with the next one, or None."""
        entry = self._entries.get(key)
        if entry is None or entry.expires <= now:
            return None
        self._entries.move_to_end(key)
        results = list(entry.results)
        entry.results.append(entry.results.pop(0))
        return results

    def put(self, key: tuple[str, int], results: list[ResolveResult], now: float) -> None:
        """Keep `results`."""
        self._entries[key] = _Entry(list(results), float("inf") if self._ttl is None else now + self._ttl)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_size:
            self._entries.popitem(last=False)

    def discard(self, key: tuple[str, int]) -> None:
        """Forget one host."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()


DefaultResolver: type[AbstractResolver] = AsyncResolver if find_spec("aiodns") else ThreadedResolver
"""What a connector asks where it is given no resolver."""
