"""Which payload a value becomes: the types are asked in the order of their registration, and users may add their own."""

from __future__ import annotations

import enum
import io
from collections.abc import AsyncIterable, Iterable
from itertools import chain
from typing import Any

from httpkit.client.payload import (
    AsyncIterablePayload,
    BytesPayload,
    Payload,
    StreamReaderPayload,
    StringIOPayload,
    StringPayload,
)
from httpkit.client.payload_files import BufferedReaderPayload, BytesIOPayload, IOBasePayload, TextIOPayload
from httpkit.net.body import StreamReader


class LookupError(Exception):  # noqa: A001 - aiohttp's name
    """No payload is registered for the type of a value."""


class Order(enum.StrEnum):
    """When a registered type is asked: before, among or after the others."""

    normal = "normal"
    try_first = "try_first"
    try_last = "try_last"


class PayloadRegistry:
    """Finds the payload class for a value."""

    __slots__ = ("_exact", "_first", "_last", "_normal")

    def __init__(self) -> None:
        self._first: list[tuple[type[Payload], Any]] = []
        self._normal: list[tuple[type[Payload], Any]] = []
        self._last: list[tuple[type[Payload], Any]] = []
        # A value of exactly a registered type, which nearly all are, is found without asking the others.
        self._exact: dict[Any, type[Payload]] = {}

    def get(self, data: Any, *args: Any, **kwargs: Any) -> Payload:
        """Return `data` as a payload, itself if it is one; the other arguments go to the payload's class.

        Raises:
            LookupError: no registered type is that of `data`.
        """
        for factory, kind in self._first:
            if isinstance(data, kind):
                return factory(data, *args, **kwargs)
        exact = self._exact.get(type(data))
        if exact is not None:
            return exact(data, *args, **kwargs)
        if isinstance(data, Payload):
            return data
        for factory, kind in chain(self._normal, self._last):
            if isinstance(data, kind):
                return factory(data, *args, **kwargs)
        raise LookupError(f"no payload is registered for {type(data)!r}")

    def register(self, factory: type[Payload], type: Any, *, order: Order = Order.normal) -> None:  # noqa: A002 - aiohttp's
        """Make `factory` the payload class for values of `type`, a class or several.

        Raises:
            ValueError: `order` is not an Order.
        """
        if order is Order.try_first:
            self._first.append((factory, type))
        elif order is Order.normal:
            self._normal.append((factory, type))
            self._exact.update(dict.fromkeys(type if isinstance(type, Iterable) else (type,), factory))
        elif order is Order.try_last:
            self._last.append((factory, type))
        else:
            raise ValueError(f"order must be an Order, got {order!r}")


PAYLOAD_REGISTRY = PayloadRegistry()
"""The payloads that `data=` and `MultipartWriter.append` know."""


def get_payload(data: Any, *args: Any, **kwargs: Any) -> Payload:
    """Return `data` as a payload; `LookupError` if its type isn't registered."""
    return PAYLOAD_REGISTRY.get(data, *args, **kwargs)


def register_payload(factory: type[Payload], type: Any, *, order: Order = Order.normal) -> None:  # noqa: A002 - aiohttp's
    """Make `factory` the payload class for values of `type`."""
    PAYLOAD_REGISTRY.register(factory, type, order=order)


class payload_type:  # noqa: N801 - a decorator, with aiohttp's name
    """Registers the decorated payload class for values of `type`."""

    def __init__(self, type: Any, *, order: Order = Order.normal) -> None:  # noqa: A002 - aiohttp's
        self.type = type
        self.order = order

    def __call__(self, factory: type[Payload]) -> type[Payload]:
        """Register `factory` and return it."""
        register_payload(factory, self.type, order=self.order)
        return factory


register_payload(BytesPayload, (bytes, bytearray, memoryview))
register_payload(StringPayload, str)
register_payload(StringIOPayload, io.StringIO)
register_payload(TextIOPayload, io.TextIOBase)
register_payload(BytesIOPayload, io.BytesIO)
register_payload(BufferedReaderPayload, (io.BufferedReader, io.BufferedRandom))
register_payload(IOBasePayload, io.IOBase)
register_payload(StreamReaderPayload, StreamReader)
# Last, so that a type which can be iterated may have a payload of its own.
register_payload(AsyncIterablePayload, AsyncIterable, order=Order.try_last)
