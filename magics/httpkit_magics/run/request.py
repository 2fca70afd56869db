"""Plan, message and settings -> what the client is called with."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

from yarl import URL

import httpkit
from httpkit_magics.grammar.message import Message
from httpkit_magics.grammar.plan import Auth, Plan
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.settings import Settings

LARGE = 1024 * 1024
"""Bytes of a body from which on it is not written in one piece."""

AUTOMATIC = frozenset({"user-agent", "accept", "accept-encoding", "content-type"})
"""Fields that the client adds by itself, unless it is told to leave them out."""


def split_userinfo(url: str, *, is_encoded: bool = False) -> tuple[str, Auth | None]:
    """Return `url` without its userinfo, and who that names. A URL that can't be read stays as it is."""
    try:
        parsed = URL(url, encoded=is_encoded)
        if parsed.user is None and parsed.password is None:
            return url, None
        return str(parsed.with_user(None)), Auth("basic", parsed.user or "", parsed.password or "")
    except ValueError:
        return url, None


def with_query(url: str, query: tuple[tuple[str, str], ...], *, is_encoded: bool = False) -> URL | str:
    """Return `url` with `query` at its end, encoded as a form is; what was typed as a URL keeps its own encoding.

    Where `is_encoded` not even its escapes change: `%2F` and `%7e` stay, as a signature may cover them.
    """
    if not query:
        # A host beyond ASCII needs the client's encoding (RFC 5891).
        return URL(url, encoded=True) if is_encoded and url.isascii() else url
    try:
        parsed = URL(url).with_fragment(None)
    except ValueError:
        return url
    joint = "&" if parsed.raw_query_string else "?"
    return URL(f"{str(parsed).rstrip('?')}{joint}{urlencode(query)}", encoded=True)


def request_options(
    plan: Plan, message: Message, settings: Settings, progress: Underway, scheme: str
) -> dict[str, Any]:
    """Return the options of the client's request, but for those of TLS; `scheme` is the target's."""
    unset = [name for name, value in message.headers if value is None]
    if not message.body:
        # Neither HTTPie nor curl names the type of nothing, as aiohttp and the client do.
        unset.append("Content-Type")
    options = {
        "headers": [(name, value) for name, value in message.headers if value is not None],
        "skip_auto_headers": [name for name in unset if name.lower() in AUTOMATIC],
        # None and not empty bytes: they would get a Content-Type.
        "data": _data(message.body),
        "timeout": _timeout(plan, settings),
        "allow_redirects": settings.follow,
        "max_redirects": settings.max_redirects,
        "trace_request_ctx": progress,
    }
    proxies = dict(plan.proxies)
    if proxy := proxies.get(scheme, proxies.get("all")):
        options["proxy"] = proxy
    return options


def _data(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return the body for the client, which writes a large one piece by piece if it is a file."""
    return io.BytesIO(body) if body and len(body) > LARGE else body or None


def _timeout(plan: Plan, settings: Settings) -> httpkit.ClientTimeout:
    """Return the limits: for the whole request; for a download only what its line says, and for each silence."""
    limit = settings.timeout or None
    connect = plan.connect_timeout or limit
    if plan.download:
        return httpkit.ClientTimeout(total=plan.timeout or None, sock_connect=connect, sock_read=limit)
    return httpkit.ClientTimeout(total=limit, sock_connect=connect)
