"""`session.sse`: events over as many connections as it takes; and `iter_lines` for NDJSON."""

from __future__ import annotations

import asyncio
import json

import pytest
from servers.process import free_ports

import httpkit
from httpkit import Backoff, ClientSession, ServerSentEvent
from httpkit.errors import LineTooLong
from httpkit_magics.demo.launch import start_demo

FAST = Backoff(initial=0.01, maximum=0.05)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
OVER = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture(scope="module")
def demo():
    """The demo API's base URL."""
    with start_demo() as server:
        yield server.url.rstrip("/")


def whole(body: bytes) -> bytes:
    """Return a response whose body is complete."""
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def broken(body: bytes):
    """Return a handler whose response breaks off after `body`."""

    async def handle(_reader, writer):
        writer.write(HEAD + b"Content-Length: 100000\r\n\r\n" + body)
        await writer.drain()

    return handle


def event(number: int) -> bytes:
    """Return an event with an id."""
    return b"id: %d\ndata: event %d\n\n" % (number, number)


# -- survival ---------------------------------------------------------------------------------------------------------


async def test_a_stream_survives_a_server_that_drops_it_mid_event(scripted_server):
    """The next connection says Last-Event-ID; half an event is not given, no event twice, none lost."""
    server = await scripted_server(
        broken(event(1) + event(2) + event(3)[:9]), broken(event(3) + b"id: 4\n"), whole(event(4)), OVER
    )
    async with ClientSession() as session:
        source = session.sse(server.url, backoff=FAST)
        assert [event.data async for event in source] == [f"event {number}" for number in (1, 2, 3, 4)]
    last_ids = [
        next((line[15:] for line in request.decode().split("\r\n") if line.startswith("Last-Event-ID: ")), None)
        for request in server.requests
    ]
    assert last_ids == [None, "2", "3", "4"]
    assert (source.connections, source.last_event_id) == (3, "4")


async def test_the_demo_apis_events_survive_drops(demo):
    """A real server that breaks off in the middle of every third event: all events, in order, once."""
    async with ClientSession() as session:
        source = session.sse(demo + "/events?count=8&rate=0&drop_after=2", backoff=FAST)
        events = [event async for event in source]
    assert [event.id for event in events] == [str(number) for number in range(1, 9)]
    assert events[4].event == "stock"
    assert events[4].json()["stock"] == 5
    assert source.retry == 500
    assert source.connections == 4


async def test_an_llm_style_post_survives_a_drop_where_it_is_asked_for(scripted_server):
    """With reconnect=True a POST is sent again, body and all, and the server goes on behind Last-Event-ID."""
    server = await scripted_server(broken(event(1) + event(2) + b"id: 3\nda"), whole(event(3) + b"data: [DONE]\n\n"))
    async with ClientSession() as session:
        source = session.sse(server.url, method="POST", json={"prompt": "hi"}, reconnect=True, backoff=FAST)
        assert [event.data async for event in source] == ["event 1", "event 2", "event 3", "[DONE]"]
    first, second = server.requests
    assert first.startswith(b"POST ")
    assert first.endswith(b'{"prompt": "hi"}')
    assert second.endswith(b'{"prompt": "hi"}')
    assert b"Last-Event-ID: 2\r\n" in second


@pytest.mark.parametrize(
    "options",
    [{}, {"reconnect": True}],
    ids=["not asked for", "asked for, but the server gave no id to go on from"],
)
async def test_a_post_is_not_sent_twice_by_itself(scripted_server, options):
    """A POST stream that breaks off is an error where another request would repeat what was done."""
    server = await scripted_server(broken(b"data: token\n\n"), OVER)
    async with ClientSession() as session:
        source = aiter(session.sse(server.url, method="POST", json={}, backoff=FAST, **options))
        assert (await anext(source)).data == "token"
        with pytest.raises(httpkit.ClientPayloadError):
            await anext(source)
        await server.closed()
        assert not session.connector._busy
    assert len(server.requests) == 1


async def test_a_body_that_is_spent_is_not_sent_again(scripted_server):
    """A streamed request body can be read once: a broken stream is an error then."""

    async def body():
        yield b"{}"

    server = await scripted_server(broken(event(1)), OVER)
    async with ClientSession() as session:
        source = session.sse(server.url, method="POST", data=body(), reconnect=True, backoff=FAST)
        with pytest.raises(httpkit.ClientPayloadError):
            assert [event.id async for event in source] == ["1"]
    assert len(server.requests) == 1


