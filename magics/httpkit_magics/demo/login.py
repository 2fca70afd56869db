"""Who may come in: /login gives a bearer token and a session cookie, and /auth has a door for each scheme but Digest.

The users, their passwords and the key stand in this file and in the OpenAPI document: nothing here is a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, media_type_of, read_json

REALM = "demo"
MAX_SESSIONS = 1000  # the oldest goes first

USERS = {"ada": "lovelace", "zoë": "crème brûlée"}
API_KEY = "demo-key-1815"  # of the demo; it opens nothing else

_PEOPLE = {
    "ada": {"username": "ada", "name": "Ada Lovelace", "email": "ada@shop.example", "role": "owner"},
    "zoë": {"username": "zoë", "name": "Zoë Brûlée", "email": "zoe@shop.example", "role": "clerk"},
}
_LOGIN = {"username": "ada", "password": "lovelace"}
_WHO = {"type": "object", "properties": {"authenticated": {"type": "boolean"}, "user": {"type": "string"}}}


def is_password(user: str, password: str) -> bool:
    """Whether there is such a user, with this password."""
    return user in USERS and is_same(password, USERS[user])


def is_same(given: str, wanted: str) -> bool:
    """Compare two secrets without telling by the time how much of them agrees."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def credentials_of(request: Request, scheme: str) -> str:
    """Return what follows the scheme in Authorization, or nothing (RFC 9110 section 11.4)."""
    given, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if given.lower() == scheme else ""


