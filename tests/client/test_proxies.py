"""The `proxy` option as a value."""

import pytest
from yarl import URL

import httpkit
from httpkit import BasicAuth, ClientSession
from httpkit.client.proxies import parse_proxy


@pytest.mark.parametrize(
    ("value", "url", "auth"),
    [
        ("http://proxy:3128", "http://proxy:3128", None),
        ("http://proxy", "http://proxy", None),
        ("https://Proxy.Example/", "https://proxy.example", None),
        (URL("socks5h://proxy:1080"), "socks5h://proxy:1080", None),
        ("http://u:p%40ss@proxy:3128/path?x#y", "http://proxy:3128", BasicAuth("u", "p@ss", "utf-8")),
        ("http://[::1]:3128", "http://[::1]:3128", None),
    ],
)
def test_a_proxy_is_an_origin_and_credentials(value, url, auth):
    """Path, query and fragment say nothing; the userinfo is the credentials."""
    assert parse_proxy(value) == (URL(url), auth)


@pytest.mark.parametrize(
    "value",
    ["proxy:3128", "ftp://proxy", "http://", "http://user:secret@", "http://user:secret@proxy:port", "ws://user:secret@proxy", "//proxy"],
)  # fmt: skip
async def test_a_bad_proxy_is_an_invalid_url(value):
    """A URL that is none of a proxy raises InvalidURL, without the password in it, before anything is sent."""
    async with ClientSession() as session:
        with pytest.raises(httpkit.InvalidURL) as caught:
            await session.get("http://127.0.0.1:1/", proxy=value)
    assert "secret" not in f"{caught.value} {caught.value!r}"


async def test_a_bad_proxy_of_a_session_is_found_at_once():
    """The session's own proxy is checked when the session is made."""
    with pytest.raises(httpkit.InvalidURL):
        ClientSession(proxy="ftp://proxy")


async def test_a_middleware_may_choose_a_proxy(scripted_server):
    """`update_proxy` takes the credentials out of the URL, so that neither key nor error shows them."""
    proxy = await scripted_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def choose(request, handler):
        request.update_proxy(URL(proxy.url.replace("//", "//user:secret@")))
        assert "secret" not in repr(request.connection_key)
        return await handler(request)

    async with ClientSession(middlewares=(choose,)) as session, session.get("http://origin.example/") as response:
        assert response.status == 200
    assert b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in proxy.requests[0]


async def test_the_credentials_of_a_proxy_are_a_basic_auth():
    """Anything else is a ValueError."""
    async with ClientSession() as session:
        with pytest.raises(ValueError, match="proxy_auth must be None or BasicAuth"):
            await session.get("http://127.0.0.1:1/", proxy="http://127.0.0.1:1", proxy_auth="user:secret")


async def test_a_request_shows_its_proxy_to_middlewares(unused_tcp_port):
    """A middleware sees `proxy`, `proxy_auth` and `proxy_headers`, and the key that they are part of."""
    seen = []

    async def look(request, handler):
        seen.append(request)
        return await handler(request)

    options = {"proxy_auth": BasicAuth("u", "p"), "proxy_headers": {"X-A": "b"}}
    async with ClientSession(middlewares=(look,)) as session:
        with pytest.raises(httpkit.ClientProxyConnectionError):
            await session.get("http://127.0.0.1:1/", proxy=f"http://127.0.0.1:{unused_tcp_port}", **options)
    (request,) = seen
    assert (str(request.proxy), request.proxy_auth, dict(request.proxy_headers)) == (
        f"http://127.0.0.1:{unused_tcp_port}",
        BasicAuth("u", "p"),
        {"X-A": "b"},
    )
    assert request.connection_key.proxy == request.proxy
