"""The response: what can be read out of it, and how it ends."""

import asyncio
import gzip
import json
import time
import tracemalloc

import pytest
from pools import given_back, holdings
from yarl import URL

import httpkit
from httpkit import ClientSession

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _answer(body=b"", *fields, status=b"200 OK"):
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in fields)
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, lines, len(body), body)


def _typed(body, content_type):
    return _answer(body, *([("Content-Type", content_type)] if content_type is not None else []))


@pytest.fixture
async def ask(scripted_server):
    """Send a GET to a server of its own; the response is unread."""
    sessions = []

    async def get(raw, path="/", session_options=None, **options):
        server = await scripted_server(raw)
        session = ClientSession(**(session_options or {}))
        sessions.append(session)
        return await session.get(server.url + path, **options)

    yield get
    for session in sessions:
        await session.close()


# -- head -----------------------------------------------------------------------------------------------------------


async def test_the_head_can_be_read(ask):
    """Status, reason, version, fields, request, URL and host; section 5 of the surface."""
    response = await ask(_answer(b"", ("X-A", "1"), ("x-a", "2"), status="404 Not é".encode()), "/p?q#f")
    assert (response.status, response.reason, response.version, response.ok) == (404, "Not é", (1, 1), False)
    assert response.headers.getall("X-a") == ["1", "2"]
    assert response.raw_headers[:2] == ((b"X-A", b"1"), (b"x-a", b"2"))
    assert (response.url.raw_path_qs, response.real_url.fragment, response.host) == ("/p?q", "f", "127.0.0.1")
    assert (response.method, response.request_info.method, response.request.method) == ("GET", "GET", "GET")
    assert response.request_info.headers["Host"] == f"127.0.0.1:{response.url.port}"
    assert response.history == ()
    assert response.content_length == 0
    assert repr(response).startswith(f"<ClientResponse({response.url}) [404 Not \\xe9]>\n<CIMultiDictProxy(")


@pytest.mark.parametrize(
    ("value", "content_type", "charset"),
    [
        (None, "application/octet-stream", None), ("text/html", "text/html", None), ("Text/HTML; Charset=UTF-8", "text/html", "UTF-8"),
        ('text/plain; charset="utf-8"', "text/plain", "utf-8"), ("nonsense", "application/octet-stream", None), ("", "application/octet-stream", None),
    ],
)  # fmt: skip
async def test_the_content_type_is_parsed(ask, value, content_type, charset):
    """RFC 9110 section 8.3: without one it is application/octet-stream."""
    response = await ask(_typed(b"", value))
    assert (response.content_type, response.charset) == (content_type, charset)


async def test_content_disposition_is_parsed(ask):
    """RFC 6266; None where there is none."""
    response = await ask(
        _answer(b"", ("Content-Disposition", "attachment; filename=\"a b.txt\"; filename*=utf-8''%C3%A4.txt"))
    )
    found = response.content_disposition
    assert (found.type, found.filename) == ("attachment", "ä.txt")
    assert found.parameters["filename"] == "a b.txt"
    assert (await ask(OK)).content_disposition is None


async def test_links_are_parsed(ask):
    """RFC 8288: by relation, or by target without one; absolute URLs; several fields, repeats."""
    fields = [
        ("Link", '</a?page=2>; rel="next"; title="x", <http://other/>; rel=author'),
        ("Link", "</b>; title=y"),
        ("Link", "<http://[::1>; rel=broken"),
    ]
    response = await ask(_answer(b"", *fields), "/dir/")
    base = str(response.url.origin())
    assert list(response.links) == ["next", "author", "/b"]
    assert str(response.links["next"]["url"]) == f"{base}/a?page=2"
    assert response.links["next"]["title"] == "x"
    assert response.links["author"]["url"] == URL("http://other/")
    assert list((await ask(OK)).links) == []