class Login:
    """The sessions, and the doors that a session, a password or a key opens."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """End all sessions; the next token is the first again."""
        self._tokens: dict[str, str] = {}
        self._sessions: dict[str, str] = {}
        self._issued = 0

    async def log_in(self, request: Request) -> Response:
        """Answer a token and set a cookie, for JSON or a form with username and password."""
        if media_type_of(request) == "application/x-www-form-urlencoded":
            async with request.form(max_files=0, max_fields=10) as form:
                given: Mapping[str, Any] = dict(form)
        else:
            given = await read_json(request, "application/x-www-form-urlencoded")
        if not isinstance(given, dict) or not isinstance(given.get("username"), str):
            raise Problem(422, "content must have username and password")
        user, password = given["username"], str(given.get("password", ""))
        if not is_password(user, password):
            raise Problem(401, "wrong username or password", {"WWW-Authenticate": f'Bearer realm="{REALM}"'})
        self._issued += 1
        token, session = self._make(user, "token"), self._make(user, "session")
        for store, key in ((self._tokens, token), (self._sessions, session)):
            store[key] = user
            if len(store) > MAX_SESSIONS:
                del store[next(iter(store))]
        response = JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "user": _PEOPLE[user]},
            headers={"Cache-Control": "no-store"},
        )
        response.set_cookie("session", session, max_age=3600, path="/", httponly=True, samesite="lax")
        return response

    def _make(self, user: str, kind: str) -> str:
        # Counted rather than random, so that a recorded notebook is the same tomorrow.
        digest = hmac.digest(b"httpkit demo", f"{kind} {self._issued} {user}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    async def log_out(self, request: Request) -> Response:
        """End the session and the token that the request shows."""
        self._tokens.pop(credentials_of(request, "bearer"), None)
        self._sessions.pop(request.cookies.get("session", ""), None)
        response = Response(status_code=204)
        response.delete_cookie("session", path="/", httponly=True, samesite="lax")
        return response

    async def read_me(self, request: Request) -> Response:
        """Answer who is asking, by token or by cookie."""
        if user := self._tokens.get(credentials_of(request, "bearer")):
            return JSONResponse({**_PEOPLE[user], "via": "bearer"})
        if user := self._sessions.get(request.cookies.get("session", "")):
            return JSONResponse({**_PEOPLE[user], "via": "cookie"})
        raise self._no_token(request)

    async def auth_bearer(self, request: Request) -> Response:
        """Let in who has a token of /login (RFC 6750)."""
        if user := self._tokens.get(credentials_of(request, "bearer")):
            return JSONResponse({"authenticated": True, "user": user})
        raise self._no_token(request)

    @staticmethod
    def _no_token(request: Request) -> Problem:
        if credentials_of(request, "bearer"):
            challenge = f'Bearer realm="{REALM}", error="invalid_token", error_description="unknown or logged out"'
            return Problem(401, "the token is unknown (POST /login gives one)", {"WWW-Authenticate": challenge})
        return Problem(401, "no token (POST /login gives one)", {"WWW-Authenticate": f'Bearer realm="{REALM}"'})

    async def auth_basic(self, request: Request) -> Response:
        """Let in a user with a password, in UTF-8 (RFC 7617)."""
        try:
            text = base64.b64decode(credentials_of(request, "basic"), validate=True).decode()
        except (binascii.Error, ValueError):
            text = ""
        user, _, password = text.partition(":")
        if not is_password(user, password):
            challenge = {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'}
            raise Problem(401, "wrong or no username and password (ada, lovelace)", challenge)
        return JSONResponse({"authenticated": True, "user": user})

    async def auth_key(self, request: Request) -> Response:
        """Let in who has the key, as the field X-API-Key or as api_key in the query."""
        for where, given in (
            ("header", request.headers.get("x-api-key")),
            ("query", request.query_params.get("api_key")),
        ):
            if given is not None:
                if is_same(given, API_KEY):
                    return JSONResponse({"authenticated": True, "via": where})
                raise Problem(403, f"the key in the {where} is wrong ({API_KEY})")
        raise Problem(401, f"no X-API-Key and no api_key ({API_KEY})", {"WWW-Authenticate": f'ApiKey realm="{REALM}"'})

    def operations(self) -> list[Operation]:
        """Return the rows of the doors."""
        token = Answer(200, "a token", schema={"$ref": "#/components/schemas/Token"}, fields=("Set-Cookie",))
        who = (Answer(200, "let in", schema=_WHO),)
        return [
            Operation(
                path="/login",
                tag="auth",
                methods=("POST",),
                handler=self.log_in,
                summary="Log in (ada, lovelace): a bearer token, and a session cookie.",
                bodies={"application/json": _LOGIN, "application/x-www-form-urlencoded": _LOGIN},
                body_schema={"$ref": "#/components/schemas/Credentials"},
                answers=(token,),
                problems=(400, 401, 415, 422),
            ),
            Operation(
                path="/logout",
                tag="auth",
                methods=("POST",),
                handler=self.log_out,
                summary="Log out: the token and the session are over.",
                answers=(Answer(204, "logged out", "", fields=("Set-Cookie",)),),
            ),
            Operation(
                path="/me",
                tag="auth",
                handler=self.read_me,
                summary="Who is asking, by bearer token or session cookie.",
                answers=(Answer(200, "the user", schema={"$ref": "#/components/schemas/User"}),),
                problems=(401,),
                security=("bearer", "session"),
            ),
            Operation(
                path="/auth/basic",
                tag="auth",
                handler=self.auth_basic,
                summary="Behind Basic: ada with lovelace, zoë with crème brûlée.",
                answers=who,
                problems=(401,),
                security=("basic",),
            ),
            Operation(
                path="/auth/bearer",
                tag="auth",
                handler=self.auth_bearer,
                summary="Behind Bearer: a token of /login.",
                answers=who,
                problems=(401,),
                security=("bearer",),
            ),
            Operation(
                path="/auth/key",
                tag="auth",
                handler=self.auth_key,
                summary=f"Behind an API key: {API_KEY} as X-API-Key or ?api_key=.",
                parameters=(Parameter("api_key", "string", API_KEY, "the key, if not in X-API-Key"),),
                answers=(Answer(200, "let in"),),
                problems=(401, 403),
                security=("key", "key_in_query"),
            ),
        ]
