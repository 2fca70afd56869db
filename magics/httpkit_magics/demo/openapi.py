"""The OpenAPI 3.1 document, made from the table of operations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from httpkit_magics.demo.operations import Answer, Channel, Operation, Parameter, path_kinds, plain_path
from httpkit_magics.demo.problems import phrase_of
from httpkit_magics.demo.shop import make_items

_ITEM_MEMBERS = {
    "name": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["Hex bolt M6x30"]},
    "price": {"type": "number", "minimum": 0, "description": "euros", "examples": [0.19]},
    "stock": {"type": "integer", "minimum": 0, "default": 0, "examples": [320]},
    "tags": {"type": "array", "items": {"type": "string"}, "default": [], "examples": [["fasteners", "metric"]]},
}
_TEXT = {"type": "string"}
_ADA = {"username": "ada", "name": "Ada Lovelace", "email": "ada@shop.example", "role": "owner"}

SCHEMAS: dict[str, Any] = {
    "NewItem": {
        "type": "object",
        "properties": _ITEM_MEMBERS,
        "required": ["name", "price"],
        "examples": [{"name": "Cable tie 200 mm", "price": 0.04, "stock": 500, "tags": ["electrical"]}],
    },
    "Item": {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "examples": [7]},
            **_ITEM_MEMBERS,
            "created": {"type": "string", "format": "date-time"},
        },
        "required": ["id", "name", "price", "stock", "tags", "created"],
        "examples": [dict(make_items()[6])],
    },
    "Credentials": {
        "type": "object",
        "properties": {"username": _TEXT, "password": {"type": "string", "format": "password"}},
        "required": ["username", "password"],
        "examples": [{"username": "ada", "password": "lovelace"}],
    },
    "User": {
        "type": "object",
        "properties": {"username": _TEXT, "name": _TEXT, "email": _TEXT, "role": _TEXT},
        "required": ["username", "name", "email", "role"],
        "examples": [_ADA],
    },
    "Token": {
        "type": "object",
        "properties": {
            "access_token": _TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "seconds"},
            "user": {"$ref": "#/components/schemas/User"},
        },
        "required": ["access_token", "token_type", "expires_in", "user"],
        "examples": [{"access_token": "c2hvcA", "token_type": "Bearer", "expires_in": 3600, "user": _ADA}],
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": {"type": "string", "format": "uri-reference"},
        },
        "required": ["type", "title", "status"],
        "examples": [
            {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "there is no item 999",
                "instance": "/items/999",
            }
        ],
    },
}

SECURITY: dict[str, Any] = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "digest": {"type": "http", "scheme": "digest"},
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "key_in_query": {"type": "apiKey", "in": "query", "name": "api_key"},
}

# The fields that come with a problem of that status.
_PROBLEM_FIELDS = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    426: ("Upgrade",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
}

_DOCUMENTED = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")


def make_document(
    operations: Iterable[Operation], channels: Iterable[Channel], url: str, broken: Mapping[str, str]
) -> dict[str, Any]:
    """Return the document; `broken` are the paths of the raw side, which no OpenAPI can say, as an extension."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        for method in operation.methods:
            if method in _DOCUMENTED:
                paths.setdefault(plain_path(operation.path), {})[method.lower()] = _operation(operation, method)
    for channel in channels:
        paths.setdefault(channel.path, {})["get"] = _channel(channel)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "httpkit demo API",
            "version": "1.0.0",
            "description": "A small hardware shop with every odd corner of HTTP. Offline, and the same on every run.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": url}],
        "tags": [
            {"name": name}
            for name in sorted({tag for path in paths.values() for o in path.values() for tag in o["tags"]})
        ],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY},
        "x-broken": dict(broken),
    }


def _operation(operation: Operation, method: str) -> dict[str, Any]:
    name = getattr(operation.handler, "__name__", "operation")
    suffix = "" if len(operation.methods) == 1 else f"_{method.lower()}"
    place = "" if "{path" not in operation.path else "_path"
    document: dict[str, Any] = {
        "operationId": f"{name}{place}{suffix}",
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation.path, operation.parameters),
        "responses": _responses(operation.answers, operation.problems),
    }
    if operation.bodies and method not in ("GET", "HEAD", "DELETE", "OPTIONS"):
        content = {media: _content(operation, media, example) for media, example in operation.bodies.items()}
        document["requestBody"] = {"required": bool(operation.body_schema), "content": content}
    if operation.security:
        document["security"] = [{name: []} for name in operation.security]
    return document


def _channel(channel: Channel) -> dict[str, Any]:
    document = {
        "operationId": "ws_" + channel.path.rpartition("/")[2],
        "summary": channel.summary,
        "tags": ["websocket"],
        "parameters": _parameters(channel.path, channel.parameters),
        "responses": _responses((Answer(101, "the connection is a WebSocket", ""),), (426,)),
        "x-websocket": {"subprotocols": list(channel.subprotocols)},
    }
    return {name: value for name, value in document.items() if value}


def _parameters(path: str, parameters: tuple[Parameter, ...]) -> list[dict[str, Any]]:
    kinds = path_kinds(path)
    return [
        {
            "name": parameter.name,
            "in": parameter.where,
            "required": parameter.where == "path",
            "description": parameter.sentence,
            "schema": {"type": kinds.get(parameter.name, parameter.kind)},
            "example": parameter.example,
        }
        for parameter in parameters
    ]


def _responses(answers: tuple[Answer, ...], problems: tuple[int, ...]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for answer in answers:
        entry = responses.setdefault(str(answer.status), {"description": answer.sentence})
        if answer.media:
            entry.setdefault("content", {})[answer.media] = {"schema": dict(answer.schema)}
        if answer.fields:
            entry["headers"] = _fields(answer.fields)
    for status in problems:
        entry = responses.setdefault(str(status), {"description": phrase_of(status)})
        schema = {"$ref": "#/components/schemas/Problem"}
        entry.setdefault("content", {})["application/problem+json"] = {"schema": schema}
        if status in _PROBLEM_FIELDS:
            entry["headers"] = _fields(_PROBLEM_FIELDS[status])
    return responses


def _fields(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"schema": _TEXT} for name in names}


def _content(operation: Operation, media: str, example: object) -> dict[str, Any]:
    if isinstance(example, bytes):
        return {"schema": {}}
    if isinstance(example, dict) and any(isinstance(value, bytes) for value in example.values()):
        binary = {name: {} if isinstance(value, bytes) else _TEXT for name, value in example.items()}
        return {"schema": {"type": "object", "properties": binary}}
    kind = {"schema": dict(operation.body_schema) or {"type": "object"}, "example": example}
    return kind if re.search(r"json|urlencoded", media) else {"schema": {}}
