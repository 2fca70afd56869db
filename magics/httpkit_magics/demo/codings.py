"""Content codings and charsets: the same text, packed and spelt in every way (RFC 9110 sections 8.3.2 and 8.4)."""

from __future__ import annotations

import gzip
import importlib
import json
import zlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from httpkit_magics.demo import shop
from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_flag

MAX_CODINGS = 4


def _extra(*modules: str) -> Any:
    """Return the first of these optional modules.

    Raises:
        Problem: 501, none is installed.
    """
    for name in modules:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise Problem(501, f'this needs {modules[-1]}: pip install "jupyter-httpkit[speed]"')


def _deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def _br(data: bytes) -> bytes:
    packed: bytes = _extra("brotlicffi", "brotli").compress(data)
    return packed


def _zstd(data: bytes) -> bytes:
    packed: bytes = _extra("compression.zstd", "backports.zstd").compress(data)
    return packed


_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": _br,
    "zstd": _zstd,
}

# The text is one that the charset can say, and that reads wrong in every other.
_TEXTS = {
    "latin-1": ("iso-8859-1", "Schraubenschlüssel, café à la crème, señor, ½ y ¼\n"),
    "utf-16": ("utf-16", "Ключ гаечный, 扳手, مفتاح ربط, ⚙\n"),
    "shift_jis": ("shift_jis", "六角ボルト M6、ワッシャー、ドライバー。価格は百二十円です。\n"),
    "utf-8": ("utf-8", "Schraubenschlüssel, clé à molette, レンチ, 🔧\n"),
}


class Codings:
    """The codings and charsets; there is no state."""

    def reset(self) -> None:
        """Do nothing: there is no state."""

    async def coding(self, request: Request) -> Response:
        """Answer the catalogue in the codings asked for, whatever Accept-Encoding says."""
        names = request.path_params["coding"].split(",")
        if len(names) > MAX_CODINGS or not set(names) <= {*_CODINGS, "identity"}:
            raise Problem(404, f"coding must be up to {MAX_CODINGS} of {', '.join(_CODINGS)}, got {names!r}")
        body = json.dumps({"coding": names, "items": shop.make_items()}, ensure_ascii=False).encode()
        for name in names:
            if name == "deflate" and read_flag(request, "raw"):
                body = _deflate_raw(body)
            elif name != "identity":
                body = _CODINGS[name](body)
        fields = {"Content-Encoding": ", ".join(names), "Vary": "Accept-Encoding"}
        return Response(body, headers=fields, media_type="application/json")

    async def charset(self, request: Request) -> Response:
        """Answer a text in the charset asked for, and say so unless `declare` is 0."""
        name = request.path_params["charset"]
        if name not in _TEXTS:
            raise Problem(404, f"charset must be one of {', '.join(_TEXTS)}, got {name[:40]!r}")
        label, text = _TEXTS[name]
        media = f"text/plain; charset={label}" if read_flag(request, "declare", default=True) else "text/plain"
        # Set as a field: Starlette would add its own charset to a text media type.
        return Response(text.encode(label), headers={"Content-Type": media})

    def operations(self) -> list[Operation]:
        """Return the rows of the codings and charsets."""
        return [
            Operation(
                path="/coding/{coding}",
                tag="codings",
                handler=self.coding,
                summary="The catalogue in gzip, deflate, br or zstd; several with commas, in the order applied.",
                parameters=(
                    Parameter("coding", "string", "gzip", ", ".join(_CODINGS), "path"),
                    Parameter("raw", "boolean", False, "deflate without the zlib frame, as old servers send it"),
                ),
                answers=(Answer(200, "packed", fields=("Content-Encoding",)),),
                problems=(404, 501),
            ),
            Operation(
                path="/charset/{charset}",
                tag="codings",
                handler=self.charset,
                summary="A text in latin-1, utf-16, shift_jis or utf-8.",
                parameters=(
                    Parameter("charset", "string", "shift_jis", ", ".join(_TEXTS), "path"),
                    Parameter("declare", "boolean", False, "false leaves the charset for the client to find"),
                ),
                answers=(Answer(200, "a text", "text/plain"),),
                problems=(404,),
            ),
        ]
