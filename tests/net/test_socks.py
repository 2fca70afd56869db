"""SOCKS proxies: microsocks, which is not ours, and scripted ones for version 4."""

import asyncio
import socket
import sys

import pytest
from servers.tunnel import relay

import httpkit
from httpkit import BasicAuth, ClientSession, ClientTimeout, TCPConnector

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class OneName(httpkit.abc.AbstractResolver):
    """Knows one name, and what it was asked for."""

    def __init__(self, family=socket.AF_INET):
        self.asked = []
        self.family = family

    async def resolve(self, host, port=0, family=socket.AF_INET):
        """Return 127.0.0.1, or ::1."""
        del family
        self.asked.append(host)
        address = "127.0.0.1" if self.family == socket.AF_INET else "::1"
        return [{"hostname": host, "host": address, "port": port, "family": self.family, "proto": 0, "flags": 0}]

    async def close(self):
        """Do nothing."""


@pytest.fixture
async def socks4():
    """A SOCKS4 proxy; gives its URL and what it was asked: (address or name, user)."""
    asked = []

    async def handle(reader, writer):
        head = await reader.readexactly(8)
        user = (await reader.readuntil(b"\0"))[:-1].decode()
        address = socket.inet_ntoa(head[4:8])
        if head[4:7] == b"\0\0\0":
            address = (await reader.readuntil(b"\0"))[:-1].decode()
        asked.append((address, user))
        other = await asyncio.open_connection("127.0.0.1", int.from_bytes(head[2:4], "big"))
        writer.write(b"\0\x5a" + bytes(6))
        await relay(reader, writer, *other)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"socks4://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    server.close()


async def get(url, *, context=None, resolver=None, **options):
    """Return the status and the body."""
    connector = TCPConnector(ssl=context or True, resolver=resolver)
    async with ClientSession(connector=connector) as session, session.get(url, **options) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("target", ["url", "tls_url"])
async def test_requests_go_through_socks5(nginx, socks, certificates, scheme, target):
    """Plain and over TLS, with the origin's name resolved here or there."""
    proxy = socks.replace("socks5", scheme)
    status, body = await get(f"{getattr(nginx, target)}/small.json", context=certificates.client_context(), proxy=proxy)
    assert (status, b"hello" in body) == (200, True)


@pytest.mark.parametrize("form", ["URL", "proxy_auth"])
async def test_socks5_is_given_its_password(nginx, socks_with_password, form):
    """Login and password come from the URL or from `proxy_auth` (RFC 1929)."""
    proxy = socks_with_password
    options = {"proxy": proxy.replace("//", "//user:secret@")}
    if form == "proxy_auth":
        options = {"proxy": proxy, "proxy_auth": BasicAuth("user", "secret")}
    status, _ = await get(f"{nginx.url}/small.json", **options)
    assert status == 200


@pytest.mark.parametrize("userinfo", ["", "user:wrong@"])
async def test_socks5_refuses_who_has_no_password(nginx, socks_with_password, userinfo):
    """The error names the proxy, the reason and no password."""
    with pytest.raises(httpkit.ClientProxyConnectionError, match="SOCKS proxy: ") as caught:
        await get(f"{nginx.url}/small.json", proxy=socks_with_password.replace("//", f"//{userinfo}"))
    assert caught.value.port == int(socks_with_password.rpartition(":")[2])
    assert "wrong" not in f"{caught.value} {caught.value!r}"


async def test_a_name_is_resolved_here_or_by_the_proxy(nginx, socks):
    """`socks5` asks the connector's resolver, `socks5h` leaves the name to the proxy."""
    port = nginx.url.rpartition(":")[2]
    here, there = OneName(), OneName()
    assert (await get(f"http://name.test:{port}/small.json", proxy=socks, resolver=here))[0] == 200
    remote = socks.replace("socks5", "socks5h")
    assert (await get(f"http://localhost:{port}/small.json", proxy=remote, resolver=there))[0] == 200
    assert (here.asked, there.asked) == (["name.test"], [])


@pytest.mark.parametrize(("scheme", "told"), [("socks4", "127.0.0.1"), ("socks4a", "name.test")])
async def test_version_4_takes_an_address_and_4a_a_name(scripted_server, socks4, scheme, told):
    """SOCKS4 with the name resolved here, SOCKS4A with the name sent on; the login is the user."""
    origin = await scripted_server(OK)
    url, asked = socks4
    proxy = url.replace("socks4://", f"{scheme}://somebody@")
    assert await get(f"http://name.test:{origin.port}/", proxy=proxy, resolver=OneName()) == (200, b"ok")
    assert asked == [(told, "somebody")]
    assert origin.requests[0].startswith(b"GET / HTTP/1.1\r\n")


async def test_version_4_knows_no_ipv6(socks4):
    """An origin with IPv6 addresses only can't be asked for."""
    url, asked = socks4
    with pytest.raises(httpkit.ClientProxyConnectionError, match="no IPv4 address"):
        await get("http://name.test/", proxy=url, resolver=OneName(socket.AF_INET6))
    assert asked == []


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_tls_is_spoken_through_socks(socks, scheme):
    """PYSEC-2026-3844: wss through SOCKS is as secret as https: the first byte is that of a TLS handshake."""
    first = asyncio.get_running_loop().create_future()

    async def handle(reader, writer):
        first.set_result(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(httpkit.ClientConnectorError):
        await get(f"{scheme}://127.0.0.1:{port}/", proxy=socks)
    assert await first == b"\x16"
    server.close()


async def test_an_unreachable_socks_proxy_is_named(unused_tcp_port):
    """ClientProxyConnectionError has the proxy's host and port."""
    with pytest.raises(httpkit.ClientProxyConnectionError) as caught:
        await get("http://127.0.0.1:1/", proxy=f"socks5://127.0.0.1:{unused_tcp_port}")
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", unused_tcp_port)


async def test_a_silent_socks_proxy_is_given_up_in_time(scripted_server):
    """`sock_connect` bounds the whole way through the proxy."""
    proxy = await scripted_server()
    with pytest.raises(httpkit.ConnectionTimeoutError, match="sock_connect"):
        await get(
            "http://127.0.0.1:1/", proxy=f"socks5://127.0.0.1:{proxy.port}", timeout=ClientTimeout(sock_connect=0.1)
        )
    await proxy.closed()


@pytest.mark.parametrize("auth", [BasicAuth("é", "p"), BasicAuth("u", "p" * 256)])
async def test_credentials_that_socks_can_not_carry_are_refused(unused_tcp_port, auth):
    """Too long or not ASCII is a ValueError that doesn't show them."""
    with pytest.raises(ValueError, match="must be ASCII, at most 255 bytes"):
        await get("http://127.0.0.1:1/", proxy=f"socks5://127.0.0.1:{unused_tcp_port}", proxy_auth=auth)


async def test_without_python_socks_the_error_says_what_to_install(monkeypatch):
    """The package is an optional extra."""
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(RuntimeError, match=r"pip install \"jupyter-httpkit\[socks\]\""):
        await get("http://127.0.0.1:1/", proxy="socks5://127.0.0.1:1")
