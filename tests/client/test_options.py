"""What a request may be told: each option against a real server, and what it may not be told."""

from __future__ import annotations

import asyncio
import math
import zlib

import pytest
from servers.raw import raw_server
from yarl import URL

import httpkit
from httpkit.wire.codings import decoder_for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def fields_of(raw):
    """Return the fields of a request as it came over the wire."""
    lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def body_of(raw):
    """Return the body of a request, its chunks joined."""
    rest = raw.partition(b"\r\n\r\n")[2]
    if "Transfer-Encoding" not in fields_of(raw):
        return rest
    body = b""
    while rest and not rest.startswith(b"0\r\n"):
        line, _, rest = rest.partition(b"\r\n")
        body += rest[: int(line, 16)]
        rest = rest[int(line, 16) + 2 :]
    return body


async def send(scripted_server, method="POST", **options):
    """Return the one request that `options` lead to, as bytes."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.request(method, server.url, **options) as response:
        assert response.status == 200
    return server.requests[0]


# -- timeout --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [-1, math.inf, math.nan])
def test_a_limit_is_a_finite_number_from_zero(limit):
    """A negative or infinite limit is a ValueError that names it: None is no limit."""
    with pytest.raises(ValueError, match=r"ClientTimeout\.connect must be 0 or more and finite"):
        httpkit.ClientTimeout(connect=limit)


def test_a_limit_is_a_number():
    """A limit of another type is a TypeError that names it."""
    with pytest.raises(TypeError, match=r"ClientTimeout\.total must be a number or None, got '5'"):
        httpkit.ClientTimeout(total="5")


async def test_a_session_takes_no_number_for_a_timeout():
    """A session's timeout is a ClientTimeout: a number is a ValueError."""
    with pytest.raises(ValueError, match=r"please use 'timeout=ClientTimeout\(...\)'"):
        httpkit.ClientSession(timeout=5)


