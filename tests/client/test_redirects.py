"""Redirects: which request follows, and what it must not carry."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import given_back, holdings
from servers.raw import raw_server
from yarl import URL

import httpkit
from httpkit import BasicAuth, ClientSession, ClientTimeout
from httpkit.client.redirects import API_CREDENTIAL_FIELDS, redirect_url, same_origin
from httpkit.client.request import Target
from httpkit.net import http1_connection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SCHEMES = frozenset({"http", "https"})


def _to(location, status=302, more=b""):
    return b"HTTP/1.1 %d x\r\nLocation: %s\r\n%sContent-Length: 0\r\n\r\n" % (status, str(location).encode(), more)


def _fields(raw):
    """Return the fields of a request as pairs, names in lower case."""
    lines = raw.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]


def _names(raw):
    return {name for name, _ in _fields(raw)}


async def _follow(session, url, method="GET", **options):
    async with session.request(method, url, **options) as response:
        await response.read()
        return response


# -- the next request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "method", "followed_by"),
    [
        (301, "GET", "GET"), (301, "POST", "GET"), (301, "PUT", "PUT"), (301, "HEAD", "HEAD"), (301, "DELETE", "DELETE"),
        (302, "GET", "GET"), (302, "POST", "GET"), (302, "PATCH", "PATCH"), (302, "HEAD", "HEAD"), (302, "OPTIONS", "OPTIONS"),
        (303, "GET", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "DELETE", "GET"), (303, "HEAD", "HEAD"),
        (307, "GET", "GET"), (307, "POST", "POST"), (307, "PUT", "PUT"), (308, "POST", "POST"), (308, "HEAD", "HEAD"),
    ],
)  # fmt: skip
async def test_the_next_method_follows_from_status_and_method(scripted_server, status, method, followed_by):
    """RFC 9110 section 15.4: 303 and a POST's 301 and 302 become GET, but for HEAD; the others stay."""
    answer = OK[:-2] if method == "HEAD" else OK
    server = await scripted_server(_to("/next", status), answer)
    async with ClientSession() as session:
        response = await _follow(session, f"{server.url}/first", method, allow_redirects=True)
    assert server.requests[1].startswith(f"{followed_by} /next HTTP/1.1\r\n".encode())
    assert response.method == followed_by
    assert [hop.status for hop in response.history] == [status]


async def test_a_body_is_dropped_with_its_fields(scripted_server):
    """CVE-2023-45803: what describes a body is not sent without it."""
    server = await scripted_server(_to("/next", 303), OK)
    headers = {"Content-Type": "text/plain", "Content-Language": "en", "Content-Encoding": "x", "X-Kept": "1"}
    async with ClientSession() as session:
        await _follow(session, server.url, "POST", data=b"secret body", headers=headers)
    assert b"secret" not in server.requests[1]
    assert "x-kept" in _names(server.requests[1])
    assert not [name for name in _names(server.requests[1]) if name.startswith(("content-", "transfer-"))]


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"body"},
        {"json": {"a": 1}},
        {"data": {"a": "b"}},
        {"data": "text", "chunked": True},
        {"data": b"a" * 100, "compress": "gzip"},
    ],
)
@pytest.mark.parametrize("status", [307, 308])
async def test_a_body_is_sent_again(scripted_server, status, options):
    """307 and 308: the same method, the same body, framed the same way."""
    server = await scripted_server(_to("/next", status), OK)
    async with ClientSession() as session:
        await _follow(session, f"{server.url}/next", "POST", **options)
    assert server.requests[0] == server.requests[1]


async def test_a_body_that_can_be_read_once_is_not_sent_twice(scripted_server):
    """ClientPayloadError, rather than half a body or none."""

    async def body():
        yield b"once"

    server = await scripted_server(_to("/next", 307), OK)
    async with ClientSession() as session:
        with pytest.raises(httpkit.ClientPayloadError, match="can be read only once"):
            await _follow(session, server.url, "POST", data=body())
        await given_back(session.connector, idle=holdings(session.connector)["idle"])
    assert len(server.requests) == 1


