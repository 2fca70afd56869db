"""`session.ws_connect` and what it gives, against scripted servers, `websockets`, Node's `ws` and uvicorn."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import aiohttp
import pytest
import websockets
from servers.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    accept,
    close_frame,
    frame,
    read_close,
    read_frame,
    websocket_server,
)
from servers.node_packages import find_package
from servers.process import find_program, free_ports, running

import httpkit
from httpkit import ClientSession, ClientWSTimeout, WSMsgType
from httpkit_magics.demo.launch import start_demo

SERVERS = Path(__file__).resolve().parents[1] / "servers"


@pytest.fixture(scope="module")
def demo():
    """The demo API: uvicorn with `websockets`; its base URL as ws."""
    with start_demo() as server:
        yield "ws" + server.url.removeprefix("http").rstrip("/")


@pytest.fixture(scope="module")
def node(server_folder):
    """Node's `ws`; its base URL."""
    folder = find_package("ws")
    (port,) = free_ports(1)
    arguments = [find_program("node"), str(SERVERS / "node_websocket.js"), str(port), str(folder)]
    with running(arguments, ports=[port], log=server_folder / "node-ws.log"):
        yield f"ws://127.0.0.1:{port}"


async def python_echo(ws):
    """Echo messages, as a handler of `websockets`."""
    async for message in ws:
        await ws.send(message)


# -- beside aiohttp ---------------------------------------------------------------------------------------------------


async def _drop(_reader, writer):
    writer.write(frame(TEXT, b"a"))


async def _drop_within_a_frame(_reader, writer):
    writer.write(frame(TEXT, b"abcdef")[:4])


async def _mute(reader, _writer):
    await reader.read()


async def _close_late(_reader, writer):
    await asyncio.sleep(0.2)
    writer.write(close_frame(1001))


async def _close_4000(ws, seen):
    seen.append(await ws.close(code=4000, message=b"x"))


async def _time_out(ws, seen):
    with pytest.raises(TimeoutError):
        await ws.receive(timeout=0.05)
    seen.append((ws.close_code, ws.closed))


async def _close_while_receiving(ws, seen):
    receiving = asyncio.ensure_future(ws.receive())
    await asyncio.sleep(0.02)
    seen.append(await ws.close())
    seen.append((await receiving).type.name)


async def _send_after_close(ws, seen):
    await ws.close()
    for send in (ws.send_str("x"), ws.send_bytes(b"x"), ws.ping(), ws.pong()):
        with pytest.raises(ConnectionResetError) as caught:
            await send
        seen.append((type(caught.value).__name__, str(caught.value)))


SCENARIOS = {
    "messages and a close": {"talk": frame(TEXT, b"a") + frame(BINARY, b"b") + close_frame(1000, b"bye")},
    "a private close code": {"talk": close_frame(4001, b"bye")},
    "the connection is dropped": {"talk": _drop},
    "dropped within a frame": {"talk": _drop_within_a_frame},
    "not UTF-8": {"talk": frame(TEXT, b"\xff")},
    "an unknown opcode": {"talk": frame(3)},
    "too large": {"talk": frame(TEXT, b"x" * 1000), "max_msg_size": 1000},
    "just small enough": {"talk": frame(TEXT, b"x" * 999) + close_frame(1000), "max_msg_size": 1000},
    "fragments with a PING between": {
        "talk": frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(0, b"b") + close_frame(1001)
    },
    "CVE-2026-59881: RSV1 without deflate": {"talk": frame(TEXT, b"a", rsv1=True)},
    "a continuation of nothing": {"talk": frame(0, b"a")},
    "a message within a message": {"talk": frame(TEXT, b"a", fin=False) + frame(TEXT, b"b")},
    "a long PING": {"talk": frame(PING, b"x" * 126)},
    "a fragmented PING": {"talk": frame(PING, b"x", fin=False)},
    "a close frame of one byte": {"talk": frame(CLOSE, b"\x03")},
    "the client closes": {"talk": b"", "program": _close_4000},
    "the client closes, messages are on their way": {"talk": frame(TEXT, b"a") * 3, "program": _close_4000},
    "the server never closes": {"talk": _mute, "program": _close_4000},
    "a timeout": {"talk": _close_late, "program": _time_out},
    "close() breaks receive()": {"talk": b"", "program": _close_while_receiving},
    "sending after close()": {"talk": b"", "program": _send_after_close},
    "without autoclose": {"talk": close_frame(1001), "autoclose": False},
    "without autoping": {"talk": frame(PING, b"p") + frame(PONG, b"q") + close_frame(1000), "autoping": False},
    "text as bytes": {"talk": frame(TEXT, b"\xff") + close_frame(1000), "decode_text": False},
}


