"""The session: its defaults, its URLs, what it sends and how long it waits."""

import asyncio
import gc
import json
import pickle
import socket
import time
import weakref

import pytest
from pools import given_back, holdings
from servers.raw import raw_server
from yarl import URL

import httpkit
from httpkit import BasicAuth, ClientSession, ClientTimeout, TCPConnector
from httpkit.client.state import MAX_TARGETS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def _fields(raw):
    lines = raw.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]


def _field(raw, name):
    return [value for found, value in _fields(raw) if found == name]


async def _get(session, url, method="GET", **options):
    async with session.request(method, url, **options) as response:
        return await response.read()


async def _silence(reader, _writer):
    await reader.read()


# -- construction ---------------------------------------------------------------------------------------------------


async def test_properties_say_what_the_session_was_given():
    """Section 1 of the surface: every option can be read again."""
    jar = httpkit.DummyCookieJar()
    timeout = ClientTimeout(5)
    async with ClientSession(
        "http://a/b/", headers=[("A", "1"), ("A", "2")], auth=BasicAuth("u", "p"), cookie_jar=jar, timeout=timeout,
        raise_for_status=True, auto_decompress=False, trust_env=True, requote_redirect_url=False, connector_owner=True,
        skip_auto_headers=["User-Agent"], version=httpkit.HttpVersion10, json_serialize=repr,
    ) as session:  # fmt: skip
        assert session.headers.getall("a") == ["1", "2"]
        assert (session.auth, session.cookie_jar, session.timeout) == (BasicAuth("u", "p"), jar, timeout)
        assert (session.raise_for_status, session.auto_decompress, session.trust_env) == (True, False, True)
        assert (session.requote_redirect_url, session.connector_owner, session.version) == (False, True, (1, 0))
        assert session.skip_auto_headers == frozenset({"User-Agent"})
        assert session.json_serialize is repr
        assert session.trace_configs == []
        assert not session.closed
        assert isinstance(session.connector, TCPConnector)
    assert session.closed
    assert session.connector is None


async def test_defaults_are_those_of_aiohttp():
    """Total 300 s, sock_connect 30 s, 256 KiB read ahead, 100 connections, 15 s of keep-alive."""
    async with ClientSession() as session:
        assert session.timeout == ClientTimeout(total=300, sock_connect=30)
        assert (session.connector.limit, session.connector.limit_per_host, session.connector.force_close) == (
            100,
            0,
            False,
        )
        assert session.connector._keepalive_timeout == 15.0
        assert session._state.defaults.read_bufsize == 2**18
        assert session._state.defaults.limits == (8190, 8190, 128)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"base_url": "/relative"}, ValueError, "absolute"),
        ({"base_url": "http://a/b"}, ValueError, "trailing '/'"),
        ({"timeout": 5}, ValueError, "ClientTimeout"),
        ({"timeout": "5"}, ValueError, "ClientTimeout"),
    ],
)
async def test_options_that_make_no_sense_are_refused(options, error, message):
    """At construction, with the name of what to do instead."""
    with pytest.raises(error, match=message):
        ClientSession(**options)


async def test_with_is_refused():
    """A session must be closed asynchronously."""
    async with ClientSession() as session:
        with pytest.raises(TypeError, match="Use async with instead"), session:
            pass  # pragma: no cover - entering raises


async def test_closing_leaves_a_connector_that_is_not_owned():
    """`connector_owner=False`, and `detach()`."""
    connector = TCPConnector()
    async with ClientSession(connector=connector, connector_owner=False) as session:
        pass
    assert session.closed
    assert not connector.closed
    session = ClientSession(connector=connector)
    session.detach()
    assert session.closed
    assert not connector.closed
    await session.close()
    await session.close()
    await connector.close()
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get("http://a/")


