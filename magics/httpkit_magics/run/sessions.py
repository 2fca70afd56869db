"""The sessions that requests run in: one for all, and one for each `--session NAME` and host, as in HTTPie.

A named session keeps the headers, the credentials and the cookies that its requests had, in memory. What belongs to one
request only is not kept: `Content-*` and `If-*`. All share one pool of connections. On the loop thread only.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from yarl import URL

import httpkit
from httpkit_magics.grammar.message import Message
from httpkit_magics.grammar.plan import Auth, Plan
from httpkit_magics.run.progress import progress_trace

NOT_KEPT = ("content-", "if-", "cookie", "range")
"""How the names begin of fields that a session doesn't keep; cookies go to its jar."""


@dataclass(eq=False)
class Session:
    """A session: the client's, and what is added to its requests."""

    client: httpkit.ClientSession
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None
    _digests: dict[Auth, httpkit.DigestAuthMiddleware] = field(default_factory=dict)

    def filled(self, message: Message) -> Message:
        """Return `message` with the session's headers under its own."""
        own = {name.lower() for name, _ in message.headers}
        kept = (pair for pair in self.headers if pair[0].lower() not in own)
        return dataclasses.replace(message, headers=(*kept, *message.headers))

    def digest(self, auth: Auth) -> httpkit.DigestAuthMiddleware:
        """Return what answers Digest challenges for `auth`; it remembers them from request to request."""
        if auth not in self._digests:
            self._digests[auth] = httpkit.DigestAuthMiddleware(auth.user, auth.secret or "")
        return self._digests[auth]

    def keep(self, message: Message, auth: Auth | None, url: str) -> Message:
        """Keep what `message` says of all requests; return it without the cookies, which are in the jar now."""
        apart = (*NOT_KEPT, "authorization") if auth is not None else NOT_KEPT
        new = [(name, value) for name, value in message.headers if value and not name.lower().startswith(apart)]
        names = {name.lower() for name, _ in new}
        self.headers = (*(pair for pair in self.headers if pair[0].lower() not in names), *new)
        self.auth = auth or self.auth
        cookies = [value for name, value in message.headers if value and name.lower() == "cookie"]
        if not cookies:
            return message
        self.client.cookie_jar.update_cookies(_cookies(cookies), URL(url))
        rest = tuple(pair for pair in message.headers if pair[0].lower() != "cookie")
        return dataclasses.replace(message, headers=rest)


class Sessions:
    """All sessions of a client."""

    def __init__(self) -> None:
        self._connector: httpkit.TCPConnector | None = None
        self._open: dict[tuple[str, str], Session] = {}

    @asynccontextmanager
    async def take(self, plan: Plan, host: str) -> AsyncIterator[Session]:
        """Give the session that `plan` runs in when it asks `host`; a read-only one is a copy that ends with the block."""
        if not plan.cookie_jar:
            yield self._found(("no cookies", ""), httpkit.DummyCookieJar())
        elif plan.session is None:
            yield self._found(("", ""))
        elif not plan.session_read_only:
            yield self._found((plan.session, host))
        else:
            kept = self._found((plan.session, host))
            async with self._client(copy.deepcopy(kept.client.cookie_jar)) as client:
                yield Session(client, kept.headers, kept.auth)

    @property
    def are_open(self) -> bool:
        """Whether there is something to close."""
        return self._connector is not None

    async def close(self) -> None:
        """Close all connections."""
        for session in self._open.values():
            await session.client.close()
        self._open.clear()
        connector, self._connector = self._connector, None
        if connector is not None:
            await connector.close()
        # Transports report that they are closed in the loop's next turn.
        await asyncio.sleep(0)

    def _found(self, key: tuple[str, str], jar: httpkit.abc.AbstractCookieJar | None = None) -> Session:
        if key not in self._open:
            # Notebooks talk to servers by address all the time; their cookies are kept too.
            # An empty jar is falsy.
            self._open[key] = Session(self._client(httpkit.CookieJar(unsafe=True) if jar is None else jar))
        return self._open[key]

    def _client(self, jar: httpkit.abc.AbstractCookieJar) -> httpkit.ClientSession:
        if self._connector is None:
            self._connector = httpkit.TCPConnector()
        return httpkit.ClientSession(
            connector=self._connector, connector_owner=False, cookie_jar=jar, trace_configs=[progress_trace()]
        )


def _cookies(fields: Iterable[str]) -> SimpleCookie:
    """Return the pairs of Cookie fields as cookies for every path of a host."""
    cookies = SimpleCookie()
    for pair in ";".join(fields).split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            cookies[name] = value
            cookies[name]["path"] = "/"
    return cookies
