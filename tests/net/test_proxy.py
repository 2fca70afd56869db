"""HTTP proxies: squid and tinyproxy, which are not ours, and scripted ones that show what they were sent."""

import asyncio
import hashlib
import ssl

import pytest
from servers.tunnel import tunnel_to

import httpkit
from httpkit import BasicAuth, ClientSession, ClientTimeout, TCPConnector

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = "Basic dXNlcjpzZWNyZXQ="  # user:secret


@pytest.fixture
def context(certificates):
    """A context that trusts the private CA."""
    return certificates.client_context()


async def get(url, *, context=None, session_options=None, **options):
    """Return the status and the body."""
    connector = TCPConnector(ssl=context) if context else TCPConnector()
    async with (
        ClientSession(connector=connector, **(session_options or {})) as session,
        session.get(url, **options) as r,
    ):
        return r.status, await r.read()


def fields(request):
    """Return the field lines of a request."""
    return request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]


# -- proxies that are not ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["url", "tls_url"])
@pytest.mark.parametrize("proxy", ["squid", "squid over TLS", "tinyproxy"])
async def test_requests_go_through_real_proxies(nginx, squid, tinyproxy, context, target, proxy):
    """Plain requests are forwarded, https ones tunnelled; TLS to the proxy makes it TLS in TLS."""
    url = {"squid": squid.url, "squid over TLS": squid.tls_url, "tinyproxy": tinyproxy}[proxy]
    status, body = await get(f"{getattr(nginx, target)}/small.json", context=context, proxy=url)
    assert (status, b"hello" in body) == (200, True)


def test_tls_in_tls_works_on_uvloop(nginx, squid, certificates):
    """The other event loop has a start_tls of its own."""
    uvloop = pytest.importorskip("uvloop")
    url = f"{nginx.tls_url}/small.json"
    status, _ = uvloop.run(get(url, context=certificates.client_context(), proxy=squid.tls_url))
    assert status == 200


@pytest.mark.parametrize("target", ["url", "tls_url"])
@pytest.mark.parametrize("form", ["URL", "proxy_auth", "proxy_headers", "session"])
async def test_the_proxy_is_given_its_password(nginx, squid, context, target, form):
    """Credentials for the proxy come from its URL, from `proxy_auth`, from `proxy_headers` or from the session."""
    proxy = squid.password_url
    options = {
        "URL": {"proxy": proxy.replace("//", "//user:secret@")},
        "proxy_auth": {"proxy": proxy, "proxy_auth": BasicAuth("user", "secret")},
        "proxy_headers": {"proxy": proxy, "proxy_headers": {"Proxy-Authorization": SECRET}},
        "session": {"session_options": {"proxy": proxy, "proxy_auth": BasicAuth("user", "secret")}},
    }[form]
    status, _ = await get(f"{getattr(nginx, target)}/small.json", context=context, **options)
    assert status == 200


async def test_a_proxy_that_wants_a_password_refuses(nginx, squid, context):
    """A forwarded request gets the 407 as its response, a tunnelled one ClientHttpProxyError with the proxy's fields."""
    status, _ = await get(f"{nginx.url}/small.json", proxy=squid.password_url)
    assert status == 407
    with pytest.raises(httpkit.ClientHttpProxyError) as caught:
        await get(f"{nginx.tls_url}/small.json", context=context, proxy=squid.password_url)
    assert caught.value.status == 407
    assert caught.value.message == "Proxy Authentication Required"
    assert caught.value.headers["Proxy-Authenticate"].startswith("Basic")


