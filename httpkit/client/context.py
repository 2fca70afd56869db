"""What a verb returns: something to await, or to enter with `async with`, which releases the response in the end."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any

from httpkit.client.response import ClientResponse


class RequestContextManager(Coroutine[Any, Any, ClientResponse]):
    """A request that starts when it is awaited or entered."""

    __slots__ = ("_coro", "_response")

    def __init__(self, coro: Coroutine[Any, Any, ClientResponse]) -> None:
        self._coro = coro

    def send(self, value: None) -> Any:
        """Go on with `value`."""
        return self._coro.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise `error` where the request waits."""
        return self._coro.throw(*error)

    def close(self) -> None:
        """End the request."""
        self._coro.close()

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._coro.__await__()

    def __iter__(self) -> Generator[Any, None, ClientResponse]:
        return self._coro.__await__()

    async def __aenter__(self) -> ClientResponse:
        self._response = response = await self._coro
        response.enter()
        return response

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._response.leave()
