"""Many requests of every kind: nothing is left behind, on either event loop, in debug mode and with two loops at once."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pools import holdings
from servers.raw import raw_server
from waiting import until

import httpkit
from httpkit import ClientSession, ClientTimeout, TCPConnector

ANSWERS = {
    b"/small": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"/old": b"HTTP/1.0 200 OK\r\n\r\nok",
    b"/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
    b"/bad": b"HTTP/1.1 2000 OK\r\n\r\n",
    b"/gone": b"",
    b"/silent": None,
}
SOCKETS = Path("/proc/self/fd")
KEPT = (b"/small", b"/chunked")
FAILURES = {
    b"/cut": httpkit.ClientPayloadError,
    b"/bad": httpkit.ClientResponseError,
    b"/gone": httpkit.ServerDisconnectedError,
    b"/silent": TimeoutError,
}


async def answer(reader, writer):
    """Answer by path; what is not kept alive is closed."""
    while True:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        if ANSWERS[path] is None:
            await reader.read()
            return
        writer.write(ANSWERS[path])
        await writer.drain()
        if path not in KEPT:
            return


async def ask(session, url, path):
    """Send one request, and expect what its path stands for."""
    timeout = ClientTimeout(total=0.05) if ANSWERS[path] is None else ClientTimeout(total=20)
    try:
        async with session.get(url + path.decode(), timeout=timeout) as response:
            assert await response.read() == b"ok"
        assert path not in FAILURES
    except FAILURES.get(path, ()):
        pass


async def give_up(session, url):
    """Cancel a request while it waits for its answer."""
    task = asyncio.ensure_future(session.get(f"{url}/silent"))
    await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def holding():
    """Return how many tasks, open files and objects there are."""
    return len(asyncio.all_tasks()), sum(1 for _ in SOCKETS.iterdir()), len(gc.get_objects())


async def soak(rounds):
    """Send requests of every kind, in turn and at once, several times over.

    Return what the loop complained of, and how many tasks, sockets and objects the last time left behind.
    """
    troubles, left = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: troubles.append(context))
    async with raw_server(answer) as url:
        for _ in range(3):
            async with ClientSession(connector=TCPConnector(limit=20)) as session:
                for _ in range(rounds):
                    for path in ANSWERS:
                        await ask(session, url, path)
                    await give_up(session, url)
                await asyncio.gather(*(ask(session, url, path) for path in ANSWERS for _ in range(10 * rounds)))
                held = holdings(session.connector)
            assert {name: count for name, count in held.items() if count and name != "idle"} == {}
            await until(lambda: len(asyncio.all_tasks()) == 1)
            gc.collect()
            left.append(holding())
    return troubles, [after - before for before, after in zip(left[-2], left[-1], strict=True)]


def in_loop(kind, rounds, *, debug=False):
    """Run `soak` on an event loop of its own."""
    factory = asyncio.new_event_loop if kind == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(debug=debug, loop_factory=factory) as runner:
        return runner.run(soak(rounds))


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_nothing_is_left_behind(kind, debug):
    """CVE-2024-12254 and the TLS leaks of CPython 3.12.8 made us look: after answers, errors, timeouts and cancellations
    there are no more tasks, sockets or objects than before, and the loop had nothing to complain of.
    """  # noqa: D205 - the id comes first
    troubles, (tasks, sockets, objects) = in_loop(kind, 5, debug=debug)
    assert (troubles, tasks, sockets) == ([], 0, 0)
    assert objects < 300


def test_loops_in_threads_do_not_meet():
    """Two event loops at once, each with its own sessions."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(in_loop, ["asyncio", "uvloop"], [3, 3]))
    assert [troubles for troubles, _ in results] == [[], []]