async def test_the_answer_of_a_language_model(demo):
    """POST with JSON, tokens as events, [DONE] at the end, and one request only."""
    async with ClientSession() as session:
        body = {"prompt": "Which bolt?", "max_tokens": 5}
        async with session.sse(demo + "/events?rate=0", method="POST", json=body) as source:
            assert source.response.status == 200
            events = [event async for event in source]
    assert events[-1].data == "[DONE]"
    tokens = [event.json()["choices"][0]["delta"].get("content", "") for event in events[:-1]]
    assert "".join(tokens).startswith("You asked: Which bolt?")
    assert source.connections == 1


# -- when it ends -----------------------------------------------------------------------------------------------------


async def test_204_ends_the_stream(scripted_server):
    """204 says that there is nothing more (HTML standard section 9.2.3)."""
    server = await scripted_server(OVER)
    async with ClientSession() as session:
        assert [event async for event in session.sse(server.url)] == []


async def test_a_whole_stream_ends_where_no_reconnect_is_wanted(scripted_server):
    """reconnect=False makes the end of the response the end of the events."""
    server = await scripted_server(whole(event(1)))
    async with ClientSession() as session:
        assert [event.id async for event in session.sse(server.url, reconnect=False)] == ["1"]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error", "status"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", httpkit.ClientResponseError, 404),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", httpkit.ClientResponseError, 201),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
            httpkit.ContentTypeError,
            200,
        ),
    ],
)
async def test_an_answer_that_is_no_event_stream_is_an_error(scripted_server, answer, error, status):
    """Only 200 with text/event-stream gives events; the error is raised at once, and the connection is free."""
    server = await scripted_server(answer)
    async with ClientSession() as session:
        with pytest.raises(error) as caught:
            async with session.sse(server.url, backoff=FAST):
                pass
        assert caught.value.status == status
        assert not session.connector._busy


async def test_statuses_that_pass_are_tried_again(scripted_server):
    """503 leads to another attempt, also as the first answer."""
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    server = await scripted_server(busy, whole(event(1)), OVER)
    async with ClientSession() as session:
        assert [event.id async for event in session.sse(server.url, backoff=FAST)] == ["1"]


async def test_attempts_in_a_row_are_limited():
    """After `attempts` failures in a row the last error is raised; nobody listens here."""
    (port,) = free_ports(1)
    async with ClientSession() as session:
        source = session.sse(f"http://127.0.0.1:{port}", backoff=Backoff(initial=0.001, attempts=3))
        with pytest.raises(httpkit.ClientConnectorError):
            await anext(aiter(source))
        with pytest.raises(StopAsyncIteration):
            await anext(aiter(source))


async def test_the_servers_retry_is_waited_for_within_limits(scripted_server):
    """`retry:` makes the pause longer, up to the backoff's maximum: a server can't switch the client off."""
    server = await scripted_server(whole(b"retry: 999999999\n" + event(1)), OVER)
    async with ClientSession() as session, asyncio.timeout(5):
        source = session.sse(server.url, backoff=Backoff(initial=0.001, maximum=0.1))
        started = asyncio.get_running_loop().time()
        assert [event.id async for event in source] == ["1"]
    assert asyncio.get_running_loop().time() - started >= 0.1
    assert source.retry == 999999999


# -- limits and options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "options", "limit"),
    [
        (b"data: " + b"x" * 2000, {"max_line_size": 1000}, "max_line_size"),
        (b"data: x\n" * 300, {"max_event_size": 1000}, "max_event_size"),
    ],
)
async def test_an_endless_event_is_an_error(scripted_server, body, options, limit):
    """Events before it are given, then EventStreamError names the limit; there is no other attempt."""
    server = await scripted_server(broken(event(1) + body))
    async with ClientSession() as session:
        source = aiter(session.sse(server.url, backoff=FAST, **options))
        assert (await anext(source)).id == "1"
        with pytest.raises(httpkit.EventStreamError, match=limit):
            await anext(source)
    assert len(server.requests) == 1