async def observed(module, talk, program=None, **options):
    """Return what a client of `module` sees of a scenario: messages, close code, and what comes after."""
    async with (
        websocket_server(talk) as server,
        module.ClientSession() as session,
        session.ws_connect(server.url, timeout=module.ClientWSTimeout(ws_close=0.3), **options) as ws,
    ):
        seen: list[object] = []
        if program is not None:
            await program(ws, seen)
        while not seen or seen[-1] != ("CLOSED", None):
            message = await asyncio.wait_for(ws.receive(), 2)
            data = message.data
            seen.append((message.type.name, data.code if isinstance(data, Exception) else data))
        return seen, ws.close_code, ws.closed, await ws.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_messages_and_close_codes_are_those_of_aiohttp(scenario):
    """The same server shows aiohttp's client and ours the same messages and the same end."""
    expected = await observed(aiohttp, **SCENARIOS[scenario])
    assert await observed(httpkit, **SCENARIOS[scenario]) == expected


@pytest.mark.parametrize(
    ("talk", "close_code"),
    [
        (bytes((0x81, 0x81)) + b"\0\0\0\0a", 1002),
        (close_frame(1006), 1002),
        (frame(CLOSE), 1005),
    ],
    ids=["masked server frames are refused", "a code that must not be sent is refused", "no code is 1005"],
)
async def test_what_differs_from_aiohttp(talk, close_code):
    """Where aiohttp is lenient, or invents a code, RFC 6455 sections 5.1, 7.4.1 and 7.1.5 hold."""
    _, code, closed, _ = await observed(httpkit, talk)
    assert (code, closed) == (close_code, True)


async def test_the_peers_close_code_is_sent_back():
    """The answer to a close frame carries its code (RFC 6455 section 5.5.1)."""
    async with (
        websocket_server(close_frame(4001, b"bye")) as server,
        ClientSession() as session,
        session.ws_connect(server.url) as ws,
    ):
        assert await ws.receive() == (WSMsgType.CLOSE, 4001, "bye")
    assert server.close_codes == [4001]


# -- the handshake ----------------------------------------------------------------------------------------------------


