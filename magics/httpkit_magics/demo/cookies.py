"""Cookies: one with each attribute of RFC 6265bis, one as asked for, and what the client sends back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_field_value, read_flag

EXPIRES = format_datetime(datetime(2098, 12, 31, 23, 59, 59, tzinfo=UTC), usegmt=True)
LONG_AGO = format_datetime(datetime(1998, 12, 31, 23, 59, 59, tzinfo=UTC), usegmt=True)

_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]{1,100}", re.ASCII)
_VALUE = re.compile(r"[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]{0,2000}")
_ATTRIBUTES = {"path": "Path", "domain": "Domain", "expires": "Expires", "max_age": "Max-Age", "samesite": "SameSite"}
_FLAGS = {"secure": "Secure", "httponly": "HttpOnly", "partitioned": "Partitioned"}


def _showcase(host: str) -> list[str]:
    """Return a Set-Cookie value for each attribute; `none_insecure` and `gone` are the odd ones."""
    return [
        "plain=1",
        "path=1; Path=/cookies",
        f"domain=1; Path=/; Domain={host}",
        f"expires=1; Path=/; Expires={EXPIRES}",
        "max_age=1; Path=/; Max-Age=3600",
        "secure=1; Path=/; Secure",
        "http_only=1; Path=/; HttpOnly",
        "lax=1; Path=/; SameSite=Lax",
        "strict=1; Path=/; SameSite=Strict",
        "none=1; Path=/; Secure; SameSite=None",
        "none_insecure=1; Path=/; SameSite=None",
        "partitioned=1; Path=/; Secure; SameSite=None; Partitioned",
        "__Host-prefixed=1; Path=/; Secure",
        'quoted="a b"; Path=/',
        f"gone=1; Path=/; Expires={LONG_AGO}",
    ]


class Cookies:
    """The cookies are the client's, so there is no state here."""

    def reset(self) -> None:
        """Do nothing: there is no state."""

    async def read_cookies(self, request: Request) -> Response:
        """Answer the cookies that came, and the Cookie field as it came."""
        return JSONResponse({"cookies": request.cookies, "field": request.headers.get("cookie")})

    async def set_cookies(self, request: Request) -> Response:
        """Set one cookie with each attribute; or, with a query, each of its pairs on the way to /cookies."""
        pairs = request.query_params.multi_items()
        lines = [f"{_name(name)}={_value(value)}; Path=/" for name, value in pairs[:50]]
        if lines:
            response = Response(status_code=302, headers={"Location": "/cookies"})
        else:
            lines = _showcase(request.url.hostname or "localhost")
            response = JSONResponse({"set": [line.partition("=")[0] for line in lines]})
        for line in lines:
            response.headers.append("Set-Cookie", line)
        return response

    async def set_cookie(self, request: Request) -> Response:
        """Set one cookie with the attributes of the query."""
        query = request.query_params
        line = f"{_name(request.path_params['name'])}={_value(request.path_params['value'])}"
        for key, attribute in _ATTRIBUTES.items():
            if key in query:
                line += f"; {attribute}={read_field_value(key, query[key]).replace(';', '%3B')}"
        for key, attribute in _FLAGS.items():
            if read_flag(request, key):
                line += f"; {attribute}"
        return JSONResponse({"set_cookie": line}, headers={"Set-Cookie": line})

    async def delete_cookies(self, request: Request) -> Response:
        """Expire the cookies that came."""
        response = JSONResponse({"deleted": sorted(request.cookies)})
        for name in request.cookies:
            response.delete_cookie(name)
        return response

    def operations(self) -> list[Operation]:
        """Return the rows of the cookies."""
        fields = ("Set-Cookie",)
        attributes = {**dict.fromkeys(_ATTRIBUTES, "/"), "max_age": "60", "expires": EXPIRES, "samesite": "Strict"}
        attributes["domain"] = "127.0.0.1"
        return [
            Operation(
                path="/cookies",
                tag="cookies",
                handler=self.read_cookies,
                summary="The cookies that came with the request.",
            ),
            Operation(
                path="/cookies",
                tag="cookies",
                methods=("DELETE",),
                handler=self.delete_cookies,
                summary="Expire the cookies that came with the request.",
                answers=(Answer(200, "expired", fields=fields),),
            ),
            Operation(
                path="/cookies/set",
                tag="cookies",
                handler=self.set_cookies,
                summary="Set a cookie with each attribute there is; ?name=value sets those and redirects to /cookies.",
                answers=(Answer(200, "set", fields=fields), Answer(302, "set", "", fields=fields)),
                problems=(400,),
            ),
            Operation(
                path="/cookies/set/{name}/{value}",
                tag="cookies",
                handler=self.set_cookie,
                summary="Set one cookie with the attributes of the query.",
                parameters=(
                    Parameter("name", "string", "size", "name", "path"),
                    Parameter("value", "string", "M6", "value", "path"),
                    *(Parameter(key, "string", attributes[key], name) for key, name in _ATTRIBUTES.items()),
                    *(Parameter(key, "boolean", True, name) for key, name in _FLAGS.items()),
                ),
                answers=(Answer(200, "set", fields=fields),),
                problems=(400,),
            ),
        ]


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Problem(400, f"a cookie's name must be a token of at most 100 characters, got {name[:40]!r}")
    return name


def _value(value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise Problem(400, f"a cookie's value must be at most 2000 cookie-octets, got {value[:40]!r}")
    return value
