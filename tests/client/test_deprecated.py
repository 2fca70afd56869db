"""Parameters of other times: each works, warns once with its successor's name, and excludes what it always excluded."""

from __future__ import annotations

import asyncio
import inspect
import ssl
import warnings
from contextlib import contextmanager

import pytest
from servers.web import running_web
from yarl import URL

import httpkit

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def warned(successor):
    """Expect exactly one DeprecationWarning, given in this file, whose message names `successor`."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    assert [(DeprecationWarning, __file__)] == [(warning.category, warning.filename) for warning in found]
    assert successor in str(found[0].message)


@pytest.mark.parametrize(
    ("options", "successor"),
    [
        ({"verify_ssl": False}, "ssl=False"),
        ({"ssl_context": ssl.create_default_context()}, "ssl=context"),
        ({"fingerprint": b"x" * 32}, "ssl=Fingerprint(fingerprint)"),
        ({"chunked": 1024}, "chunked=True"),
    ],
)
async def test_a_deprecated_option_of_a_request_works(options, successor, scripted_server):
    """verify_ssl, ssl_context, fingerprint and a chunk size are translated where the request is made."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session:
        with warned(successor):
            response = await session.put(server.url, data=b"x", **options)
        assert response.status == 200


async def test_verify_ssl_true_is_no_news(scripted_server):
    """`verify_ssl=True` is what happens anyway, and is not worth a warning."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.get(server.url, verify_ssl=True) as response:
        assert response.status == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "options",
    [
        {"ssl": False, "verify_ssl": False},
        {"ssl": False, "fingerprint": b"x" * 32},
        {"verify_ssl": False, "ssl_context": ssl.create_default_context()},
        {"ssl_context": ssl.create_default_context(), "fingerprint": b"x" * 32},
    ],
)
async def test_tls_options_exclude_each_other(options):
    """Two of verify_ssl, ssl_context, fingerprint and ssl are a ValueError, for a request and for a connector."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(ValueError, match="mutually exclusive"):
            session.get("http://localhost/", **options)
    with pytest.raises(ValueError, match="mutually exclusive"):
        httpkit.TCPConnector(**options)


@pytest.mark.parametrize(
    ("options", "successor"),
    [
        ({"verify_ssl": False}, "ssl=False"),
        ({"ssl_context": ssl.create_default_context()}, "ssl=context"),
        ({"fingerprint": b"x" * 32}, "ssl=Fingerprint(fingerprint)"),
        ({"ssl_shutdown_timeout": 1}, "no effect"),
        ({"enable_cleanup_closed": True}, "no effect"),
    ],
)
async def test_a_deprecated_parameter_of_a_connector_works(options, successor):
    """They make a connector, with one warning."""
    with warned(successor):
        connector = httpkit.TCPConnector(**options)
    await connector.close()


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"read_timeout": 7}, (7, None)), ({"conn_timeout": 3}, (300, 3)), ({"read_timeout": None}, (None, None))],
)
async def test_timeouts_of_other_times_are_part_of_client_timeout(options, expected):
    """read_timeout is total, conn_timeout is connect."""
    with warned("timeout=ClientTimeout("):
        session = httpkit.ClientSession(**options)
    assert expected == (session.timeout.total, session.timeout.connect)
    assert session.timeout.sock_connect == 30
    await session.close()


@pytest.mark.parametrize("name", ["read_timeout", "conn_timeout"])
async def test_timeouts_of_other_times_exclude_timeout(name):
    """Both at once are a ValueError that says what to use."""
    with pytest.raises(ValueError, match=f"{name} and timeout parameters conflict"):
        httpkit.ClientSession(timeout=httpkit.ClientTimeout(), **{name: 1})


async def test_a_session_takes_a_loop_and_says_that_it_need_not():
    """`loop=` is used, with a warning; so it is for one request."""
    loop = asyncio.get_running_loop()
    with warned("loop is deprecated"):
        session = httpkit.ClientSession(loop=loop)
    with warned("client.loop"):
        assert loop is session.loop
    await session.close()
    with warned("loop is deprecated"):
        one_shot = httpkit.request("GET", "http://127.0.0.1:9/", loop=loop)
    with pytest.raises(httpkit.ClientConnectorError):
        async with one_shot:
            pass


async def test_a_session_and_its_connector_share_a_loop():
    """A connector of another loop is a RuntimeError."""
    other = asyncio.new_event_loop()
    connector = httpkit.TCPConnector()
    with warnings.catch_warnings(action="ignore"), pytest.raises(RuntimeError, match="same event loop"):
        httpkit.ClientSession(connector=connector, loop=other)
    await connector.close()
    other.close()


def test_a_session_made_outside_of_a_loop_takes_its_connectors():
    """Without a running loop, a connector's will do."""
    loop = asyncio.new_event_loop()
    session = httpkit.ClientSession(connector=httpkit.TCPConnector(loop=loop))
    with warnings.catch_warnings(action="ignore"):
        assert session.loop is loop
    loop.run_until_complete(session.close())
    loop.close()


def test_a_session_needs_a_running_loop():
    """Without a loop and without a connector there is nothing to run on."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        httpkit.ClientSession()


async def test_setting_requote_redirect_url_is_deprecated():
    """The property can still be set, with a warning."""
    async with httpkit.ClientSession() as session:
        with warned("ClientSession()"):
            session.requote_redirect_url = False
        assert session.requote_redirect_url is False


async def test_deprecated_properties_of_a_response_work(scripted_server):
    """url_obj, output_size and upload_complete give what they gave."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.post(server.url, data=b"four") as response:
        with warned("ClientResponse.url"):
            assert URL(server.url) == response.url_obj.with_path("")
        with warned("UploadTracker"):
            assert response.output_size == 4
        with warned("UploadTracker"):
            assert response.upload_complete.done()


