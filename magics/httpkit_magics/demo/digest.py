"""/auth/digest: HTTP Digest access authentication, the server's side (RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.login import REALM, USERS, credentials_of, is_same
from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_whole

MAX_NONCES = 1000  # the oldest goes first
OPAQUE = "aHR0cGtpdCBkZW1v"

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
ALGORITHMS = [name + suffix for name in HASHES for suffix in ("", "-sess")]
QOPS = ("auth", "auth-int")

# auth-param = token BWS "=" BWS ( token / quoted-string ), RFC 9110 section 11.2
_PARAMETER = re.compile(r'([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)\s*')


class Digest:
    """The nonces that were given out, with the counts that each has served."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all nonces; the next one is the first again."""
        self._seen: dict[str, set[int]] = {}
        self._issued = 0

    async def auth_digest(self, request: Request) -> Response:
        """Let in a user who proves the password, with a nonce that still has uses left."""
        algorithms, qop = _offer(request)
        uses = read_whole(request, "uses", 100, 1, 10_000)
        given = _parse(credentials_of(request, "digest"))
        if not given:
            raise self._challenge(algorithms, qop, "no credentials (ada, lovelace)")
        target = request.scope["raw_path"] + (b"?" + request.scope["query_string"]).rstrip(b"?")
        if given.get("uri") != target.decode("latin-1"):
            raise Problem(400, f"uri is {given.get('uri', '')[:80]!r}, the target {target[:80].decode('latin-1')!r}")
        proof = _Proof(given, await request.body())
        if given.get("algorithm", "MD5") not in algorithms or given.get("qop") not in qop.split(", "):
            raise self._challenge(algorithms, qop, "algorithm or qop was not offered")
        is_known = given["username"] in USERS and given.get("realm") == REALM
        if not is_known or not is_same(given.get("response", ""), proof.response(request.method)):
            raise self._challenge(algorithms, qop, "wrong username or password (ada, lovelace)")
        self._use(given, algorithms, qop, uses)
        content = {"authenticated": True, "user": given["username"], "algorithm": given.get("algorithm", "MD5")}
        response = JSONResponse({**content, "qop": given["qop"], "nc": given["nc"]})
        response.headers["Authentication-Info"] = proof.info(bytes(response.body))
        return response

    def _use(self, given: dict[str, str], algorithms: list[str], qop: str, uses: int) -> None:
        # The password is right here, so the only fault can be the nonce: stale tells the client not to ask again.
        seen = self._seen.get(given["nonce"])
        try:
            count = int(given.get("nc", ""), 16)
        except ValueError:
            raise Problem(400, "nc must be 8 hexadecimal digits") from None
        if seen is None or len(seen) >= uses or count in seen:
            raise self._challenge(algorithms, qop, "the nonce is used up", stale=True)
        seen.add(count)

    def _challenge(self, algorithms: list[str], qop: str, detail: str, *, stale: bool = False) -> Problem:
        self._issued += 1
        nonce = hmac.digest(b"httpkit demo", f"nonce {self._issued}".encode(), hashlib.sha256)
        text = base64.b64encode(nonce).decode()
        self._seen[text] = set()
        if len(self._seen) > MAX_NONCES:
            del self._seen[next(iter(self._seen))]
        tail = ", stale=true" if stale else ""
        # One challenge for each algorithm, the one preferred first (RFC 7616 section 3.7).
        challenges = [
            f'Digest realm="{REALM}", qop="{qop}", algorithm={name}, nonce="{text}", opaque="{OPAQUE}", charset=UTF-8{tail}'
            for name in algorithms
        ]
        return Problem(401, detail, {"WWW-Authenticate": ", ".join(challenges)})

    def operations(self) -> list[Operation]:
        """Return the row of the door."""
        return [
            Operation(
                path="/auth/digest",
                tag="auth",
                methods=("GET", "POST", "PUT"),
                handler=self.auth_digest,
                summary="Behind Digest (RFC 7616): ada with lovelace.",
                parameters=(
                    Parameter("algorithm", "string", "SHA-256", f"{', '.join(ALGORITHMS)}; else SHA-256 and MD5"),
                    Parameter("qop", "string", "auth-int", "auth or auth-int; else both"),
                    Parameter("uses", "integer", 2, "requests that a nonce serves, then stale=true"),
                ),
                answers=(Answer(200, "let in", fields=("Authentication-Info",)),),
                problems=(400, 401),
                security=("digest",),
            )
        ]


def _offer(request: Request) -> tuple[list[str], str]:
    algorithm, qop = request.query_params.get("algorithm"), request.query_params.get("qop")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise Problem(400, f"algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm[:40]!r}")
    if qop is not None and qop not in QOPS:
        raise Problem(400, f"qop must be one of {', '.join(QOPS)}, got {qop[:40]!r}")
    return [algorithm] if algorithm else ["SHA-256", "MD5"], qop or ", ".join(QOPS)


def _parse(credentials: str) -> dict[str, str]:
    """Return the parameters of the credentials, with lower-case names, or nothing if they are malformed."""
    parameters: dict[str, str] = {}
    position = 0
    while position < len(credentials):
        match = _PARAMETER.match(credentials, position)
        if match is None:
            return {}
        name, quoted, token = match.groups()
        parameters[name.lower()] = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    if parameters:
        # A field is latin-1 to ASGI, but charset=UTF-8 was asked for (RFC 7616 section 4).
        name = parameters.get("username", "")
        parameters["username"] = name.encode("latin-1").decode(errors="replace")
    return parameters


class _Proof:
    """What the parameters of one request must hash to (RFC 7616 section 3.4)."""

    def __init__(self, given: dict[str, str], content: bytes) -> None:
        self._given = given
        self._content = content
        self._algorithm = given.get("algorithm", "MD5")

    def _hash(self, data: str | bytes) -> str:
        name = HASHES.get(self._algorithm.removesuffix("-sess"), "sha256")
        return hashlib.new(name, data.encode() if isinstance(data, str) else data).hexdigest()

    def response(self, method: str) -> str:
        """Return `response` for a request of that method."""
        return self._keyed(method, self._content)

    def info(self, content: bytes) -> str:
        """Return Authentication-Info for a response with that content (RFC 7616 section 3.5)."""
        given = self._given
        proof = self._keyed("", content)
        return f'rspauth="{proof}", qop={given["qop"]}, nc={given["nc"]}, cnonce="{given.get("cnonce", "")}"'

    def _keyed(self, method: str, content: bytes) -> str:
        given = self._given
        nonce, cnonce, qop = given.get("nonce", ""), given.get("cnonce", ""), given.get("qop", "")
        a1 = f"{given['username']}:{REALM}:{USERS.get(given['username'], '')}"
        if self._algorithm.endswith("-sess"):
            a1 = f"{self._hash(a1)}:{nonce}:{cnonce}"
        a2 = f"{method}:{given.get('uri', '')}" + (f":{self._hash(content)}" if qop == "auth-int" else "")
        return self._hash(f"{self._hash(a1)}:{nonce}:{given.get('nc', '')}:{cnonce}:{qop}:{self._hash(a2)}")