async def test_expect_is_not_sent_without_a_body(scripted_server, monkeypatch):
    """RFC 9110 section 10.1.1: no 100-continue without content."""
    monkeypatch.setattr(http1_connection, "CONTINUE_TIMEOUT", 0.01)

    async def answer(_reader, writer):
        writer.write(_to("/next", 303, b"Connection: close\r\n"))

    server = await scripted_server(answer, OK)
    async with ClientSession() as session:
        await _follow(session, server.url, "POST", data=b"a", expect100=True)
    assert "expect" not in _names(server.requests[1])


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399])
async def test_other_statuses_are_answers(scripted_server, status):
    """Only 301, 302, 303, 307 and 308 are followed."""
    server = await scripted_server(_to("/next", status), OK)
    async with ClientSession() as session:
        assert (await _follow(session, server.url)).status == status
    assert len(server.requests) == 1


async def test_a_redirect_without_location_is_an_answer(scripted_server):
    """Nowhere to go; the old `URI` field counts too."""
    server = await scripted_server(
        b"HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 302 x\r\nURI: /u\r\nContent-Length: 0\r\n\r\n", OK
    )
    async with ClientSession() as session:
        assert (await _follow(session, server.url)).status == 302
        assert (await _follow(session, server.url)).url.path == "/u"


async def test_redirects_are_followed_only_when_asked(scripted_server):
    """CVE-2025-50181, -50182: `allow_redirects=False` holds; HEAD doesn't follow unless told."""
    server = await scripted_server(*[_to("/next")] * 3, OK)
    async with ClientSession() as session:
        assert (await _follow(session, server.url, allow_redirects=False)).status == 302
        async with session.get(server.url, allow_redirects=False) as response:
            assert response.status == 302
        async with session.head(server.url) as response:
            assert response.status == 302
    assert len(server.requests) == 3


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (3, 3), (10, 10)])
async def test_too_many_redirects_are_an_error(scripted_server, limit, count):
    """The `max_redirects`-th redirect is not followed; `history` holds them all."""
    server = await scripted_server(*[_to("/loop")] * 20)
    async with ClientSession() as session:
        with pytest.raises(httpkit.TooManyRedirects, match="max_redirects") as caught:
            await _follow(session, f"{server.url}/loop", max_redirects=limit)
        assert len(caught.value.history) == count
        assert caught.value.status == 302
        await given_back(session.connector, idle=1)
    assert len(server.requests) == count


async def test_no_limit_is_no_limit(scripted_server):
    """`max_redirects=0`."""
    server = await scripted_server(*[_to("/loop")] * 30, OK)
    async with ClientSession() as session:
        assert len((await _follow(session, server.url, max_redirects=0)).history) == 30


async def test_the_total_time_covers_all_redirects():
    """A server that redirects slowly for ever is left in time."""

    async def loop(reader, writer):
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.05)
            writer.write(_to("/loop"))

    async with raw_server(loop) as url, ClientSession() as session:
        with pytest.raises(TimeoutError):
            await _follow(session, url, timeout=ClientTimeout(total=0.3), max_redirects=0)
        await given_back(session.connector)


async def test_a_redirect_s_body_is_not_decoded(scripted_server):
    """CVE-2026-21441: a body that nobody reads is not inflated, be it a bomb or nonsense; the connection is used again."""
    more = b"Content-Encoding: gzip\r\n"
    head = b"HTTP/1.1 302 x\r\nLocation: /next\r\n" + more + b"Content-Length: 11\r\n\r\n"
    server = await scripted_server(head + b"not gzipped", OK)
    async with ClientSession() as session:
        assert await (await session.get(server.url)).read() == b"ok"
    assert server.connections == 1


