"""What a verb returns: something to await, or to enter with `async with`, which ends what it gave."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, TypeVar

from httpkit.client.response import ClientResponse

Result_co = TypeVar("Result_co", covariant=True)


class Pending(Coroutine[Any, Any, Result_co]):
    """What starts when it is awaited or entered."""

    __slots__ = ("_coro",)

    def __init__(self, coro: Coroutine[Any, Any, Result_co]) -> None:
        self._coro = coro

    def send(self, value: None) -> Any:
        """Go on with `value`."""
        return self._coro.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise `error` where it waits."""
        return self._coro.throw(*error)

    def close(self) -> None:
        """End it."""
        self._coro.close()

    def __await__(self) -> Generator[Any, None, Result_co]:
        return self._coro.__await__()

    def __iter__(self) -> Generator[Any, None, Result_co]:
        return self._coro.__await__()


class RequestContextManager(Pending[ClientResponse]):
    """A request; leaving `async with` releases its response."""

    __slots__ = ("_response",)

    async def __aenter__(self) -> ClientResponse:
        self._response = response = await self._coro
        response.enter()
        return response

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._response.leave()
