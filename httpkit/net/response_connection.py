"""The connection of a response whose body is still arriving, as `response.connection` shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from httpkit.errors import ClientConnectionError
from httpkit.net.exchange import Exchange
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.pool import Connection
from httpkit.values.deprecation import warn


class ResponseConnection(Connection):
    """A view: the exchange itself gives the connection back when the last byte is in."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        # The view holds nothing that could be left unreleased.
        self._protocol = None

    def __repr__(self) -> str:
        return f"Connection<{None if self.protocol is None else self.protocol.key}>"

    @property
    def protocol(self) -> Http1Connection | None:
        """The connection itself; None once the last byte is in."""
        carrier = None if self._exchange.ended else self._exchange.carrier
        return carrier if isinstance(carrier, Http1Connection) else None

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport; None once the last byte is in."""
        return None if self.protocol is None else self.protocol.transport

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop; deprecated."""
        warn("connector.loop property is deprecated")
        return self._exchange.loop

    @property
    def closed(self) -> bool:
        """Whether the last byte is in, or never will be."""
        return self.transport is None

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the connection is released or closed."""
        self._exchange.on_end = [*self._exchange.on_end, callback]

    def detach(self) -> Http1Connection:
        """Refuse: the exchange needs the connection.

        Raises:
            ClientConnectionError: always.
        """
        raise ClientConnectionError("the connection carries a response")

    def release(self) -> None:
        """Give the connection up; it closes, because the body is not complete."""
        self.close()

    def close(self) -> None:
        """Give the connection up; who reads the body gets a ClientConnectionError."""
        self._exchange.fail(ClientConnectionError("Connection closed"))
        self._exchange.abandon()
