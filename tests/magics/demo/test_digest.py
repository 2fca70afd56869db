"""/auth/digest against two clients that know RFC 7616, and by hand where they don't."""

from __future__ import annotations

import hashlib
import re

import aiohttp
import httpx
import pytest

from httpkit_magics.demo import digest

ALGORITHMS = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_httpx_comes_in_with_auth(api, algorithm):
    """qop=auth with each algorithm, as another implementation computes it."""
    url = f"/auth/digest?algorithm={algorithm}&qop=auth"
    response = api.get(url, auth=httpx.DigestAuth("ada", "lovelace"))
    assert response.json() == {
        "authenticated": True,
        "user": "ada",
        "algorithm": algorithm,
        "qop": "auth",
        "nc": "00000001",
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_aiohttp_comes_in_with_auth_int(demo, algorithm):
    """qop=auth-int covers the content."""
    auth = aiohttp.DigestAuthMiddleware("ada", "lovelace")
    url = f"{demo.url}/auth/digest?algorithm={algorithm}&qop=auth-int"
    async with aiohttp.ClientSession(middlewares=(auth,)) as session, session.post(url, data=b"content") as response:
        assert (response.status, (await response.json())["qop"]) == (200, "auth-int")


def test_both_algorithms_are_offered_the_better_first(api):
    """A client takes the first that it knows (RFC 7616 section 3.7)."""
    challenge = api.get("/auth/digest").headers["www-authenticate"]
    assert re.findall(r"algorithm=([\w-]+)", challenge) == ["SHA-256", "MD5"]
    assert 'qop="auth, auth-int"' in challenge


def test_a_wrong_password_is_refused(api):
    """401, not stale: asking again with the same password would not help."""
    response = api.get("/auth/digest?qop=auth", auth=httpx.DigestAuth("ada", "x"))
    assert response.status_code == 401
    assert "stale" not in response.headers["www-authenticate"]


def test_a_used_up_nonce_is_stale(api):
    """After `uses` requests 401 says stale=true, and a client goes on with the new nonce."""
    auth = httpx.DigestAuth("ada", "lovelace")
    statuses = []
    for _ in range(3):
        response = api.get("/auth/digest?qop=auth&uses=2", auth=auth)
        statuses += [*(step.status_code for step in response.history), response.status_code]
    assert statuses == [401, 200, 200, 401, 200]
    assert "stale=true" in response.history[0].headers["www-authenticate"]


def _authorization(nonce: str, uri: str, nc: str = "00000001") -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    proof = md5(f"{md5('ada:demo:lovelace')}:{nonce}:{nc}:c:auth:{md5('GET:' + uri)}")
    return (
        f'Digest username="ada", realm="demo", nonce="{nonce}", uri="{uri}", qop=auth, nc={nc}, cnonce="c", '
        f'algorithm=MD5, response="{proof}"'
    )


def _nonce(api: httpx.Client) -> str:
    return re.search(r'nonce="([^"]+)"', api.get("/auth/digest").headers["www-authenticate"])[1]


def test_a_count_serves_once(api):
    """The same request sent again is a replay, and gets 401."""
    headers = {"Authorization": _authorization(_nonce(api), "/auth/digest")}
    assert api.get("/auth/digest", headers=headers).status_code == 200
    assert api.get("/auth/digest", headers=headers).status_code == 401


def test_credentials_for_another_target_are_a_bad_request(api):
    """RFC 7616 section 3.4: uri must be the target of the request."""
    headers = {"Authorization": _authorization(_nonce(api), "/me")}
    assert api.get("/auth/digest", headers=headers).status_code == 400


def test_a_nonce_that_was_never_given_is_stale(api):
    """Such as one from before the server was started."""
    response = api.get("/auth/digest", headers={"Authorization": _authorization("made-up", "/auth/digest")})
    assert (response.status_code, "stale=true" in response.headers["www-authenticate"]) == (401, True)


async def test_the_oldest_nonce_makes_room(inside, monkeypatch):
    """The number of nonces is bounded; who comes with an old one is told that it is stale."""
    monkeypatch.setattr(digest, "MAX_NONCES", 2)
    challenges = [(await inside.get("/auth/digest")).headers["www-authenticate"] for _ in range(3)]
    nonces = [re.search(r'nonce="([^"]+)"', challenge)[1] for challenge in challenges]
    headers = [{"Authorization": _authorization(nonce, "/auth/digest")} for nonce in reversed(nonces)]
    assert [(await inside.get("/auth/digest", headers=h)).status_code for h in headers] == [200, 200, 401]


def test_the_server_proves_itself_too(api):
    """Authentication-Info has rspauth, which only who knows the password can make (RFC 7616 section 3.5)."""
    nonce = _nonce(api)
    response = api.get("/auth/digest", headers={"Authorization": _authorization(nonce, "/auth/digest")})
    a1 = hashlib.md5(b"ada:demo:lovelace").hexdigest()
    a2 = hashlib.md5(b":/auth/digest").hexdigest()
    proof = hashlib.md5(f"{a1}:{nonce}:00000001:c:auth:{a2}".encode()).hexdigest()
    assert response.headers["authentication-info"] == f'rspauth="{proof}", qop=auth, nc=00000001, cnonce="c"'


@pytest.mark.parametrize("field", ["Digest", "Digest x", 'Digest username="ada', "Digest username=ada, response=é"])
def test_malformed_credentials_do_no_harm(api, field):
    """400 or 401, never 500."""
    response = api.get("/auth/digest", headers={"Authorization": field.encode("latin-1")})
    assert response.status_code in (400, 401)
