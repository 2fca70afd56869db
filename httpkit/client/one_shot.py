"""`httpkit.request()`: a session for one request."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Unpack

from httpkit.client.context import RequestContextManager
from httpkit.client.options import RequestOptions, StrOrURL
from httpkit.client.response import ClientResponse
from httpkit.client.session import ClientSession
from httpkit.net.connectors import TCPConnector
from httpkit.net.pool import BaseConnector
from httpkit.values.deprecation import warn
from httpkit.values.messages import HttpVersion, HttpVersion11


class OneShot:
    """What `request()` returns: `async with` sends the request, and closes the session in the end."""

    __slots__ = ("_call", "_response", "_session")

    def __init__(self, session: ClientSession, call: RequestContextManager) -> None:
        self._session = session
        self._call = call

    async def __aenter__(self) -> ClientResponse:
        try:
            self._response = response = await self._call
        except BaseException:
            await self._session.close()
            raise
        return response

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._response.close()
        await self._session.close()


def request(
    method: str,
    url: StrOrURL,
    *,
    version: HttpVersion = HttpVersion11,
    connector: BaseConnector | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    **options: Unpack[RequestOptions],
) -> OneShot:
    """Send one request, without a session to keep, where `async with` enters it.

    A `connector` that is given is not closed. For more than one request, a `ClientSession` keeps connections and cookies.

    Raises:
        ClientError: when entered: no connection, no answer, or a malformed one.
        TimeoutError: when entered: the total time is over.
    """
    if loop is not None:
        warn("loop is deprecated, a request uses the running loop")
    owns_connector = connector is None
    session = ClientSession(
        connector=TCPConnector(force_close=True) if connector is None else connector,
        connector_owner=owns_connector,
        version=version,
    )
    try:
        return OneShot(session, session.request(method, url, **options))
    except BaseException:
        # A misspelt option is no reason for a second complaint, about a session that nobody can close.
        session.detach()
        raise