async def test_a_redirect_with_an_endless_body_is_followed(scripted_server):
    """The rest of it is not waited for: its connection closes."""

    async def endless(_reader, writer):
        writer.write(b"HTTP/1.1 302 x\r\nLocation: /next\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(bytes(2**16))
            await writer.drain()

    server = await scripted_server(endless, OK)
    async with ClientSession() as session:
        assert (await _follow(session, server.url, timeout=ClientTimeout(3))).status == 200
        await given_back(session.connector, idle=1)


async def test_cookies_of_every_hop_are_kept(scripted_server):
    """The jar gets each hop's Set-Cookie, and the next hop sends it."""
    server = await scripted_server(_to("/b", more=b"Set-Cookie: a=1\r\n"), _to("/c", more=b"Set-Cookie: b=2\r\n"), OK)
    jar = httpkit.CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar) as session:
        await _follow(session, server.url)
    assert [dict(_fields(raw)).get("cookie") for raw in server.requests] == [None, "a=1", "a=1; b=2"]


async def test_params_are_for_the_first_url_only(scripted_server):
    """A redirect says the whole URL."""
    server = await scripted_server(_to("/b"), OK)
    async with ClientSession() as session:
        await _follow(session, f"{server.url}/a", params={"q": "1"})
    assert [raw.split(b" ")[1] for raw in server.requests] == [b"/a?q=1", b"/b"]


# -- where to -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "location", "url"),
    [
        ("http://a/b/c?d", "/x", "http://a/x"),
        ("http://a/b/c?d", "x", "http://a/b/x"),
        ("http://a/b/c?d", "?e", "http://a/b/c?e"),
        ("http://a/b/c?d", "../x", "http://a/x"),
        ("http://a/b/c", "//other/x", "http://other/x"),
        ("http://a/b/c", "https://b/", "https://b/"),
        ("http://a/b/c", "HTTP://B/", "http://b/"),
        ("http://a:81/b", "/x", "http://a:81/x"),
        ("http://a/b#f", "/x", "http://a/x#f"),
        ("http://a/b#f", "/x#g", "http://a/x#g"),
        ("http://a/b#f", "http://c/x", "http://c/x#f"),
        ("http://a/b/c", "http:/x", "http://a/x"),
        ("http://a/b/c", "http:x", "http://a/b/x"),
        ("http://a/b/c", "http:x?y#z", "http://a/b/x?y#z"),
        ("http://a/b/c", "/x y", "http://a/x%20y"),
        ("http://a/b/c", "/x%20y", "http://a/x%20y"),
        ("http://a/b/c", "/ä", "http://a/%C3%A4"),
    ],
)
def test_a_location_is_read_beside_its_base(base, location, url):
    """RFC 9110 section 10.2.2, RFC 3986 section 5.2: relative, with the fragment inherited; "http:x" is relative too."""
    assert str(redirect_url(location, URL(base), SCHEMES, requote=True)) == url


def test_a_location_can_be_kept_as_it_is():
    """`requote_redirect_url=False`: a server that signs its URLs wants them back byte for byte."""
    url = redirect_url("/a%2fb?c=%7e", URL("http://a/"), SCHEMES, requote=False)
    assert url.raw_path_qs == "/a%2fb?c=%7e"


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("ftp://a/", httpkit.NonHttpUrlRedirectClientError), ("javascript:alert(1)", httpkit.NonHttpUrlRedirectClientError),
        ("file:///etc/passwd", httpkit.NonHttpUrlRedirectClientError), ("data:,x", httpkit.NonHttpUrlRedirectClientError),
        ("http://[::1", httpkit.InvalidUrlRedirectClientError), ("http://a:99999/", httpkit.InvalidUrlRedirectClientError),
        ("http://a%3Ab:c@h/", httpkit.InvalidUrlClientError),
        ("http://a:b/", httpkit.InvalidUrlRedirectClientError), ("http://:80/", httpkit.InvalidUrlRedirectClientError),
        ("http://2130706433/", httpkit.InvalidUrlClientError), ("http://127.1/", httpkit.InvalidUrlClientError),
        ("http://0x7f.1/", httpkit.InvalidUrlClientError), ("http://0177.0.0.1/", httpkit.InvalidUrlClientError),
        ("http://a..b.test/", (httpkit.InvalidUrlClientError, httpkit.ClientConnectorDNSError)), ("http://" + "a" * 70 + ".test/", (httpkit.InvalidUrlClientError, httpkit.ClientConnectorDNSError)),
    ],
)  # fmt: skip
async def test_a_location_that_leads_nowhere_is_a_documented_error(scripted_server, location, error):
    """Schemes that are not HTTP, URLs that can't be parsed, legacy IPv4 forms (aiohttp 3.14.1): an error, nothing leaks."""
    server = await scripted_server(_to(location))
    async with ClientSession() as session:
        with pytest.raises(error):
            await _follow(session, server.url)
        await given_back(session.connector, idle=1)


