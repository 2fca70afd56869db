"""`response.connection`, and connections and requests by hand."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest
from yarl import URL

import httpkit
from httpkit.net.response_connection import ResponseConnection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PART = [b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour"]


async def test_a_response_shows_its_connection_until_the_body_is_in(scripted_server):
    """The transport is there while bytes arrive, and gone with the last one."""
    server = await scripted_server([*PART, b"more"], OK)
    ended = []
    async with httpkit.ClientSession() as session:
        async with session.get(server.url) as response:
            connection = response.connection
            assert isinstance(connection, httpkit.Connection)
            assert connection.transport.get_extra_info("peername") == ("127.0.0.1", server.port)
            assert (connection.closed, bool(connection)) == (False, True)
            assert "127.0.0.1" in repr(connection)
            connection.add_callback(lambda: ended.append("ended"))
            assert await response.read() == b"fourmore"
            assert (response.connection, connection.transport, connection.closed) == (None, None, True)
            assert repr(connection) == "Connection<None>"
        assert ended == ["ended"]
        assert (await session.get(server.url)).connection is None
    assert server.connections == 1


@pytest.mark.parametrize("end", ["close", "release"])
async def test_giving_up_the_connection_ends_the_body(end, scripted_server):
    """Who reads gets ClientConnectionError; the socket is closed."""
    server = await scripted_server(PART)
    async with httpkit.ClientSession() as session, session.get(server.url) as response:
        connection = response.connection
        assert isinstance(connection, ResponseConnection)
        reading = asyncio.create_task(response.content.readexactly(8))
        await asyncio.sleep(0.02)
        getattr(connection, end)()
        with pytest.raises(httpkit.ClientConnectionError, match="Connection closed"):
            await reading
        await server.closed()


async def test_the_connection_of_a_response_is_not_given_away(scripted_server):
    """Its exchange needs it."""
    server = await scripted_server(PART)
    async with httpkit.ClientSession() as session, session.get(server.url) as response:
        with pytest.raises(httpkit.ClientConnectionError, match="carries a response"):
            response.connection.detach()


async def test_a_request_can_be_sent_by_hand(scripted_server):
    """connect(), send(), start(): and the connection is back when the body is read."""
    server = await scripted_server(OK, OK)
    async with httpkit.TCPConnector() as connector:
        for _ in range(2):
            request = httpkit.ClientRequest("GET", URL(server.url))
            connection = await connector.connect(request, [], httpkit.ClientTimeout())
            response = await request.send(connection)
            assert response is await response.start(connection) is request.response
            assert await response.read() == b"ok"
            connection.release()
    assert server.connections == 1


async def test_a_request_by_hand_fails_like_any_other(scripted_server):
    """A lost connection is ServerDisconnectedError, and the slot is free."""

    async def hang_up(reader, writer):
        del reader, writer

    server = await scripted_server(hang_up)
    async with httpkit.TCPConnector() as connector:
        request = httpkit.ClientRequest("GET", URL(server.url))
        connection = await connector.connect(request, [], httpkit.ClientTimeout())
        with pytest.raises(httpkit.ServerDisconnectedError):
            await request.send(connection)
        assert connector._busy == set()


async def test_a_connection_that_is_lost_is_complained_about(scripted_server):
    """A connection that nobody released is a ResourceWarning, is told to the loop, and is closed."""
    server = await scripted_server(OK)
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    async with httpkit.TCPConnector() as connector:
        request = httpkit.ClientRequest("GET", URL(server.url))
        connection = await connector.connect(request, [], httpkit.ClientTimeout())
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            del connection
            gc.collect()
        assert [warning.category for warning in found] == [ResourceWarning]
        assert told == ["Unclosed connection"]
        assert connector._busy == set()


async def test_callbacks_of_a_connection_do_not_stop_each_other(scripted_server):
    """Each is called once, whatever another one raises."""
    server = await scripted_server(OK)
    seen = []
    async with httpkit.TCPConnector() as connector:
        request = httpkit.ClientRequest("GET", URL(server.url))
        connection = await connector.connect(request, [], httpkit.ClientTimeout())
        connection.add_callback(lambda: 1 / 0)
        connection.add_callback(lambda: seen.append("called"))
        connection.release()
        connection.close()
    assert seen == ["called"]
