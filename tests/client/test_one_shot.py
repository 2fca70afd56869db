"""`httpkit.request()`: one request, and nothing left behind."""

from __future__ import annotations

import pytest

import httpkit

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_one_request_needs_no_session(scripted_server):
    """`async with` gives the response, and closes the connection in the end."""
    server = await scripted_server(OK)
    async with httpkit.request("GET", server.url, params={"a": "1"}, cookies={"c": "2"}, timeout=5) as response:
        assert await response.read() == b"ok"
    await server.closed()
    raw = server.requests[0]
    assert raw.startswith(b"GET /?a=1 HTTP/1.1\r\n")
    assert b"Cookie: c=2\r\n" in raw
    assert b"Connection: close\r\n" in raw


async def test_a_connector_that_was_given_stays_open(scripted_server):
    """Two requests may share a connector, and so a connection."""
    server = await scripted_server(OK, OK)
    async with httpkit.TCPConnector() as connector:
        for _ in range(2):
            async with httpkit.request("GET", server.url, connector=connector) as response:
                await response.read()
        assert not connector.closed
    assert server.connections == 1


async def test_a_failure_leaves_nothing_open():
    """The session and its connector are closed when the request fails."""
    one_shot = httpkit.request("GET", "http://127.0.0.1:9/")
    with pytest.raises(httpkit.ClientConnectorError):
        async with one_shot:
            pass
    assert one_shot._session.closed


async def test_a_misspelt_option_is_a_type_error():
    """The nearest option is named, and no unclosed session is complained about."""
    with pytest.raises(TypeError, match="did you mean 'params'"):
        httpkit.request("GET", "http://localhost/", parms={})


async def test_the_version_can_be_chosen(scripted_server):
    """`version=` is the request's."""
    server = await scripted_server(OK)
    async with httpkit.request("GET", server.url, version=httpkit.HttpVersion10):
        pass
    assert server.requests[0].startswith(b"GET / HTTP/1.0\r\n")


async def test_one_request_can_not_be_awaited():
    """Who could close its session? It is a context manager only."""
    one_shot = httpkit.request("GET", "http://127.0.0.1:9/")
    with pytest.raises(TypeError, match="await"):
        await one_shot
    one_shot._call.close()
    await one_shot._session.close()