# -- URLs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "url", "target"),
    [
        ("/", "a", "/a"), ("/api/", "a", "/api/a"), ("/api/", "/a", "/a"), ("/api/", "a?b=c", "/api/a?b=c"), ("/api/", "", "/api/"),
        ("/api/", "../a", "/a"),
    ],
)  # fmt: skip
async def test_a_relative_url_is_joined_with_the_base(scripted_server, base, url, target):
    """RFC 3986 section 5; an absolute URL wins over the base."""
    server = await scripted_server(OK, OK)
    async with ClientSession(server.url + base) as session:
        await _get(session, url)
        await _get(session, f"{server.url}/absolute")
    assert [raw.split(b" ")[1].decode() for raw in server.requests] == [target, "/absolute"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/a",
        "a",
        "http://",
        "http:///a",
        "http://[::1",
        "http://h:99999/",
        "http://a%3Ab:c@h/",
        "http://:80/",
        "//h/",
    ],
)
async def test_a_url_that_names_nobody_is_refused(url):
    """InvalidUrlClientError, which is a ValueError and has the URL."""
    async with ClientSession() as session:
        with pytest.raises(httpkit.InvalidUrlClientError) as caught:
            await session.get(url)
        assert isinstance(caught.value, (httpkit.InvalidURL, ValueError))


@pytest.mark.parametrize("url", ["ftp://h/", "file:///etc/passwd", "unix:///x", "data:,x"])
async def test_a_scheme_that_is_not_http_is_refused(url):
    """NonHttpUrlClientError: the connector says what it speaks."""
    async with ClientSession() as session:
        with pytest.raises(httpkit.NonHttpUrlClientError):
            await session.get(url)


async def test_what_is_not_a_url_is_a_type_error():
    """None and numbers are mistakes in the program."""
    async with ClientSession() as session:
        with pytest.raises(TypeError):
            await session.get(None)


