"""/media: one body of each kind, and a file of any size that can be fetched in ranges (RFC 9110 section 14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from httpkit_magics.demo.operations import MIB, Answer, Operation, Parameter
from httpkit_magics.demo.pictures import MEDIA
from httpkit_magics.demo.problems import Problem, phrase_of, read_whole

MAX_FILE = 4 << 30
CHUNK = 256 << 10

# Of prime length, so that a range that is off by a chunk never looks right.
_BLOCK = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2048))[:65521]
_ROLL = _BLOCK * 6  # any chunk, wherever in the block it begins

LAST_MODIFIED = "Mon, 05 Jan 2026 09:00:00 GMT"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_bytes(start: int, stop: int) -> bytes:
    """Return the bytes from `start` up to `stop` of the file, at most 256 KiB of them."""
    place = start % len(_BLOCK)
    return _ROLL[place : place + stop - start]


async def _chunks(start: int, stop: int) -> AsyncIterator[bytes]:
    for position in range(start, stop, CHUNK):
        yield file_bytes(position, min(stop, position + CHUNK))


class Media:
    """The bodies, each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, bytes] = {}

    def reset(self) -> None:
        """Do nothing: the bodies are always the same."""

    async def media(self, request: Request) -> Response:
        """Answer the body of that kind."""
        kind = request.path_params["kind"]
        if kind not in MEDIA:
            raise Problem(404, f"kind must be one of {', '.join(MEDIA)}, got {kind[:40]!r}")
        media, make = MEDIA[kind]
        if kind not in self._made:
            self._made[kind] = make()
        return Response(self._made[kind], headers={"Content-Type": media, "Last-Modified": LAST_MODIFIED})

    async def file(self, request: Request) -> Response:
        """Answer the file or the range of it that is asked for; several ranges give the whole, as they may."""
        size = read_whole(request, "size", MIB, 0, MAX_FILE)
        fields = {
            "Accept-Ranges": "bytes",
            "Content-Disposition": f"attachment; filename=\"parts-{size}.bin\"; filename*=UTF-8''St%C3%BCckliste-{size}.bin",
            "Content-Type": "application/octet-stream",
            "ETag": f'"file-{size}"',
            "Last-Modified": LAST_MODIFIED,
        }
        start, stop, status = 0, size, 200
        # If-Range: the part is wanted only of the same file (RFC 9110 section 13.1.5).
        if request.headers.get("if-range") in (None, fields["ETag"], LAST_MODIFIED):
            match = _RANGE.fullmatch(request.headers.get("range", ""))
            if match and (match[1] or match[2]):
                start, stop = _cut(match[1], match[2], size)
                fields["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
                status = 206
        fields["Content-Length"] = str(stop - start)
        return StreamingResponse(_chunks(start, stop), status, fields)

    def operations(self) -> list[Operation]:
        """Return the rows of the bodies."""
        kinds = tuple(Answer(200, "the body", media.partition(";")[0]) for media, _ in MEDIA.values())
        return [
            Operation(
                path="/media/file",
                tag="media",
                handler=self.file,
                summary="A file of any size, with Range, If-Range, ETag and a name.",
                parameters=(
                    Parameter("size", "integer", 4096, f"bytes, at most {MAX_FILE}"),
                    Parameter("Range", "string", "bytes=0-99", "the part wanted", "header"),
                ),
                answers=(
                    Answer(200, "the file", "application/octet-stream", fields=("ETag", "Accept-Ranges")),
                    Answer(206, phrase_of(206), "application/octet-stream", fields=("Content-Range",)),
                ),
                problems=(400, 416),
            ),
            Operation(
                path="/media/{kind}",
                tag="media",
                handler=self.media,
                summary=f"A body of each kind: {', '.join(MEDIA)}. HTML and SVG hold scripts.",
                parameters=(Parameter("kind", "string", "png", ", ".join(MEDIA), "path"),),
                answers=kinds,
                problems=(404,),
            ),
        ]


def _cut(first: str, last: str, size: int) -> tuple[int, int]:
    """Return start and stop of a range; with no first byte, the last so many (RFC 9110 section 14.1.2)."""
    if first:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
    else:
        start, stop = max(0, size - int(last)), size
    if start >= stop:
        raise Problem(416, f"the file has {size} bytes", {"Content-Range": f"bytes */{size}"})
    return start, stop
