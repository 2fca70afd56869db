"""CPU time per request of httpkit beside aiohttp and a bare protocol, in one run: what a client costs its own process.

nginx answers, in a process of its own. Each measurement is a process of its own too; the clients take turns, and the
median of several rounds counts. The bare client is an `asyncio.BufferedProtocol` that sends bytes made beforehand and
looks for nothing but Content-Length: what is left of a request when there is no client. `download` is 64 MB, in
microseconds per MB, with the growth of the process's memory beside it. Compare the ratios: the microseconds are this
machine's.

    python benchmarks/requests_per_cpu.py [--requests 3000] [--rounds 5] [--clients httpkit,aiohttp,bare]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLIENTS = ("httpkit", "aiohttp", "bare")
LOOPS = ("asyncio", "uvloop")
SCENARIOS = (("json", 1), ("json", 32), ("post", 1), ("post", 32), ("download", 1))
MEGABYTES = 64
SMALL = b'{"id": 7, "name": "Anvil, cast iron", "price": 129.5, "stock": 3, "tags": ["iron"]}'
ITEM = {"name": "Anvil", "price": 129.5, "tags": ["iron", "heavy"]}
PATHS = {"json": "/small.json", "post": "/post", "download": "/large.bin"}

# httpkit's share of aiohttp's CPU at 32 connections.
TARGETS = {"asyncio": 1 / 3, "uvloop": 2 / 5}

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error; {user}
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 100000000; sendfile on; types {{ application/json json; }}
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port} backlog=512; root {folder};
        location = /small.json {{ return 200 '{small}'; }}
        location = /post {{ default_type application/json; return 200 '{small}'; }}
    }}
}}
"""


@contextlib.contextmanager
def nginx():
    """Give the port of an nginx with the files that are asked for."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (folder / "large.bin").write_bytes(os.urandom(2**20) * MEGABYTES)
        user = "user root;" if os.geteuid() == 0 else ""
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=folder, port=port, user=user, small=SMALL.decode()))
        server = subprocess.Popen([program, "-e", "stderr", "-c", str(configuration)])
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait()


# -- clients: each makes what does one request, for one of several tasks ----------------------------------------------


@contextlib.asynccontextmanager
async def aiohttp_like(module, port, scenario):
    """Give what sends a request with `module`, which has aiohttp's API."""
    url = f"http://127.0.0.1:{port}{PATHS[scenario]}"
    async with module.ClientSession(connector=module.TCPConnector(limit=0)) as session:

        async def get():
            async with session.get(url) as response:
                assert (await response.json())["id"] == 7

        async def post():
            async with session.post(url, json=ITEM) as response:
                assert (await response.json())["id"] == 7

        async def download():
            size = 0
            async with session.get(url) as response:
                async for piece in response.content.iter_any():
                    size += len(piece)
            assert size == MEGABYTES * 2**20

        yield lambda: {"json": get, "post": post, "download": download}[scenario]


class Bare(asyncio.BufferedProtocol):
    """As little as a response can be read with."""

    def __init__(self):
        self.buffer = bytearray(2**18)
        self.view = memoryview(self.buffer)
        self.head = b""
        self.left = -1
        self.done = None

    def connection_made(self, transport):
        """Keep the transport."""
        self.transport = transport

    def get_buffer(self, _hint):
        """Return the one buffer."""
        return self.view

    def buffer_updated(self, size):
        """Take what came."""
        if self.left < 0:
            self.head += self.view[:size]
            end = self.head.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            at = self.head.find(b"Content-Length: ") + 16
            self.left = int(self.head[at : self.head.find(b"\r\n", at)])
            self.body = self.head[end:]
            size = len(self.body)
        elif self.left < 2**16:
            self.body += self.view[:size]
        self.left -= size
        if not self.left:
            self.left, self.head = -1, b""
            self.done.set_result(self.body)

    def ask(self, request):
        """Send a request; return what has its body in the end, or the beginning of a long one."""
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.done


@contextlib.asynccontextmanager
async def bare(port, scenario):
    """Give what sends a request over a connection of its own."""
    loop = asyncio.get_running_loop()
    body = json.dumps(ITEM).encode() if scenario == "post" else b""
    method, length = ("POST", f"Content-Length: {len(body)}\r\n") if body else ("GET", "")
    request = f"{method} {PATHS[scenario]} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{length}\r\n".encode() + body

    def connected():
        protocol = None

        async def once():
            nonlocal protocol
            if protocol is None:
                _, protocol = await loop.create_connection(Bare, "127.0.0.1", port)
            found = await protocol.ask(request)
            assert scenario == "download" or json.loads(found)["id"] == 7

        return once

    yield connected


# -- measuring --------------------------------------------------------------------------------------------------------


async def measure(client, port, scenario, connections, count):
    """Return the microseconds of CPU per request (per MB of a download), and the growth of memory in MB."""
    ours = bare(port, scenario) if client == "bare" else aiohttp_like(__import__(client), port, scenario)
    async with ours as make:
        tasks = [make() for _ in range(connections)]

        async def repeat(once, times):
            for _ in range(times):
                await once()

        await asyncio.gather(*(repeat(once, 1 if scenario == "download" else 20) for once in tasks))
        memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        await asyncio.gather(*(repeat(once, count // connections) for once in tasks))
        seconds = time.process_time() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    units = count // connections * connections * (MEGABYTES if scenario == "download" else 1)
    return seconds / units * 1e6, grown


def child(client, loop, scenario, connections, port, count):
    """Measure in this process, and print the result."""
    if loop == "uvloop":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    print(json.dumps(run(measure(client, int(port), scenario, int(connections), count))))


def row(loop, scenario, connections, port, options):
    """Return the medians of each client, in turn so that what the machine does meets them all."""
    count = 4 if scenario == "download" else options.requests
    found = {client: [] for client in options.clients}
    for _ in range(options.rounds):
        for client, results in found.items():
            command = [sys.executable, __file__, "--requests", str(count), "--child", client, loop, scenario]
            output = subprocess.run([*command, str(connections), str(port)], stdout=subprocess.PIPE, check=True).stdout
            results.append(json.loads(output))
    return {
        client: [statistics.median(column) for column in zip(*results, strict=True)]
        for client, results in found.items()
    }


def main():
    """Run every scenario with every client, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=3200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=lambda text: text.split(","), default=CLIENTS)
    parser.add_argument("--child", nargs=5, metavar=("CLIENT", "LOOP", "SCENARIO", "CONNECTIONS", "PORT"))
    options = parser.parse_args()
    if options.child:
        child(*options.child, options.requests)
        return
    print(
        f"{'CPU, us':<28}" + "".join(f"{client:>10}" for client in options.clients) + "   to aiohttp   to bare   memory"
    )
    with nginx() as port:
        for loop in LOOPS:
            for scenario, connections in SCENARIOS:
                medians = row(loop, scenario, connections, port, options)
                name = f"{loop}, {scenario}, {connections} open"
                line = f"{name:<28}" + "".join(f"{medians[client][0]:>10.1f}" for client in options.clients)
                ours = medians["httpkit"]
                for other, width in (("aiohttp", 13), ("bare", 10)):
                    if other in medians:
                        line += f"{ours[0] / medians[other][0]:>{width}.2f}"
                print(f"{line}{ours[1]:>6.1f} MB", flush=True)
    print(
        f"wanted of aiohttp at 32 open: {', '.join(f'{loop} {limit:.2f}' for loop, limit in TARGETS.items())}; download 1.15 of bare"
    )


if __name__ == "__main__":
    main()
