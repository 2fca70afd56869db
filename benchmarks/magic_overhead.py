"""What `%http` costs on top of the request itself, with rendering: medians over 200 small responses.

The server is a process of its own. The request alone is the same client on the same loop thread, without the magic; the
magic adds the line's grammar, IPython's cell, the Record's panel as HTML and text, and publishing it.

    python benchmarks/magic_overhead.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 200
WARM_UP = 20
LIMIT_MS = 15.0

SERVER = r"""
import asyncio
BODY = b'{"items": [' + b", ".join(b'{"id": %d, "name": "item %d", "price": 9.99}' % (n, n) for n in range(20)) + b"]}"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n"
    b"Link: </next>; rel=next\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY
async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except asyncio.IncompleteReadError:
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def measured(ask):
    """Return the milliseconds of each call of `ask`, after a warm-up."""
    times = []
    for number in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        ask()
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * 1e3)
    return times


def main():
    """Measure, print the numbers, and fail where the magic costs too much."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/"
        alone, magic = compare(url)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    more = statistics.median(magic) - statistics.median(alone)
    for name, times in (("the request alone", alone), ("%http with its panel", magic)):
        print(f"{name:22}  median {statistics.median(times):6.2f} ms   p95 {sorted(times)[int(ROUNDS * 0.95)]:6.2f} ms")
    print(f"{'the magic adds':22}         {more:6.2f} ms   (limit {LIMIT_MS:g} ms)")
    sys.exit(more > LIMIT_MS)


def compare(url):
    """Return the times of the request alone and of the magic, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IPYTHONDIR"] = folder
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        from httpkit_magics.grammar.line import parse_line
        from httpkit_magics.run.client import Client
        from httpkit_magics.run.settings import Settings

        shell = InteractiveShell.instance()
        shell.display_pub = CapturingDisplayPublisher()
        shell.history_manager.enabled = False
        shell.extension_manager.load_extension("httpkit_magics")
        client, plan = Client(), parse_line(url)
        alone = measured(lambda: client.send(plan, Settings()).job.result(10))
        magic = measured(lambda: shell.run_cell(f"r = %http {url}"))
        assert len(shell.display_pub.outputs) == WARM_UP + ROUNDS, "each round publishes one panel"
        client.close()
        shell.extension_manager.unload_extension("httpkit_magics")
        InteractiveShell.clear_instance()
        shell.history_manager.end_session()
    return alone, magic


if __name__ == "__main__":
    main()
