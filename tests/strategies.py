"""What Hypothesis makes of HTTP: responses as bytes beside what they mean, and cuts."""

from __future__ import annotations

import string
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

TCHARS = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters

tokens = st.text(TCHARS, min_size=1, max_size=12)

# Field values as a decoder gives them: no control, no space at the ends (RFC 9110 section 5.5).
values = st.text(
    st.characters(blacklist_characters=[chr(code) for code in [*range(9), *range(10, 32), 127]], codec="utf-8"),
    max_size=20,
).map(lambda text: text.strip(" \t"))

FRAMING = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})

# The fields that say nothing about where the body ends.
fields = st.lists(st.tuples(tokens.filter(lambda name: name.lower() not in FRAMING), values), max_size=5)

cuts = st.lists(st.integers(0, 2**16), max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return `data` in pieces; places beyond its end wrap around."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@dataclass(frozen=True)
class Response:
    """A response as bytes, and what it means.

    Attributes:
        interim: the statuses of the interim responses before it.
        is_delimited: whether its end shows without the connection being closed.
    """

    raw: bytes
    method: str
    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]
    interim: list[int]
    is_delimited: bool


def encode_fields(pairs: list[tuple[str, str]]) -> bytes:
    """Return field lines."""
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in pairs)


@st.composite
def chunked_bodies(draw, body: bytes, trailers: list[tuple[str, str]]) -> bytes:
    """A body in the chunked coding, in chunks of any size, sizes in any spelling, some with an extension."""
    raw = b""
    for piece in cut(body, draw(cuts)):
        if piece:
            size = draw(st.sampled_from(["%x", "%X", "%05x", "%x ", "%x;a=b", '%x;q="\\""'])) % len(piece)
            raw += size.encode() + b"\r\n" + piece + b"\r\n"
    return raw + draw(st.sampled_from([b"0", b"000", b"0;last"])) + b"\r\n" + encode_fields(trailers) + b"\r\n"


@st.composite
def responses(draw) -> Response:
    """A valid response to some method, with or without interim ones before it, in every framing."""
    method = draw(st.sampled_from(["GET", "POST", "HEAD"]))
    status = draw(st.sampled_from([200, 201, 204, 206, 301, 304, 404, 500, 599]))
    reason = draw(values)
    others = draw(fields)
    body = draw(st.binary(max_size=200))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    trailers = draw(fields) if framing == "chunked" else []
    interim = draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2))
    content = body
    if framing == "chunked":
        others = [*others, ("Transfer-Encoding", draw(st.sampled_from(["chunked", "Chunked"])))]
        content = draw(chunked_bodies(body, trailers))
    elif framing == "length":
        others = [("Content-Length", str(len(body))), *others]
    if method == "HEAD" or status in {204, 304}:
        content, body, trailers, framing = b"", b"", [], "none"
    heads = b"".join(b"HTTP/1.1 %d Wait\r\nX-Hint: a\r\n\r\n" % status for status in interim)
    head = f"HTTP/1.1 {status} {reason}\r\n".encode() + encode_fields(others) + b"\r\n"
    return Response(heads + head + content, method, status, reason, others, body, trailers, interim, framing != "close")
