"""A server that is one function: it gets the connection before anything was read from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from servers.scripted import Handler


@contextlib.asynccontextmanager
async def running_raw(handler: Handler, *, limit: int = 2**16) -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1 with `handler(reader, writer)`; give the URL. `limit` bounds what is read ahead."""
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # What the client does to its own connection is the test's affair.
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, limit=limit)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