async def test_the_upload_of_a_response_can_be_awaited(scripted_server):
    """upload_complete is done when a body in pieces is sent; output_size counts its framing."""

    async def parts():
        yield b"one"
        yield b"two"

    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.post(server.url, data=parts()) as response:
        with warned("UploadTracker"):
            await response.upload_complete
        with warned("UploadTracker"):
            assert len(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n") == response.output_size


async def test_setting_the_body_of_a_request_is_deprecated(scripted_server):
    """`request.body = x` works in a middleware, and points to update_body."""

    async def change(request, handler):
        with warned("update_body"):
            request.body = b"changed"
        return await handler(request)

    server = await scripted_server(OK)
    async with httpkit.ClientSession(middlewares=[change]) as session:
        await session.post(server.url, data=b"as it was")
    assert server.requests[0].endswith(b"\r\n\r\nchanged")


async def test_a_body_that_is_replaced_and_not_closed_is_warned_about(tmp_path):
    """Setting `body` over an open file is a ResourceWarning."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    request = httpkit.ClientRequest("PUT", URL("http://host/"), data=path.open("rb"))
    with pytest.warns(ResourceWarning, match="not closed"), pytest.warns(DeprecationWarning, match="update_body"):
        old, request.body = request.body, b"new"
    await old.close()


def test_the_code_of_a_response_error_is_its_status():
    """`code` is read, set and passed with a warning; with status beside it, it is a ValueError."""
    with warned("use status"):
        error = httpkit.ClientResponseError(None, (), code=404)
    with warned("use status"):
        assert error.code == 404
    with warned("use status"):
        error.code = 500
    assert error.status == 500
    with pytest.raises(ValueError, match="both code and status"):
        httpkit.ClientResponseError(None, (), code=404, status=404)


async def test_a_connector_in_a_plain_with_is_deprecated():
    """`with connector:` closes it, with a warning."""
    connector = httpkit.TCPConnector()
    with warned("async with"), connector:
        assert not connector.closed
    assert connector.closed


async def test_the_loop_of_a_connection_is_deprecated(scripted_server):
    """`connection.loop` is the loop, with a warning; for one that carries a response too."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
    async with httpkit.TCPConnector() as connector:
        request = httpkit.ClientRequest("GET", URL(server.url))
        connection = await connector.connect(request, [], httpkit.ClientTimeout())
        with warned("loop property"):
            assert asyncio.get_running_loop() is connection.loop
        response = await request.send(connection)
        with warned("loop property"):
            assert asyncio.get_running_loop() is response.connection.loop
        response.close()


async def test_unread_data_is_deprecated():
    """Bytes can be put back, with a warning."""
    reader = httpkit.StreamReader(None, 2**16)
    reader.feed_data(b"abc")
    reader.feed_eof()
    first = await reader.read(1)
    with warned("unread_data"):
        reader.unread_data(first)
    assert await reader.read() == b"abc"


@pytest.mark.parametrize(
    ("options", "successor", "expected"),
    [
        ({"timeout": 3.5}, "ClientWSTimeout(ws_close=...)", httpkit.ClientWSTimeout(ws_close=3.5)),
        ({"receive_timeout": 2}, "ClientWSTimeout(ws_receive=...)", httpkit.ClientWSTimeout(2, 10.0)),
        ({"verify_ssl": False}, "ssl=False", httpkit.ClientWSTimeout(None, 10.0)),
    ],
)
async def test_deprecated_options_of_a_websocket_work(options, successor, expected):
    """A number for timeout, receive_timeout and the TLS options are translated."""
    async with running_web() as url, httpkit.ClientSession() as session:
        with warned(successor):
            websocket = await session.ws_connect(url + "/ws", **options)
        assert websocket._timeout == expected
        await websocket.close()


async def test_options_of_a_websocket_exclude_each_other_too():
    """Ssl beside verify_ssl is a ValueError, and a misspelt option names its neighbour."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(ValueError, match="mutually exclusive"), warnings.catch_warnings(action="ignore"):
            await session.ws_connect("http://localhost/", ssl=False, verify_ssl=False)
        with pytest.raises(TypeError, match=r"'autopong', did you mean 'autoping'\?"):
            await session.ws_connect("http://localhost/", autopong=False)


async def test_a_misspelt_option_names_its_neighbour():
    """An unknown option is a TypeError where the request is made, and says which one is near."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(TypeError, match=r"'alow_redirects', did you mean 'allow_redirects'\?"):
            session.get("http://localhost/", alow_redirects=False)
        with pytest.raises(TypeError, match=r"'qqq'$"):
            session.post("http://localhost/", qqq=1)


async def test_a_misspelt_parameter_of_a_session_or_connector_names_its_neighbour():
    """The same for what makes sessions and connectors."""
    with pytest.raises(TypeError, match=r"'trust_environment', did you mean 'trust_env'\?"):
        httpkit.ClientSession(trust_environment=True)
    with pytest.raises(TypeError, match=r"'verify_tls', did you mean 'verify_ssl'\?"):
        httpkit.TCPConnector(verify_tls=True)


async def test_accepting_deprecated_names_costs_nothing():
    """A session without them never calls their translation."""
    called = []
    async with httpkit.ClientSession() as session:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("httpkit.client.call.request_options", called.append)
            inspect.getcoroutinestate(call := session.get("http://localhost/", timeout=None, ssl=False)._coro)
            call.close()
    assert called == []
