"""The application: all parts in one table, and what is said about them: /, /broken, /openapi.json and /reset."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from httpkit_magics.demo import broken, openapi
from httpkit_magics.demo.codings import Codings
from httpkit_magics.demo.conditions import Conditions
from httpkit_magics.demo.cookies import Cookies
from httpkit_magics.demo.digest import Digest
from httpkit_magics.demo.echo import Echo
from httpkit_magics.demo.graphql import GraphQL
from httpkit_magics.demo.items import Items
from httpkit_magics.demo.login import Login
from httpkit_magics.demo.media import Media
from httpkit_magics.demo.operations import Answer, Channel, Operation, Part, Resource, plain_path
from httpkit_magics.demo.problems import Problem
from httpkit_magics.demo.redirects import Redirects
from httpkit_magics.demo.sockets import Chat
from httpkit_magics.demo.streams import Streams
from httpkit_magics.demo.waiting import Waiting


class Demo:
    """The whole API; `broken_url` is the base URL of the raw side."""

    def __init__(self, broken_url: str) -> None:
        items = Items()
        chat = Chat()
        parts: list[Part] = [
            items,
            Login(),
            Digest(),
            Echo(),
            Redirects(),
            Cookies(),
            Codings(),
            Media(),
            Conditions(),
            Waiting(),
            Streams(),
            GraphQL(items),
        ]
        self._resets = [*(part.reset for part in parts), chat.reset]
        self.operations = [*self._about(), *(row for part in parts for row in part.operations())]
        self.channels: list[Channel] = chat.channels()
        self.broken = {broken_url + path: sentence for path, sentence in broken.PATHS.items()}

    def application(self) -> Starlette:
        """Return the ASGI application."""
        routes: list[BaseRoute] = [
            # A Resource takes every method, so that OPTIONS and 405 name all rows of its path.
            Route(path, Resource(rows))
            for path, rows in groupby(sorted(self.operations, key=_specific_first), key=lambda row: row.path)
        ]
        for channel in self.channels:
            routes += [
                WebSocketRoute(channel.path, channel.handler),
                Route(channel.path, Resource([Operation(path=channel.path, handler=_upgrade, summary="", tag="")])),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _as_problem})

    async def index(self, request: Request) -> Response:
        """Answer all paths with a sentence each, as JSON, or as HTML to who prefers that."""
        rows: list[dict[str, Any]] = [
            {"methods": list(row.methods), "path": plain_path(row.path), "summary": row.summary}
            for row in self.operations
        ]
        rows += [{"methods": ["WEBSOCKET"], "path": row.path, "summary": row.summary} for row in self.channels]
        vary = {"Vary": "Accept"}
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_page(rows, self.broken), headers=vary)
        links = {"openapi": "/openapi.json", "broken": "/broken"}
        return JSONResponse(
            {"name": "httpkit demo API", "links": links, "paths": rows, "broken": self.broken}, headers=vary
        )

    async def read_broken(self, request: Request) -> Response:  # noqa: ARG002 - a handler takes the request
        """Answer the URLs of the raw side with a sentence each."""
        return JSONResponse(self.broken)

    async def read_openapi(self, request: Request) -> Response:
        """Answer the OpenAPI document."""
        url = str(request.base_url).rstrip("/")
        return JSONResponse(openapi.make_document(self.operations, self.channels, url, self.broken))

    async def reset(self, request: Request) -> Response:  # noqa: ARG002 - a handler takes the request
        """Return to the state that the server started with."""
        for reset in self._resets:
            reset()
        return Response(status_code=204)

    def _about(self) -> list[Operation]:
        html = Answer(200, "the index", "text/html")
        return [
            Operation(
                path="/",
                tag="about",
                handler=self.index,
                summary="This list.",
                answers=(Answer(200, "the index"), html),
            ),
            Operation(
                path="/broken",
                tag="about",
                handler=self.read_broken,
                summary="The paths of the raw server, where each does one wrong or odd thing.",
            ),
            Operation(
                path="/openapi.json",
                tag="about",
                handler=self.read_openapi,
                summary="The OpenAPI 3.1 document of all this.",
            ),
            Operation(
                path="/reset",
                tag="about",
                methods=("POST",),
                handler=self.reset,
                summary="Put items, sessions and counters back to how the server started.",
                answers=(Answer(204, "as new", ""),),
            ),
        ]


def _specific_first(row: Operation) -> tuple[bool, str]:
    # "/media/file" must be tried before "/media/{kind}".
    return "{" in row.path, row.path


async def _upgrade(request: Request) -> Response:
    fields = {"Upgrade": "websocket", "Connection": "Upgrade"}
    raise Problem(426, f"{request.url.path} is a WebSocket: ws://{request.url.netloc}{request.url.path}", fields)


async def _as_problem(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses by itself, such as an unknown path, as a problem too."""
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "unexpected")
    if status == 404:
        detail = f"there is nothing at {request.url.path} (GET / lists the paths)"
    return Problem(status, detail).response(request.url.path)


def _page(rows: Iterable[dict[str, Any]], bad: dict[str, str]) -> str:
    def line(methods: str, path: str, summary: str) -> str:
        link = f'<a href="{escape(path)}">{escape(path)}</a>' if "{" not in path else escape(path)
        return f"<tr><td>{escape(methods)}</td><td>{link}</td><td>{escape(summary)}</td></tr>\n"

    table = "".join(line(" ".join(row["methods"]), row["path"], row["summary"]) for row in rows)
    table += "".join(line("raw", url, sentence) for url, sentence in bad.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>httpkit demo API</title>'
        "<style>body{font:15px system-ui;margin:2em auto;max-width:70em}td{padding:.2em .8em;vertical-align:top}</style>"
        f"<h1>httpkit demo API</h1><table>{table}</table></html>\n"
    )
