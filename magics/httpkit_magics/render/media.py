"""Images, sounds and films: what may be put into a notebook as it is, and how its first bytes must look.

The media type in the output is one of ours, never the server's text. SVG is an image here: inside `<img>` its scripts
do not run and it fetches nothing (SVG 2, secure static mode).
"""

from __future__ import annotations

from typing import Final, Literal

from httpkit_magics.record.units import size
from httpkit_magics.render.panel import MAX_MEDIA, Media

Kind = Literal["image", "audio", "video"]

# Media type -> how its content may begin, as (offset, bytes).
_SIGNATURES: Final[dict[str, tuple[tuple[int, bytes], ...]]] = {
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "image/webp": ((8, b"WEBP"),),
    "image/avif": ((4, b"ftypavi"), (4, b"ftypmif1")),
    "image/bmp": ((0, b"BM"),),
    "image/x-icon": ((0, b"\0\0\1\0"),),
    "image/svg+xml": ((0, b"<"), (0, b"\xef\xbb\xbf<")),
    "audio/wav": ((8, b"WAVE"),),
    "audio/mpeg": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")),
    "audio/ogg": ((0, b"OggS"),),
    "audio/flac": ((0, b"fLaC"),),
    "audio/mp4": ((4, b"ftyp"),),
    "video/mp4": ((4, b"ftyp"),),
    "video/webm": ((0, b"\x1a\x45\xdf\xa3"),),
    "video/ogg": ((0, b"OggS"),),
}
_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/x-ms-bmp": "image/bmp",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
}


def media_of(media_type: str, content: bytes) -> Media | str | None:
    """Return the content as media; a sentence where it can't be shown; None where it is no media at all."""
    known = _ALIASES.get(media_type, media_type)
    kind: Kind | None = next((kind for kind in ("image", "audio", "video") if known.startswith(f"{kind}/")), None)
    if kind is None:
        return None
    signatures = _SIGNATURES.get(known)
    if signatures is None:
        return None
    start = content[:64].lstrip() if known == "image/svg+xml" else content[:64]
    if not any(start[offset : offset + len(mark)] == mark for offset, mark in signatures):
        return f"the bytes do not begin like {known}"
    words = f"{known}, {size(len(content))}{_dimensions(known, content)}"
    if len(content) > MAX_MEDIA:
        return f"{words}: over {size(MAX_MEDIA)} it stays out of the notebook, r.content holds it"
    return Media(kind, known, content, words)


def _dimensions(media_type: str, content: bytes) -> str:
    if media_type == "image/png" and content[12:16] == b"IHDR" and len(content) >= 24:
        return f", {int.from_bytes(content[16:20])} \u00d7 {int.from_bytes(content[20:24])}"
    if media_type == "image/gif" and len(content) >= 10:
        return f", {int.from_bytes(content[6:8], 'little')} \u00d7 {int.from_bytes(content[8:10], 'little')}"
    return ""