def answer(head: str) -> object:
    """Return a handler that gives `head` for an answer, with the right accept key for {accept}."""

    async def handle(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        good = accept(request).split(b"Sec-WebSocket-Accept: ")[1].strip().decode()
        writer.write((head.replace("\n", "\r\n").format(accept=good) + "\r\n\r\n").encode())
        await reader.read()
        writer.close()

    return handle


SWITCH = "HTTP/1.1 101 Switching Protocols\n"
GOOD = SWITCH + "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}"


@pytest.mark.parametrize(
    ("head", "message", "status"),
    [
        ("HTTP/1.1 403 Forbidden\nContent-Length: 0", "Invalid response status", 403),
        (SWITCH + "Connection: Upgrade\nSec-WebSocket-Accept: {accept}", "Invalid upgrade header", 101),
        (SWITCH + "Upgrade: websocket\nSec-WebSocket-Accept: {accept}", "Invalid connection header", 101),
        (SWITCH + "Upgrade: websocket\nConnection: Upgrade", "Invalid challenge response", 101),
        (GOOD.format(accept="x" * 28), "Invalid challenge response", 101),
        (GOOD + "\nSec-WebSocket-Protocol: other", "Invalid subprotocol: the server chose 'other'", 101),
        (GOOD + "\nSec-WebSocket-Extensions: permessage-deflate; x=1", "unknown or repeated permessage-deflate", 101),
    ],
)
async def test_an_answer_that_is_no_handshake_is_an_error(head, message, status):
    """WSServerHandshakeError says why, with status, fields and history; the slot comes back."""
    server = await asyncio.start_server(answer(head), "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    async with server, ClientSession() as session:
        with pytest.raises(httpkit.WSServerHandshakeError) as caught:
            await session.ws_connect(url, protocols=("chat",), compress=15)
        assert caught.value.message.startswith(message)
        assert caught.value.status == status
        assert str(caught.value.request_info.real_url) == url
        assert caught.value.headers is not None
        assert caught.value.history == ()
        await asyncio.sleep(0.01)
        assert not session.connector._busy


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X-A": "1\r\nX-Evil: 1"}},
        {"headers": {"X-A\r\nX-Evil": "1"}},
        {"protocols": ("chat\r\nX-Evil: 1",)},
        {"protocols": ("chat, evil",)},
        {"origin": "x\r\nX-Evil: 1"},
        {"compress": 8},
        {"compress": 16},
        {"headers": {"Upgrade": "websocket\r\nX-Evil: 1"}},
    ],
)
async def test_line_ends_in_the_handshake_are_refused(options):
    """GHSA-5x59-6wvc-88hg, GHSA-86v3-rrw9-q5mg: nothing is sent of a handshake whose options would cut its head into other fields."""
    async with websocket_server(b"") as server, ClientSession() as session:
        with pytest.raises(ValueError, match=r"control character|token|compress"):
            await session.ws_connect(server.url, **options)
        assert server.requests == []


async def test_the_handshake_is_a_request_of_the_session():
    """Cookies, credentials, default fields, params and middlewares of the session are in it; the key is fresh."""
    seen = []

    async def middleware(request, handler):
        seen.append(request.url.path)
        request.headers["X-Middleware"] = "yes"
        return await handler(request)

    async with (
        websocket_server(b"", fields=("Set-Cookie: b=2",)) as server,
        ClientSession(
            cookie_jar=httpkit.CookieJar(unsafe=True),
            cookies={"a": "1"},
            headers={"X-Default": "d"},
            auth=httpkit.BasicAuth("u", "p"),
            middlewares=(middleware,),
        ) as session,
    ):
        for _ in range(2):
            async with session.ws_connect(
                server.url + "/chat", params={"q": "1"}, origin="http://o", headers={"X-Own": "o"}, protocols=()
            ):
                pass
    first, second = (request.decode() for request in server.requests)
    assert first.startswith("GET /chat?q=1 HTTP/1.1\r\n")
    for line in ("X-Default: d", "X-Own: o", "X-Middleware: yes", "Origin: http://o", "Authorization: Basic dTpw"):
        assert f"\r\n{line}\r\n" in first
    assert "Cookie: a=1\r\n" in first
    assert "a=1; b=2" in second or "b=2; a=1" in second
    keys = {line for request in (first, second) for line in request.split("\r\n") if "Sec-WebSocket-Key" in line}
    assert len(keys) == 2
    assert seen == ["/chat", "/chat"]


async def test_fields_of_the_handshake_may_be_replaced_but_not_the_key():
    """Upgrade, Connection and version may be given otherwise, as in aiohttp; the key is ours."""
    async with websocket_server(b"") as server, ClientSession() as session:
        fields = {"Connection": "keep-alive, Upgrade", "Sec-WebSocket-Key": "mine", "Sec-WebSocket-Version": "8"}
        async with session.ws_connect(server.url, headers=fields):
            pass
    assert b"Connection: keep-alive, Upgrade\r\n" in server.requests[0]
    assert b"Sec-WebSocket-Version: 8\r\n" in server.requests[0]
    assert b"mine" not in server.requests[0]


async def test_a_redirected_handshake_is_followed(scripted_server):
    """A 302 of the handshake leads to the WebSocket, and stands in the response's history."""
    async with websocket_server(frame(TEXT, b"here")) as server, ClientSession() as session:
        location = f"Location: {server.url}/there"
        first = await scripted_server(f"HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\n\r\n".encode())
        async with session.ws_connect(first.url.replace("http", "ws")) as ws:
            assert await ws.receive_str() == "here"
            assert [response.status for response in ws.response.history] == [302]


