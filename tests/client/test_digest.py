"""Digest authentication: against Apache and the demo API, and by hand where they don't go."""

import asyncio
import re

import pytest
from yarl import URL

import httpkit
from httpkit import ClientSession, DigestAuthMiddleware
from httpkit.client import digest as digest_module
from httpkit.values.challenges import parse_challenges

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def challenge(*values, extra=b""):
    """Return a 401 with these challenges."""
    lines = b"".join(b"WWW-Authenticate: " + value.encode() + b"\r\n" for value in values)
    return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n" + lines + extra + b"\r\nno"


CHALLENGE = 'Digest realm="r", nonce="n", qop="auth"'


def proof(request):
    """Return the parameters of a request's Digest credentials, None where it has none."""
    match = re.search(rb"\r\nAuthorization: (.*)\r\n", request)
    return None if match is None else dict(parse_challenges(match[1].decode())[0].parameters)


async def get(url, *, login="user", password="secret", method="GET", middleware=None, **options):
    """Return the status of one request through the middleware."""
    auth = middleware or DigestAuthMiddleware(login, password)
    async with ClientSession(middlewares=(auth,)) as session, session.request(method, url, **options) as response:
        await response.read()
        return response.status


# -- servers that are not ours --------------------------------------------------------------------------------------


async def test_apache_lets_in_who_knows_the_password(apache):
    """Apache's mod_auth_digest accepts the proof, the count of the second request, and a target with escapes."""
    auth = DigestAuthMiddleware("user", "secret")
    async with ClientSession(middlewares=(auth,)) as session:
        for path in ("/small.json", "/small.json", "/a b.json?x=1&y=%2F"):
            async with session.get(apache + path) as response:
                assert (response.status, await response.read()) == (200, b'{"message": "hello"}')
    assert await get(f"{apache}/small.json", password="wrong") == 401


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
async def test_the_demo_accepts_every_algorithm(demo_server, algorithm, qop):
    """Every algorithm of RFC 7616 with both qualities of protection, twice with one nonce, with a body."""
    auth = DigestAuthMiddleware("ada", "lovelace")
    url = f"{demo_server}/auth/digest?algorithm={algorithm}&qop={qop}"
    async with ClientSession(middlewares=(auth,)) as session:
        for count in (1, 2):
            async with session.post(url, data=b"content") as response:
                found = await response.json()
                assert (response.status, found["nc"], found["qop"]) == (200, f"{count:08x}", qop)


async def test_a_used_up_nonce_is_replaced(demo_server):
    """`stale=true` means the password was right: the new nonce is used, and nobody notices."""
    auth = DigestAuthMiddleware("ada", "lovelace")
    async with ClientSession(middlewares=(auth,)) as session:
        for _ in range(3):
            async with session.get(f"{demo_server}/auth/digest?uses=1") as response:
                assert response.status == 200


async def test_the_body_is_protected_where_it_can_be(demo_server):
    """Of auth and auth-int the latter is chosen, as in aiohttp."""
    auth = DigestAuthMiddleware("ada", "lovelace")
    session = ClientSession(middlewares=(auth,))
    async with session, session.put(f"{demo_server}/auth/digest", data=b"x" * 100_000) as response:
        assert (await response.json())["qop"] == "auth-int"


