"""Streams of content: server-sent events, an LLM's tokens, NDJSON, and JSON of any size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Send

from httpkit_magics.demo import shop
from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.pacing import ENDLESS, due
from httpkit_magics.demo.problems import Problem, read_json, read_number, read_whole, within

MAX_RATE = 100_000  # messages a second
MAX_COUNT = 1_000_000_000  # messages
MAX_MEGABYTES = 1000
MAX_TOKENS = 2000

COUNT = Parameter("count", "integer", 3, "how many; 0 for no end")
RATE = Parameter("rate", "number", 100, "how many a second; 0 for as fast as can be")
_DROP = Parameter("drop_after", "integer", 2, "break off in the middle of the message after so many")


class CutResponse(StreamingResponse):
    """A stream whose content never ends properly: the connection is closed in the middle of it."""

    async def stream_response(self, send: Send) -> None:
        """Send everything but the end; the server closes the connection of who leaves it open (ASGI)."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self.body_iterator:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


class Streams:
    """The streams; each message is made from its number, so there is no state."""

    def reset(self) -> None:
        """Do nothing: there is no state."""

    async def events(self, request: Request) -> Response:
        """Answer server-sent events from the one after Last-Event-ID; 204 when there are no more."""
        count, rate, drop_after = _ask(request, 10)
        last = request.headers.get("last-event-id", "0")
        if not (last.isascii() and last.isdigit() and len(last) < 18):
            raise Problem(400, f"Last-Event-ID must be a number of this stream, got {last[:40]!r}")
        first = int(last) + 1
        if first > count:
            return Response(status_code=204)
        return _stream(_events(first, count + 1, rate, drop_after), "text/event-stream", is_cut=drop_after is not None)

    async def complete(self, request: Request) -> Response:
        """Answer a prompt word by word, as the APIs of language models do; [DONE] ends it."""
        given = await read_json(request)
        if not isinstance(given, dict) or not isinstance(given.get("prompt"), str):
            raise Problem(422, "content must have a prompt")
        limit = given.get("max_tokens", 100)
        if not isinstance(limit, int) or not 1 <= limit <= MAX_TOKENS:
            raise Problem(422, f"max_tokens must lie between 1 and {MAX_TOKENS}")
        _, rate, drop_after = _ask(request, 10, 50)
        tokens = _answer(given["prompt"])[:limit]
        if given.get("stream", True) is False:
            choice = {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
            return JSONResponse({"id": "cmpl-1", "object": "chat.completion", "choices": [choice]})
        return _stream(_completion(tokens, rate, drop_after), "text/event-stream", is_cut=drop_after is not None)

    async def ndjson(self, request: Request) -> Response:
        """Answer trades, one JSON object a line."""
        count, rate, drop_after = _ask(request, 10)
        return _stream(_lines(count, rate, drop_after), "application/x-ndjson", is_cut=drop_after is not None)

    async def big_json(self, request: Request) -> Response:
        """Answer one JSON document of about that size."""
        megabytes = request.path_params["megabytes"]
        within("megabytes", megabytes, 0, MAX_MEGABYTES)
        return StreamingResponse(_orders(int(megabytes * 1e6)), media_type="application/json")

    def operations(self) -> list[Operation]:
        """Return the rows of the streams."""
        return [
            Operation(
                path="/events",
                tag="streams",
                handler=self.events,
                summary="Server-sent events with id, event, data and retry; goes on after Last-Event-ID.",
                parameters=(
                    COUNT,
                    RATE,
                    _DROP,
                    Parameter("Last-Event-ID", "string", "1", "the last one had", "header"),
                ),
                answers=(Answer(200, "events", "text/event-stream"), Answer(204, "there are no more", "")),
                problems=(400,),
            ),
            Operation(
                path="/events",
                tag="streams",
                methods=("POST",),
                handler=self.complete,
                summary="An answer to a prompt, token by token as events, then [DONE], like the API of a language model.",
                parameters=(RATE, _DROP),
                bodies={"application/json": {"prompt": "Which bolt fits an M6 nut?", "stream": True, "max_tokens": 40}},
                answers=(Answer(200, "tokens", "text/event-stream"), Answer(200, "stream is false")),
                problems=(400, 415, 422),
            ),
            Operation(
                path="/ndjson",
                tag="streams",
                handler=self.ndjson,
                summary="Trades as NDJSON.",
                parameters=(COUNT, RATE, _DROP),
                answers=(Answer(200, "trades", "application/x-ndjson"),),
                problems=(400,),
            ),
            Operation(
                path="/json/{megabytes:float}",
                tag="streams",
                handler=self.big_json,
                summary="One JSON document of about n MB.",
                parameters=(Parameter("megabytes", "number", 0.01, f"size, at most {MAX_MEGABYTES}", "path"),),
                answers=(Answer(200, "orders"),),
                problems=(400,),
            ),
        ]


def _ask(request: Request, count: int, rate: float = 5) -> tuple[int, float, int | None]:
    """Return count, rate and drop_after of the query."""
    number = read_whole(request, "count", count, 0, MAX_COUNT)
    pace = read_number(request, "rate", rate, 0, MAX_RATE)
    drop = read_whole(request, "drop_after", 0, 0, MAX_COUNT) if "drop_after" in request.query_params else None
    return number or ENDLESS, pace, drop


def _stream(content: AsyncIterator[bytes], media: str, *, is_cut: bool) -> Response:
    # A field, not media_type: Starlette would add a charset, which these media types don't have.
    fields = {"Content-Type": media, "Cache-Control": "no-cache"}
    return (CutResponse if is_cut else StreamingResponse)(content, headers=fields)


async def _paced(messages: AsyncIterator[bytes], drop_after: int | None) -> AsyncIterator[bytes]:
    """Yield the messages, and of the one after `drop_after` only half."""
    sent = 0
    async for message in messages:
        if sent == drop_after:
            yield message[: len(message) // 2]
            # What was written must arrive before the connection goes.
            await asyncio.sleep(0.01)
            return
        sent += 1
        yield message


def _event(number: int) -> bytes:
    item = 1 + number * 7 % 60
    if number % 5 == 0:
        # Two data lines: they join with a line feed, and JSON doesn't mind (HTML section 9.2.6).
        return f'id: {number}\nevent: stock\ndata: {{"item": {item},\ndata:  "stock": {number % 40}}}\n\n'.encode()
    return f"id: {number}\nevent: trade\ndata: {shop.trade(number)}\n\n".encode()


async def _numbered(first: int, stop: int, rate: float) -> AsyncIterator[bytes]:
    async for numbers in due(first, stop, rate):
        for number in numbers:
            yield _event(number)


async def _events(first: int, stop: int, rate: float, drop_after: int | None) -> AsyncIterator[bytes]:
    yield b": a comment, as servers send to keep a connection\nretry: 500\n\n"
    async for event in _paced(_numbered(first, stop, rate), drop_after):
        yield event


async def _trades(count: int, rate: float) -> AsyncIterator[bytes]:
    async for numbers in due(1, min(count, ENDLESS - 1) + 1, rate):
        for number in numbers:
            yield shop.trade(number).encode() + b"\n"


async def _lines(count: int, rate: float, drop_after: int | None) -> AsyncIterator[bytes]:
    async for line in _paced(_trades(count, rate), drop_after):
        yield line


def _answer(prompt: str) -> list[str]:
    """Return an answer to any prompt, in tokens."""
    subject = prompt.strip()[:200] or "nothing"
    text = (
        f"You asked: {subject} In a hardware shop the answer is nearly always on the shelf behind you. "
        "Take the part that you want to replace, compare the thread, and buy one more than you need. — Ada 🔩"
    )
    return [word + " " for word in text.split(" ")]


async def _completion(tokens: list[str], rate: float, drop_after: int | None) -> AsyncIterator[bytes]:
    async def messages() -> AsyncIterator[bytes]:
        async for numbers in due(0, len(tokens), rate):
            for number in numbers:
                yield _chunk({"content": tokens[number]}, None)
        yield _chunk({}, "stop")
        yield b"data: [DONE]\n\n"

    async for message in _paced(messages(), drop_after):
        yield message


def _chunk(delta: dict[str, str], reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    content = {"id": "cmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"


async def _orders(size: int) -> AsyncIterator[bytes]:
    """Yield an array of orders, in chunks of about 80 KB, until there are `size` bytes."""
    sent = 0
    number = 1
    while True:
        chunk = ("[" if number == 1 else ",") + ",\n".join(map(shop.order, range(number, number + 500)))
        content = chunk.encode()
        if sent + len(content) >= size:
            rows = max(1, (size - sent) * 500 // len(content))
            last = ("[" if number == 1 else ",") + ",\n".join(map(shop.order, range(number, number + rows)))
            yield last.encode() + b"]\n"
            return
        yield content
        sent += len(content)
        number += 500