@given(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\x00"), max_size=30),
    st.booleans(),
    st.sampled_from(["", "http://", "//", "/", "http:", "https://a"]),
)
def test_any_location_is_a_url_or_a_documented_error(text, requote, start):
    """Whatever a server writes there, the error is one of ours; and the target can be sent."""
    location = start + text
    try:
        url = redirect_url(location, URL("http://base/path"), SCHEMES, requote=requote)
    except (httpkit.InvalidUrlRedirectClientError, httpkit.NonHttpUrlRedirectClientError):
        return
    target = Target(url)
    assert target.key.host
    assert not re.search(r"[\x00-\x20\x7f]", target.path)


# -- credentials ----------------------------------------------------------------------------------------------------

ALL = {
    "Authorization": "Bearer secret",
    "Cookie": "c=secret",
    "Proxy-Authorization": "Basic secret",
    "X-Api-Key": "secret",
    "X-Auth-Token": "secret",
}
HARMLESS = {"X-Request-Id": "1", "Accept-Language": "en"}


@pytest.mark.parametrize("is_same", [True, False])
async def test_credentials_go_to_one_origin_only(scripted_server, is_same):
    """CVE-2026-34518, CVE-2018-18074, CVE-2018-20060, CVE-2018-25091, CVE-2023-43804: another port is another origin; within
    one origin everything stays.
    """  # noqa: D205 - the ids are the sentence
    other = await scripted_server(OK)
    server = await scripted_server(_to("/b" if is_same else f"{other.url}/b"), OK)
    async with ClientSession() as session:
        await _follow(session, server.url, headers=ALL | HARMLESS)
    last = server.requests[1] if is_same else other.requests[0]
    assert (b"secret" in last) is is_same
    kept = {name.lower() for name in ALL | HARMLESS}
    assert _names(last) & kept == (kept if is_same else {name.lower() for name in HARMLESS})


@pytest.mark.parametrize("where", ["host", "port", "scheme"])
async def test_each_part_of_the_origin_counts(where):
    """CVE-2022-27774, -27776, CVE-2025-0167, CVE-2024-11053, CVE-2025-14524, CVE-2026-6429, -86413 of curl: scheme, host and
    port are compared (RFC 6454).
    """  # noqa: D205 - the ids are the sentence
    first = URL("http://a.test:80/x")
    other = {
        "host": URL("http://b.test:80/x"),
        "port": URL("http://a.test:81/x"),
        "scheme": URL("https://a.test:80/x"),
    }[where]
    assert not same_origin(first, other)
    assert same_origin(first, URL("http://A.TEST/y?z"))


async def test_every_repeat_of_a_credential_is_dropped(scripted_server):
    """Aiohttp 3.14.2 dropped only the first of several fields with one name."""
    other = await scripted_server(OK)
    server = await scripted_server(_to(other.url))
    headers = [
        ("Authorization", "secret1"),
        ("authorization", "secret2"),
        ("COOKIE", "secret3"),
        ("Cookie", "secret4"),
        ("x-api-key", "secret5"),
        ("X-Api-Key", "secret6"),
    ]
    async with ClientSession() as session:
        await _follow(session, server.url, headers=headers)
    assert server.requests[0].count(b"secret") == 6
    assert b"secret" not in other.requests[0]


@pytest.mark.parametrize("name", sorted(API_CREDENTIAL_FIELDS))
async def test_each_field_that_names_a_credential_is_dropped(scripted_server, name):
    """The documented list: keys in fields of no RFC, where one request brought them."""
    other = await scripted_server(OK)
    server = await scripted_server(_to(other.url))
    async with ClientSession() as session:
        await _follow(session, server.url, headers={name.title(): "secret"})
    assert b"secret" in server.requests[0]
    assert b"secret" not in other.requests[0]


