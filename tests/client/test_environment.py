"""What a session with `trust_env` takes from variables and from netrc."""

import logging
from base64 import b64encode

import pytest
from yarl import URL

import httpkit
from httpkit import BasicAuth, ClientSession
from httpkit.client.environment import find_env_proxy, find_surroundings, is_bypassed, netrc_auth, read_netrc

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAMES = [f"{name}_proxy" for name in ("http", "https", "ws", "wss", "no", "all")]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch, tmp_path):
    """Start each test without proxies, and with an empty home folder."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("REQUEST_METHOD", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def write_netrc(monkeypatch, tmp_path):
    """Write a netrc file and name it in NETRC."""

    def write(text):
        path = tmp_path / "netrc"
        path.write_text(text)
        path.chmod(0o600)
        monkeypatch.setenv("NETRC", str(path))

    return write


def basic(text):
    """Return the field line of Basic credentials."""
    return b"Authorization: Basic " + b64encode(text.encode())


async def ask(url, **options):
    """Return the body, asked for with `trust_env`."""
    async with ClientSession(trust_env=True) as session, session.get(url, **options) as response:
        return await response.read()


# -- NO_PROXY -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "port", "patterns", "expected"),
    [
        ("example.com", 80, "*", True),
        ("example.com", 80, "", False),
        ("example.com", 80, "example.com", True),
        ("EXAMPLE.com.", 80, "Example.COM", True),
        ("www.example.com", 80, "example.com", True),
        ("www.example.com", 80, ".example.com", True),
        ("example.com", 80, ".example.com", True),
        ("www.example.com", 80, "*.example.com", True),
        ("badexample.com", 80, "example.com", False),
        ("example.com.evil", 80, "example.com", False),
        ("example.com", 80, "other.com, example.com", True),
        ("example.com", 80, "example.com:80", True),
        ("example.com", 81, "example.com:80", False),
        ("127.0.0.1", 80, "127.0.0.1", True),
        ("10.1.2.3", 80, "10.0.0.0/8", True),
        ("11.1.2.3", 80, "10.0.0.0/8", False),
        ("1.2.3.4", 80, "3.4", False),
        ("::1", 80, "::1", True),
        ("::1", 80, "[::1]", True),
        ("::1", 80, "[::1]:80", True),
        ("::1", 81, "[::1]:80", False),
        ("fe80::1", 80, "fe80::/10", True),
        ("example.com", 80, ",,. ,:80", False),
    ],
)
def test_no_proxy_means_hosts_subdomains_and_networks(host, port, patterns, expected):
    """The patterns of NO_PROXY, as curl and others read them."""
    assert is_bypassed(host, port, patterns.split(",")) is expected


# -- proxies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
def test_each_scheme_has_its_variable(monkeypatch, scheme):
    """The lower-case name wins over the upper-case one; others don't count."""
    assert find_env_proxy(URL(f"{scheme}://a.example/")) == (None, None)
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://upper:1")
    assert find_env_proxy(URL(f"{scheme}://a.example/")) == (URL("http://upper:1"), None)
    monkeypatch.setenv(f"{scheme}_proxy", "http://lower:1")
    assert find_env_proxy(URL(f"{scheme}://a.example/")) == (URL("http://lower:1"), None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("proxy:3128", (URL("http://proxy:3128"), None)),
        ("https://u:p@proxy:3128", (URL("https://proxy:3128"), BasicAuth("u", "p", "utf-8"))),
        ("socks5h://proxy", (URL("socks5h://proxy"), None)),
    ],
)
def test_a_variable_may_leave_the_scheme_out(monkeypatch, value, expected):
    """A host and port alone are an http proxy; https and SOCKS proxies are taken too."""
    monkeypatch.setenv("http_proxy", value)
    assert find_env_proxy(URL("http://a.example/")) == expected


def test_a_request_can_not_name_the_proxy_of_a_cgi_program(monkeypatch):
    """CVE-2016-5385 (httpoxy): in CGI, HTTP_PROXY is the request's field `Proxy`."""
    monkeypatch.setenv("HTTP_PROXY", "http://evil.example")
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    assert find_env_proxy(URL("http://a.example/")) == (None, None)


def test_a_variable_that_is_no_proxy_is_not_passed_over(monkeypatch):
    """Going without the proxy could show what should stay hidden; the password is not in the message."""
    monkeypatch.setenv("http_proxy", "ftp://u:secret@proxy")
    with pytest.raises(httpkit.InvalidURL) as caught:
        find_env_proxy(URL("http://a.example/"))
    assert "secret" not in str(caught.value)


async def test_the_environment_is_trusted_only_when_asked(monkeypatch, scripted_server):
    """Without `trust_env`, no variable counts."""
    origin = await scripted_server(OK, OK)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with ClientSession() as session, session.get(origin.url) as response:
        assert await response.read() == b"ok"
    with pytest.raises(httpkit.ClientProxyConnectionError):
        await ask(origin.url)


async def test_each_hop_asks_the_environment_anew(monkeypatch, scripted_server):
    """A redirect from a proxied host to one of NO_PROXY goes there directly, without the proxy's credentials."""
    origin = await scripted_server(OK)
    away = f"HTTP/1.1 302 Found\r\nLocation: {origin.url}/x\r\nContent-Length: 0\r\n\r\n".encode()
    proxy = await scripted_server(away)
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//user:secret@"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert await ask("http://one.example/") == b"ok"
    assert b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in proxy.requests[0]
    assert origin.requests[0].startswith(b"GET /x HTTP/1.1\r\n")
    assert b"roxy" not in origin.requests[0]


