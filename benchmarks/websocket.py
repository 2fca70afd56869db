"""CPU time per WebSocket message of httpkit beside its peers, in one run: what a client costs its own process.

`echo` sends 40 bytes of text and waits for them to come back; `burst` receives 100 000 text messages of 80 bytes as fast
as they come. Each client is measured in a process of its own, in turn, against one server in another; the best of
several runs counts, because whatever else the machine does can only add. Compare the ratios: the microseconds are this
machine's. aiohttp and websockets decode frames in C.

    python benchmarks/websocket.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time

# As cheap as it can be: frames are taken apart by hand, and the burst is one write.
SERVER = r"""
import asyncio, base64, hashlib
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT = b'{"id": 12345, "symbol": "COPPER", "price": 9.400, "size": 25, "time": 12345678}'.ljust(80)
BURST = (b"\x81\x50" + TEXT) * 100_000
class Serve(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest, self.open = transport, b"", False
    def data_received(self, data):
        self.rest += data
        if not self.open:
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
            key = next(line[19:].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            self.open = True
        while len(self.rest) >= 6 and len(self.rest) >= 6 + (length := self.rest[1] & 127):
            first, mask, masked = self.rest[0], self.rest[2:6], self.rest[6 : 6 + length]
            payload = bytes(byte ^ mask[at & 3] for at, byte in enumerate(masked))
            self.rest = self.rest[6 + length :]
            self.transport.write(BURST if payload == b"burst" else bytes((first, length)) + payload)
async def main():
    server = await asyncio.get_running_loop().create_server(Serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

CLIENTS = ("httpkit", "aiohttp", "websockets")
LOOPS = ("asyncio", "uvloop")
MESSAGES = {"echo": 10_000, "burst": 100_000}
TEXT = "0123456789" * 4


async def aiohttp_like(module, url, scenario):
    """Return the CPU seconds of one run with `module`, which has aiohttp's API."""
    async with module.ClientSession() as session, session.ws_connect(url) as ws:
        for _ in range(100):
            await ws.send_str(TEXT)
            await ws.receive_str()
        count = MESSAGES[scenario]
        started = time.process_time()
        if scenario == "echo":
            for _ in range(count):
                await ws.send_str(TEXT)
                await ws.receive_str()
        else:
            await ws.send_str("burst")
            async for _message in ws:
                count -= 1
                if not count:
                    break
        return time.process_time() - started


async def with_websockets(url, scenario):
    """Return the CPU seconds of one run with websockets."""
    from websockets.asyncio.client import connect

    async with connect(url, compression=None) as ws:
        for _ in range(100):
            await ws.send(TEXT)
            await ws.recv()
        count = MESSAGES[scenario]
        started = time.process_time()
        if scenario == "echo":
            for _ in range(count):
                await ws.send(TEXT)
                await ws.recv()
        else:
            await ws.send("burst")
            async for _message in ws:
                count -= 1
                if not count:
                    break
        return time.process_time() - started


def child(client, loop, scenario, url):
    """Measure one client and print microseconds per message."""
    if loop == "uvloop":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    if client == "websockets":
        seconds = run(with_websockets(url, scenario))
    else:
        seconds = run(aiohttp_like(__import__(client), url, scenario))
    print(json.dumps(seconds / MESSAGES[scenario] * 1e6))


def measure(client, loop, scenario, url):
    """Return the microseconds of CPU per message of one run."""
    command = [sys.executable, __file__, "--child", client, loop, scenario, url]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def main():
    """Run both scenarios with every client and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs=4, metavar=("CLIENT", "LOOP", "SCENARIO", "URL"))
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        url = f"ws://127.0.0.1:{int(server.stdout.readline())}"
        print(f"{'CPU per message':<18}" + "".join(f"{client:>14}" for client in CLIENTS) + "   ratio to aiohttp")
        for loop in LOOPS:
            for scenario in MESSAGES:
                rounds = [[measure(client, loop, scenario, url) for client in CLIENTS] for _ in range(options.rounds)]
                cost = [min(times) for times in zip(*rounds, strict=True)]
                row = "".join(f"{microseconds:>11.2f} us" for microseconds in cost)
                print(f"{loop + ', ' + scenario:<18}{row}   {cost[0] / cost[1]:.2f}")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
