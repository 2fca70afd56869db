"""Both servers in one process: where they listen, when they are ready, and what stops them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import uvicorn

from httpkit_magics.demo.app import Demo
from httpkit_magics.demo.broken import BrokenServer

HOST = "127.0.0.1"
KEEP_ALIVE = 75  # seconds, as nginx has it
MAX_HEAD = 131_072  # bytes of a request head: a jar full of cookies fits
GRACE = 1  # seconds that running responses get to finish


def listen(port: int) -> socket.socket:
    """Return a socket that is bound to that port of the loopback interface; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # The protocol must be named: asyncio turns Nagle's algorithm off only where it sees TCP, and head and content are
    # two writes, so that each response would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":  # there it would let two servers have the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the base URL of who listens there."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


class DemoServer(uvicorn.Server):
    """uvicorn, with the raw side beside it and our own idea of signals."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, raw: socket.socket) -> None:
        super().__init__(config)
        self._lines = f"demo: {url_of(listener)}\nbroken: {url_of(raw)}\n"
        self._raw = raw
        self._broken = BrokenServer()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start both, then print the two lines that `launch` waits for."""
        await self._broken.start(self._raw)
        await super().startup(sockets)
        sys.stdout.write(self._lines)
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop both; streams without end are cut off, and that is not worth a word."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await self._broken.stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `run`: uvicorn would raise them again at the end, and the exit would not be clean."""
        yield

    def stop(self, *_: object) -> None:
        """Stop soon; may be called from a signal handler or another thread."""
        self.should_exit = True


def _is_news(record: logging.LogRecord) -> bool:
    # /events?drop_after= does this on purpose.
    return record.getMessage() != "ASGI callable returned without completing response."


def _stop_at_end_of_input(server: DemoServer) -> None:
    # A daemon thread in a blocking read: works for pipes on every system, and costs nothing.
    while os.read(0, 4096):
        pass
    server.stop()


def run(port: int, *, exit_with_parent: bool = False) -> None:
    """Serve until SIGINT, SIGTERM or, with `exit_with_parent`, the end of standard input.

    Raises:
        OSError: the port is taken.
    """
    with listen(port) as listener, listen(0) as raw:
        demo = Demo(url_of(raw))
        config = uvicorn.Config(
            demo.application(),
            # h11 and not what happens to be installed: the same bytes for everybody.
            http="h11",
            h11_max_incomplete_event_size=MAX_HEAD,
            ws="websockets-sansio",
            # The kernel may be busy for long while its stream goes on.
            ws_ping_timeout=120,
            lifespan="off",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("Server", "httpkit-demo")],
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        server = DemoServer(config, listener, raw)
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        # It warns of each write to a client that has gone, and here clients go all the time.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, server.stop)
        if exit_with_parent:
            threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        asyncio.run(server.serve([listener]))