async def test_wss_is_verified_and_can_be_pinned(certificates):
    """TLS works as for https: the CA is checked, and what the transport knows can be asked for."""
    async with (
        websocket_server(frame(TEXT, b"secret"), context=certificates.good.server_context()) as server,
        ClientSession() as session,
    ):
        url = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(httpkit.ClientConnectorCertificateError):
            await session.ws_connect(url)
        async with session.ws_connect(url, ssl=certificates.client_context()) as ws:
            assert await ws.receive_str() == "secret"
            assert ws.get_extra_info("ssl_object").version().startswith("TLS")
            assert ws.get_extra_info("nothing", 5) == 5
        assert ws.close_code == 1000


async def test_a_websocket_goes_through_a_proxy(squid, certificates):
    """A WebSocket is tunnelled by CONNECT, and wss is TLS within the tunnel (RFC 6455 section 4.1, PYSEC-2026-3844)."""
    async with (
        websocket_server(frame(TEXT, b"hi")) as plain,
        ClientSession() as session,
        session.ws_connect(plain.url, proxy=squid.url) as ws,
    ):
        assert await ws.receive_str() == "hi"
    context = certificates.good.server_context()
    async with (
        websocket_server(frame(TEXT, b"hello"), context=context) as secure,
        ClientSession() as session,
        session.ws_connect(secure.url, proxy=squid.url, ssl=certificates.client_context()) as ws,
    ):
        assert await ws.receive_str() == "hello"
        assert ws.get_extra_info("ssl_object") is not None


async def test_the_sessions_total_time_ends_with_the_handshake():
    """`ClientTimeout.total` and `sock_read` hold for the handshake, and not for the open WebSocket."""

    async def talk(reader, writer):
        await asyncio.sleep(0.4)
        writer.write(frame(TEXT, b"late"))
        await server.hang_up(reader, writer)

    timeout = httpkit.ClientTimeout(total=0.2, sock_read=0.1)
    async with (
        websocket_server(talk) as server,
        ClientSession(timeout=timeout) as session,
        session.ws_connect(server.url) as ws,
    ):
        assert await ws.receive_str() == "late"


async def test_a_silent_server_ends_the_handshake(scripted_server):
    """The session's timeout ends a handshake that is never answered, and gives the slot back."""
    server = await scripted_server()
    async with ClientSession(timeout=httpkit.ClientTimeout(total=0.1)) as session:
        with pytest.raises(TimeoutError):
            await session.ws_connect(server.url)
        await server.closed()
        assert not session.connector._busy


async def test_an_unknown_option_is_a_type_error():
    """A misspelled option is said at once, with the one that was meant."""
    async with ClientSession() as session:
        with pytest.raises(TypeError, match="'heartbeet', did you mean 'heartbeat'"):
            session.ws_connect("ws://127.0.0.1:1", heartbeet=1)
        with pytest.raises(TypeError, match="'heartbeet'"):
            session.ws_reconnect("ws://127.0.0.1:1", heartbeet=1)


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"timeout": 0.1}, "ClientWSTimeout(ws_close=...)"),
        ({"receive_timeout": 0.1}, "ClientWSTimeout(ws_receive=...)"),
        ({"ssl": None}, "use ssl=True"),
        ({"verify_ssl": False}, "use ssl=False"),
    ],
)
async def test_parameters_of_other_times_name_their_successor(options, warning):
    """What is deprecated in aiohttp works, with a DeprecationWarning that is given at the caller's line."""
    async with websocket_server(b"") as server, ClientSession() as session:
        with pytest.warns(DeprecationWarning, match=re.escape(warning)) as caught:
            ws = await session.ws_connect(server.url, **options)
        assert caught[0].filename == __file__
        if "receive_timeout" in options:
            with pytest.raises(TimeoutError):
                await ws.receive()
        await ws.close()