@pytest.mark.parametrize("url", ["http://user:secret%3A@[::1", "ftp://user:secret@h/", "http://a%3Ab:secret@h/"])
async def test_no_error_shows_a_url_s_password(url):
    """Messages go to logs and notebooks."""
    async with ClientSession() as session:
        with pytest.raises(httpkit.ClientError) as caught:
            await session.get(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("zone", ["lo", "1"])
async def test_the_zone_of_an_address_is_for_connecting_alone(zone):
    """RFC 6874: "%25" stands before the zone, which is no part of `Host`."""
    heads = []

    async def answer(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        writer.close()

    try:
        server = await asyncio.start_server(answer, "::1", 0)
    except OSError:
        pytest.skip("no IPv6 here")
    port = server.sockets[0].getsockname()[1]
    async with server, ClientSession() as session:
        assert await _get(session, f"http://[::1%25{zone}]:{port}/") == b"ok"
        # Once more with fields of its own, which another branch of the client writes.
        assert await _get(session, f"http://[::1%25{zone}]:{port}/", headers={"A": "b"}) == b"ok"
    assert [_field(head, "host") for head in heads] == [[f"[::1]:{port}"]] * 2


@pytest.mark.parametrize(
    "url",
    [
        "http://" + "@" * 100_000 + "127.0.0.1:1/", "http://127.0.0.1:1/" + "%" * 100_000, "http://127.0.0.1:1/" + "%zz" * 33_000,
        "http://" + "a." * 50_000 + ":1/", "http://" + "ä" * 100_000 + ":1/", "http://127.0.0.1:1/?" + "&=" * 50_000, "http://" + "a" * 100_000 + ":1/",
        "http://[" + ":" * 100_000 + "]:1/", "http://[" + "f:" * 8 + "]:1/",
    ],
)  # fmt: skip
async def test_a_hostile_url_takes_no_time(url):
    """CVE-2020-7212, CVE-2021-33503, CVE-2024-3651: 100 kB of anything are refused, or not reached, soon."""
    start = time.process_time()
    async with ClientSession(timeout=ClientTimeout(5)) as session:
        with pytest.raises(httpkit.ClientError):
            await session.get(url)
    assert time.process_time() - start < 1


async def test_a_fragment_is_kept_here(scripted_server):
    """RFC 9110 section 4.2.5: it is not sent; `real_url` has it."""
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        for _ in range(2):
            async with session.get(f"{server.url}/a#secret") as response:
                assert (str(response.url), str(response.real_url)) == (f"{server.url}/a", f"{server.url}/a#secret")
                assert response.request_info.real_url.fragment == "secret"
    assert b"secret" not in b"".join(server.requests)


@pytest.mark.parametrize(
    ("url", "params", "target"),
    [
        ("/a", {"q": "1"}, "/a?q=1"), ("/a?b=2", {"q": "x y&z"}, "/a?b=2&q=x+y%26z"), ("/a", [("q", "1"), ("q", "2")], "/a?q=1&q=2"),
        ("/a", {"q": [1, 2]}, "/a?q=1&q=2"), ("/a", {"q": 1.5}, "/a?q=1.5"), ("/a", "b=c&d", "/a?b=c&d"), ("/a?b", {}, "/a?b"),
        ("/a#f", {"q": "1"}, "/a?q=1"), ("/a", {"q": "a\r\nX: y"}, "/a?q=a%0D%0AX:+y"), ("/a", None, "/a"),
    ],
)  # fmt: skip
async def test_params_extend_the_query(scripted_server, url, params, target):
    """Mappings, pairs, sequences and text; CR LF is encoded (CVE-2019-11236)."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        await _get(session, server.url + url, params=params)
    assert server.requests[0].split(b" ")[1].decode() == target


async def test_urls_are_remembered_within_a_bound(scripted_server):
    """Parsing is saved for the next request, for MAX_TARGETS URLs at most; changed default fields are seen at once."""
    server = await scripted_server(*[OK] * (MAX_TARGETS + 3))
    async with ClientSession() as session:
        for index in range(MAX_TARGETS + 1):
            await _get(session, f"{server.url}/{index}")
        assert len(session._state._targets) <= MAX_TARGETS
        session.headers["X-New"] = "1"
        await _get(session, f"{server.url}/0")
        del session.headers["X-New"]
        await _get(session, f"{server.url}/0")
    assert [_field(raw, "x-new") for raw in server.requests[-3:]] == [[], ["1"], []]


# -- fields ---------------------------------------------------------------------------------------------------------


async def test_automatic_fields(scripted_server):
    """Host, Accept, Accept-Encoding and User-Agent; POST, PUT and PATCH add type and length, with or without a body."""
    server = await scripted_server(*[OK] * 6)
    async with ClientSession() as session:
        await _get(session, f"{server.url}/")
        await _get(session, server.url, "POST")
        await _get(session, server.url, "POST", data=b"abc")
        for method in ("PUT", "PATCH", "DELETE"):
            await _get(session, server.url, method)
    names = [[name for name, _ in _fields(raw)] for raw in server.requests]
    auto = ["host", "accept", "accept-encoding", "user-agent"]
    with_body = [*auto, "content-length", "content-type"]
    assert names == [auto, with_body, with_body, with_body, with_body, [*auto, "content-length"]]
    assert _field(server.requests[1], "content-type") == ["application/octet-stream"]
    assert _field(server.requests[0], "host") == [f"127.0.0.1:{server.port}"]
    assert _field(server.requests[0], "accept") == ["*/*"]
    assert _field(server.requests[0], "accept-encoding") == ["gzip, deflate, br, zstd"]
    assert _field(server.requests[0], "user-agent")[0].startswith("Python/3")
    assert _field(server.requests[1], "content-length") == ["0"]
    assert _field(server.requests[2], "content-type") == ["application/octet-stream"]


async def test_fields_can_be_left_out(scripted_server):
    """`skip_auto_headers` of session and request together; Host and Content-Length stay."""
    server = await scripted_server(OK)
    async with ClientSession(skip_auto_headers=["user-agent"]) as session:
        await _get(
            session,
            server.url,
            "POST",
            data=b"a",
            skip_auto_headers=["Accept", "Content-Type", "Accept-Encoding", "Host"],
        )
    assert [name for name, _ in _fields(server.requests[0])] == ["host", "content-length"]


async def test_a_request_s_fields_replace_the_session_s(scripted_server):
    """Key by key, whatever the case; repeats are kept."""
    server = await scripted_server(OK)
    async with ClientSession(headers={"A": "1", "B": "2", "Accept": "x/y"}) as session:
        await _get(session, server.url, headers=[("a", "3"), ("a", "4"), ("user-agent", "me"), ("Host", "custom")])
    raw = server.requests[0]
    assert (_field(raw, "a"), _field(raw, "b"), _field(raw, "accept")) == (["3", "4"], ["2"], ["x/y"])
    assert (_field(raw, "user-agent"), _field(raw, "host")) == (["me"], ["custom"])


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"A": "b\r\nX-Evil: 1"}}, {"headers": {"A\r\nX-Evil": "1"}}, {"headers": {"A": "b\nX-Evil: 1"}}, {"headers": {"A": "b\x00"}},
        {"headers": {"Cookie": "a=b\r\nX-Evil: 1"}}, {"headers": {"A: b": "c"}}, {"headers": {"": "b"}}, {"headers": {"User-Agent": "x\r\nX-Evil: 1"}},
        {"headers": {"Host": "a\r\nX-Evil: 1"}}, {"headers": {"Content-Length": "1\r\nX-Evil: 1"}},
        {"method": "GET\r\nX-Evil: 1"}, {"method": "GET /evil HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET"}, {"method": ""}, {"method": "GET "},
        {"url": URL.build(scheme="http", host="127.0.0.1", path="/a b\r\nX-Evil: 1", encoded=True)},
        {"url": URL.build(scheme="http", host="127.0.0.1", path="/ HTTP/1.1\r\nX-Evil: 1\r\nY:", encoded=True)},
    ],
)  # fmt: skip
async def test_nothing_brings_a_line_of_its_own(scripted_server, options):
    """CVE-2023-49081, -49082, CVE-2019-11236, CVE-2020-26137, -26116, CVE-2020-11078: ValueError, zero bytes sent, and the
    connection is used again.
    """  # noqa: D205 - the ids are the sentence
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        await _get(session, server.url)
        url = options.get("url")
        url = url.with_port(server.port) if url is not None else server.url
        with pytest.raises(ValueError):  # noqa: PT011 - several sentences
            await session.request(options.get("method", "GET"), url, headers=options.get("headers"))
        await given_back(session.connector, idle=1)
        await _get(session, server.url)
    assert len(server.requests) == 2
    assert server.connections == 1
    assert b"X-Evil" not in b"".join(server.requests)


@pytest.mark.parametrize("value", [None, 1, 1.5, b"x", ["a"]])
async def test_a_field_s_value_is_text(scripted_server, value):
    """TypeError, before anything is sent: "None" is no token, and nobody means it. The connection stays usable."""

    async def forget(request, handler):
        request.headers["Authorization"] = value
        return await handler(request)

    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        await _get(session, server.url)
        with pytest.raises(TypeError, match="'X-Token' must be str"):
            await _get(session, server.url, headers={"X-Token": value})
        with pytest.raises(TypeError, match="'Authorization' must be str"):
            await _get(session, server.url, middlewares=[forget])
        await given_back(session.connector, idle=1)
        await _get(session, server.url)
    assert (len(server.requests), server.connections) == (2, 1)


async def test_cookies_can_not_bring_a_line(scripted_server):
    """CVE-2022-35252: control characters in cookies are quoted or refused."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        try:
            await _get(session, server.url, cookies={"a": "b\r\nX-Evil: 1"})
        except ValueError:
            return
    assert [name for name, _ in _fields(server.requests[0])].count("x-evil") == 0


@pytest.mark.parametrize("url", ["/a\r\nX-Evil: 1", "/a b", "/a\tb", "/\x00", "/?q=\r\nX-Evil: 1", "/ä"])
async def test_what_a_url_can_not_have_is_encoded(scripted_server, url):
    """Text of a URL is quoted: it is one target, whatever it holds."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        await _get(session, server.url + url)
    line = server.requests[0].split(b"\r\n")[0]
    assert line.startswith(b"GET /")
    assert line.endswith(b" HTTP/1.1")
    assert b"x-evil" not in [name.encode() for name, _ in _fields(server.requests[0])]


@pytest.mark.parametrize(
    ("headers", "options"),
    [
        ({"Content-Length": "5", "Transfer-Encoding": "chunked"}, {}), ({"Transfer-Encoding": "gzip"}, {}), ({"Transfer-Encoding": "chunked, gzip"}, {}),
        ({"Transfer-Encoding": "xchunked"}, {}), ({"Content-Length": "+5"}, {}), ({"Content-Length": "5_0"}, {}), ({"Content-Length": "\u0665"}, {}),
        ([("Content-Length", "5"), ("Content-Length", "6")], {}), ({"Content-Length": "5"}, {"chunked": True}),
        ({"Transfer-Encoding": "chunked"}, {"chunked": True}), ({"Content-Encoding": "gzip"}, {"compress": True}), ({}, {"json": {}}),
    ],
)  # fmt: skip
async def test_a_body_is_framed_in_one_way(scripted_server, headers, options):
    """RFC 9112 section 6: two lengths, length and coding, or a coding that isn't one: request smuggling. ValueError."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        with pytest.raises(ValueError):  # noqa: PT011 - several sentences
            await session.post(server.url, data=b"12345", headers=headers, **options)
    assert server.requests == []


async def test_a_length_without_a_body_ends_the_connection():
    """The server waits for bytes that don't come, and would take the next request for them."""

    async def answer(_reader, writer):
        writer.write(OK)
        await _silence(_reader, writer)

    async def early(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await answer(reader, writer)

    async with raw_server(early) as url, ClientSession() as session:
        await _get(session, url, headers={"Content-Length": "10"})
        await given_back(session.connector)


async def test_chunked_without_a_body_ends_at_once(scripted_server):
    """`chunked=True` and nothing to send: the last chunk alone."""
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        await _get(session, server.url, "POST", chunked=True)
        await _get(session, server.url, headers={"Transfer-Encoding": "chunked"})
    assert all(raw.endswith(b"\r\n\r\n0\r\n\r\n") for raw in server.requests)
    assert server.connections == 1


# -- methods --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "options", "head", "post", "put", "patch", "delete"])
async def test_each_verb_sends_its_method(scripted_server, method):
    """As a context manager and awaited."""
    answer = HEAD if method == "head" else OK
    server = await scripted_server(answer, answer)
    async with ClientSession() as session:
        async with getattr(session, method)(server.url) as response:
            assert response.method == method.upper()
        response = await getattr(session, method)(server.url)
        assert await response.read() == (b"" if method == "head" else b"ok")
    assert [raw.split(b" ")[0] for raw in server.requests] == [method.upper().encode()] * 2


async def test_any_token_is_a_method(scripted_server):
    """Upper case is made of it (aiohttp does)."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        await _get(session, server.url, "propfind")
    assert server.requests[0].startswith(b"PROPFIND ")


@pytest.mark.parametrize(
    ("options", "kind", "body"),
    [
        ({"data": b"raw"}, "application/octet-stream", b"raw"), ({"data": "té"}, "text/plain; charset=utf-8", "té".encode()),
        ({"data": {"a": "b c"}}, "application/x-www-form-urlencoded", b"a=b+c"), ({"json": {"a": [1]}}, "application/json", b'{"a": [1]}'),
        ({"json": {"a": "é"}, "serialize_bytes": lambda value: json.dumps(value, ensure_ascii=False).encode()}, "application/json", '{"a": "é"}'.encode()),
    ],
)  # fmt: skip
async def test_a_body_has_its_type_and_length(scripted_server, options, kind, body):
    """`data` and `json` in their forms; `json_serialize_bytes` wins."""
    options = dict(options)
    server = await scripted_server(OK)
    async with ClientSession(json_serialize_bytes=options.pop("serialize_bytes", None)) as session:
        await _get(session, server.url, "POST", **options)
    (raw,) = server.requests
    assert (_field(raw, "content-type"), _field(raw, "content-length")) == ([kind], [str(len(body))])
    assert raw.endswith(b"\r\n\r\n" + body)


async def test_json_none_is_no_body(scripted_server):
    """As in aiohttp."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        await _get(session, server.url, "POST", json=None)
    assert _field(server.requests[0], "content-length") == ["0"]


async def test_what_can_not_be_sent_is_a_type_error(scripted_server):
    """An object that is no body: before any byte is sent."""
    server = await scripted_server(OK)
    async with ClientSession() as session:
        with pytest.raises(TypeError):
            await session.post(server.url, data=object())
    assert server.requests == []


# -- credentials and cookies ----------------------------------------------------------------------------------------


async def test_credentials_come_from_the_nearest_place(scripted_server):
    """Explicit, then the URL's, then the session's; two at once are a mistake."""
    server = await scripted_server(*[OK] * 4)
    with_user = server.url.replace("//", "//url:pass@")
    async with ClientSession(auth=BasicAuth("session", "p")) as session:
        await _get(session, server.url)
        await _get(session, with_user)
        await _get(session, server.url, auth=BasicAuth("own", "p"))
        await _get(session, server.url, headers={"Authorization": "Bearer x"})
        with pytest.raises(ValueError, match="credentials encoded in URL"):
            await session.get(with_user, auth=BasicAuth("own", "p"))
        with pytest.raises(ValueError, match="AUTHORIZATION header"):
            await session.get(server.url, auth=BasicAuth("own", "p"), headers={"Authorization": "x"})
        with pytest.raises(TypeError, match="BasicAuth"):
            await session.get(server.url, auth="own:p")
    found = [_field(raw, "authorization")[0] for raw in server.requests]
    assert found == [
        BasicAuth(name, word).encode() for name, word in (("session", "p"), ("url", "pass"), ("own", "p"))
    ] + ["Bearer x"]
    assert b"pass@" not in b"".join(server.requests)


async def test_a_session_s_credentials_are_for_its_base(scripted_server):
    """With `base_url`, no other origin gets them."""
    other = await scripted_server(OK)
    server = await scripted_server(OK)
    async with ClientSession(f"{server.url}/", auth=BasicAuth("u", "p")) as session:
        await _get(session, "x")
        await _get(session, other.url)
    assert [len(_field(raw, "authorization")) for raw in (*server.requests, *other.requests)] == [1, 0]


async def test_cookies_of_session_request_and_field_are_joined(scripted_server):
    """The session's go everywhere; a request's win, and aren't kept."""
    server = await scripted_server(OK, OK)
    async with ClientSession(cookies={"s": "1", "both": "session"}) as session:
        await _get(session, server.url, cookies={"r": "2", "both": "request"}, headers={"Cookie": "h=3"})
        await _get(session, server.url)
    cookies = [set(_field(raw, "cookie")[0].split("; ")) for raw in server.requests]
    assert cookies == [{"s=1", "both=request", "r=2", "h=3"}, {"s=1", "both=session"}]


async def test_cookies_are_chosen_by_the_url_not_by_the_host_field(scripted_server):
    """CVE-2026-6276: a custom Host doesn't get another host's cookies."""
    server = await scripted_server(OK)
    jar = httpkit.CookieJar(unsafe=True)
    jar.update_cookies({"secret": "1"}, URL("http://victim.test/"))
    async with ClientSession(cookie_jar=jar) as session:
        await _get(session, server.url, headers={"Host": "victim.test"})
    assert _field(server.requests[0], "cookie") == []


async def test_a_jar_that_fails_takes_no_connection(scripted_server):
    """An error of the user's own jar is his; the pool has its slot back."""

    class Broken(httpkit.DummyCookieJar):
        def update_cookies_from_headers(self, *_):
            raise LookupError("jar")

    server = await scripted_server(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")[:-1])
    async with ClientSession(cookie_jar=Broken()) as session:
        with pytest.raises(LookupError, match="jar"):
            await session.get(server.url)
        await given_back(session.connector)


# -- statuses -------------------------------------------------------------------------------------------------------

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"


async def test_raise_for_status_raises(scripted_server):
    """True for session or request; False of a request wins; the connection is given back."""
    server = await scripted_server(*[NOT_FOUND] * 4)
    async with ClientSession(raise_for_status=True) as session:
        with pytest.raises(httpkit.ClientResponseError, match="404, message='Not Found'") as caught:
            await session.get(server.url)
        assert caught.value.status == 404
        assert caught.value.headers["Content-Length"] == "4"
        assert await _get(session, server.url, raise_for_status=False) == b"gone"
    async with ClientSession() as session:
        assert await _get(session, server.url) == b"gone"
        with pytest.raises(httpkit.ClientResponseError):
            await session.get(server.url, raise_for_status=True)
        await given_back(session.connector, idle=holdings(session.connector)["idle"])


async def test_raise_for_status_may_be_a_function(scripted_server):
    """It sees each response, and what it raises is raised."""
    server = await scripted_server(OK, NOT_FOUND)
    seen = []

    async def check(response):
        seen.append(response.status)
        if response.status == 404:
            raise LookupError(await response.text())

    async with ClientSession(raise_for_status=check) as session:
        await _get(session, server.url)
        with pytest.raises(LookupError, match="gone"):
            await session.get(server.url)
        await given_back(session.connector, idle=1)
    assert seen == [200, 404]


# -- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [0.1, ClientTimeout(total=0.1), ClientTimeout(total=0.1, ceil_threshold=0.01)])
async def test_the_total_time_is_limited(scripted_server, timeout):
    """A number is a total; it ends while waiting for the head. Limits above `ceil_threshold` end on a whole second."""
    server = await scripted_server(_silence)
    start = asyncio.get_running_loop().time()
    async with ClientSession() as session:
        with pytest.raises(TimeoutError, match=r"ClientTimeout.total"):
            await _get(session, server.url, timeout=timeout)
        assert asyncio.get_running_loop().time() - start < 1.5
        await given_back(session.connector)
    await server.closed()


@pytest.mark.parametrize("waits", ["before", "between", "after"])
@pytest.mark.parametrize("threshold", [5, 0.01])
async def test_the_total_time_is_that_of_middlewares_too(scripted_server, waits, threshold):
    """A middleware that waits, before the request, between two tries or with the answer, is ended when the time is over."""

    async def middleware(request, handler):
        if waits == "before":
            await asyncio.sleep(30)
        response = await handler(request)
        if waits == "between":
            while True:
                response.release()
                await asyncio.sleep(0.02)
                response = await handler(request)
        await asyncio.sleep(30)

    server = await scripted_server(*[OK] * 200)
    start = asyncio.get_running_loop().time()
    async with ClientSession(middlewares=[middleware]) as session:
        with pytest.raises(TimeoutError, match=r"ClientTimeout.total"):
            await _get(session, server.url, timeout=ClientTimeout(total=0.2, ceil_threshold=threshold))
        assert asyncio.get_running_loop().time() - start < 1.5
        await given_back(session.connector, idle=len(session.connector._idle))


async def test_the_total_time_runs_until_the_body_is_read(scripted_server):
    """A drip of a body is no way around it, however it is read."""

    async def drip(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            writer.write(b"a")
            await asyncio.sleep(0.02)

    server = await scripted_server(drip, drip)
    async with ClientSession(timeout=ClientTimeout(total=0.15)) as session:
        with pytest.raises(TimeoutError):
            await _get(session, server.url)
        async with session.get(server.url) as response:
            with pytest.raises(TimeoutError):
                async for _ in response.content.iter_any():
                    pass
        await given_back(session.connector)


async def test_a_gap_between_reads_is_limited(scripted_server):
    """`sock_read`: SocketTimeoutError, before the head and within the body; a steady drip is fine."""

    async def drip(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            writer.write(b"a")
            await asyncio.sleep(0.03)
        await _silence(reader, writer)

    async def stop(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await _silence(reader, writer)

    server = await scripted_server(drip, _silence, stop)
    async with ClientSession(timeout=ClientTimeout(sock_read=0.15)) as session:
        assert await _get(session, server.url) == b"a" * 10
        for _ in range(2):
            with pytest.raises(httpkit.SocketTimeoutError, match=r"no bytes for 0.15 s \(ClientTimeout.sock_read\)"):
                await _get(session, server.url)
        await given_back(session.connector)
    await server.closed()


async def test_a_slow_reader_and_a_long_upload_are_not_the_server_s_silence(scripted_server):
    """`sock_read` counts neither while the socket rests nor while the body is sent."""

    async def body():
        for _ in range(4):
            await asyncio.sleep(0.05)
            yield b"a"

    size = 2**20
    server = await scripted_server(OK, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    async with ClientSession(timeout=ClientTimeout(sock_read=0.1)) as session:
        assert await _get(session, server.url, "POST", data=body()) == b"ok"
        async with session.get(server.url, read_bufsize=2**12) as response:
            await asyncio.sleep(0.3)
            assert len(await response.read()) == size


async def test_no_limit_is_no_limit(scripted_server):
    """None and 0 switch a limit off."""
    server = await scripted_server([OK[:20], OK[20:]], [OK[:20], OK[20:]])
    async with ClientSession() as session:
        assert await _get(session, server.url, timeout=None) == b"ok"
        assert (
            await _get(session, server.url, timeout=ClientTimeout(total=0, sock_read=0, connect=0, sock_connect=0))
            == b"ok"
        )
        assert session.connector.deadlines._buckets == {}


async def test_a_request_that_ends_in_time_leaves_no_deadline(scripted_server):
    """Nothing piles up: the bucket is left, the timer is cancelled."""
    server = await scripted_server(*[OK] * 20)
    async with ClientSession() as session:
        for _ in range(10):
            await _get(session, server.url)
        assert not any(session.connector.deadlines._buckets.values())
        assert len(session.connector.deadlines._buckets) <= 2


# -- after all ------------------------------------------------------------------------------------------------------


async def test_a_response_is_freed_when_it_is_dropped(scripted_server):
    """Request and response don't keep each other: a body of megabytes doesn't wait for the garbage collector."""
    server = await scripted_server(OK, OK)
    async with ClientSession() as session:
        gc.disable()
        try:
            for options in ({"method": "GET"}, {"data": b"a", "method": "POST"}):
                response = await session.request(url=server.url, **options)
                await response.read()
                watched = weakref.ref(response)
                assert response.request.response is response
                del response
                await asyncio.sleep(0)
                assert watched() is None
        finally:
            gc.enable()


async def test_errors_can_be_pickled(scripted_server, unused_port):
    """They cross process borders: what was asked, by whom and why it failed."""
    server = await scripted_server(NOT_FOUND)
    errors = []
    async with ClientSession() as session:
        for url, options in (
            (server.url, {"raise_for_status": True}),
            (f"http://127.0.0.1:{unused_port}/", {}),
            ("http:///", {}),
            ("ftp://a/", {}),
        ):
            try:
                await session.get(url, **options)
            except httpkit.ClientError as error:
                errors.append(error)
    assert len(errors) == 4
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))


@pytest.fixture
def unused_port():
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