async def test_a_number_is_the_total_of_a_request(scripted_server):
    """`timeout=0.1` ends a request after a tenth of a second, and None never does."""
    server = await scripted_server()
    async with httpkit.ClientSession() as session:
        with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
            await session.get(server.url, timeout=0.1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.get(server.url, timeout=None)


async def test_zero_is_no_limit(scripted_server):
    """0 turns a limit off, as None does."""
    server = await scripted_server([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n\r\nok"])
    timeout = httpkit.ClientTimeout(total=0, connect=0, sock_connect=0, sock_read=0)
    async with httpkit.ClientSession(timeout=timeout) as session, session.get(server.url) as response:
        assert await response.read() == b"ok"


# -- params ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"a": "1", "b": 2, "c": 0.5}, "/?x=1&a=1&b=2&c=0.5"),
        ({"a": ["1", 2]}, "/?x=1&a=1&a=2"),
        ([("a", "1"), ("a", "2")], "/?x=1&a=1&a=2"),
        ("a=1&b=ü+c", "/?x=1&a=1&b=%C3%BC+c"),
        ({}, "/?x=1"),
        (None, "/?x=1"),
    ],
)
async def test_params_extend_the_query(params, expected, scripted_server):
    """A mapping with values or sequences, pairs, or text come after what the URL has."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession() as session, session.get(server.url + "/?x=1", params=params) as response:
        assert URL(server.url + "/?x=1").extend_query(params) == response.url
    assert expected == server.requests[0].split()[1].decode()


async def test_params_are_dropped_after_a_redirect(scripted_server):
    """The target of a redirect has its own query."""
    server = await scripted_server(b"HTTP/1.1 302 Found\r\nLocation: /to?b=2\r\nContent-Length: 0\r\n\r\n", OK)
    async with httpkit.ClientSession() as session:
        await session.get(server.url, params={"a": "1"})
    assert [raw.split()[1] for raw in server.requests] == [b"/?a=1", b"/to?b=2"]


# -- base_url -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "reason"), [("/relative/", "Only absolute URLs"), ("http://host/api", "must have a trailing '/'")]
)
async def test_a_base_url_is_absolute_and_ends_with_a_slash(base, reason):
    """Anything else would be joined to something unexpected."""
    with pytest.raises(ValueError, match=reason):
        httpkit.ClientSession(base)


@pytest.mark.parametrize(
    ("url", "expected"), [("items", b"/api/items"), ("/items", b"/items"), ("../x", b"/x"), ("", b"/api/")]
)
async def test_a_relative_url_is_joined_with_the_base(url, expected, scripted_server):
    """RFC 3986 section 5.2."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession(server.url + "/api/") as session:
        await session.get(url)
    assert expected == server.requests[0].split()[1]


async def test_an_absolute_url_overrides_the_base(scripted_server):
    """The base is only for what is relative."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession("http://127.0.0.1:9/") as session, session.get(server.url + "/x") as response:
        assert response.status == 200


# -- fields ---------------------------------------------------------------------------------------------------------


async def test_automatic_fields_can_be_skipped(scripted_server):
    """User-Agent, Accept, Accept-Encoding and Content-Type stay out; Host and Content-Length don't."""
    skipped = ["User-Agent", "accept", "Accept-Encoding", "Content-Type", "Host", "Content-Length"]
    raw = await send(scripted_server, data=b"x", skip_auto_headers=skipped)
    assert {"Host", "Content-Length"} == set(fields_of(raw))


async def test_fields_of_a_request_replace_those_of_its_session(scripted_server):
    """Name by name, whatever the case; repeats stay."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession(headers={"X-A": "1", "X-B": "2"}) as session:
        await session.get(server.url, headers=[("x-a", "3"), ("x-a", "4")])
    lines = server.requests[0].split(b"\r\n")
    assert [line for line in lines if line.lower().startswith(b"x-a")] == [b"x-a: 3", b"x-a: 4"]
    assert b"X-B: 2" in lines


@pytest.mark.parametrize("version", ["1.0", httpkit.HttpVersion10])
async def test_http_1_0_asks_to_keep_the_connection(version, scripted_server):
    """A version may be text; HTTP/1.0 says keep-alive."""
    server = await scripted_server(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", OK)
    async with httpkit.ClientSession(version=version) as session:
        for _ in range(2):
            await session.get(server.url)
    assert server.requests[0].startswith(b"GET / HTTP/1.0\r\n")
    assert fields_of(server.requests[0])["Connection"] == "keep-alive"
    assert server.connections == 1


async def test_a_version_that_is_none_is_refused():
    """A version is two digits."""
    async with httpkit.ClientSession(version="11") as session:
        with pytest.raises(ValueError, match="Can not parse http version number: '11'"):
            await session.get("http://127.0.0.1:9/")


async def test_force_close_tells_the_server(scripted_server):
    """A connector that keeps nothing says `Connection: close`; in HTTP/1.0 that goes without saying."""
    server = await scripted_server(OK, OK)
    for version in (httpkit.HttpVersion11, httpkit.HttpVersion10):
        connector = httpkit.TCPConnector(force_close=True)
        async with httpkit.ClientSession(connector=connector, version=version) as session:
            await session.get(server.url)
    assert [fields_of(raw).get("Connection") for raw in server.requests] == ["close", None]
    assert server.connections == 2


async def test_an_own_connection_field_is_left_alone(scripted_server):
    """What the caller says about the connection stays."""
    server = await scripted_server(OK)
    async with httpkit.ClientSession(connector=httpkit.TCPConnector(force_close=True)) as session:
        await session.get(server.url, headers={"Connection": "keep-alive"})
    assert fields_of(server.requests[0])["Connection"] == "keep-alive"


# -- bodies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", [True, "deflate", "gzip", "br", "zstd"])
async def test_a_body_is_compressed(coding, scripted_server):
    """True is deflate; the coding is named, the body goes in chunks, and decodes to what was given."""
    if coding in {"br", "zstd"}:
        pytest.importorskip({"br": "brotli", "zstd": "backports.zstd"}[coding])
    body = b"some data " * 1000
    raw = await send(scripted_server, data=body, compress=coding)
    name = "deflate" if coding is True else coding
    fields = fields_of(raw)
    assert (name, "chunked") == (fields["Content-Encoding"], fields["Transfer-Encoding"])
    decoder = decoder_for(name)
    assert decoder is not None
    assert body == decoder.feed(body_of(raw), 2**20)
    if name == "deflate":
        assert body == zlib.decompress(body_of(raw))


async def test_nothing_is_not_compressed(scripted_server):
    """`compress` means nothing for an empty body."""
    assert "Content-Encoding" not in fields_of(await send(scripted_server, data=b"", compress=True))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"compress": True, "headers": {"Content-Encoding": "gzip"}}, "compress can not be set"),
        ({"chunked": True, "headers": {"Content-Length": "1"}}, "Content-Length header is set"),
        ({"chunked": True, "headers": {"Transfer-Encoding": "chunked"}}, "Transfer-Encoding: chunked header is set"),
        ({"json": {}}, "data and json"),
        ({"headers": {"Content-Length": "1_0"}}, "Invalid Content-Length header: 1_0"),
        ({"headers": {"Content-Length": "²"}}, "Invalid Content-Length header"),
    ],
)
async def test_options_that_contradict_each_other_are_refused(options, reason):
    """A body is not framed or coded twice, and not given twice."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(ValueError, match=reason):
            await session.post("http://127.0.0.1:9/", data=b"x", **options)


async def test_a_body_goes_in_chunks_where_asked(scripted_server):
    """`chunked=True` frames a body of known size, too."""
    raw = await send(scripted_server, data=b"data", chunked=True)
    assert (fields_of(raw)["Transfer-Encoding"], fields_of(raw).get("Content-Length")) == ("chunked", None)
    assert body_of(raw) == b"data"


async def test_json_goes_through_the_sessions_encoder(scripted_server):
    """`json_serialize_bytes` wins over `json_serialize`; json=None is no body."""
    server = await scripted_server(OK, OK, OK)
    async with httpkit.ClientSession(json_serialize=str) as session:
        await session.post(server.url, json=[1])
    async with httpkit.ClientSession(json_serialize=str, json_serialize_bytes=lambda _: b"bytes") as session:
        await session.post(server.url, json=[1])
        await session.post(server.url, json=None)
    assert [body_of(raw) for raw in server.requests] == [b"[1]", b"bytes", b""]
    assert fields_of(server.requests[1])["Content-Type"] == "application/json"


async def test_a_body_waits_until_it_is_asked_for():
    """`expect100=True` holds the body back until 100 (Continue) (RFC 9110 section 10.1.1)."""
    seen = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        body = asyncio.ensure_future(reader.readexactly(4))
        await asyncio.wait((body,), timeout=0.1)
        seen.extend((fields_of(head)["Expect"], body.done()))
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(await body)
        writer.write(OK)
        await writer.drain()
        await reader.read()

    async with raw_server(answer) as url, httpkit.ClientSession() as session:
        response = await session.post(url, data=b"data", expect100=True)
        assert response.status == 200
    assert seen == ["100-continue", False, b"data"]


async def test_a_body_without_a_length_can_be_left_alone(scripted_server):
    """`read_until_eof=False` takes a response without a length as empty."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", close=True)
    async with httpkit.ClientSession() as session, session.get(server.url, read_until_eof=False) as response:
        assert await response.read() == b""


# -- limits and what is beyond aiohttp ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["session", "request"])
async def test_a_body_has_a_limit(place, scripted_server):
    """`max_body_size` bounds read(), text() and json() after decompression, and its name is in the error."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
    limit = {"max_body_size": 9}
    async with httpkit.ClientSession(**(limit if place == "session" else {})) as session:
        response = await session.get(server.url, **(limit if place == "request" else {}))
        with pytest.raises(httpkit.BodyTooLarge, match=r"body exceeds 9 bytes \(max_body_size\)"):
            await response.read()


async def test_interim_responses_are_told(scripted_server):
    """Every 1xx but 101 reaches `on_informational`, the request's before the session's."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    server = await scripted_server(hints + OK, hints + OK)
    session_saw, request_saw = [], []
    async with httpkit.ClientSession(on_informational=session_saw.append) as session:
        await session.get(server.url)
        await session.get(server.url, on_informational=request_saw.append)
    assert [(head.status, head.headers["Link"]) for head in session_saw] == [(103, "</a.css>; rel=preload")]
    assert [head.status for head in request_saw] == [103]


async def test_trailers_are_kept(scripted_server):
    """The fields after a chunked body are in `response.trailers` when it is read."""
    server = await scripted_server(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n", OK
    )
    async with httpkit.ClientSession() as session:
        async with session.get(server.url) as response:
            await response.read()
            assert dict(response.trailers) == {"X-Sum": "7"}
        async with session.get(server.url) as response:
            await response.read()
            assert response.trailers is None


async def test_a_lost_connection_is_tried_again_once(scripted_server):
    """An idempotent request is repeated when its connection breaks before an answer; twice is an error."""

    async def hang_up(reader, writer):
        del reader, writer

    server = await scripted_server(hang_up, OK, hang_up, hang_up)
    async with httpkit.ClientSession() as session:
        assert (await session.get(server.url)).status == 200
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.get(server.url)
    assert len(server.requests) == 4


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_request_that_changes_something_is_not_repeated(method, scripted_server):
    """RFC 9110 section 9.2.2."""

    async def hang_up(reader, writer):
        del reader, writer

    server = await scripted_server(hang_up, OK)
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.request(method, server.url)
    assert len(server.requests) == 1


async def test_the_second_try_can_be_turned_off(scripted_server):
    """`retry_connection=False` reports the first loss."""

    async def hang_up(reader, writer):
        del reader, writer

    server = await scripted_server(hang_up, OK)
    async with httpkit.ClientSession(retry_connection=False) as session:
        with pytest.raises(httpkit.ServerDisconnectedError):
            await session.get(server.url)
    assert len(server.requests) == 1


async def test_the_charset_of_a_body_is_asked_for(scripted_server):
    """`fallback_charset_resolver` names the charset where Content-Type names none; None is UTF-8."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xe9"
    server = await scripted_server(answer, answer)
    seen = []

    def resolve(response, body):
        seen.append((response.status, body))
        return "latin-1"

    async with httpkit.ClientSession(fallback_charset_resolver=resolve) as session:
        assert await (await session.get(server.url)).text() == "é"
    assert seen == [(200, b"\xe9")]
    async with httpkit.ClientSession(fallback_charset_resolver=None) as session:
        with pytest.raises(UnicodeDecodeError):
            await (await session.get(server.url)).text()


@pytest.mark.parametrize("option", ["max_line_size", "max_field_size", "max_headers"])
async def test_limits_of_a_head_can_be_set_for_a_request(option, scripted_server):
    """A request's own limit wins over the session's, and is named in the error."""
    answer = b"HTTP/1.1 200 " + b"O" * 50 + b"\r\nX: " + b"a" * 60 + b"\r\nContent-Length: 0\r\n\r\n"
    server = await scripted_server(answer, answer)
    async with httpkit.ClientSession() as session:
        with pytest.raises(httpkit.ClientResponseError, match=option):
            await session.get(server.url, **{option: 1 if option == "max_headers" else 40})
        assert (await session.get(server.url)).status == 200


async def test_a_status_is_checked_by_who_asks(scripted_server):
    """`raise_for_status` as a callable sees each response; the request's own wins over the session's."""
    error = b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"
    server = await scripted_server(error, error, error)
    seen = []

    async def check(response):
        seen.append(response.status)

    async with httpkit.ClientSession(raise_for_status=True) as session:
        with pytest.raises(httpkit.ClientResponseError, match="404, message='Gone'"):
            await session.get(server.url)
        assert (await session.get(server.url, raise_for_status=False)).status == 404
        assert (await session.get(server.url, raise_for_status=check)).status == 404
    assert seen == [404]


@pytest.mark.parametrize("option", ["yes", 1, b"x" * 32])
async def test_ssl_is_a_bool_a_context_or_a_fingerprint(option):
    """Anything else is a TypeError."""
    async with httpkit.ClientSession() as session:
        with pytest.raises(TypeError, match="ssl should be SSLContext, Fingerprint, or bool"):
            await session.get("http://127.0.0.1:9/", ssl=option)


async def test_ssl_none_is_the_default(scripted_server):
    """Older code passes None for "as usual"."""
    await send(scripted_server, ssl=None)