# -- the proof ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("SHA256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
async def test_the_example_of_the_rfc_comes_out(scripted_server, monkeypatch, algorithm, expected):
    """RFC 7616 section 3.9.1, with its nonce and its cnonce."""
    monkeypatch.setattr(
        digest_module.secrets, "token_hex", lambda _size: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    server = await scripted_server(
        challenge(
            f'Digest realm="http-auth@example.org", qop="auth", algorithm={algorithm}, '
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
            'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
        ),
        OK,
    )
    assert await get(f"{server.url}/dir/index.html", login="Mufasa", password="Circle of Life") == 200
    sent = proof(server.requests[1])
    assert (sent["response"], sent["algorithm"]) == (expected, algorithm)
    assert sent["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


async def test_a_hashed_username_comes_out(scripted_server, monkeypatch):
    """RFC 7616 section 3.9.2 with its erratum 4897: SHA-512-256, a name beyond ASCII, userhash."""
    monkeypatch.setattr(
        digest_module.secrets, "token_hex", lambda _size: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    )
    server = await scripted_server(
        challenge(
            'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
            'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
            'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
        ),
        OK,
    )
    assert await get(f"{server.url}/doe.json", login="J\u00e4s\u00f8n Doe", password="Secret, or not?") == 200
    sent = proof(server.requests[1])
    assert sent["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert sent["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


async def test_a_name_beyond_ascii_is_sent_in_the_extended_form(scripted_server):
    """With charset=UTF-8 it is `username*` (RFC 7616 section 3.4.4)."""
    server = await scripted_server(challenge(CHALLENGE + ", charset=UTF-8"), OK)
    assert await get(server.url, login="J\u00e4son") == 200
    assert proof(server.requests[1])["username*"] == "UTF-8''J%C3%A4son"


async def test_a_server_without_qop_gets_the_old_proof(scripted_server):
    """RFC 2069: neither qop nor count nor cnonce."""
    server = await scripted_server(challenge('Digest realm="r", nonce="n"'), OK)
    assert await get(server.url) == 200
    assert {"qop", "nc", "cnonce"}.isdisjoint(proof(server.requests[1]))


async def test_quotes_in_what_the_server_says_stay_inside(scripted_server):
    """Realm, nonce and opaque can't end their own quotes and add parameters."""
    server = await scripted_server(challenge(r'Digest realm="a\", evil=\"x", nonce="n\\", qop=auth, opaque=""'), OK)
    assert await get(server.url, login='a"b') == 200
    sent = proof(server.requests[1])
    assert (sent["realm"], sent["nonce"], sent["username"], sent["opaque"]) == ('a", evil="x', "n\\", 'a"b', "")
    assert "evil" not in sent


async def test_the_first_challenge_that_can_be_answered_is(scripted_server):
    """Servers list their challenges by preference (RFC 7616 section 3.7); other schemes are passed over."""
    server = await scripted_server(
        challenge(
            "Negotiate", 'Digest realm="r", nonce="x", algorithm=TOKEN', 'Basic realm="r"',
            'Digest realm="r", nonce="2", algorithm=SHA-256, Digest realm="r", nonce="3", algorithm=MD5',
        ),
        OK,
    )  # fmt: skip
    assert await get(server.url) == 200
    assert proof(server.requests[1])["nonce"] == "2"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('Digest nonce="n"', "Missing 'realm'"),
        ('Digest realm="r"', "Missing 'nonce'"),
        ('Digest realm="r", nonce=""', "empty 'nonce'"),
        ('Digest realm="r", nonce="n", qop="other"', "Unsupported Quality of Protection"),
        ('Digest realm="r", nonce="n", algorithm=ROT13', "Unsupported hash algorithm"),
    ],
)
async def test_a_challenge_that_can_not_be_answered_is_an_error(scripted_server, value, message):
    """ClientError says what is missing or unknown; the connection is given back."""
    server = await scripted_server(challenge(value))
    with pytest.raises(httpkit.ClientError, match=message):
        await get(server.url)
    await server.closed()


@pytest.mark.parametrize("values", [[], ["Basic realm=r"], ["Digest"], ["Bearer", "Digest foo=bar"]])
async def test_without_a_digest_challenge_the_401_is_the_answer(scripted_server, values):
    """Nothing is sent again."""
    server = await scripted_server(challenge(*values))
    assert await get(server.url) == 401
    assert len(server.requests) == 1


async def test_a_wrong_password_is_tried_once(scripted_server):
    """The second 401 is returned; its nonce is for the next request."""
    server = await scripted_server(challenge(CHALLENGE), challenge('Digest realm="r", nonce="m", qop="auth"'), OK)
    auth = DigestAuthMiddleware("user", "wrong")
    async with ClientSession(middlewares=(auth,)) as session:
        for expected in (401, 200):
            async with session.get(server.url) as response:
                assert response.status == expected
    assert [sent and sent["nonce"] for sent in map(proof, server.requests)] == [None, "n", "m"]


async def test_counts_go_on_while_the_nonce_stays(scripted_server):
    """A server that repeats its nonce gets the next count, or it would take the request for a replay."""
    server = await scripted_server(challenge(CHALLENGE), OK, challenge(CHALLENGE), OK)
    auth = DigestAuthMiddleware("user", "secret", preemptive=False)
    async with ClientSession(middlewares=(auth,)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert response.status == 200
    counts = [sent and sent["nc"] for sent in map(proof, server.requests)]
    assert counts == [None, "00000001", None, "00000002"]


async def test_the_nonce_that_a_server_wants_next_is_used(scripted_server):
    """`nextnonce` of Authentication-Info starts a new count (RFC 7616 section 3.5)."""
    info = b'HTTP/1.1 200 OK\r\nAuthentication-Info: qop=auth, nextnonce="next"\r\nContent-Length: 0\r\n\r\n'
    server = await scripted_server(challenge(CHALLENGE), info, OK)
    auth = DigestAuthMiddleware("user", "secret")
    async with ClientSession(middlewares=(auth,)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert response.status == 200
    sent = proof(server.requests[2])
    assert (sent["nonce"], sent["nc"]) == ("next", "00000001")


async def test_a_body_that_can_be_read_once_is_not_sent_twice(scripted_server):
    """The 401 is returned."""

    async def body():
        yield b"once"

    server = await scripted_server(challenge(CHALLENGE), OK)
    assert await get(server.url, method="POST", data=body()) == 401
    assert len(server.requests) == 1


async def test_a_compressed_body_is_not_part_of_the_proof(scripted_server):
    """Its coded bytes exist only while they are sent: auth is chosen, and without it an error says so."""
    both = 'Digest realm="r", nonce="n", qop="auth-int, auth"'
    server = await scripted_server(challenge(both), OK, challenge('Digest realm="r", nonce="n", qop="auth-int"'))
    assert await get(server.url, method="POST", data=b"x", compress="gzip") == 200
    assert proof(server.requests[1])["qop"] == "auth"
    with pytest.raises(httpkit.ClientError, match="compress"):
        await get(server.url, method="POST", data=b"x", compress="gzip")


async def test_the_connection_of_the_401_is_used_again(scripted_server):
    """The dropped response gives its connection back."""
    server = await scripted_server(challenge(CHALLENGE), OK)
    assert await get(server.url) == 200
    assert server.connections == 1


# -- whose credentials ----------------------------------------------------------------------------------------------


async def test_only_the_first_origin_is_answered(scripted_server):
    """CVE-2026-54276, CVE-2026-11856: a redirect, or a request of its own, to another origin never gets a proof."""
    other = await scripted_server(challenge(CHALLENGE), challenge(CHALLENGE))
    away = f"HTTP/1.1 302 Found\r\nLocation: {other.url}/\r\nContent-Length: 0\r\n\r\n".encode()
    first = await scripted_server(challenge(CHALLENGE), away)
    auth = DigestAuthMiddleware("user", "secret")
    async with ClientSession(middlewares=(auth,)) as session:
        for url in (first.url, other.url):
            async with session.get(url) as response:
                assert response.status == 401
    assert [proof(request) for request in other.requests] == [None, None]


async def test_domain_names_other_origins(scripted_server):
    """`domain` of the first origin extends the protection space; what it doesn't name stays outside."""
    other = await scripted_server(OK, challenge(CHALLENGE))
    first = await scripted_server(challenge(f'{CHALLENGE}, domain="/private {other.url}/api"'), OK, OK, OK)
    auth = DigestAuthMiddleware("user", "secret")
    async with ClientSession(middlewares=(auth,)) as session:
        for url in (
            f"{first.url}/private", f"{first.url}/private/x", f"{first.url}/privateer",
            f"{other.url}/api/x", f"{other.url}/other",
        ):  # fmt: skip
            async with session.get(url) as response:
                await response.read()
    assert [proof(request) is not None for request in first.requests] == [False, True, True, False]
    assert [proof(request) is not None for request in other.requests] == [True, False]


async def test_an_origin_that_was_named_can_not_name_more(scripted_server):
    """Only the first origin says where its credentials go."""
    third = await scripted_server(challenge(CHALLENGE))
    second = await scripted_server(challenge(f'{CHALLENGE}, domain="{third.url}/"'), OK)
    first = await scripted_server(challenge(f'{CHALLENGE}, domain="/ {second.url}/"'), OK)
    auth = DigestAuthMiddleware("user", "secret")
    async with ClientSession(middlewares=(auth,)) as session:
        for url in (first.url, second.url, third.url):
            async with session.get(f"{url}/") as response:
                await response.read()
    assert [proof(request) for request in third.requests] == [None]


def test_an_https_origin_can_not_name_an_http_one():
    """The proof would go over the wire in clear."""
    space = digest_module._protection_space("http://a.example/ https://a.example/x /y", URL("https://a.example"))
    assert space == [(URL("https://a.example"), "/x"), (URL("https://a.example"), "/y")]


async def test_without_preemptive_each_request_is_asked_for_its_password(scripted_server):
    """`preemptive=False` waits for the 401 each time."""
    server = await scripted_server(challenge(CHALLENGE), OK, OK)
    auth = DigestAuthMiddleware("user", "secret", preemptive=False)
    async with ClientSession(middlewares=(auth,)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert response.status == 200
    assert [proof(request) is not None for request in server.requests] == [False, True, False]


@pytest.mark.parametrize(("login", "password"), [(None, "p"), ("u", None), ("u:v", "p")])
def test_credentials_are_checked(login, password):
    """None, and a colon in the login, are ValueErrors."""
    with pytest.raises(ValueError, match="not allowed"):
        DigestAuthMiddleware(login, password)


def test_the_password_is_not_shown():
    """A traceback shows the middleware's repr."""
    assert "secret" not in repr(DigestAuthMiddleware("user", "secret"))


async def test_many_requests_at_once_use_each_count_once(demo_server):
    """Concurrent requests share the nonce; the demo refuses a count that it has seen."""
    auth = DigestAuthMiddleware("ada", "lovelace")
    url = f"{demo_server}/auth/digest"

    async def one(session):
        async with session.get(url) as response:
            return response.status

    async with ClientSession(middlewares=(auth,)) as session:
        await one(session)
        assert await asyncio.gather(*(one(session) for _ in range(20))) == [200] * 20