async def test_the_class_of_the_response_may_be_chosen():
    """`ws_response_class` of the session is what `ws_connect` gives."""

    class Chatty(httpkit.ClientWebSocketResponse):
        async def hello(self):
            return "hello " + await self.receive_str()

    async with (
        websocket_server(frame(TEXT, b"you")) as server,
        ClientSession(ws_response_class=Chatty) as session,
        session.ws_connect(server.url) as ws,
    ):
        assert await ws.hello() == "hello you"


# -- receiving --------------------------------------------------------------------------------------------------------


async def test_a_second_receive_is_refused():
    """At most one task receives, also where a message is on its way to the first."""
    async with websocket_server(b"") as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        first = asyncio.ensure_future(ws.receive())
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="Concurrent call to receive"):
            await ws.receive()
        with pytest.raises(RuntimeError, match="Concurrent call to receive"):
            await anext(ws)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert ws.close_code == 1006


async def test_a_message_of_another_type_is_said():
    """receive_str, receive_bytes and receive_json name what came instead."""
    async with (
        websocket_server(frame(BINARY, b"b") + frame(TEXT, b"t") + frame(BINARY, b"{}")) as server,
        ClientSession() as session,
        session.ws_connect(server.url) as ws,
    ):
        with pytest.raises(httpkit.WSMessageTypeError, match=r"b'b' is not WSMsgType.TEXT"):
            await ws.receive_str()
        with pytest.raises(httpkit.WSMessageTypeError, match=r"'t' is not WSMsgType.BINARY"):
            await ws.receive_bytes()
        with pytest.raises(TypeError):
            await ws.receive_json()


async def test_json_goes_both_ways(demo):
    """send_json and receive_json use `dumps` and `loads`; send_json_bytes sends BINARY."""
    async with ClientSession() as session, session.ws_connect(demo + "/ws/echo") as ws:
        await ws.send_json({"a": [1, "é"]})
        assert await ws.receive_json() == {"a": [1, "é"]}
        await ws.send_json("x", dumps=lambda text: f"<{text}>")
        assert await ws.receive_json(loads=str.upper) == "<X>"
        await ws.send_json_bytes([1], dumps=lambda value: json.dumps(value).encode())
        assert await ws.receive_bytes() == b"[1]"


async def test_wrong_types_are_refused():
    """send_str takes str, send_bytes takes bytes-like."""
    async with websocket_server(b"") as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        with pytest.raises(TypeError, match="data argument must be str"):
            await ws.send_str(b"x")
        with pytest.raises(TypeError, match="data argument must be byte-ish"):
            await ws.send_bytes("x")


async def test_a_receive_timeout_leaves_the_websocket_open():
    """`ws_receive` is for one receive(); the next one may succeed."""

    async def talk(reader, writer):
        await read_frame(reader)
        writer.write(frame(TEXT, b"now"))
        await server.hang_up(reader, writer)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, timeout=ClientWSTimeout(ws_receive=0.05, ws_close=1)) as ws,
    ):
        with pytest.raises(TimeoutError):
            await ws.receive()
        assert not ws.closed
        await ws.send_str("go")
        assert await ws.receive_str(timeout=5) == "now"


async def test_close_waits_no_longer_than_it_may_for_a_chatty_server():
    """`ws_close` bounds the whole wait, also where messages keep coming and the close frame does not."""

    async def talk(_reader, writer):
        while True:
            writer.write(frame(TEXT, b"tick"))
            await writer.drain()
            await asyncio.sleep(0.001)

    async with websocket_server(talk) as server, ClientSession() as session:
        ws = await session.ws_connect(server.url, timeout=ClientWSTimeout(ws_close=0.2))
        started = asyncio.get_running_loop().time()
        assert await ws.close()
        assert asyncio.get_running_loop().time() - started < 2
        assert ws.close_code == 1006
        assert isinstance(ws.exception(), TimeoutError)


# -- messages in pieces -----------------------------------------------------------------------------------------------


