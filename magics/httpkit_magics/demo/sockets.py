"""WebSockets: an echo, a ticker, a chat with subprotocols, and two that end badly (RFC 6455)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Coroutine
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from httpkit_magics.demo import shop
from httpkit_magics.demo.operations import Channel, Parameter
from httpkit_magics.demo.pacing import ENDLESS, due
from httpkit_magics.demo.streams import COUNT, MAX_RATE, RATE

MAX_MEMBERS = 200  # of the chat, in all rooms
MAX_WAITING = 256  # messages that a slow member may leave in its queue

PROTOCOLS = ("chat.v2", "chat.v1")


def _number(socket: WebSocket, name: str, default: float, high: float) -> float:
    """Return a number of the query, held within its limits: a handshake has no good place for a complaint."""
    try:
        value = float(socket.query_params.get(name, default))
    except ValueError:
        return default
    return min(max(value, 0), high) if value == value else default  # noqa: PLR0124 - NaN differs from itself


async def _take(socket: WebSocket) -> None:
    """Read and drop everything until the client goes."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return


async def _send_beside(socket: WebSocket, sender: Coroutine[Any, Any, None]) -> None:
    """Run `sender` while what comes is taken; when either ends, so does the other.

    Without the taking nobody would hear that the client goes; with it, a sender that waits for its next message stops.
    """
    tasks = [asyncio.create_task(_take(socket)), asyncio.create_task(sender)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
            raise result


async def echo(socket: WebSocket) -> None:
    """Send each message back, text as text and bytes as bytes."""
    await socket.accept()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        with contextlib.suppress(WebSocketDisconnect):
            await socket.send({**message, "type": "websocket.send"})


async def ticker(socket: WebSocket) -> None:
    """Send trades, numbered from the one after `after`; close with 1000 after `count` of them."""
    rate = _number(socket, "rate", 10, MAX_RATE)
    first = int(_number(socket, "after", 0, 1e15)) + 1
    count = int(_number(socket, "count", 0, 1e15)) or ENDLESS
    await socket.accept()

    async def send() -> None:
        async for numbers in due(first, first + count, rate):
            for number in numbers:
                await socket.send({"type": "websocket.send", "text": shop.trade(number)})
        await socket.close(1000, "that was all")

    await _send_beside(socket, send())


async def drop(socket: WebSocket) -> None:
    """Send so many trades, then close the connection with no close frame."""
    after = int(_number(socket, "after", 3, 10_000))
    await socket.accept()

    async def send() -> None:
        for number in range(1, after + 1):
            await socket.send_text(shop.trade(number))

    # Returning without a close is what makes the server drop the connection.
    await _send_beside(socket, send())


async def close(socket: WebSocket) -> None:
    """Close at once with the code and reason that the query names."""
    code = int(_number(socket, "code", 1000, 4999))
    is_sendable = code >= 3000 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))
    reason = socket.query_params.get("reason", "bye").encode()[:120].decode(errors="ignore")
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await socket.close(code if is_sendable else 1000, reason)


class Member:
    """A chat member: its messages wait in a queue of its own, so that a slow one holds up nobody."""

    def __init__(self, name: str, room: str, protocol: str | None) -> None:
        self.name = name
        self.room = room
        self.is_json = protocol == "chat.v2"
        self.queue: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)

    def put(self, kind: str, sender: str, text: str) -> None:
        """Queue a message in the member's protocol; what doesn't fit is lost."""
        if self.is_json:
            line = json.dumps({"type": kind, "from": sender, "text": text}, ensure_ascii=False)
        else:
            line = f"{sender}: {text}" if kind == "message" else f"* {sender} {text}"
        with contextlib.suppress(asyncio.QueueFull):
            self.queue.put_nowait(line)


class Chat:
    """The members of all rooms. `chat.v2` is JSON, `chat.v1` and no subprotocol at all is plain text."""

    def __init__(self) -> None:
        self._members: dict[int, Member] = {}
        self._guests = itertools.count(1)

    def reset(self) -> None:
        """Number the guests from 1 again; who is there stays."""
        self._guests = itertools.count(1)

    def _tell(self, room: str, kind: str, sender: str, text: str) -> None:
        for member in self._members.values():
            if member.room == room:
                member.put(kind, sender, text)

    async def chat(self, socket: WebSocket) -> None:
        """Join a room, and pass on what is said."""
        offered = socket.scope["subprotocols"]
        protocol = next((name for name in PROTOCOLS if name in offered), None)
        await socket.accept(protocol)
        if len(self._members) >= MAX_MEMBERS:
            await socket.close(1013, "the chat is full")
            return
        name = socket.query_params.get("name", "")[:40] or f"guest-{next(self._guests)}"
        member = Member(name, socket.query_params.get("room", "lobby")[:40], protocol)
        self._members[id(member)] = member
        writer = asyncio.create_task(_write(socket, member))
        try:
            self._tell(member.room, "joined", name, "joined")
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                self._say(member, message.get("text") or (message.get("bytes") or b"").decode(errors="replace"))
        finally:
            del self._members[id(member)]
            self._tell(member.room, "left", name, "left")
            writer.cancel()

    def _say(self, member: Member, text: str) -> None:
        if member.is_json:
            try:
                text = str(json.loads(text)["text"])
            except (ValueError, TypeError, KeyError, RecursionError):
                member.put("error", "chat", 'a message must be {"text": ...}')
                return
        self._tell(member.room, "message", member.name, text[:4000])

    def channels(self) -> list[Channel]:
        """Return the rows of the WebSockets."""
        after = Parameter("after", "integer", 3, "the number of the last one had")
        return [
            Channel(path="/ws/echo", handler=echo, summary="Each message comes back."),
            Channel(
                path="/ws/ticker",
                handler=ticker,
                summary="Trades as JSON, up to 20 000 a second and more.",
                parameters=(RATE, COUNT, after),
            ),
            Channel(
                path="/ws/chat",
                handler=self.chat,
                summary="A chat; all in a room hear all. chat.v2 speaks JSON, chat.v1 plain text.",
                parameters=(Parameter("name", "string", "ada", "who"), Parameter("room", "string", "lobby", "where")),
                subprotocols=PROTOCOLS,
            ),
            Channel(
                path="/ws/drop",
                handler=drop,
                summary="Some trades, then the connection is gone with no close frame (1006).",
                parameters=(Parameter("after", "integer", 3, "how many"),),
            ),
            Channel(
                path="/ws/close",
                handler=close,
                summary="Closed at once with the code and reason asked for.",
                parameters=(Parameter("code", "integer", 4000, "code"), Parameter("reason", "string", "bye", "reason")),
            ),
        ]


async def _write(socket: WebSocket, member: Member) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(await member.queue.get())
