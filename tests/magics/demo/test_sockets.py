"""The WebSockets, with the client of `websockets`."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

from httpkit_magics.demo.shop import trade


@pytest.fixture
def ws(demo):
    """The base URL for WebSockets."""
    return demo.url.replace("http", "ws", 1) + "/ws"


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_the_echo_returns_text_as_text_and_bytes_as_bytes(ws, compression):
    """Empty and large messages too."""
    async with connect(f"{ws}/echo", compression=compression, proxy=None) as socket:
        for message in ("grün", "", b"\x00\xff", b"", "x" * 1_000_000):
            await socket.send(message)
            assert await socket.recv() == message
        await asyncio.wait_for(await socket.ping(), 5)


async def test_the_ticker_counts_and_closes(ws):
    """Trades numbered from 1, then a close with 1000."""
    async with connect(f"{ws}/ticker?rate=0&count=3", proxy=None) as socket:
        assert [await socket.recv() for _ in range(3)] == [trade(1), trade(2), trade(3)]
        with pytest.raises(ConnectionClosedOK):
            await socket.recv()
    assert (socket.close_code, socket.close_reason) == (1000, "that was all")


async def test_the_ticker_resumes(ws):
    """`after` goes on where another connection ended: the same trades, none lost, none twice."""
    async with connect(f"{ws}/ticker?rate=0&count=2&after=5000", proxy=None) as socket:
        assert [json.loads(message)["id"] async for message in socket] == [5001, 5002]


async def test_the_ticker_keeps_its_rate(ws):
    """20 000 messages a second are sent, and every one arrives."""
    began = time.monotonic()
    async with connect(f"{ws}/ticker?rate=20000&count=10000", proxy=None, max_queue=None) as socket:
        numbers = [int(message[6 : message.index(",")]) async for message in socket]
    assert numbers == list(range(1, 10_001))
    assert time.monotonic() - began > 0.49


async def test_a_slow_ticker_hears_who_goes(ws):
    """A close is answered at once, though the next trade is a minute away."""
    async with connect(f"{ws}/ticker?rate=0.01", proxy=None) as socket:
        await socket.recv()
        await socket.send("nobody reads this")
    assert socket.close_code == 1000


async def test_the_chat_passes_on_to_the_room(ws):
    """chat.v2 hears JSON, chat.v1 lines, and another room nothing."""
    v1 = connect(f"{ws}/chat?name=ada&room=a", subprotocols=["chat.v1"], proxy=None)
    v2 = connect(f"{ws}/chat?name=zoë&room=a", subprotocols=["chat.v2", "chat.v1"], proxy=None)
    async with v1 as ada, connect(f"{ws}/chat?room=b", proxy=None) as other:
        assert await ada.recv() == "* ada joined"
        assert (ada.subprotocol, other.subprotocol) == ("chat.v1", None)
        async with v2 as zoe:
            assert zoe.subprotocol == "chat.v2"
            assert json.loads(await zoe.recv()) == {"type": "joined", "from": "zoë", "text": "joined"}
            await zoe.send(json.dumps({"text": "grüezi"}))
            assert json.loads(await zoe.recv()) == {"type": "message", "from": "zoë", "text": "grüezi"}
            await zoe.send("not JSON")
            assert json.loads(await zoe.recv())["type"] == "error"
        assert [await ada.recv() for _ in range(3)] == ["* zoë joined", "zoë: grüezi", "* zoë left"]
        assert (await other.recv()).endswith("joined")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(other.recv(), 0.1)


async def test_drop_ends_with_no_close_frame(ws):
    """The client sees 1006 after the trades."""
    async with connect(f"{ws}/drop?after=2", proxy=None) as socket:
        messages = [await socket.recv(), await socket.recv()]
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
    assert (messages, socket.close_code) == ([trade(1), trade(2)], 1006)


async def test_close_ends_with_the_code_asked_for(ws):
    """Codes from 3000 and those that may be sent."""
    async with connect(f"{ws}/close?code=4001&reason=tsch%C3%BCss", proxy=None) as socket:
        await socket.wait_closed()
    assert (socket.close_code, socket.close_reason) == (4001, "tschüss")


def test_plain_http_is_told_to_upgrade(api):
    """426 with Upgrade (RFC 9110 section 15.5.22)."""
    response = api.get("/ws/echo")
    assert (response.status_code, response.headers["upgrade"]) == (426, "websocket")
