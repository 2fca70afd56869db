"""Redirects: every status, chains and a loop (RFC 9110 section 15.4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from httpkit_magics.demo.operations import ANY_METHOD, Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_field_value, within

STATUSES = (301, 302, 303, 307, 308)
MAX_CHAIN = 100


def _to(location: str, status: int) -> Response:
    return PlainTextResponse(f"{status}: see {location}\n", status, {"Location": location})


class Redirects:
    """The redirects; there is no state."""

    def reset(self) -> None:
        """Do nothing: there is no state."""

    async def redirect(self, request: Request) -> Response:
        """Redirect with the status asked for, to `to`, absolute or relative."""
        status = request.path_params["status"]
        if status not in STATUSES:
            raise Problem(404, f"status must be one of {', '.join(map(str, STATUSES))}, got {status}")
        return _to(read_field_value("to", request.query_params.get("to", "/anything")), status)

    async def redirect_chain(self, request: Request) -> Response:
        """Redirect n times, then answer."""
        n = request.path_params["n"]
        within("n", n, 0, MAX_CHAIN)
        return _to(f"/redirect/chain/{n - 1}", 302) if n else JSONResponse({"arrived": True})

    async def redirect_loop(self, request: Request) -> Response:
        """Redirect to itself."""
        return _to(request.url.path, 302)

    def operations(self) -> list[Operation]:
        """Return the rows of the redirects."""
        fields = ("Location",)
        return [
            Operation(
                path="/redirect/loop",
                tag="redirects",
                handler=self.redirect_loop,
                summary="Redirect to itself, for ever.",
                answers=(Answer(302, "to itself", "text/plain", fields=fields),),
            ),
            Operation(
                path="/redirect/chain/{n:int}",
                tag="redirects",
                handler=self.redirect_chain,
                summary="Redirect n times (302), then answer.",
                parameters=(Parameter("n", "integer", 3, f"redirects, at most {MAX_CHAIN}", "path"),),
                answers=(Answer(200, "arrived"), Answer(302, "one nearer", "text/plain", fields=fields)),
                problems=(400,),
            ),
            Operation(
                path="/redirect/{status:int}",
                tag="redirects",
                methods=ANY_METHOD,
                handler=self.redirect,
                summary="Redirect with 301, 302, 303, 307 or 308.",
                parameters=(
                    Parameter("status", "integer", 307, "the status", "path"),
                    Parameter("to", "string", "/anything", "Location"),
                ),
                answers=tuple(Answer(status, "redirected", "text/plain", fields=fields) for status in STATUSES),
                problems=(400, 404),
            ),
        ]
