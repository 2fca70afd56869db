"""The table of the API: one row says the path, the methods, the parameters, the answers and who answers.

Routes, the index, `OPTIONS`, `405` and the OpenAPI document all come from the same rows, so none can be wrong alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from httpkit_magics.demo.problems import Problem

Handler = Callable[[Request], Awaitable[Response]]
SocketHandler = Callable[[WebSocket], Awaitable[None]]

MIB = 1 << 20

ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# A path template as Starlette reads it, "{id:int}"; OpenAPI wants the name alone.
_CONVERTER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_JSON_TYPES = {"int": "integer", "float": "number"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `kind` is its JSON type, `example` a value that works."""

    name: str
    kind: Literal["string", "number", "integer", "boolean"]
    example: object
    sentence: str
    where: Literal["query", "path", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Answer:
    """A way in which an operation answers; `media` is empty where there is no content."""

    status: int
    sentence: str
    media: str = "application/json"
    schema: Mapping[str, object] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row: `bodies` has an example for each media type taken, `max_body` is in bytes."""

    path: str
    handler: Handler
    summary: str
    tag: str
    methods: tuple[str, ...] = ("GET",)
    parameters: tuple[Parameter, ...] = ()
    bodies: Mapping[str, object] = field(default_factory=dict)
    body_schema: Mapping[str, object] = field(default_factory=dict)
    answers: tuple[Answer, ...] = (Answer(200, "as asked"),)
    problems: tuple[int, ...] = ()
    security: tuple[str, ...] = ()
    max_body: int = MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A row for a WebSocket (RFC 6455)."""

    path: str
    handler: SocketHandler
    summary: str
    parameters: tuple[Parameter, ...] = ()
    subprotocols: tuple[str, ...] = ()


class Part(Protocol):
    """A part of the API with its rows and its state."""

    def operations(self) -> list[Operation]:
        """Return the rows of this part."""

    def reset(self) -> None:
        """Return to the state that the part had when it was made."""


def plain_path(path: str) -> str:
    """Return a path template without Starlette's converters: `/items/{id}`."""
    return _CONVERTER.sub(r"{\1}", path)


def path_kinds(path: str) -> dict[str, str]:
    """Return the names in a path template with their JSON types."""
    return {name: _JSON_TYPES.get(kind, "string") for name, kind in _CONVERTER.findall(path)}


class Resource:
    """All rows of one path, as an ASGI application: it picks the row, and answers OPTIONS, HEAD and 405 itself."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_method = {method: operation for operation in operations for method in operation.methods}
        methods = {*self._by_method, "OPTIONS"} | ({"HEAD"} if "GET" in self._by_method else set())
        self._allow = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        method = scope["method"]
        operation = self._by_method.get("GET" if method == "HEAD" else method)
        request = Request(scope, _bounded(receive, operation.max_body) if operation else receive, send)
        try:
            response = await self._answer(request, operation)
        except ClientDisconnect:
            return
        except Problem as problem:
            response = problem.response(request.url.path)
        if method == "HEAD":
            # The content is never made: a HEAD of a long stream answers at once.
            await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await response(scope, receive, send)

    async def _answer(self, request: Request, operation: Operation | None) -> Response:
        if operation is not None:
            return await operation.handler(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": self._allow})
        raise Problem(405, f"{request.method} is not allowed here, only {self._allow}", {"Allow": self._allow})


def _bounded(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise Problem(413, f"content exceeds {limit} bytes")
        return message

    return receive_bounded
