"""Digest access authentication (RFC 7616), as a middleware.

A server that answers 401 with a Digest challenge is asked again, once, with a proof of the password. The credentials
belong to the origin of the first request; no other one is ever answered, unless that origin names it in `domain`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from yarl import URL

from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.state import Handler
from httpkit.errors import ClientError
from httpkit.values import hdrs
from httpkit.values.challenges import parse_challenges
from httpkit.values.fields import is_token, quote_string

# RFC 7616 section 3.3, RFC 2617, and the spellings without a dash that some servers send.
HASHES: Final = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-1": "sha1",
    "SHA256": "sha256",
    "SHA-256": "sha256",
    "SHA512": "sha512",
    "SHA-512": "sha512",
    "SHA512-256": "sha512_256",
    "SHA-512-256": "sha512_256",
}
"""Algorithm as a server names it, in upper case and without -SESS -> name in hashlib."""

PARAMETERS: Final = frozenset({"realm", "nonce", "qop", "algorithm", "opaque", "domain", "stale"})
"""What a challenge is made of; one without any of them is none."""


@dataclass
class _Session:
    """A challenge that was accepted, and how often its nonce was used."""

    parameters: dict[str, str]
    algorithm: str
    hash_name: str
    is_session: bool
    qops: frozenset[str]
    nonce: str
    count: int = 0
    cnonce: str = field(default_factory=lambda: secrets.token_hex(8))

    def hash(self, data: str | bytes) -> str:
        """Return H(data) (RFC 7616 section 3.3)."""
        digest = hashlib.new(self.hash_name, usedforsecurity=False)
        digest.update(data.encode() if isinstance(data, str) else data)
        return digest.hexdigest()


class DigestAuthMiddleware:
    """Answers Digest challenges of one origin with a login and a password.

    Args:
        preemptive: prove the password with the first try of later requests, where the protection space is known
            (RFC 7616 section 3.6).
    """

    def __init__(self, login: str, password: str, preemptive: bool = True) -> None:
        if login is None:
            raise ValueError("None is not allowed as login value")
        if password is None:
            raise ValueError("None is not allowed as password value")
        if ":" in login:
            raise ValueError('A ":" is not allowed in username (RFC 1945#section-11.1)')
        self._login = login
        self._password = password
        self._preemptive = preemptive
        self._origin: URL | None = None
        # (origin, path) of everything that the first origin said its challenge is for.
        self._space: list[tuple[URL, str]] = []
        self._sessions: dict[URL, _Session] = {}

    def __repr__(self) -> str:
        return f"DigestAuthMiddleware(login={self._login!r}, password='••••••')"

    async def __call__(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        """Answer `request`: one more try after a challenge.

        Raises:
            ClientError: the challenge is malformed, or needs what is not known here.
        """
        origin = request.url.origin()
        if self._origin is None:
            self._origin = origin
        elif origin != self._origin and not self._is_in_space(request.url):
            return await handler(request)
        session = self._sessions.get(origin) or self._sessions.get(self._origin)
        if session is not None and self._preemptive and self._is_in_space(request.url):
            await self._sign(request, session)
        response = await handler(request)
        challenged = self._read_challenge(response, origin)
        if challenged is not None and not (request.body and request.body.consumed):
            response.release()
            await self._sign(request, challenged)
            response = await handler(request)
            # A nonce that is spent already is fresh for the next request.
            self._read_challenge(response, origin)
        self._take_next_nonce(response, origin)
        return response

    # -- what the server says -------------------------------------------------------------------------------------

    def _read_challenge(self, response: ClientResponse, origin: URL) -> _Session | None:
        """Return what a 401 asks for, remembered for `origin`; None where it is no Digest challenge.

        Raises:
            ClientError: it is one, and can't be answered.
        """
        if response.status != 401:
            return None
        challenges = parse_challenges(", ".join(response.headers.getall(hdrs.WWW_AUTHENTICATE, ())))
        offers = [dict(challenge.parameters) for challenge in challenges if challenge.scheme == "digest"]
        offers = [offer for offer in offers if not offer.keys().isdisjoint(PARAMETERS)]
        if not offers:
            return None
        try:
            session = _choose(offers)
        except ClientError:
            response.close()
            raise
        known = self._sessions.get(origin)
        if known is not None and known.nonce == session.nonce:
            session.count, session.cnonce = known.count, known.cnonce
        self._sessions[origin] = session
        if origin == self._origin:
            self._space = _protection_space(session.parameters.get("domain", ""), origin)
        return session

    def _take_next_nonce(self, response: ClientResponse, origin: URL) -> None:
        """Use the nonce that the server wants next (RFC 7616 section 3.5)."""
        session = self._sessions.get(origin)
        info = response.headers.get(hdrs.AUTHENTICATION_INFO)
        if session is None or info is None:
            return
        nonce = parse_challenges(f"info {info}")[0].parameters.get("nextnonce")
        if nonce:
            session.nonce, session.count = nonce, 0

    def _is_in_space(self, url: URL) -> bool:
        origin, path = url.origin(), url.raw_path
        return any(
            origin == space and (path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/"))
            for space, prefix in self._space
        )

    # -- what is sent ---------------------------------------------------------------------------------------------

    async def _sign(self, request: ClientRequest, session: _Session) -> None:
        request.headers[hdrs.AUTHORIZATION] = await self._credentials(request, session)

    async def _credentials(self, request: ClientRequest, session: _Session) -> str:
        """Return the value of `Authorization` for `request` (RFC 7616 section 3.4)."""
        realm, nonce, target = session.parameters["realm"], session.nonce, request.url.raw_path_qs or "/"
        session.count += 1
        if not session.is_session:
            # With -sess the key is made with the first cnonce, which is kept for as long as the nonce.
            session.cnonce = secrets.token_hex(8)
        qop = _choose_qop(session.qops, request)
        count = f"{session.count:08x}"
        key = session.hash(f"{self._login}:{realm}:{self._password}")
        if session.is_session:
            key = session.hash(f"{key}:{nonce}:{session.cnonce}")
        action = f"{request.method}:{target}"
        if qop == "auth-int":
            content = await request.body.as_bytes() if request.body else b""
            action += f":{session.hash(content)}"
        middle = f"{nonce}:{count}:{session.cnonce}:{qop}" if qop else nonce
        fields = {
            **self._username(session, realm),
            "realm": quote_string(realm),
            "nonce": quote_string(nonce),
            "uri": quote_string(target),
            "response": quote_string(session.hash(f"{key}:{middle}:{session.hash(action)}")),
            "algorithm": session.algorithm,
        }
        if "opaque" in session.parameters:
            fields["opaque"] = quote_string(session.parameters["opaque"])
        if qop:
            fields |= {"qop": qop, "nc": count}
        if qop or session.is_session:
            fields["cnonce"] = quote_string(session.cnonce)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())

    def _username(self, session: _Session, realm: str) -> dict[str, str]:
        """Return the name as the server wants it: hashed, or in the extended form (RFC 7616 sections 3.4.3, 3.4.4)."""
        if session.parameters.get("userhash", "").lower() == "true":
            return {"username": quote_string(session.hash(f"{self._login}:{realm}")), "userhash": "true"}
        if not self._login.isascii() and session.parameters.get("charset", "").lower() == "utf-8":
            return {"username*": f"UTF-8''{quote(self._login, safe='')}"}
        return {"username": quote_string(self._login)}


def _choose(offers: list[dict[str, str]]) -> _Session:
    """Return the first of the offered challenges that can be answered: servers list them by preference.

    Raises:
        ClientError: there is none; the reason is that of the first.
    """
    failure: ClientError | None = None
    for offer in offers:
        try:
            return _session(offer)
        except ClientError as error:
            failure = failure or error
    raise failure or ClientError("no Digest challenge")


def _session(parameters: dict[str, str]) -> _Session:
    for name in ("realm", "nonce"):
        if name not in parameters:
            raise ClientError(f"Malformed Digest auth challenge: Missing '{name}' parameter")
    if not parameters["nonce"]:
        raise ClientError("Security issue: Digest auth challenge contains empty 'nonce' value")
    offered = parameters.get("qop", "")
    qops = frozenset(word.strip().lower() for word in offered.split(",")) & {"auth", "auth-int"}
    if offered.strip() and not qops:
        raise ClientError(f"Digest auth error: Unsupported Quality of Protection (qop) value(s): {offered[:64]!r}")
    algorithm = parameters.get("algorithm", "MD5")
    hash_name = HASHES.get(algorithm.upper().removesuffix("-SESS"))
    if hash_name is None or hash_name not in hashlib.algorithms_available or not is_token(algorithm):
        known = ", ".join(sorted(HASHES))
        raise ClientError(f"Digest auth error: Unsupported hash algorithm: {algorithm[:32]!r}, known are {known}")
    return _Session(parameters, algorithm, hash_name, algorithm.upper().endswith("-SESS"), qops, parameters["nonce"])


def _choose_qop(qops: frozenset[str], request: ClientRequest) -> str:
    """Return the quality of protection to use: the body is protected too, where it can be and the server takes that."""
    if "auth-int" in qops and ("auth" not in qops or not request.compress):
        if request.compress:
            # The proof is over the coded body, which exists only while it is being sent.
            raise ClientError("Digest auth error: qop=auth-int can't be combined with compress")
        return "auth-int"
    return "auth" if qops else ""


def _protection_space(domain: str, origin: URL) -> list[tuple[URL, str]]:
    """Return where the credentials count: what `domain` lists, or all of the origin (RFC 7616 section 3.3).

    A list from an https origin can't lead to http.
    """
    space = []
    for text in domain.split():
        try:
            url = origin.join(URL(text))
            place = (url.origin(), url.raw_path or "/")
        except ValueError:
            continue
        if origin.scheme != "https" or url.scheme == "https":
            space.append(place)
    return space or [(origin, "/")]
