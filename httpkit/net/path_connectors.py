"""Pools that connect to a path of this machine: a Unix socket or a Windows named pipe."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from time import monotonic
from typing import Any

from httpkit.errors import ClientConnectorError, ConnectionTimeoutError, UnixClientConnectorError
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.pool import _UNSET, BaseConnector, Request, Trace
from httpkit.values.messages import ClientTimeout, ConnectionKey


class PathConnector(BaseConnector):
    """Connects to a path, whatever host the URL names."""

    _kind: str

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | None = _UNSET,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(
            force_close=force_close,
            keepalive_timeout=keepalive_timeout,
            limit=limit,
            limit_per_host=limit_per_host,
            loop=loop,
        )
        self._path = path

    @property
    def path(self) -> str:
        """The path."""
        return self._path

    async def _create_connection(
        self, req: Request, traces: Sequence[Trace], timeout: ClientTimeout
    ) -> Http1Connection:
        del traces  # a path is not resolved
        key = req.connection_key
        connection = Http1Connection(self._loop, self, key, force_close=self._force_close)
        req.timing.tcp_start = monotonic()
        try:
            async with asyncio.timeout(timeout.sock_connect or None):
                await self._open(connection)
        except TimeoutError as error:
            limit = f"{timeout.sock_connect or 0:g} s (ClientTimeout.sock_connect)"
            raise ConnectionTimeoutError(f"no connection to {self._kind} {self._path} within {limit}") from error
        except OSError as error:
            raise self._failure(key, error) from error
        req.timing.connected = monotonic()
        return connection

    @abstractmethod
    async def _open(self, connection: Http1Connection) -> None:
        """Make `connection` the protocol of what is at the path."""

    def _failure(self, key: ConnectionKey, error: OSError) -> ClientConnectorError:
        return ClientConnectorError(key, error)


class UnixConnector(PathConnector):
    """Connects to the Unix socket at `path`, whatever host the URL names."""

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"unix"}
    _kind = "unix socket"

    async def _open(self, connection: Http1Connection) -> None:
        await self._loop.create_unix_connection(lambda: connection, self._path)

    def _failure(self, key: ConnectionKey, error: OSError) -> ClientConnectorError:
        return UnixClientConnectorError(self._path, key, error)


class NamedPipeConnector(PathConnector):
    """Connects to the Windows named pipe at `path`; needs asyncio's proactor event loop."""

    allowed_protocol_schema_set = BaseConnector.allowed_protocol_schema_set | {"npipe"}
    _kind = "named pipe"

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | None = _UNSET,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(path, force_close, keepalive_timeout, limit, limit_per_host, loop)
        if not hasattr(self._loop, "create_pipe_connection"):
            raise RuntimeError("Named Pipes only available in proactor loop under windows")

    async def _open(self, connection: Http1Connection) -> None:
        pipes: Any = self._loop
        await pipes.create_pipe_connection(lambda: connection, self._path)
