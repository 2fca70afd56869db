"""Statuses and time: /status, /delay, /drip, and /stats, which says who went away before the answer came."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from httpkit_magics.demo.operations import ANY_METHOD, Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, phrase_of, read_number, read_whole, within

MAX_SECONDS = 300
MAX_DRIP = 10 << 20  # bytes
KEPT = 20  # paths that /stats remembers

_EMPTY = (204, 205, 304)


class Waiting:
    """The slow paths, and the requests on them that were given up."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was given up."""
        self.abandoned = 0
        self._last: collections.deque[str] = collections.deque(maxlen=KEPT)

    async def status(self, request: Request) -> Response:
        """Answer with that status."""
        code = request.path_params["code"]
        within("code", code, 200, 599)
        headers = {"Retry-After": "1"} if code in (429, 503) else {}
        if code in _EMPTY:
            return Response(status_code=code)
        if code >= 400:
            raise Problem(code, f"{code} was asked for", headers)
        return JSONResponse({"status": code, "title": phrase_of(code)}, code, headers)

    async def delay(self, request: Request) -> Response:
        """Answer after so many seconds, unless the client goes first."""
        seconds = request.path_params["seconds"]
        within("seconds", seconds, 0, MAX_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                while (await request.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return JSONResponse({"waited": seconds})
        self.abandoned += 1
        self._last.append(request.url.path)
        raise ClientDisconnect

    async def drip(self, request: Request) -> Response:
        """Answer bytes one after the other, spread over the duration."""
        count = read_whole(request, "bytes", 10, 0, MAX_DRIP)
        duration = read_number(request, "duration", 2, 0, MAX_SECONDS)
        fields = {"Content-Length": str(count), "Content-Type": "application/octet-stream"}
        return StreamingResponse(_drops(count, duration), headers=fields)

    async def stats(self, request: Request) -> Response:  # noqa: ARG002 - a handler takes the request
        """Answer how many clients went away during /delay, and the last of these paths."""
        return JSONResponse({"abandoned": self.abandoned, "last": list(self._last)})

    def operations(self) -> list[Operation]:
        """Return the rows of statuses and time."""
        return [
            Operation(
                path="/status/{code:int}",
                tag="time",
                methods=ANY_METHOD,
                handler=self.status,
                summary="Answer with that status, 200 to 599; errors as problem+json.",
                parameters=(Parameter("code", "integer", 203, "the status", "path"),),
                answers=(Answer(203, "any status"),),
                problems=(400,),
            ),
            Operation(
                path="/delay/{seconds:float}",
                tag="time",
                methods=("GET", "POST"),
                handler=self.delay,
                summary="Answer after so many seconds.",
                parameters=(Parameter("seconds", "number", 0.1, f"at most {MAX_SECONDS}", "path"),),
                problems=(400,),
            ),
            Operation(
                path="/drip",
                tag="time",
                handler=self.drip,
                summary="Answer bytes slowly, spread over the duration.",
                parameters=(
                    Parameter("bytes", "integer", 10, f"at most {MAX_DRIP}"),
                    Parameter("duration", "number", 0.1, f"seconds, at most {MAX_SECONDS}"),
                ),
                answers=(Answer(200, "drops", "application/octet-stream"),),
                problems=(400,),
            ),
            Operation(
                path="/stats",
                tag="about",
                handler=self.stats,
                summary="How many clients went away while /delay was waiting, and the last of these paths.",
            ),
        ]


async def _drops(count: int, duration: float) -> AsyncIterator[bytes]:
    # At most 100 writes a second: beyond that the drops come in groups.
    steps = max(1, min(count, int(duration * 100)))
    sent = 0
    for step in range(1, steps + 1):
        due = count * step // steps
        yield b"*" * (due - sent)
        sent = due
        if step < steps:
            await asyncio.sleep(duration / steps)