async def test_a_message_is_received_as_a_stream():
    """receive_stream() gives pieces as they arrive, beyond max_msg_size; the next message is whole again."""
    may_go_on = asyncio.Event()

    async def talk(reader, writer):
        writer.write(frame(TEXT, "é".encode()[:1], fin=False) + frame(0, "é".encode()[1:] + b"x", fin=False))
        await may_go_on.wait()
        writer.write(frame(0, b"y" * 5000) + frame(TEXT, b"whole"))
        await server.hang_up(reader, writer)

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, max_msg_size=1000) as ws,
    ):
        pieces = []
        async for piece in ws.receive_stream():
            pieces.append(piece)
            may_go_on.set()
        assert "".join(pieces) == "éx" + "y" * 5000
        assert len(pieces) > 1
        assert await ws.receive_str() == "whole"


async def test_the_rest_of_a_stream_is_dropped():
    """A message whose stream was left early does not come back in pieces; what follows is whole."""
    parts = frame(BINARY, b"a", fin=False) + frame(0, b"b", fin=False) + frame(0, b"c")

    async def talk(reader, writer):
        await read_frame(reader)
        writer.write(parts + parts + frame(TEXT, b"next") + parts)
        await server.hang_up(reader, writer)

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        await ws.send_str("go")
        async for piece in ws.receive_stream():
            assert piece == b"a"
            break
        assert [piece async for piece in ws.receive_stream()] == [b"a", b"b", b"c"]
        assert await ws.receive_str() == "next"
        assert await ws.receive_bytes() == b"abc"


async def test_a_stream_that_is_cut_off_is_an_error():
    """A message that ends with its connection is no message."""

    async def talk(_reader, writer):
        writer.write(frame(TEXT, b"a", fin=False))

    async with websocket_server(talk) as server, ClientSession() as session, session.ws_connect(server.url) as ws:
        pieces = ws.receive_stream()
        assert await anext(pieces) == "a"
        with pytest.raises(httpkit.WSMessageTypeError, match="neither TEXT nor BINARY"):
            await anext(pieces)
        assert ws.close_code == 1006


async def test_a_message_is_sent_in_fragments(node, demo):
    """Fragments go out as they come; the server puts them together; other messages wait for their end."""

    async def words():
        for word in ("a", "b", "é"):
            await asyncio.sleep(0.01)
            yield word

    async with ClientSession() as session:
        for url, compress in ((node + "/echo", 15), (node + "/plain", 0), (demo + "/ws/echo", 15)):
            async with session.ws_connect(url, compress=compress) as ws:
                sending = asyncio.ensure_future(ws.send_fragments(words()))
                await asyncio.sleep(0.015)
                await ws.send_str("after")
                await sending
                assert [await ws.receive_str(), await ws.receive_str()] == ["abé", "after"]
                await ws.send_fragments([b"x", bytearray(b"y")])
                assert await ws.receive_bytes() == b"xy"
                await ws.send_fragments([])
                await ws.send_str("end")
                assert await ws.receive_str() == "end"


async def test_fragments_that_end_in_an_error_close_with_1011():
    """A message that can't be completed ends the WebSocket: the server must not take it for a whole one."""

    def fragments():
        yield "a"
        raise KeyError("b")

    async with websocket_server(b"") as server, ClientSession() as session:
        for bad, error in ((fragments(), KeyError), (["a", b"b"], TypeError)):
            ws = await session.ws_connect(server.url)
            with pytest.raises(error):
                await ws.send_fragments(bad)
            assert ws.closed
    assert server.close_codes == [1011, 1011]


# -- real servers -----------------------------------------------------------------------------------------------------


async def talk_with_an_echo(url, compress, agreed):
    """Send messages of every kind and size to an echo, and expect them back."""
    messages = ["", "é🔩", "x" * 125, "x" * 126, b"", b"\0\xff" * 33_000, "long " * 50_000]
    async with ClientSession() as session, session.ws_connect(url, compress=compress) as ws:
        assert ws.compress == agreed
        for message in messages * 2:
            if isinstance(message, str):
                await ws.send_str(message)
            else:
                await ws.send_bytes(message)
            assert (await ws.receive()).data == message
        await ws.send_str("alone " * 100, compress=9)
        assert await ws.receive_str() == "alone " * 100
        await ws.send_str("plain", compress=0)
        assert await ws.receive_str() == "plain"
        assert 0 <= await asyncio.wait_for(await ws.ping(b"now"), 5) < 5
        assert await ws.close(code=4001, message="done")
        assert ws.close_code == 4001