@pytest.mark.parametrize(
    "value", ["<" * 8000, "<a>;" * 2000, '<a>; x="' + "\\" * 7900, ", " * 4000, "<a>" + "; b" * 2500]
)
async def test_a_hostile_link_field_takes_no_time(ask, value):
    """CVE-2020-7212 and others: 8 KB of anything are parsed in linear time."""
    response = await ask(_answer(b"", *[("Link", value)] * 12))
    start = time.process_time()
    assert response.links is not None
    assert time.process_time() - start < 1


async def test_cookies_are_those_that_the_response_sets(ask):
    """One for each Set-Cookie field, whatever is wrong with another (CVE-2026-3644); they can be replaced."""
    fields = [
        ("Set-Cookie", "a=1; Path=/; HttpOnly"),
        ("Set-Cookie", "=;;="),
        ("Set-Cookie", "b=2, c=3"),
        ("Set-Cookie", "d=\t4"),
    ]
    response = await ask(_answer(b"", *fields))
    assert response.cookies["a"].value == "1"
    assert response.cookies["a"]["httponly"]
    assert response.cookies["b"].value == "2, c=3"
    assert "c" not in response.cookies
    response.cookies = type(response.cookies)()
    assert dict(response.cookies) == {}


async def test_interim_responses_and_trailers_are_given(scripted_server):
    """103 goes to `on_informational`, a failing callback breaks nothing; trailers are there when the body is read."""
    raw = b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nDigest: x\r\n\r\n"
    server = await scripted_server(raw, raw, [raw[:50], raw[50:]])
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["message"]))

    def fail(_head):
        raise LookupError

    heads = []
    async with ClientSession(on_informational=heads.append) as session:
        for options in ({}, {"on_informational": fail}, {}):
            async with session.get(server.url, **options) as response:
                assert await response.read() == b"ok"
                assert response.trailers["digest"] == "x"
    assert [(head.status, head.headers["Link"]) for head in heads] == [(103, "</a>")] * 2
    assert told == ["exception in on_informational"]


# -- text and JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=latin-1", b"\xe9", "é"), ("text/plain; charset=utf-16", "é".encode("utf-16"), "é"),
        ("text/plain; charset=Shift_JIS", "日本".encode("shift_jis"), "日本"), ("text/plain", "日本".encode(), "日本"), (None, "é".encode(), "é"),
        ("text/plain; charset=nonsense", "é".encode(), "é"), ("text/plain; charset=zlib", b"plain", "plain"), ("application/json", "é".encode(), "é"),
        ("application/problem+json", "é".encode(), "é"), ("text/plain", b"", ""), ("text/html", ("これは日本語の文章です。" * 20).encode("shift_jis"), "これは日本語の文章です。" * 20),
    ],
)  # fmt: skip
async def test_text_is_decoded_by_its_charset(ask, content_type, body, text):
    """The field's charset, if there is such a codec of text; UTF-8 for JSON (RFC 8259) and where it is valid; else a guess."""
    response = await ask(_typed(body, content_type))
    assert await response.text() == text


async def test_text_can_be_told_its_charset(ask):
    """`encoding=` and `errors=` win."""
    response = await ask(_typed(b"\xff\xe9", "text/plain; charset=utf-8"))
    assert await response.text("latin-1") == "ÿé"
    assert await response.text(errors="replace") == "\ufffd\ufffd"
    with pytest.raises(UnicodeDecodeError):
        await response.text()


async def test_the_guess_can_be_replaced(ask):
    """`fallback_charset_resolver`; None is plain UTF-8; it isn't asked where the field says."""
    asked = []

    def resolve(response, body):
        asked.append((response.status, body))
        return "latin-1"

    options = {"fallback_charset_resolver": resolve}
    assert await (await ask(_typed(b"\xe9", "text/plain"), session_options=options)).text() == "é"
    assert await (await ask(_typed(b"x", "text/plain; charset=ascii"), session_options=options)).text() == "x"
    assert asked == [(200, b"\xe9")]
    plain = await ask(_typed(b"\xe9", "text/plain"), session_options={"fallback_charset_resolver": None})
    with pytest.raises(UnicodeDecodeError):
        await plain.text()