async def test_a_proxy_of_the_caller_wins(monkeypatch, scripted_server):
    """`proxy=` is used instead of the variable."""
    proxy = await scripted_server(OK)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert await ask("http://one.example/", proxy=proxy.url) == b"ok"


async def test_the_callers_credentials_are_not_for_a_proxy_of_the_environment(monkeypatch, scripted_server):
    """`proxy_auth` and `proxy_headers` say nothing about a proxy that the caller didn't name."""
    proxy = await scripted_server(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    options = {"proxy_auth": BasicAuth("user", "secret"), "proxy_headers": {"Proxy-Token": "t"}}
    assert await ask("http://one.example/", **options) == b"ok"
    assert (b"Proxy-Auth" in proxy.requests[0], b"Proxy-Token" in proxy.requests[0]) == (False, False)


async def test_a_proxy_of_the_environment_has_its_password_in_netrc(monkeypatch, scripted_server, write_netrc):
    """The entry for the proxy's host counts where the URL has no credentials; `default` doesn't."""
    proxy = await scripted_server(OK, OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    write_netrc("default login all password for")
    await ask("http://one.example/")
    assert b"Proxy-Authorization" not in proxy.requests[0]
    write_netrc("machine 127.0.0.1 login user password secret")
    await ask("http://one.example/")
    assert b"Proxy-" + basic("user:secret") in proxy.requests[1]


# -- netrc ----------------------------------------------------------------------------------------------------------


async def test_a_request_takes_its_password_from_netrc(scripted_server, write_netrc):
    """The host's entry becomes Basic credentials."""
    origin = await scripted_server(OK)
    write_netrc("machine other login a password b\nmachine 127.0.0.1 login me password secret")
    await ask(origin.url)
    assert basic("me:secret") in origin.requests[0]


@pytest.mark.parametrize(
    "options",
    [{"auth": BasicAuth("own", "x")}, {"headers": {"Authorization": "Basic b3duOng="}}],
)
async def test_netrc_comes_last(scripted_server, write_netrc, options):
    """What the caller gives wins over netrc."""
    origin = await scripted_server(OK)
    write_netrc("default login me password secret")
    await ask(origin.url, **options)
    assert origin.requests[0].count(b"Authorization") == 1
    assert basic("own:x") in origin.requests[0]


async def test_netrc_is_found_by_the_host_and_not_by_the_userinfo(write_netrc):
    """CVE-2024-47081: `http://example.com:@evil.example/` gets nothing of example.com's."""
    write_netrc("machine example.com login me password secret")
    url = URL("http://example.com:@evil.example/")
    found = find_surroundings(url, wants_auth=True, wants_proxy=False, is_first_host=True)
    assert found.auth is None


async def test_a_redirect_takes_only_the_entry_of_its_own_host(scripted_server, write_netrc):
    """CVE-2014-1829, CVE-2024-11053, CVE-2025-0167: neither the first host's entry nor `default` follows to another host."""
    target = await scripted_server(OK)
    location = target.url.replace("127.0.0.1", "localhost")
    away = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    origin = await scripted_server(away)
    write_netrc("machine 127.0.0.1 login me password secret\ndefault login all password for")
    assert await ask(origin.url) == b"ok"
    assert basic("me:secret") in origin.requests[0]
    assert b"Authorization" not in target.requests[0]


async def test_a_redirect_takes_the_entry_of_its_own_host(scripted_server, write_netrc):
    """A host with an entry of its own gets that."""
    target = await scripted_server(OK)
    location = target.url.replace("127.0.0.1", "localhost")
    away = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    origin = await scripted_server(away)
    write_netrc("machine 127.0.0.1 login me password secret\nmachine localhost login you password other")
    assert await ask(origin.url) == b"ok"
    assert basic("you:other") in target.requests[0]


def test_the_home_folder_has_a_netrc(tmp_path):
    """Without NETRC it is ~/.netrc; none is no problem."""
    assert read_netrc() is None
    (tmp_path / ".netrc").write_text("machine a login b password c")
    (tmp_path / ".netrc").chmod(0o600)
    entries = read_netrc()
    assert netrc_auth(entries, "a", with_default=True) == BasicAuth("b", "c", "utf-8")


@pytest.mark.parametrize(
    ("content", "warnings"),
    [
        (b"machine a login b password-secret", 1),
        (b"machine a login \xff password secret", 1),
        (None, 1),
    ],
)
def test_a_bad_netrc_is_logged_without_what_is_in_it(monkeypatch, tmp_path, caplog, content, warnings):
    """Parse errors, wrong encodings and a file that isn't there are one warning each, and never a secret."""
    path = tmp_path / "bad"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("NETRC", str(path))
    with caplog.at_level(logging.WARNING, "httpkit.client"):
        assert read_netrc() is None
    assert len(caplog.records) == warnings
    assert "secret" not in caplog.text


def test_a_netrc_that_is_a_folder_is_logged(monkeypatch, tmp_path, caplog):
    """A file that can't be read is a warning."""
    monkeypatch.setenv("NETRC", str(tmp_path))
    assert read_netrc() is None
    assert "IsADirectoryError" in caplog.text


def test_a_login_that_basic_can_not_carry_is_passed_over(write_netrc, caplog):
    """A colon in a login is logged, and the request goes without."""
    write_netrc("machine a login b:c password secret")
    assert netrc_auth(read_netrc(), "a", with_default=True) is None
    assert ("colon" in caplog.text, "secret" in caplog.text) == (True, False)
