"""What was sent comes back: /anything, /form, /upload and /response-headers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.operations import ANY_METHOD, MIB, Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, media_type_of, read_field_value

MAX_UPLOAD = 1 << 30  # bytes
MAX_ECHO = 16 * MIB

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_FORM_EXAMPLES = {_FORMS[0]: {"size": "M6", "colour": "zinc"}, _FORMS[1]: {"size": "M6", "drawing": b"\x89PNG"}}

# Framing is the connection's business, and a second one would break it.
_NOT_OURS = {"content-length", "transfer-encoding", "connection", "content-encoding"}


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a mapping; a name that repeats has a list."""
    groups: dict[str, list[Any]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in groups.items()}


async def _describe(name: str, file: UploadFile) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    while chunk := await file.read(MIB):
        digest.update(chunk)
        size += len(chunk)
    kind = file.content_type or ""
    return {"name": name, "filename": file.filename, "content_type": kind, "size": size, "sha256": digest.hexdigest()}


async def _read_form(request: Request) -> dict[str, Any]:
    async with request.form(max_part_size=8 * MIB) as form:
        pairs = form.multi_items()
        files = [await _describe(name, value) for name, value in pairs if isinstance(value, UploadFile)]
        fields = [(name, value) for name, value in pairs if isinstance(value, str)]
    return {"form": _grouped(fields), "fields": fields, "files": files}


def _as_text(content: bytes) -> str:
    """Return content as text, or as a data URL where it isn't UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return "data:application/octet-stream;base64," + base64.b64encode(content).decode()


def _as_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


class Echo:
    """The echoes; there is no state."""

    def reset(self) -> None:
        """Do nothing: there is no state."""

    async def anything(self, request: Request) -> Response:
        """Answer everything about the request."""
        content = await request.body()
        is_form = media_type_of(request) in _FORMS
        form = await _read_form(request) if is_form else {"form": {}, "files": []}
        return JSONResponse(
            {
                "method": request.method,
                "url": str(request.url),
                "path": request.scope["raw_path"].decode("latin-1"),
                "args": _grouped(request.query_params.multi_items()),
                "headers": {name: ", ".join(request.headers.getlist(name)) for name in request.headers},
                "cookies": request.cookies,
                "data": "" if is_form else _as_text(content),
                "json": None if is_form else _as_json(content),
                "form": form["form"],
                "files": form["files"],
                "origin": request.client.host if request.client else None,
            }
        )

    async def form(self, request: Request) -> Response:
        """Answer the fields and files of a form (RFC 7578)."""
        if media_type_of(request) not in _FORMS:
            given = media_type_of(request) or "no media type"
            raise Problem(415, f"content must be {' or '.join(_FORMS)}, got {given!r}")
        return JSONResponse(await _read_form(request))

    async def upload(self, request: Request) -> Response:
        """Answer size and SHA-256 of what was sent: of each file of a form, or of the whole content."""
        if media_type_of(request) in _FORMS:
            return JSONResponse(await _read_form(request))
        digest = hashlib.sha256()
        size = 0
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
        kind = request.headers.get("content-type", "")
        how = "chunked" if "transfer-encoding" in request.headers else "length"
        return JSONResponse({"size": size, "sha256": digest.hexdigest(), "content_type": kind, "framing": how})

    async def response_headers(self, request: Request) -> Response:
        """Answer with the fields that the query names."""
        pairs = request.query_params.multi_items()[:100]
        for name, _ in pairs:
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or name.lower() in _NOT_OURS:
                raise Problem(400, f"this field can't be set: {name[:40]!r}")
        response = JSONResponse(_grouped(pairs))
        for name, value in pairs:
            text = read_field_value(name, value)
            if name.lower() == "content-type":
                response.headers[name] = text
            else:
                response.headers.append(name, text)
        return response

    def operations(self) -> list[Operation]:
        """Return the rows of the echoes."""
        anything: dict[str, Any] = {
            "tag": "echo",
            "methods": ANY_METHOD,
            "handler": self.anything,
            "summary": "Answer the request as it came: method, URL, query, fields, content, form and files.",
            "bodies": {"application/json": {"size": "M6"}},
            "max_body": MAX_ECHO,
            "problems": (400, 413),
        }
        return [
            Operation(path="/anything", **anything),
            Operation(
                path="/anything/{path:path}",
                parameters=(Parameter("path", "string", "bolts", "any path", "path"),),
                **anything,
            ),
            Operation(
                path="/form",
                tag="echo",
                methods=("POST", "PUT"),
                handler=self.form,
                summary="Answer the fields and files of a form, with sizes and SHA-256.",
                bodies=_FORM_EXAMPLES,
                max_body=MAX_UPLOAD,
                problems=(400, 413, 415),
            ),
            Operation(
                path="/upload",
                tag="echo",
                methods=("POST", "PUT"),
                handler=self.upload,
                summary="Answer size and SHA-256 of what was sent, a form's files or any content, up to 1 GiB.",
                bodies={"application/octet-stream": b"any bytes", **_FORM_EXAMPLES},
                max_body=MAX_UPLOAD,
                problems=(400, 413),
            ),
            Operation(
                path="/response-headers",
                tag="echo",
                handler=self.response_headers,
                summary="Answer with the fields that the query names.",
                parameters=(Parameter("X-Demo", "string", "1", "any field"),),
                answers=(Answer(200, "with these fields", fields=("X-Demo",)),),
                problems=(400,),
            ),
        ]