async def test_the_encoding_of_an_unread_body_is_not_guessed(ask):
    """RuntimeError, unless the field says it."""
    response = await ask(_typed(b"a", "text/plain"))
    with pytest.raises(RuntimeError, match="not yet read body"):
        response.get_encoding()
    assert (await ask(_typed(b"a", "text/plain; charset=latin-1"))).get_encoding() == "latin_1"


@pytest.mark.parametrize(
    ("content_type", "options"),
    [
        ("application/json", {}), ("application/json; charset=utf-8", {}), ("Application/JSON", {}), ("application/vnd.api+json", {}),
        ("text/html", {"content_type": None}), ("text/html", {"content_type": "text/html"}), ("text/x-html; a", {"content_type": "html"}), (None, {"content_type": None}),
    ],
)  # fmt: skip
async def test_json_is_parsed_where_the_type_says_so(ask, content_type, options):
    """`content_type=` is a substring, None takes anything; any application/*+json is JSON."""
    response = await ask(_typed(b' {"a": "\xc3\xa9"} ', content_type))
    assert await response.json(**options) == {"a": "é"}


@pytest.mark.parametrize(
    "content_type", [None, "text/html", "text/json", "application/jsonx", "application/xml", "image/svg+json"]
)
async def test_json_of_something_else_is_an_error(ask, content_type):
    """ContentTypeError with what was there."""
    response = await ask(_typed(b"{}", content_type))
    with pytest.raises(httpkit.ContentTypeError, match="unexpected mimetype") as caught:
        await response.json()
    assert caught.value.status == 200
    assert (content_type or "") in caught.value.message


async def test_json_has_its_options(ask):
    """A blank body is None; `loads` and `encoding` are used; what isn't JSON is a ValueError."""
    assert await (await ask(_typed(b" \r\n ", "application/json"))).json() is None
    assert await (await ask(_typed(b"[\xe9]", "application/json"))).json(loads=str, encoding="latin-1") == "[é]"
    with pytest.raises(json.JSONDecodeError):
        await (await ask(_typed(b"{", "application/json"))).json()


# -- reading and ending ---------------------------------------------------------------------------------------------


async def test_a_body_is_read_once_and_kept(ask):
    """`read()` again, `text()` and `json()` take what was read."""
    response = await ask(_typed(b"[1]", "application/json"))
    assert await response.read() is await response.read()
    assert (await response.text(), await response.json()) == ("[1]", [1])
    assert response.closed


async def test_a_released_response_can_not_be_read(ask):
    """After `release()`: read() raises, even what it had kept; text() and json() still use it (aiohttp)."""
    response = await ask(_typed(b"[1]", "application/json"))
    await response.read()
    await response.release()
    with pytest.raises(httpkit.ClientConnectionError, match="Connection closed"):
        await response.read()
    assert (await response.text(), await response.json()) == ("[1]", [1])


