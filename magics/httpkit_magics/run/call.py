"""The arguments of a Python call -> a Plan: what `http.get(url, params=...)` asks for, in the names that requests taught."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypedDict
from urllib.parse import parse_qsl, urlencode

from httpkit_magics.grammar.plan import Auth, Body, FromFile, Plan
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import Secret

Value: TypeAlias = str | int | float | bool | Secret | None
Pairs: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]

_SCHEMES: Final = ("basic", "digest", "bearer")


class Options(TypedDict, total=False):
    """What a call may say of its request, besides the method and the URL.

    Attributes:
        params: what is added to the URL's query: a mapping, pairs or a text such as `a=1&b=2`. A list in a mapping is a
            parameter for each of its values, None is none.
        headers: fields; None leaves out one that is sent otherwise.
        json: any value that JSON has, as the body; None is no body.
        data: the body: bytes, a text, a `pathlib.Path` of a file, an open file, or a mapping or pairs, which make a form.
        name: the name that the Record is bound to in a notebook.
        auth: (user, password), or a token as text or Secret.
        auth_type: "basic" (of a pair), "bearer" (of a token) or "digest".
        timeout: seconds for the whole request; 0 is no limit.
        follow: whether redirects are followed.
        verify: whether certificates are verified, or a file of those to trust.
        session: the name of a session whose headers, credentials and cookies are used and kept.
        silent: whether the panel stays hidden.
    """

    params: Pairs | str | None
    headers: Pairs | None
    json: Any
    data: Any
    name: str | None
    auth: Any
    auth_type: str | None
    timeout: float | None
    follow: bool | None
    verify: bool | str | None
    session: str | None
    silent: bool


def call_plan(method: str, url: str, options: Options) -> Plan:
    """Return the plan of a call.

    Raises:
        TypeError: an option is unknown, or of a kind that can't be sent.
        ValueError: `json` and `data` are both given, or `json` is no JSON.
    """
    unknown = sorted(set(options) - Options.__annotations__.keys())
    if unknown:
        raise TypeError(f"unknown option {unknown[0]!r}; expected {', '.join(sorted(Options.__annotations__))}")
    headers = [(str(name), None if value is None else _text(value)) for name, value in _pairs(options.get("headers"))]
    body, media_type = _body(options)
    if media_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", media_type))
    return Plan(
        method.upper(),
        _text(url) if isinstance(url, Secret) else str(url),
        tuple(headers),
        tuple(_query(options.get("params"))),
        body,
        name=options.get("name"),
        timeout=options.get("timeout"),
        follow=options.get("follow"),
        verify=options.get("verify"),
        session=options.get("session"),
        silent=options.get("silent", False),
        auth=_auth(options.get("auth"), options.get("auth_type")),
    )


def _text(value: Any) -> str:
    """Return what is sent for a value; a Secret is sent as it is, and shown nowhere from now on."""
    if isinstance(value, Secret):
        VAULT.learn(value)
        return value.reveal()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


def _pairs(given: Pairs | None) -> Iterable[tuple[str, Any]]:
    if given is None:
        return ()
    return given.items() if isinstance(given, Mapping) else given


def _query(given: Pairs | str | None) -> Iterable[tuple[str, str]]:
    if isinstance(given, str):
        yield from parse_qsl(given.removeprefix("?"), keep_blank_values=True)
        return
    for name, value in _pairs(given):
        values = value if isinstance(value, list | tuple) else [value]
        yield from ((str(name), _text(each)) for each in values if each is not None)


def _body(options: Options) -> tuple[Body | None, str]:
    """Return the body, and the media type that it has where the headers name none."""
    data = options.get("data")
    if options.get("json") is not None:
        if data is not None:
            raise ValueError("json and data are both given; expected one of them")
        return json.dumps(options["json"], allow_nan=False, default=_plain).encode(), "application/json"
    if data is None:
        return None, ""
    if isinstance(data, str | Secret):
        return _text(data).encode(), "text/plain; charset=utf-8"
    if isinstance(data, Mapping | list | tuple):
        return urlencode(list(_query(data))).encode(), "application/x-www-form-urlencoded"
    return _raw(data), "application/octet-stream"


def _raw(data: Any) -> Body:
    if isinstance(data, Path):
        return (FromFile(str(data)),)
    if hasattr(data, "read"):
        data = data.read()
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    kind = type(data).__name__
    raise TypeError(f"data can't be a {kind}; expected bytes, text, a path, an open file, a mapping or pairs")


def _plain(value: Any) -> str:
    if isinstance(value, Secret):
        return _text(value)
    raise TypeError(f"{type(value).__name__} has no JSON; expected text, numbers, booleans, None, lists and dicts")


def _auth(given: Any, scheme: str | None) -> Auth | None:
    """Return who asks: a pair is basic, as aiohttp's BasicAuth is, and a text alone a token."""
    if given is None or isinstance(given, Auth):
        return given
    if scheme not in {None, *_SCHEMES}:
        raise ValueError(f"auth_type {scheme!r} is unknown; expected {', '.join(_SCHEMES)}")
    if isinstance(given, str | Secret) and scheme in {None, "bearer"}:
        return Auth("bearer", "", _text(given))
    if isinstance(given, tuple | list) and len(given) >= 2 and scheme != "bearer":
        return Auth("digest" if scheme == "digest" else "basic", str(given[0]), _text(given[1]))
    raise TypeError("auth is neither (user, password) nor a token; expected one of them")