@pytest.mark.parametrize("compress", [0, 9, 15])
async def test_an_echo_of_websockets(compress):
    """The package `websockets`, with and without compression."""
    async with websockets.serve(python_echo, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        # The server chooses the client's window: 12 bits.
        await talk_with_an_echo(url, compress, 12 if compress else 0)
    async with websockets.serve(python_echo, "127.0.0.1", 0, compression=None) as server:
        await talk_with_an_echo(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", compress, 0)


@pytest.mark.parametrize("compress", [0, 15])
async def test_an_echo_of_nodes_ws(node, compress):
    """Node's `ws`, with and without compression."""
    await talk_with_an_echo(node + "/echo", compress, compress)
    await talk_with_an_echo(node + "/plain", compress, 0)


async def test_how_nodes_ws_ends(node):
    """A dropped socket is 1006, a close code comes through, and fragments with a PING between are one message."""
    async with ClientSession() as session:
        async with session.ws_connect(node + "/terminate") as ws:
            await ws.send_str("x")
            assert (await ws.receive()).type is WSMsgType.CLOSED
            assert ws.close_code == 1006
        async with session.ws_connect(node + "/close?4002") as ws:
            assert await ws.receive() == (WSMsgType.CLOSE, 4002, "as you wish")
        async with session.ws_connect(node + "/fragments") as ws:
            assert await ws.receive_str() == "abc"


async def test_subprotocols_and_codes_of_uvicorn(demo):
    """The demo API's chat chooses a subprotocol; /ws/close closes as it is asked to."""
    async with ClientSession() as session:
        async with session.ws_connect(demo + "/ws/chat", protocols=("chat.v9", "chat.v1")) as ws:
            assert ws.protocol == "chat.v1"
        async with session.ws_connect(demo + "/ws/chat") as ws:
            assert ws.protocol is None
        async with session.ws_connect(demo + "/ws/close?code=4003&reason=no") as ws:
            assert [message async for message in ws] == []
            assert ws.close_code == 4003
        with pytest.raises(httpkit.WSServerHandshakeError) as caught:
            await session.ws_connect(demo + "/items")
        assert caught.value.status == 403


async def test_a_ticker_of_20_000_messages_arrives_whole_and_in_order(demo):
    """A fast server, an ordinary reader: every message, in order."""
    async with ClientSession() as session, session.ws_connect(demo + "/ws/ticker?rate=0&count=20000") as ws:
        numbers = [message.json()["id"] async for message in ws]
    assert numbers == list(range(1, 20_001))


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not run on Windows")
def test_uvloop_works_as_well():
    """The same on uvloop, whose transports differ: echo, backpressure, close."""
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with (
            websockets.serve(python_echo, "127.0.0.1", 0) as server,
            ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", compress=15) as ws,
        ):
            for _ in range(100):
                await ws.send_bytes(b"x" * 100_000)
                assert len(await ws.receive_bytes()) == 100_000
            assert await ws.close()
            return ws.close_code

    assert uvloop.run(main()) == 1000


async def test_a_cancelled_close_gives_the_slot_back():
    """Cancelling a close() that waits for the server ends the connection at once."""
    async with websocket_server(_mute) as server, ClientSession() as session:
        ws = await session.ws_connect(server.url)
        closing = asyncio.ensure_future(ws.close())
        await asyncio.sleep(0.01)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await asyncio.sleep(0.01)
        assert (ws.closed, ws.close_code, session.connector._busy) == (True, 1006, set())


async def test_without_autoclose_the_user_answers():
    """With autoclose=False the close frame is a message, and close() answers it with the user's code."""

    async def talk(reader, writer):
        writer.write(close_frame(1001))
        server.close_codes.append(await read_close(reader))

    async with (
        websocket_server(talk) as server,
        ClientSession() as session,
        session.ws_connect(server.url, autoclose=False) as ws,
    ):
        assert (await ws.receive()).data == 1001
        assert not ws.closed
        assert await ws.close(code=4000)
        assert ws.close_code == 1001
    assert server.close_codes == [4000]
