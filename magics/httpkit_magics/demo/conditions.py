"""Validators, freshness, limits and problems: what a client must read in the fields of a response."""

from __future__ import annotations

import hashlib
import math
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_flag, read_whole, within

MAX_CLIENTS = 1000  # windows of /limited that are kept; the oldest goes first
MAX_AGE = 86_400  # seconds


class Conditions:
    """The counters of /cache and the windows of /limited."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self._served = 0
        self._windows: dict[str, tuple[float, int]] = {}

    async def etag(self, request: Request) -> Response:
        """Answer a representation with that ETag: 304 with If-None-Match, 412 with If-Match (RFC 9110 section 13)."""
        value = request.path_params["value"]
        # An ETag may have any character but quotes and controls; the path gave us UTF-8, the field wants ASCII.
        strong = f'"{value}"' if value.isascii() and value.isprintable() and '"' not in value else None
        if strong is None:
            raise Problem(400, "value must be printable ASCII without quotes")
        fields = {"ETag": f"W/{strong}" if read_flag(request, "weak") else strong, "Cache-Control": "no-cache"}
        wanted = request.headers.get("if-match")
        if wanted is not None and wanted != "*" and fields["ETag"] not in _tags(wanted):
            raise Problem(412, f"the ETag is {fields['ETag']}", fields)
        seen = request.headers.get("if-none-match", "")
        # If-None-Match compares weakly: W/ is not looked at.
        if seen == "*" or strong in (tag.removeprefix("W/") for tag in _tags(seen)):
            return Response(status_code=304, headers=fields)
        return JSONResponse({"value": value}, headers=fields)

    async def cache(self, request: Request) -> Response:
        """Answer something that stays fresh for so many seconds, and how often it was made."""
        seconds = request.path_params["seconds"]
        within("seconds", seconds, 0, MAX_AGE)
        self._served += 1
        content = JSONResponse({"seconds": seconds, "served": self._served})
        tag = hashlib.sha256(bytes(content.body)).hexdigest()[:16]
        content.headers.update({"Cache-Control": f"max-age={seconds}", "ETag": f'"{tag}"', "Vary": "Accept"})
        return content

    async def limited(self, request: Request) -> Response:
        """Answer until the window is full, then 429 (draft-ietf-httpapi-ratelimit-headers)."""
        limit = read_whole(request, "limit", 5, 1, 10_000)
        window = read_whole(request, "window", 10, 1, 3600)
        key = f"{request.query_params.get('key', '')[:100]} {limit} {window}"
        now = time.monotonic()
        began, count = self._windows.pop(key, (now, 0))
        if now - began >= window:
            began, count = now, 0
        self._windows[key] = (began, count + 1)
        if len(self._windows) > MAX_CLIENTS:
            del self._windows[next(iter(self._windows))]
        remaining, reset = max(0, limit - count - 1), max(1, math.ceil(began + window - now))
        fields = {
            "RateLimit-Policy": f'"demo";q={limit};w={window}',
            "RateLimit": f'"demo";r={remaining};t={reset}',
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(reset),
        }
        if count >= limit:
            raise Problem(429, f"{limit} calls in {window} s are allowed", {**fields, "Retry-After": str(reset)})
        return JSONResponse({"call": count + 1, "remaining": remaining}, headers=fields)

    async def problem(self, request: Request) -> Response:  # noqa: ARG002 - a handler takes the request
        """Answer the problem that RFC 9457 has as its example, in our currency."""
        raise Problem(
            403,
            "Your balance is 30 €, but that costs 50 €.",
            type="https://shop.example/problems/out-of-credit",
            title="You do not have enough credit.",
            balance=30,
            accounts=["/account/12345", "/account/67890"],
        )

    def operations(self) -> list[Operation]:
        """Return the rows of validators, freshness, limits and problems."""
        return [
            Operation(
                path="/etag/{value}",
                tag="conditions",
                handler=self.etag,
                summary="Something with that ETag: 304 with If-None-Match, 412 with another If-Match.",
                parameters=(
                    Parameter("value", "string", "v1", "the opaque tag", "path"),
                    Parameter("weak", "boolean", False, "a weak validator"),
                ),
                answers=(Answer(200, "new", fields=("ETag",)), Answer(304, "not modified", "", fields=("ETag",))),
                problems=(400, 412),
            ),
            Operation(
                path="/cache/{seconds:int}",
                tag="conditions",
                handler=self.cache,
                summary="Something that stays fresh for so many seconds; `served` counts how often it was made.",
                parameters=(Parameter("seconds", "integer", 60, f"max-age, at most {MAX_AGE}", "path"),),
                answers=(Answer(200, "made now", fields=("Cache-Control", "ETag")),),
                problems=(400,),
            ),
            Operation(
                path="/limited",
                tag="conditions",
                handler=self.limited,
                summary="A few calls, then 429 with Retry-After and the RateLimit fields.",
                parameters=(
                    Parameter("limit", "integer", 5, "calls in a window"),
                    Parameter("window", "integer", 10, "seconds"),
                    Parameter("key", "string", "me", "who calls: each key has windows of its own"),
                ),
                answers=(Answer(200, "let through", fields=("RateLimit", "RateLimit-Policy")),),
                problems=(400, 429),
            ),
            Operation(
                path="/problem",
                tag="conditions",
                handler=self.problem,
                summary="A problem with members of its own (RFC 9457).",
                answers=(),
                problems=(403,),
            ),
        ]


def _tags(field: str) -> list[str]:
    return [tag.strip() for tag in field.split(",")]