@pytest.mark.parametrize("raw", [OK, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"])
async def test_the_stream_of_a_released_response_can_not_be_read(ask, raw):
    """Whether the body had come with the head, or was taken up before, or not."""
    for response in (await ask(raw), await ask(raw)):
        if response.url.port % 2:
            assert response.content is response.content
        response.release()
        response.release()
        with pytest.raises(httpkit.ClientConnectionError, match="Connection closed"):
            await response.content.read()
        with pytest.raises(httpkit.ClientConnectionError, match="Connection closed"):
            await response.read()


async def test_an_empty_body_can_always_be_read(ask):
    """One empty stream serves all responses without a body, released or not."""
    first = await ask(_answer(b""))
    first.release()
    second = await ask(_answer(b""))
    assert await second.content.read() == b""
    assert await second.read() == b""


async def test_leaving_the_block_releases(scripted_server):
    """`async with`: a complete body's connection is used again, another one is closed; raise_for_status waits for the end."""
    server = await scripted_server(OK, b"HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\npart", OK)
    async with ClientSession() as session:
        async with session.get(server.url):
            pass
        await given_back(session.connector, idle=1)
        async with session.get(server.url) as response:
            with pytest.raises(httpkit.ClientResponseError):
                response.raise_for_status()
            assert holdings(session.connector)["busy"] == 1
            assert await response.content.read(4) == b"part"
        await given_back(session.connector)
        response = await session.get(server.url)
        async with response as same:
            assert same is response
            response.raise_for_status()
        assert response.closed
    assert server.connections == 2


async def test_raising_for_status_outside_a_block_releases(ask):
    """Nobody would do it otherwise."""
    response = await ask(b"HTTP/1.1 500 Bad\r\nContent-Length: 9\r\n\r\npart")
    with pytest.raises(httpkit.ClientResponseError, match="500, message='Bad'"):
        response.raise_for_status()
    assert response.closed


async def test_closing_closes_the_connection_of_an_unread_body(scripted_server):
    """`close()` in the middle."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
    async with ClientSession() as session:
        response = await session.get(server.url)
        assert not response.closed
        assert response.get_extra_info("peername") == ("127.0.0.1", server.port)
        response.close()
        assert response.closed
        assert response.get_extra_info("peername", "gone") == "gone"
        await given_back(session.connector)
    await server.closed()


async def _pieces(response):
    return [piece async for piece in response.content.iter_any()]


@pytest.mark.parametrize("method", ["content", "read", "iterate"])
async def test_a_cut_off_body_is_told_however_it_is_read(scripted_server, method):
    """ClientPayloadError, never a short body."""
    server = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", close=True)
    async with ClientSession() as session:
        async with session.get(server.url) as response:
            read = {"read": response.read, "content": lambda: response.content.readexactly(9)}.get(method)
            with pytest.raises(httpkit.ClientPayloadError, match="4 of 9 bytes arrived"):
                await (read() if read else _pieces(response))
        await given_back(session.connector)


async def test_the_marks_of_the_clock_are_in_order(ask):
    """`response.timing` without tracing: every phase that happened, none that didn't."""
    response = await ask(OK)
    await response.read()
    timing = response.timing
    marks = [
        timing.started,
        timing.queued,
        timing.resolve_start,
        timing.resolved,
        timing.tcp_start,
        timing.connected,
        timing.sent,
        timing.first_byte,
        timing.done,
    ]
    assert marks == sorted(marks)
    assert (timing.tls_start, timing.secured) == (None, None)
    assert list(timing.phases()) == ["queued", "dns", "connect", "send", "wait", "receive"]
    assert timing.total >= sum(timing.phases().values()) * 0.99


# -- content codings ------------------------------------------------------------------------------------------------


def _bomb(megabytes):
    """Return a gzip member of so many MiB of zeros."""
    return gzip.compress(bytes(2**20)) * megabytes


@pytest.mark.parametrize("chunk", [None, 100_000])
async def test_a_coded_body_is_decoded(ask, chunk):
    """gzip, in one piece or in chunks of several reads; `total_compressed_bytes` counts what came."""
    text = json.dumps(list(range(200_000))).encode()
    body = gzip.compress(text, 1)
    raw = _answer(body, ("Content-Encoding", "gzip"))
    if chunk is not None:
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    response = await ask(raw)
    assert await response.read() == text
    assert (response.content.total_bytes, response.content.total_raw_bytes) == (len(text), len(body))


async def test_a_coded_body_can_be_left_as_it_is(ask):
    """`auto_decompress=False` of session or request."""
    raw = _answer(gzip.compress(b"text"), ("Content-Encoding", "gzip"))
    for options in ({"auto_decompress": False}, {"session_options": {"auto_decompress": False}}):
        assert gzip.decompress(await (await ask(raw, **options)).read()) == b"text"
    assert await (await ask(raw, auto_decompress=True, session_options={"auto_decompress": False})).read() == b"text"


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(bytes(10**5))[:-9], b"\x1f\x8b" + bytes(20)])
async def test_a_malformed_coded_body_is_an_error(ask, body):
    """ClientPayloadError with the decoder's error as the cause."""
    response = await ask(_answer(body, ("Content-Encoding", "gzip")))
    with pytest.raises(httpkit.ClientPayloadError, match=r"content coding gzip is (cut off|malformed)") as caught:
        await response.read()
    assert isinstance(caught.value.__cause__, httpkit.errors.ContentEncodingError)


