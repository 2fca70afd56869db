"""Names to addresses, and the cache."""

import asyncio
import socket

import pytest

from httpkit import AsyncResolver, DefaultResolver, ThreadedResolver
from httpkit.net import resolver
from httpkit.net.resolver import AddressCache


def _result(host):
    return {"hostname": "a", "host": host, "port": 80, "family": socket.AF_INET, "proto": 0, "flags": 0}


def test_the_cache_is_bounded_however_many_hosts():
    """CVE-2026-34513: 10^5 hosts, at most `max_size` kept; the least recently used goes first."""
    cache = AddressCache(10, 100)
    for index in range(100_000):
        cache.put((f"h{index}", 80), [_result("1.1.1.1")], 0.0)
        cache.get(("h0", 80), 0.0)
    assert len(cache) == 100
    assert cache.get(("h0", 80), 0.0) is not None
    assert cache.get(("h99900", 80), 0.0) is None


def test_addresses_take_turns():
    """Round robin: each asking begins with the next address; what is given belongs to who asked."""
    cache = AddressCache(10, 100)
    given = [_result("1.1.1.1"), _result("2.2.2.2"), _result("3.3.3.3")]
    cache.put(("a", 80), given, 0.0)
    given.clear()
    firsts = [cache.get(("a", 80), 0.0)[0]["host"] for _ in range(4)]
    assert firsts == ["1.1.1.1", "2.2.2.2", "3.3.3.3", "1.1.1.1"]
    cache.get(("a", 80), 0.0).clear()
    assert len(cache.get(("a", 80), 0.0)) == 3


@pytest.mark.parametrize(
    ("ttl", "now", "is_there"), [(10, 9.9, True), (10, 10.0, False), (None, 1e9, True), (0, 0.0, False)]
)
def test_addresses_are_kept_for_their_time(ttl, now, is_there):
    """`ttl` seconds; None is for ever."""
    cache = AddressCache(ttl, 100)
    cache.put(("a", 80), [_result("1.1.1.1")], 0.0)
    assert (cache.get(("a", 80), now) is not None) is is_there


def test_one_host_can_be_forgotten():
    """`discard` knows host and port; `clear` forgets all."""
    cache = AddressCache(10, 100)
    for port in (80, 81):
        cache.put(("a", port), [_result("1.1.1.1")], 0.0)
    cache.discard(("a", 80))
    cache.discard(("never", 80))
    assert (cache.get(("a", 80), 0.0), len(cache)) == (None, 1)
    cache.clear()
    assert len(cache) == 0


async def test_the_system_knows_localhost():
    """`ThreadedResolver`: numeric text, port, family."""
    results = await ThreadedResolver().resolve("localhost", 8080, socket.AF_INET)
    assert results[0] == {
        "hostname": "localhost", "host": "127.0.0.1", "port": 8080, "family": socket.AF_INET, "proto": socket.IPPROTO_TCP,
        "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    }  # fmt: skip
    with pytest.raises(OSError, match=r"."):
        await ThreadedResolver().resolve("name.invalid", 80)


async def test_a_link_local_address_keeps_its_scope(monkeypatch):
    """RFC 4007: without its scope it can't be reached."""
    answer = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 1))]

    async def getaddrinfo(*_, **__):
        return answer

    async def getnameinfo(address, _flags):
        return f"{address[0]}%lo", "80"

    asked = ThreadedResolver()
    monkeypatch.setattr(
        asked,
        "_loop",
        type("Loop", (), {"getaddrinfo": staticmethod(getaddrinfo), "getnameinfo": staticmethod(getnameinfo)}),
    )
    assert (await asked.resolve("a"))[0]["host"] == "fe80::1%lo"


async def test_aiodns_knows_localhost():
    """`AsyncResolver` answers as the system does, and says OSError for what it can't."""
    pytest.importorskip("aiodns")
    asked = AsyncResolver(asyncio.get_running_loop())
    assert (await asked.resolve("localhost", 8080, socket.AF_INET))[0]["host"] == "127.0.0.1"
    with pytest.raises(OSError, match=r"."):
        await asked.resolve("a..b", 80)
    await asked.close()


async def test_a_missing_aiodns_is_named(monkeypatch):
    """RuntimeError that says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "aiodns", None)
    with pytest.raises(RuntimeError, match="pip install aiodns"):
        AsyncResolver(asyncio.get_running_loop())
    assert DefaultResolver in (resolver.AsyncResolver, resolver.ThreadedResolver)