async def test_the_request_is_that_of_an_event_source(scripted_server):
    """Accept and Cache-Control are set unless given; `last_event_id` starts in the middle."""
    server = await scripted_server(whole(event(8)), OVER)
    async with ClientSession() as session:
        source = session.sse(server.url, last_event_id="7", headers={"Accept": "*/*", "X-A": "1"}, params={"q": "1"})
        assert await anext(aiter(source)) == ServerSentEvent("message", "event 8", "8", None)
    request = server.requests[0].decode()
    assert request.startswith("GET /?q=1 ")
    for line in ("Accept: */*", "Cache-Control: no-store", "X-A: 1", "Last-Event-ID: 7"):
        assert f"\r\n{line}\r\n" in request


async def test_there_is_no_total_time_unless_it_is_asked_for(scripted_server):
    """The session's total time does not end a stream; one of the call does."""

    async def slow(_reader, writer):
        writer.write(HEAD + b"\r\n")
        await asyncio.sleep(0.3)
        writer.write(event(1))
        await writer.drain()

    server = await scripted_server(slow, slow)
    async with ClientSession(timeout=httpkit.ClientTimeout(total=0.1)) as session:
        assert [event.id async for event in session.sse(server.url, reconnect=False)] == ["1"]
        with pytest.raises(TimeoutError):
            await anext(aiter(session.sse(server.url, reconnect=False, timeout=0.1)))


async def test_a_loop_that_is_left_disconnects(scripted_server):
    """After a break, the connection closes when the iterator is dropped; what was received goes first next time."""

    async def endless(reader, writer):
        writer.write(HEAD + b"\r\n" + event(1) + event(2))
        await reader.read()

    server = await scripted_server(endless, whole(event(3)), OVER)
    async with ClientSession() as session:
        source = session.sse(server.url, backoff=FAST)
        async for event_ in source:
            assert event_.id == "1"
            break
        await server.closed()
        assert [event.id async for event in source] == ["2", "3"]
    assert b"Last-Event-ID: 2\r\n" in server.requests[1]


async def test_loops_share_an_entered_source(scripted_server):
    """Within `async with`, a second loop goes on where the first was left, on the same connection."""
    server = await scripted_server(whole(event(1) + event(2) + event(3)), OVER)
    async with ClientSession() as session, session.sse(server.url, reconnect=False) as source:
        async for event_ in source:
            assert event_.id == "1"
            break
        assert [event.id async for event in source] == ["2", "3"]
    assert len(server.requests) == 1


async def test_an_id_that_no_field_can_carry_is_an_error(scripted_server):
    """GHSA-5x59-6wvc-88hg: an id with a control character is never sent; nothing else is injected by a server."""
    server = await scripted_server(whole(b"id: \x01\ndata: x\n\n"), OVER)
    async with ClientSession() as session:
        with pytest.raises(ValueError, match="control character"):
            assert [event.data async for event in session.sse(server.url, backoff=FAST)] == ["x"]
    assert len(server.requests) == 1


# -- NDJSON -----------------------------------------------------------------------------------------------------------


async def test_lines_of_ndjson(demo):
    """iter_lines() gives a line at a time, without its end."""
    async with ClientSession() as session, session.get(demo + "/ndjson?count=500&rate=0") as response:
        numbers = [json.loads(line)["id"] async for line in response.content.iter_lines(max_line_length=1000)]
    assert numbers == list(range(1, 501))


async def test_ends_of_lines(scripted_server):
    """CRLF and LF end a line, CR alone does not; empty lines are given, and the last line may lack its end."""
    body = b"a\nb\r\n\nc\rd\nlast"
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with ClientSession() as session, session.get(server.url) as response:
        assert [line async for line in response.content.iter_lines()] == [b"a", b"b", b"", b"c\rd", b"last"]


async def test_a_line_beyond_its_limit_is_an_error(scripted_server):
    """An endless line is refused at the limit, which the error names."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\n\r\nok\n" + b"x" * 5000)
    async with ClientSession() as session, session.get(server.url) as response:
        lines = response.content.iter_lines(max_line_length=1000)
        assert await anext(lines) == b"ok"
        with pytest.raises(LineTooLong, match=r"1000 bytes \(max_line_length\)"):
            await anext(lines)