async def test_an_ipv6_origin_is_bracketed(scripted_server):
    """The authority of CONNECT has brackets around an IPv6 address (RFC 3986 section 3.2.2)."""
    proxy = await scripted_server(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(httpkit.ClientHttpProxyError):
        await get("https://[::1]/", proxy=proxy.url)
    assert proxy.requests[0].startswith(b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n")


# -- what is sent ---------------------------------------------------------------------------------------------------


async def test_a_forwarded_request_names_the_whole_url(scripted_server):
    """The target is in absolute form (RFC 9112 section 3.2.2), the credentials are on the request."""
    proxy = await scripted_server(OK)
    url = "http://origin.example:8080/a%20b?c=d#fragment"
    await get(url, proxy=proxy.url, proxy_auth=BasicAuth("user", "secret"))
    assert proxy.requests[0].startswith(
        b"GET http://origin.example:8080/a%20b?c=d HTTP/1.1\r\nHost: origin.example:8080\r\n"
    )
    assert f"Proxy-Authorization: {SECRET}" in fields(proxy.requests[0])


async def test_a_forwarded_request_takes_only_proxy_fields_along(scripted_server):
    """Of `proxy_headers`, what a proxy would pass on to the origin stays at home."""
    proxy = await scripted_server(OK)
    told = {"X-Proxy-Token": "t", "Proxy-Authorization": SECRET}
    await get("http://origin.example/", proxy=proxy.url, proxy_headers=told)
    sent = fields(proxy.requests[0])
    assert f"Proxy-Authorization: {SECRET}" in sent
    assert [line for line in sent if line.startswith("X-Proxy-Token")] == []


async def test_credentials_for_the_proxy_are_in_the_connect_only(scripted_server, certificates, context):
    """CVE-2023-32681, CVE-2024-37891: the tunnelled request has neither `Proxy-Authorization` nor `proxy_headers`.

    Not even where the caller put the field among those of the request.
    """
    origin = await scripted_server(OK, context=certificates.good.server_context())
    proxy = await scripted_server(tunnel_to(origin.port))
    await get(
        f"{origin.url}/path",
        context=context,
        proxy=proxy.url.replace("//", "//user:secret@"),
        proxy_headers={"X-Proxy-Token": "t"},
        headers={"Proxy-Authorization": "Basic bm90OmhlcmU="},
    )
    assert proxy.requests[0].startswith(f"CONNECT 127.0.0.1:{origin.port} HTTP/1.1\r\n".encode())
    assert {f"Proxy-Authorization: {SECRET}", "X-Proxy-Token: t"} <= set(fields(proxy.requests[0]))
    assert origin.requests[0].startswith(b"GET /path HTTP/1.1\r\n")
    assert [line for line in fields(origin.requests[0]) if "roxy" in line] == []


async def test_a_request_keeps_its_own_fields(scripted_server):
    """What the proxy was told is not among the fields that middlewares, traces and errors see."""
    proxy = await scripted_server(OK)
    options = {"proxy": proxy.url, "proxy_auth": BasicAuth("user", "secret")}
    async with ClientSession() as session, session.get("http://origin.example/", **options) as response:
        assert "Proxy-Authorization" not in response.request_info.headers


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_line_break_in_a_field_for_the_proxy_sends_nothing(scripted_server, scheme):
    """It would begin another field, or another request."""
    proxy = await scripted_server(OK)
    connector, headers = TCPConnector(limit=1), {"Proxy-Token": "a\r\nX: y"}
    async with ClientSession(connector=connector) as session:
        with pytest.raises(ValueError, match="control character"):
            await session.get(f"{scheme}://origin.example/", proxy=proxy.url, proxy_headers=headers)
        assert (proxy.requests, len(connector._busy), connector._opening) == ([], 0, 0)


@pytest.mark.parametrize(
    "refusal",
    [
        b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 no\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\n\r\nbytes before the handshake",
        b"not HTTP at all\r\n\r\n",
    ],
)
async def test_a_refused_tunnel_leaves_no_connection(scripted_server, refusal):
    """Whatever a proxy answers to CONNECT, the error is ClientHttpProxyError, and slot and socket are given back."""
    proxy = await scripted_server(refusal)
    connector = TCPConnector(limit=1)
    async with ClientSession(connector=connector) as session:
        with pytest.raises(httpkit.ClientHttpProxyError) as caught:
            await session.get("https://origin.example/", proxy=proxy.url.replace("//", "//user:secret@"))
        await proxy.closed()
        assert (len(connector._busy), connector._opening, connector._idle) == (0, 0, {})
    shown = f"{caught.value} {caught.value!r}"
    assert ("secret" in shown, "dXNlcjpz" in shown) == (False, False)


async def test_a_proxy_that_hangs_up_is_a_lost_connection(scripted_server):
    """No answer to CONNECT but the end of the connection."""

    async def hang_up(reader, writer):
        pass

    proxy = await scripted_server(hang_up)
    with pytest.raises(httpkit.ClientConnectionError):
        await get("https://origin.example/", proxy=proxy.url)
    await proxy.closed()


async def test_a_silent_proxy_is_given_up_in_time(scripted_server):
    """`sock_connect` bounds the wait for the answer to CONNECT."""
    proxy = await scripted_server()
    with pytest.raises(httpkit.ConnectionTimeoutError, match=r"CONNECT within 0.1 s \(ClientTimeout.sock_connect\)"):
        await get("https://origin.example/", proxy=proxy.url, timeout=ClientTimeout(sock_connect=0.1))
    await proxy.closed()


async def test_a_cancelled_tunnel_gives_its_slot_back(scripted_server):
    """Cancelled while the proxy thinks, a request leaves neither slot nor socket."""
    proxy = await scripted_server()
    connector = TCPConnector(limit=1)
    async with ClientSession(connector=connector) as session:
        task = asyncio.ensure_future(session.get("https://origin.example/", proxy=proxy.url))
        await proxy.received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await proxy.closed()
        assert (len(connector._busy), connector._opening) == (0, 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_unreachable_proxy_is_named(unused_tcp_port, scheme):
    """ClientProxyConnectionError has the proxy's host and port."""
    with pytest.raises(httpkit.ClientProxyConnectionError) as caught:
        await get(f"{scheme}://origin.example/", proxy=f"http://user:secret@127.0.0.1:{unused_tcp_port}")
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", unused_tcp_port)
    assert "secret" not in f"{caught.value} {caught.value!r}"


# -- TLS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaf", ["wrong_host", "self_signed", "expired"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_certificate_of_the_proxy_is_verified(scripted_server, certificates, context, leaf, scheme):
    """CVE-2021-28363, CVE-2016-9015: an https proxy must prove to be its host, and hears nothing before it has."""
    proxy = await scripted_server(OK, context=getattr(certificates, leaf).server_context())
    with pytest.raises(httpkit.ClientConnectorCertificateError):
        await get(f"{scheme}://origin.example/", context=context, proxy=proxy.url)
    assert proxy.requests == []


async def test_the_certificate_of_the_origin_is_verified_in_the_tunnel(nginx, squid, context):
    """A good proxy doesn't vouch for a bad origin."""
    for url in (nginx.expired_url, nginx.wrong_host_url, nginx.self_signed_url):
        with pytest.raises(httpkit.ClientConnectorCertificateError):
            await get(f"{url}/small.json", context=context, proxy=squid.tls_url)


async def test_a_fingerprint_pins_the_origin_and_not_the_proxy(scripted_server, certificates):
    """The pinned certificate is the origin's: a proxy is verified as ever, and can't pass with the pin."""
    der = ssl.PEM_cert_to_DER_cert(certificates.self_signed.chain.read_text())
    pin = httpkit.Fingerprint(hashlib.sha256(der).digest())
    origin = await scripted_server(OK, context=certificates.self_signed.server_context())
    proxy = await scripted_server(tunnel_to(origin.port))
    assert await get(origin.url, ssl=pin, proxy=proxy.url) == (200, b"ok")
    bad = await scripted_server(OK, context=certificates.self_signed.server_context())
    with pytest.raises(httpkit.ClientConnectorCertificateError):
        await get("https://origin.example/", ssl=pin, proxy=bad.url)
    assert bad.requests == []


# -- which connection -----------------------------------------------------------------------------------------------


async def test_a_tunnel_is_used_again_by_who_may(scripted_server, certificates, context):
    """The second request for the same origin through the same proxy needs no CONNECT of its own."""
    origin = await scripted_server(OK, OK, context=certificates.good.server_context())
    proxy = await scripted_server(tunnel_to(origin.port))
    async with ClientSession(connector=TCPConnector(ssl=context)) as session:
        for _ in range(2):
            async with session.get(origin.url, proxy=proxy.url) as response:
                assert await response.read() == b"ok"
    assert (len(proxy.requests), proxy.connections, origin.connections) == (1, 1, 1)


@pytest.mark.parametrize(
    "options",
    [
        {"proxy_auth": BasicAuth("other", "secret")},
        {"proxy_auth": None},
        {"proxy_headers": {"X-Tenant": "2"}},
        {"server_hostname": "localhost"},
        {"ssl": False},
    ],
)
async def test_other_credentials_get_another_connection(scripted_server, options):
    """CVE-2026-3784 and its kin (curl): a pooled connection is for who brings the same proxy and TLS material."""
    proxy = await scripted_server(OK, OK)
    first = {"proxy": proxy.url, "proxy_auth": BasicAuth("user", "secret")}
    async with ClientSession() as session:
        for asked in (first, first | options):
            async with session.get("http://origin.example/", **asked) as response:
                await response.read()
    assert proxy.connections == 2


async def test_another_proxy_is_another_connection_and_gets_no_credentials(scripted_server):
    """CVE-2026-6253, -8927 (curl): the session's credentials are for the session's proxy, not for one that a request names."""
    first, second = await scripted_server(OK), await scripted_server(OK)
    session_options = {"proxy": first.url, "proxy_auth": BasicAuth("user", "secret")}
    async with ClientSession(**session_options) as session:
        for options in ({}, {"proxy": second.url}):
            async with session.get("http://origin.example/", **options) as response:
                await response.read()
    assert f"Proxy-Authorization: {SECRET}" in fields(first.requests[0])
    assert b"Authorization" not in second.requests[0]


async def test_a_direct_connection_is_not_one_through_a_proxy(scripted_server):
    """With and without a proxy, the same URL is asked for on connections of their own."""
    origin, proxy = await scripted_server(OK), await scripted_server(OK)
    async with ClientSession() as session:
        for options in ({}, {"proxy": proxy.url}):
            async with session.get(origin.url, **options) as response:
                await response.read()
    assert (len(origin.requests), len(proxy.requests)) == (1, 1)


async def test_a_websocket_tunnel_is_not_a_forwarding_connection(scripted_server):
    """A request for ws is tunnelled (RFC 6455 section 4.1).

    One for http on that connection would show the proxy's credentials to the origin, so they never share one.
    """
    origin = await scripted_server(OK)
    proxy = await scripted_server(tunnel_to(origin.port), OK)
    auth = BasicAuth("user", "secret")
    async with ClientSession() as session:
        for scheme in ("ws", "http"):
            async with session.get(
                f"{scheme}://127.0.0.1:{origin.port}/", proxy=proxy.url, proxy_auth=auth
            ) as response:
                await response.read()
    assert [request.split(b" ")[0] for request in proxy.requests] == [b"CONNECT", b"GET"]
    assert b"Authorization" not in b"".join(origin.requests)


async def test_a_redirect_goes_through_the_same_proxy(scripted_server):
    """Every hop of a call takes the proxy that the caller named; fields for the first origin stay behind."""
    away = b"HTTP/1.1 302 Found\r\nLocation: http://two.example/x\r\nContent-Length: 0\r\n\r\n"
    proxy = await scripted_server(away, OK)
    headers = {"Proxy-Authorization": "Basic Zm9yOm9uZQ=="}
    await get("http://one.example/", proxy=proxy.url, headers=headers)
    assert proxy.requests[1].startswith(b"GET http://two.example/x HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in proxy.requests[1]


async def test_a_unix_socket_has_no_proxy(tmp_path):
    """A proxy for a connector that can't use one is an error, and not a request that goes elsewhere."""
    async with ClientSession(connector=httpkit.UnixConnector(str(tmp_path / "s"))) as session:
        with pytest.raises(ValueError, match="can't go through a proxy"):
            await session.get("http://origin.example/", proxy="http://127.0.0.1:1")


# -- WebSockets -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def websocket_origins(certificates):
    """The ports of two echo servers by somebody else: plain, and over TLS."""
    serve = pytest.importorskip("websockets").serve

    async def echo(connection):
        async for message in connection:
            await connection.send(f"{connection.request.headers.get('Proxy-Authorization')} {message}")

    async with (
        serve(echo, "127.0.0.1", 0) as plain,
        serve(echo, "127.0.0.1", 0, ssl=certificates.good.server_context()) as secure,
    ):
        yield {
            scheme: next(iter(server.sockets)).getsockname()[1] for scheme, server in (("ws", plain), ("wss", secure))
        }


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("proxy", ["squid with a password", "squid over TLS", "tinyproxy", "SOCKS"])
async def test_websockets_go_through_every_proxy(
    websocket_origins, squid, tinyproxy, socks_with_password, context, scheme, proxy
):
    """A WebSocket is tunnelled with and without TLS, and its server hears nothing of the proxy's password."""
    url = {
        "squid with a password": squid.password_url.replace("//", "//user:secret@"),
        "squid over TLS": squid.tls_url,
        "tinyproxy": tinyproxy,
        "SOCKS": socks_with_password.replace("//", "//user:secret@"),
    }[proxy]
    async with (
        ClientSession(connector=TCPConnector(ssl=context)) as session,
        session.ws_connect(f"{scheme}://127.0.0.1:{websocket_origins[scheme]}/", proxy=url) as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=5) == "None hello"


async def test_a_proxy_between_makes_no_origin_the_same(scripted_server):
    """CVE-2026-6429, CVE-2026-86413 (curl), GHSA-wgrq-f894-59q5 (aiosonic): what is dropped on the way to another origin is
    dropped behind one proxy too, each origin has a connection of its own there, and the proxy's credentials stay.
    """  # noqa: D205 - the ids are the sentence
    away = b"HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\nContent-Length: 0\r\n\r\n"
    proxy = await scripted_server(away, OK)
    secret = {"Authorization": "Bearer planted", "Cookie": "c=planted", "X-Api-Key": "planted"}
    async with (
        ClientSession(proxy=proxy.url, proxy_auth=BasicAuth("user", "secret")) as session,
        session.get("http://a.example/", headers=secret, cookies={"d": "planted"}) as response,
    ):
        assert await response.read() == b"ok"
    assert proxy.connections == 2
    assert [raw.count(b"planted") for raw in proxy.requests] == [4, 0]
    assert all(f"Proxy-Authorization: {SECRET}" in fields(raw) for raw in proxy.requests)
