"""The innermost handler: a request goes to a connection, and its answer becomes a response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn
from weakref import ref

from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.errors import (
    ClientConnectorError,
    ClientOSError,
    ClientResponseError,
    ConnectionTimeoutError,
    HttpProcessingError,
    ServerDisconnectedError,
)
from httpkit.net.exchange import Exchange
from httpkit.net.http1_connection import Http1Connection
from httpkit.net.pool import BaseConnector
from httpkit.values import hdrs
from httpkit.values.abc import AbstractCookieJar
from httpkit.values.messages import DEFAULT_TIMEOUT

if TYPE_CHECKING:  # 6 ms of import that nobody needs who doesn't trace
    from httpkit.client.tracing import Trace

# RFC 9110 section 9.2.2.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class Sender:
    """Sends requests over the connections of one pool."""

    __slots__ = ("_connector", "_cookie_jar", "_response_class", "_retry_connection")

    def __init__(
        self,
        connector: BaseConnector,
        cookie_jar: AbstractCookieJar,
        response_class: type[ClientResponse],
        *,
        retry_connection: bool,
    ) -> None:
        self._connector = connector
        self._cookie_jar = cookie_jar
        self._response_class = response_class
        self._retry_connection = retry_connection

    async def send(self, request: ClientRequest) -> ClientResponse:
        """Return the response to `request`.

        An idempotent request is sent once more where its connection fails under it: a server may close an idle
        connection at the moment it is used again (RFC 9112 section 9.3.1).

        Raises:
            ClientError: no connection, no answer, or a malformed one.
            TimeoutError: the deadline of the request is over.
        """
        may_retry = self._retry_connection and request.method in IDEMPOTENT_METHODS
        while True:
            exchange = request.make_exchange()
            connection = self._connector.take(request.connection_key)
            if connection is None:
                connection = await self._connect(request)
            elif request.traces:
                await self._tell_reused(request, connection)
            try:
                arrived = self._perform(connection, request, exchange)
                for trace in request.traces:
                    await _tell_sent(trace, request, exchange)
                await arrived
            except (ClientOSError, ServerDisconnectedError):
                exchange.abandon()
                await request.wait_upload()
                if not may_retry or (request.payload is not None and request.payload.consumed):
                    raise
                may_retry = False
                continue
            except HttpProcessingError as error:
                exchange.abandon()
                _refuse(request, error)
            except BaseException:
                exchange.abandon()
                raise
            break
        response = self._response_class(request, exchange)
        request.response_ref = ref(response)
        if hdrs.SET_COOKIE in response.headers:
            self._cookie_jar.update_cookies_from_headers(response.headers.getall(hdrs.SET_COOKIE), request.url)
        return response

    def _perform(self, connection: Http1Connection, request: ClientRequest, exchange: Exchange) -> asyncio.Future[None]:
        settings = request.settings
        if settings is not None:
            timeout = settings.timeout
            if request.deadline:
                exchange.set_deadline(
                    self._connector.deadlines, request.deadline, timeout.total or 0.0, timeout.ceil_threshold
                )
            if timeout.sock_read:
                exchange.sock_read = timeout.sock_read
            if not settings.is_plain:
                settings.apply(exchange)
        try:
            return connection.perform(exchange)
        except BaseException:
            if exchange.carrier is None:
                # Nothing was sent: the next request may have the connection.
                self._connector.put(connection)
            raise

    async def _tell_reused(self, request: ClientRequest, connection: Http1Connection) -> None:
        try:
            for trace in request.traces:
                await trace.send_connection_reuseconn()
        except BaseException:
            self._connector.put(connection)
            raise

    async def _connect(self, request: ClientRequest) -> Http1Connection:
        timeout = DEFAULT_TIMEOUT if request.settings is None else request.settings.timeout
        try:
            async with asyncio.timeout_at(request.deadline or None):
                lease = await self._connector.connect(request, request.traces, timeout)
        except (ClientConnectorError, ConnectionTimeoutError):
            raise
        except TimeoutError as error:
            raise TimeoutError(f"no connection within {timeout.total or 0:g} s (ClientTimeout.total)") from error
        except OSError as error:
            raise ClientOSError(*error.args) from error
        return lease.detach()


async def _tell_sent(trace: Trace, request: ClientRequest, exchange: Exchange) -> None:
    """Tell who watches what went out at once; what is uploaded tells for itself."""
    await trace.send_request_headers(request.method, request.url, request.headers)
    if exchange.body:
        await trace.send_request_chunk_sent(request.method, request.url, exchange.body)


def _refuse(request: ClientRequest, error: HttpProcessingError) -> NoReturn:
    raise ClientResponseError(
        request.request_info, request.history, status=error.code, message=error.message
    ) from error