@pytest.mark.parametrize("size", [None, 1000])
async def test_a_bomb_is_inflated_as_it_is_read(ask, size):
    """CVE-2025-69223, CVE-2025-66471, CVE-2026-54277: 100 MB from 100 KB, a bounded piece at a time."""
    response = await ask(_answer(_bomb(100), ("Content-Encoding", "gzip")), read_bufsize=2**16)
    stream = response.content
    received = 0
    tracemalloc.start()
    try:
        async for piece in stream.iter_any() if size is None else stream.iter_chunked(2**16):
            received += len(piece)
            if received > 2**24:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**22
    response.close()


@pytest.mark.parametrize("where", ["session", "request"])
async def test_a_body_can_be_limited(ask, where):
    """CVE-2025-69223: `max_body_size` bounds read(), text() and json() after decoding; the error names it."""
    raw = _answer(_bomb(20), ("Content-Encoding", "gzip"))
    limit = {"max_body_size": 2**20}
    for name in ("read", "text", "json"):
        response = await (ask(raw, session_options=limit) if where == "session" else ask(raw, **limit))
        tracemalloc.start()
        try:
            with pytest.raises(httpkit.BodyTooLarge, match=r"1048576 bytes \(max_body_size\)"):
                await getattr(response, name)()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2**23
        assert response.closed


@pytest.mark.parametrize("raw", [OK, [OK[:-1], OK[-1:]], b"HTTP/1.1 200 OK\r\n\r\nok"])
async def test_a_body_of_just_the_limit_is_read(scripted_server, raw):
    """A limit is the last size that is allowed."""
    server = await scripted_server(raw, raw, close=True)
    async with ClientSession() as session:
        async with session.get(server.url, max_body_size=2) as response:
            assert await response.read() == b"ok"
        async with session.get(server.url, max_body_size=1) as response:
            with pytest.raises(httpkit.BodyTooLarge):
                await response.read()


async def test_cancelling_a_bomb_inflates_nothing(scripted_server):
    """CVE-2026-54278: dropping a response in the middle costs no decoding."""
    server = await scripted_server(_answer(_bomb(1000), ("Content-Encoding", "gzip")))
    async with ClientSession() as session:
        async with session.get(server.url) as response:
            await response.content.read(10)
            start = time.process_time()
        await given_back(session.connector)
        assert time.process_time() - start < 0.3


async def test_codings_within_codings_leave_the_loop_its_turns(scripted_server):
    """CVE-2025-66418, CVE-2023-23916: megabytes that decode to nothing don't stop everything else."""
    empty = b"\x00\x00\x00\xff\xff" * 2**20  # raw deflate: stored blocks without content
    body = gzip.compress(gzip.compress(empty) * 500)
    server = await scripted_server(_answer(body, ("Content-Encoding", "deflate, gzip, gzip")))
    loop = asyncio.get_running_loop()
    longest, last = 0.0, loop.time()

    async def watch():
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            longest, last = max(longest, loop.time() - last), loop.time()

    watching = asyncio.create_task(watch())
    async with ClientSession() as session:
        response = await session.get(server.url)
        last = loop.time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.read(), 1)
        await given_back(session.connector, idle=1)
    watching.cancel()
    assert longest < 0.7
