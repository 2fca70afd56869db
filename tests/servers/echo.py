"""The smallest keep-alive server, run as a process of its own (`python echo.py PORT`), so that its calls aren't counted.

GET and HEAD give 80 bytes of JSON; a request with a Content-Length gets its body back as it came.
"""

from __future__ import annotations

import asyncio
import re
import sys

BODY = b'{"id": 12345, "name": "something", "tags": ["one", "two"], "price": 12.5, "n": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nServer: echo\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
SMALL = ANSWER % (b"application/json; charset=utf-8", len(BODY), BODY)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Echo(asyncio.Protocol):
    """One connection: requests are answered in the order they come, pipelined ones too."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with nothing received."""
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.received, 0, end)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.received) < size:
                return
            body, head, self.received = self.received[end + 4 : size], self.received[:end], self.received[size:]
            answer = ANSWER % (b"application/octet-stream", len(body), body) if length else SMALL
            self.transport.write(answer[: answer.index(b"\r\n\r\n") + 4] if head.startswith(b"HEAD ") else answer)


async def serve(port: int) -> None:
    """Serve on 127.0.0.1 until the process is stopped."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
