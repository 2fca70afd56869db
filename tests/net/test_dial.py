"""Addresses to a socket."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.raw import raw_server

from httpkit.net.dial import addr_infos, connect_any, interleaved

FAMILIES = [socket.AF_INET, socket.AF_INET6]


def _info(family, host, port=1):
    return (
        family,
        socket.SOCK_STREAM,
        socket.IPPROTO_TCP,
        "a",
        (host, port) if family == socket.AF_INET else (host, port, 0, 0),
    )


@given(st.lists(st.sampled_from(FAMILIES), max_size=10), st.integers(0, 4))
def test_families_take_turns(families, first):
    """RFC 8305 section 4: nothing is lost, each family keeps its order, and after `first` of the leading one they alternate."""
    infos = [_info(family, str(index)) for index, family in enumerate(families)]
    mixed = interleaved(infos, first)
    assert sorted(mixed, key=str) == sorted(infos, key=str)
    for family in FAMILIES:
        assert [info for info in mixed if info[0] == family] == [info for info in infos if info[0] == family]
    if infos:
        lead = families.count(infos[0][0])
        assert [info[0] for info in mixed[: min(max(first, 1), lead)]] == [infos[0][0]] * min(max(first, 1), lead)
        if len(families) - lead > 0 and lead > max(first, 1):
            assert mixed[max(first, 1)][0] != infos[0][0]


def test_results_become_address_infos():
    """As `getaddrinfo` gives them; a scope in the text is a number in the address (RFC 4007)."""
    results = [
        {"hostname": "a", "host": "1.2.3.4", "port": 80, "family": socket.AF_INET, "proto": 0, "flags": 0},
        {"hostname": "a", "host": "fe80::1%3", "port": 80, "family": socket.AF_INET6, "proto": 0, "flags": 0},
        {
            "hostname": "a",
            "host": f"fe80::1%{socket.if_indextoname(1)}",
            "port": 80,
            "family": socket.AF_INET6,
            "proto": 0,
            "flags": 0,
        },
    ]
    assert [info[4] for info in addr_infos(results)] == [("1.2.3.4", 80), ("fe80::1", 80, 0, 3), ("fe80::1", 80, 0, 1)]


async def test_losers_are_closed():
    """When two addresses answer, one socket is returned, and no other stays open."""
    made = []

    def make(info):
        made.append(socket.socket(*info[:3]))
        return made[-1]

    async with raw_server(_listen) as url:
        infos = [_info(socket.AF_INET, "127.0.0.1", int(url.rpartition(":")[2]))] * 3
        sock = await connect_any(asyncio.get_running_loop(), infos, delay=1e-9, timeout=None, socket_factory=make)
        await asyncio.sleep(0.05)
        assert [other.fileno() == -1 for other in made if other is not sock] == [True] * (len(made) - 1)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        sock.close()


async def _listen(reader, _writer):
    await reader.read()


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_dial_closes_everything(turns):
    """Whenever it is cancelled, no socket and no task is left."""
    made = []

    def make(info):
        made.append(socket.socket(*info[:3]))
        return made[-1]

    async with raw_server(_listen) as url:
        infos = [_info(socket.AF_INET, "127.0.0.1", int(url.rpartition(":")[2]))] * 2
        dialling = connect_any(asyncio.get_running_loop(), infos, delay=0.001, timeout=1, socket_factory=make)
        dial = asyncio.create_task(dialling)
        for _ in range(turns):
            await asyncio.sleep(0)
        if dial.cancel():
            with pytest.raises(asyncio.CancelledError):
                await dial
        else:
            dial.result().close()
        await asyncio.sleep(0.05)
        assert [sock.fileno() for sock in made] == [-1] * len(made)
        names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
        assert not names & {"connect_any", "_connect"}
