"""CPU time per request of httpkit beside its peers, in one run: what a client costs its own process.

Each client is measured in a process of its own, against one server in another, three times; the best counts, because
whatever else the machine does can only add. Compare the ratios: the microseconds are this machine's.

    python benchmarks/requests_per_cpu.py [--requests 3000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time

SERVER = r"""
import asyncio
SMALL = b'{"id": 7, "name": "Anvil, cast iron", "price": 129.5, "stock": 3, "tags": ["iron"]}'
BODIES = {b"/small": SMALL, b"/large": b"x" * 2**20}
HEAD = (b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n")
ANSWERS = {path: HEAD % len(body) + body for path, body in BODIES.items()}
class Serve(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""
    def data_received(self, data):
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _, rest = self.rest.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            if len(rest) < length:
                return
            self.rest = rest[length:]
            self.transport.write(ANSWERS[head.split(b" ", 2)[1]])
async def main():
    server = await asyncio.get_running_loop().create_server(Serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

CLIENTS = ("httpkit", "aiohttp", "httpx")
SCENARIOS = ("get", "post", "large", "50 at once")
LOOPS = ("asyncio", "uvloop")


async def aiohttp_like(module, base, scenario, count):
    """Return the CPU seconds that `count` requests took with `module`, which has aiohttp's API."""
    async with module.ClientSession() as session:

        async def once():
            if scenario == "post":
                request = session.post(base + "/small", json={"name": "Anvil"})
            else:
                request = session.get(base + ("/large" if scenario == "large" else "/small"))
            async with request as response:
                await response.read()

        return await timed(once, scenario, count)


async def with_httpx(base, scenario, count):
    """Return the CPU seconds that `count` requests took with httpx."""
    import httpx

    async with httpx.AsyncClient() as client:

        async def once():
            if scenario == "post":
                await client.post(base + "/small", json={"name": "Anvil"})
            else:
                await client.get(base + ("/large" if scenario == "large" else "/small"))

        return await timed(once, scenario, count)


async def timed(once, scenario, count):
    """Return the CPU seconds of `count` calls of `once`, after a warm-up."""
    for _ in range(20):
        await once()
    started = time.process_time()
    if scenario == "50 at once":
        for _ in range(count // 50):
            await asyncio.gather(*(once() for _ in range(50)))
    else:
        for _ in range(count):
            await once()
    return time.process_time() - started


def child(client, loop, scenario, base, count):
    """Measure one client and print microseconds per request."""
    if loop == "uvloop":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    if client == "httpx":
        seconds = run(with_httpx(base, scenario, count))
    else:
        seconds = run(aiohttp_like(__import__(client), base, scenario, count))
    print(json.dumps(seconds / count * 1e6))


def measure(client, loop, scenario, base, count):
    """Return the best of three runs, in microseconds of CPU per request."""
    count = count // 10 if scenario == "large" or client == "httpx" else count
    command = [sys.executable, __file__, "--child", client, loop, scenario, base, "--requests", str(count)]
    return min(json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(3))


def main():
    """Run every scenario with every client and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--child", nargs=4, metavar=("CLIENT", "LOOP", "SCENARIO", "BASE"))
    options = parser.parse_args()
    if options.child:
        child(*options.child, options.requests)
        return
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        print(f"{'CPU per request':<22}" + "".join(f"{client:>12}" for client in CLIENTS) + "   ratio to aiohttp")
        for loop in LOOPS:
            for scenario in SCENARIOS:
                cost = {client: measure(client, loop, scenario, base, options.requests) for client in CLIENTS}
                row = "".join(f"{cost[client]:>9.1f} us" for client in CLIENTS)
                print(f"{loop + ', ' + scenario:<22}{row}   {cost['httpkit'] / cost['aiohttp']:.2f}")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