@pytest.mark.parametrize(
    "options",
    [{"auth": BasicAuth("user", "secret")}, {"cookies": {"c": "secret"}}, {"headers": {"Authorization": "secret"}}],
)
async def test_what_one_request_brings_stays_with_its_origin(scripted_server, options):
    """CVE-2026-47265: `cookies=` and `auth=` of a request are dropped too, and don't come back on the way home."""
    other = await scripted_server(OK)
    server = await scripted_server(_to(f"{other.url}/away"), _to("/home"))
    back = await scripted_server(_to(f"{server.url}/home"))
    start = await scripted_server(_to(f"{back.url}/there"))
    async with ClientSession() as session:
        await _follow(session, start.url, **options)
    for raw in (*back.requests, *server.requests, *other.requests):
        assert not {"authorization", "cookie"} & _names(raw)
    assert {"authorization", "cookie"} & _names(start.requests[0])


async def test_a_session_s_credentials_do_not_follow(scripted_server):
    """`ClientSession(auth=)` and default fields: dropped at another origin; with `base_url` they are for that origin only."""
    other = await scripted_server(OK, OK, OK)
    server = await scripted_server(*[_to(other.url)] * 3)
    for options in (
        {"auth": BasicAuth("user", "secret")},
        {"headers": {"Authorization": "secret"}},
        {"auth": BasicAuth("user", "secret"), "base_url": f"{server.url}/"},
    ):
        async with ClientSession(**options) as session:
            await _follow(session, f"{server.url}/x")
    assert all("authorization" in _names(raw) for raw in server.requests)
    assert not any("authorization" in _names(raw) for raw in other.requests)


async def test_a_url_s_own_credentials_are_used_and_not_passed_on(scripted_server):
    """Userinfo becomes Basic credentials for that hop, and stays out of the URL."""
    other = await scripted_server(_to("/b"), OK)
    server = await scripted_server(_to(other.url.replace("//", "//user:pass@")))
    async with ClientSession() as session:
        response = await _follow(session, server.url)
    assert "authorization" not in _names(server.requests[0])
    assert dict(_fields(other.requests[0]))["authorization"] == BasicAuth("user", "pass").encode()
    assert response.url.user is None
    assert "pass" not in repr(response)


async def test_a_custom_host_is_for_one_origin(scripted_server):
    """CVE-2026-6276: a Host field of the caller's doesn't name the next server."""
    other = await scripted_server(OK)
    server = await scripted_server(_to("/b"), _to(other.url))
    async with ClientSession() as session:
        await _follow(session, server.url, headers={"Host": "custom.test"})
    assert [dict(_fields(raw))["host"] for raw in server.requests] == ["custom.test"] * 2
    assert dict(_fields(other.requests[0]))["host"] == f"127.0.0.1:{other.port}"


async def test_a_downgrade_drops_credentials(scripted_server, certificates):
    """CVE-2018-18074: https -> http on the same host is another origin."""
    plain = await scripted_server(OK)
    server = await scripted_server(_to(plain.url), context=certificates.good.server_context())
    async with ClientSession() as session:
        await _follow(session, server.url, headers=ALL, ssl=certificates.client_context())
    assert b"secret" in server.requests[0]
    assert b"secret" not in plain.requests[0]


async def test_a_jar_s_cookies_follow_their_own_rules(scripted_server):
    """Cookies know their host, not their port (RFC 6265 section 8.5); those of another host stay at home."""
    other = await scripted_server(OK)
    server = await scripted_server(_to(f"http://localhost:{other.port}/"))
    jar = httpkit.CookieJar(unsafe=True)
    jar.update_cookies({"c": "secret"}, URL(server.url))
    async with ClientSession(cookie_jar=jar) as session:
        await _follow(session, server.url)
    assert b"c=secret" in server.requests[0]
    assert b"secret" not in other.requests[0]
