"""The servers behave as their docstrings say, told by a client that isn't ours."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request

import pytest
from servers.certificates import Certificates
from servers.nginx import LARGE_BYTES, Nginx
from servers.proxies import Squid


def fetch(url: str, *, proxy: str | None = None, context: ssl.SSLContext | None = None) -> bytes:
    """GET with the standard library."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({"http": proxy} if proxy else {})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    with urllib.request.build_opener(*handlers).open(url, timeout=10) as response:
        return response.read()


def test_nginx_serves_its_files(nginx: Nginx):
    """Plain, over TLS with the private CA, redirected, and large."""
    small = {"message": "hello", "numbers": [1, 2, 3]}
    assert json.loads(fetch(f"{nginx.url}/small.json")) == small
    assert json.loads(fetch(f"{nginx.closing_url}/redirect")) == small
    assert len(fetch(f"{nginx.url}/large.bin")) == LARGE_BYTES


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tls_url", None),
        ("expired_url", "certificate has expired"),
        ("wrong_host_url", "IP address mismatch"),
        ("self_signed_url", "self-signed certificate"),
    ],
)
def test_each_tls_origin_is_wrong_in_its_own_way(
    nginx: Nginx, certificates: Certificates, name: str, reason: str | None
):
    """A client that trusts the private CA accepts the good certificate and says what is wrong with the others."""
    url = f"{getattr(nginx, name)}/small.json"
    if reason is None:
        assert b"hello" in fetch(url, context=certificates.client_context())
    else:
        with pytest.raises(OSError, match=reason):
            fetch(url, context=certificates.client_context())


def test_a_client_certificate_opens_the_door(nginx: Nginx, certificates: Certificates):
    """The origin that asks for a client certificate answers with it."""
    context = certificates.client_context()
    context.load_cert_chain(certificates.client.chain, certificates.client.key)
    assert b"hello" in fetch(f"{nginx.client_certificate_url}/small.json", context=context)


def test_http_proxies_forward(nginx: Nginx, squid: Squid, tinyproxy: str, tinyproxy_with_password: str):
    """Squid and tinyproxy forward; with a password they refuse who doesn't give it."""
    url = f"{nginx.url}/small.json"
    assert b"hello" in fetch(url, proxy=squid.url)
    assert b"hello" in fetch(url, proxy=tinyproxy)
    for proxy in (squid.password_url, tinyproxy_with_password):
        assert b"hello" in fetch(url, proxy=proxy.replace("//", "//user:secret@"))
        with pytest.raises(OSError, match=r"40[17]"):
            fetch(url, proxy=proxy)


async def test_socks_proxies_greet(socks: str, socks_with_password: str):
    """Both speak SOCKS5; they choose "no authentication" and "username and password" (RFC 1928 section 3)."""
    chosen = []
    for url in (socks, socks_with_password):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"\x05\x02\x00\x02")
        chosen.append(await asyncio.wait_for(reader.readexactly(2), 5))
        writer.close()
        await writer.wait_closed()
    assert chosen == [b"\x05\x00", b"\x05\x02"]


def test_node_and_echo_answer(node_server: str, echo_server: str):
    """Node tells what it was sent; the echo server gives its JSON."""
    assert json.loads(fetch(f"{node_server}/path?q=1"))["url"] == "/path?q=1"
    assert fetch(f"{node_server}/chunked") == b"one,two"
    assert json.loads(fetch(f"{echo_server}/"))["id"] == 12345


async def test_the_scripted_server_answers_in_order_and_remembers(scripted_server):
    """Answers are given in order, requests kept whole, and a closed connection is seen."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
    server = await scripted_server(head + b"a", [head, b"b"])
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    requests = [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"]
    for request, body in zip(requests, (b"a", b"b"), strict=True):
        writer.write(request)
        assert await reader.readexactly(len(head) + 1) == head + body
    assert await server.received(2) == requests
    assert (server.connections, server.open) == (1, 1)
    writer.close()
    await server.closed()
