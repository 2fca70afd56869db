"""/login, /me and the doors of /auth."""

from __future__ import annotations

import httpx
import pytest

from httpkit_magics.demo import login

ADA = {"username": "ada", "password": "lovelace"}


def test_login_gives_a_token_and_a_cookie_and_each_opens_me(api):
    """/me knows by which of the two it was opened."""
    response = api.post("/login", json=ADA)
    token = response.json()["access_token"]
    assert "HttpOnly" in response.headers["set-cookie"]
    assert api.get("/me").json()["via"] == "cookie"
    api.cookies.clear()
    assert api.get("/me").status_code == 401
    assert api.get("/me", headers={"Authorization": f"Bearer {token}"}).json() == {
        "username": "ada",
        "name": "Ada Lovelace",
        "email": "ada@shop.example",
        "role": "owner",
        "via": "bearer",
    }


def test_login_takes_a_form(api):
    """As the token endpoints of OAuth do."""
    assert api.post("/login", data=ADA).json()["token_type"] == "Bearer"


def test_the_first_token_is_always_the_same(api):
    """A recorded notebook must be the same tomorrow."""
    first = api.post("/login", json=ADA).json()
    assert api.post("/login", json=ADA).json() != first
    api.post("/reset")
    assert api.post("/login", json=ADA).json() == first


def test_a_reset_ends_all_sessions(api):
    """The state is that of a new server."""
    api.post("/login", json=ADA)
    api.post("/reset")
    assert api.get("/me").status_code == 401


def test_logout_ends_the_session(api):
    """The cookie is deleted, and worth nothing to who kept it."""
    api.post("/login", json=ADA)
    session = api.cookies["session"]
    assert api.post("/logout").status_code == 204
    assert "session" not in api.cookies
    assert api.get("/me", headers={"Cookie": f"session={session}"}).status_code == 401


@pytest.mark.parametrize("content", [{"username": "ada", "password": "x"}, {"username": "eve", "password": "\0"}])
def test_a_wrong_password_is_refused(api, content):
    """401 with a challenge, for unknown users too."""
    response = api.post("/login", json=content)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="demo"')


def test_login_says_what_it_misses(api):
    """422 for JSON without the members, 415 for another media type."""
    assert api.post("/login", json=[]).status_code == 422
    assert api.post("/login", content=b"ada").status_code == 415


async def test_the_oldest_session_makes_room(inside, monkeypatch):
    """The number of sessions is bounded."""
    monkeypatch.setattr(login, "MAX_SESSIONS", 2)
    tokens = [(await inside.post("/login", json=ADA)).json()["access_token"] for _ in range(3)]
    headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    assert [(await inside.get("/auth/bearer", headers=h)).status_code for h in headers] == [401, 200, 200]


@pytest.mark.parametrize(("user", "password"), [("ada", "lovelace"), ("zoë", "crème brûlée")])
def test_basic_lets_in_who_knows_the_password_in_utf8(api, user, password):
    """RFC 7617 with charset UTF-8."""
    response = api.get("/auth/basic", auth=httpx.BasicAuth(user, password))
    assert response.json() == {"authenticated": True, "user": user}


@pytest.mark.parametrize("field", [None, "Basic", "Basic !!!", "Basic YWRhOng=", "Bearer YWRhOmxvdmVsYWNl"])
def test_basic_refuses_anything_else(api, field):
    """401 with the challenge, however malformed the credentials are."""
    response = api.get("/auth/basic", headers={"Authorization": field} if field else {})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Basic realm="demo", charset="UTF-8"')


def test_bearer_takes_the_token_of_login(api):
    """401 says invalid_token only where there was one (RFC 6750 section 3.1)."""
    token = api.post("/login", json=ADA).json()["access_token"]
    assert api.get("/auth/bearer", headers={"Authorization": f"Bearer {token}"}).json()["user"] == "ada"
    assert api.get("/auth/bearer").headers["www-authenticate"] == 'Bearer realm="demo"'
    wrong = api.get("/auth/bearer", headers={"Authorization": "Bearer x"})
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


def test_a_key_opens_from_header_and_query(api):
    """401 without a key, 403 with a wrong one."""
    assert api.get("/auth/key", headers={"X-API-Key": "demo-key-1815"}).json()["via"] == "header"
    assert api.get("/auth/key?api_key=demo-key-1815").json()["via"] == "query"
    assert api.get("/auth/key").status_code == 401
    assert api.get("/auth/key?api_key=x").status_code == 403
