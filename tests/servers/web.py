"""An aiohttp server: the peer of tests that run the same code under aiohttp's client and under httpkit."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

LINES = [f'{{"line": {number}}}\n'.encode() for number in range(5)]
CHUNKS = [b"one", b"two" * 1000, b"three"]
# Of the fields that a client fills in, those that two clients may differ in.
OWN_FIELDS = {"User-Agent", "Accept-Encoding"}


async def echo(request: web.Request) -> web.Response:
    """Answer with the request as it arrived."""
    body = await request.read()
    fields = sorted((name, value) for name, value in request.headers.items() if name not in OWN_FIELDS)
    facts: dict[str, Any] = {
        "method": request.method,
        "target": request.raw_path,
        "version": list(request.version),
        "fields": fields,
        "body": body.decode("latin-1"),
    }
    return web.json_response(facts, headers={"X-Seen": "yes"})


async def form(request: web.Request) -> web.Response:
    """Answer with the form that arrived."""
    found = []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            found.append([name, value.filename, value.content_type, value.file.read().decode("latin-1")])
        else:
            found.append([name, value])
    return web.json_response(found)


async def status(request: web.Request) -> web.Response:
    """Answer with the status of the path."""
    return web.Response(status=int(request.match_info["code"]), text="as asked")


async def redirect(request: web.Request) -> web.Response:
    """Redirect with the status of the path to where the query says."""
    await request.read()
    return web.Response(status=int(request.match_info["code"]), headers={"Location": request.query["to"]})


async def loop(request: web.Request) -> web.Response:
    """Redirect here again."""
    return web.Response(status=302, headers={"Location": str(request.rel_url)})


async def lines(request: web.Request) -> web.StreamResponse:
    """Answer with lines, one chunk each."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for line in LINES:
        await response.write(line)
    return response


async def chunks(request: web.Request) -> web.StreamResponse:
    """Answer with chunks, a pause between them."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for chunk in CHUNKS:
        await response.write(chunk)
        await asyncio.sleep(0.02)
    return response


async def zipped(_request: web.Request) -> web.Response:
    """Answer with gzip, whatever was accepted."""
    body = gzip.compress(b'{"zipped": true}' * 1000)
    return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"})


async def set_cookies(_request: web.Request) -> web.Response:
    """Set two cookies."""
    response = web.Response(text="set")
    response.set_cookie("session", "abc", httponly=True)
    response.set_cookie("theme", "dark", max_age=60, path="/")
    return response


async def slow(request: web.Request) -> web.Response:
    """Answer after a while."""
    await asyncio.sleep(float(request.query.get("for", "5")))
    return web.Response(text="at last")


async def text(request: web.Request) -> web.Response:
    """Answer with text in the charset of the path."""
    charset = request.match_info["charset"]
    return web.Response(body="dépôt".encode(charset), headers={"Content-Type": f"text/plain; charset={charset}"})


async def typed(request: web.Request) -> web.Response:
    """Answer with JSON under the media type of the query."""
    return web.Response(body=b'{"a": 1}', headers={"Content-Type": request.query["type"]})


async def facts(_request: web.Request) -> web.Response:
    """Answer with fields that clients parse."""
    response = web.Response(body=b"data", headers={"Content-Disposition": 'attachment; filename="na me.txt"'})
    response.headers.add("Link", '</page/2>; rel="next"; title="more"')
    response.headers.add("Link", '<https://example.org/>; rel="home"')
    response.headers["ETag"] = 'W/"v1"'
    return response


async def basic(request: web.Request) -> web.Response:
    """Let only one login in."""
    if request.headers.get("Authorization") == "Basic dXNlcjpwYXNz":
        return web.Response(text="welcome")
    return web.Response(status=401, text="who?", headers={"WWW-Authenticate": "Basic"})


async def multipart(_request: web.Request) -> web.Response:
    """Answer with two parts."""
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n"
        b'--b\r\nContent-Type: application/json\r\n\r\n{"n": 2}\r\n--b--\r\n'
    )
    return web.Response(body=body, headers={"Content-Type": "multipart/mixed; boundary=b"})


async def websocket(request: web.Request) -> web.WebSocketResponse:
    """Echo messages; "close" closes."""
    socket = web.WebSocketResponse(protocols=("chat", "other"))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data[::-1])
        elif message.data == "close":
            await socket.close(code=1001, message=b"bye")
        else:
            await socket.send_str(f"echo: {message.data}")
    return socket


def make_app() -> web.Application:
    """Return the server's application."""
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/echo", echo)
    app.router.add_route("*", "/api/v1/echo", echo)
    app.router.add_route("*", "/form", form)
    app.router.add_route("*", "/status/{code}", status)
    app.router.add_route("*", "/redirect/{code}", redirect)
    app.router.add_route("*", "/loop", loop)
    for path, handler in (
        ("/lines", lines), ("/chunks", chunks), ("/zipped", zipped), ("/cookies", set_cookies), ("/slow", slow),
        ("/text/{charset}", text), ("/typed", typed), ("/facts", facts), ("/basic", basic), ("/multipart", multipart), ("/ws", websocket),
    ):  # fmt: skip
        app.router.add_get(path, handler)
    return app


@asynccontextmanager
async def running_web() -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1; give the URL."""
    runner = web.AppRunner(make_app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
