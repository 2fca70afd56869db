"""Fuzz every decoder but that of responses (see `http1.py`): `PYTHONPATH=. python tests/fuzz/decoders.py [seconds] [seed]`.

Not part of the test suite. Mutates valid input of one decoder after the other. What must hold: only documented errors,
the same outcome however the bytes are cut, and no more than linear time where a piece of the input is repeated.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import random
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpkit
from httpkit.errors import BadHttpMessage, ContentEncodingError, WSHandshakeError
from httpkit.values.caching import parse_cache_control
from httpkit.values.challenges import parse_challenges
from httpkit.values.dates import parse_http_date, parse_retry_after
from httpkit.values.disposition import content_disposition_filename, parse_content_disposition
from httpkit.values.etags import parse_etags
from httpkit.values.fields import parse_media_type
from httpkit.values.links import parse_links
from httpkit.values.set_cookie import parse_cookie_date, parse_set_cookie
from httpkit.wire.codings import decoder_for
from httpkit.wire.deflate import DeflateParameters, Inflater, parse_agreement
from httpkit.wire.eventstream import EventStreamDecoder
from httpkit.wire.websocket import FrameDecoder

SLOW_SECONDS = 0.25
# Input repeated four times as often may take this many times as long; less than FAST_SECONDS is not measured.
GROWTH = 9
FAST_SECONDS = 0.02
REPEATED_BYTES = 200_000

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = [b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b",", b";", b"=", b'"', b"\\", b"<", b">", b"%", b"*", b"'", b"--",
         b"0", b"9" * 20, b"-1", b"\xff", b"\xc3\xa9", b"\xe2\x82", b"UTF-8''%e2", b"data:", b"--b", b"--b--\r\n", b"(", b")",
         b"Content-Type: multipart/mixed; boundary=c\r\n", b"Content-Length: 3\r\n", b"\x81\x05", b"\x00\x01\x02",
         b"Content-Encoding: gzip\r\n", b"Content-Transfer-Encoding: base64\r\n", b"a" * 90]  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What is fuzzed.

    Attributes:
        run: decodes pieces, and returns what must not depend on how they are cut.
        seeds: valid input.
        refusals: the documented errors.
        is_cut: whether the input may come in pieces.
    """

    run: Callable[[Sequence[bytes]], Any]
    seeds: list[bytes]
    refusals: tuple[type[Exception], ...] = ()
    is_cut: bool = True


def of_text(parse: Callable[[str], Any]) -> Callable[[Sequence[bytes]], Any]:
    """Return what gives `parse` the bytes as a field value is given to it."""
    return lambda pieces: parse(b"".join(pieces).decode("utf-8", "surrogateescape"))


def events(pieces: Sequence[bytes]) -> Any:
    """Decode an event stream."""
    decoder = EventStreamDecoder(max_line_size=400, max_event_size=600)
    found = [event for piece in pieces for event in decoder.feed(piece)]
    return found, decoder.last_event_id, decoder.retry, decoder.error is None


def frames(pieces: Sequence[bytes], inflater: Inflater | None = None) -> Any:
    """Decode WebSocket frames."""
    decoder = FrameDecoder(max_msg_size=2000, inflater=inflater)
    found: list[Any] = []
    for piece in pieces:
        found += decoder.feed(piece)
        while decoder.has_more:
            found += decoder.feed(b"")
    return [(message.type, message.data if message.extra is not None else "error") for message in found]


class _Stream:
    """A body, as a multipart reader reads it."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    async def read(self, _size: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


async def _parts(reader: Any) -> list[Any]:
    found: list[Any] = []
    async for part in reader:
        if isinstance(part, httpkit.MultipartReader):
            found.append(await _parts(part))
        else:
            found.append((dict(part.headers), part.name, part.filename, bytes(await part.read(decode=True))))
    return found


def parts(pieces: Sequence[bytes], subtype: str) -> Any:
    """Decode a multipart body."""
    headers = {"Content-Type": f"multipart/{subtype}; boundary=b"}
    reader = httpkit.MultipartReader(headers, _Stream(pieces), max_field_size=200, max_headers=5)
    coroutine = _parts(reader)
    try:
        coroutine.send(None)
    except StopIteration as result:
        return result.value
    finally:
        coroutine.close()
    # Decoding a large part goes to a thread.
    return asyncio.run(_parts(httpkit.MultipartReader(headers, _Stream(pieces), max_field_size=200, max_headers=5)))


def content(pieces: Sequence[bytes], coding: str) -> Any:
    """Decode a coded body, at most 1 MB of it."""
    decoder = decoder_for(coding)
    assert decoder is not None
    found = b""
    for piece in pieces:
        found += decoder.feed(piece, 4096)
        while decoder.has_pending and len(found) < 1_000_000:
            found += decoder.feed(b"", 4096)
    decoder.feed_eof()
    return found


def deflated(data: bytes) -> bytes:
    """Return `data` as permessage-deflate sends it."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nutf-8\r\n'
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\nworld\r\n'
    b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n"
    b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\ninner\r\n--c--\r\n--b--\r\nepilogue"
)
HELLO = deflated(b"hello hello hello")

SUBJECTS = {
    "events": Subject(events, [b"\xef\xbb\xbfid: 1\ndata: a\ndata: b\n\nretry: 10\r\nevent: x\r\ndata\r\n\r\n:c\r\rdata: \r\r"]),
    "frames": Subject(frames, [b"\x81\x05hello\x01\x02he\x89\x00\x80\x03llo\x82\x7e\x00\x80" + bytes(128) + b"\x88\x02\x03\xe8"]),
    "deflated frames": Subject(
        lambda pieces: frames(pieces, Inflater(DeflateParameters())),
        [b"\xc1" + bytes([len(HELLO)]) + HELLO + b"\x41\x03" + HELLO[:3] + b"\x80" + bytes([len(HELLO) - 3]) + HELLO[3:]],
    ),
    "form": Subject(lambda pieces: parts(pieces, "form-data"), [MULTIPART], (ValueError, BadHttpMessage, RuntimeError)),
    "mixed": Subject(lambda pieces: parts(pieces, "mixed"), [MULTIPART], (ValueError, BadHttpMessage, RuntimeError)),
    **{
        coding: Subject(lambda pieces, coding=coding: content(pieces, coding), seeds, (ContentEncodingError,))
        for coding, seeds in {
            "gzip": [gzip.compress(b"hello " * 50), gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0"],
            "deflate": [zlib.compress(b"hello " * 50), zlib.compress(b"hello " * 50)[2:-4]],
            "gzip, deflate": [zlib.compress(gzip.compress(bytes(5000)))],
        }.items()
    },
    "set-cookie": Subject(
        of_text(lambda text: parse_set_cookie([text])),
        [b'a="b\\"c"; Path=/; Domain=.example.com; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=10; Secure; HttpOnly; SameSite=Lax'],
        is_cut=False,
    ),
    "cookie date": Subject(of_text(parse_cookie_date), [b"Wed, 21 Oct 2026 07:28:00 GMT", b"21-oct-26 7:8:9"], is_cut=False),
    "links": Subject(of_text(parse_links), [b"</a?b,c>; rel=\"next prev\"; title*=UTF-8''%e2%82%ac, <b>;rel=x"], is_cut=False),
    "challenges": Subject(
        of_text(parse_challenges),
        [b'Digest realm="a, b", nonce="x\\"y", qop="auth,auth-int", Basic realm=z, Negotiate YWJj==, NTLM'],
        is_cut=False,
    ),
    "disposition": Subject(
        of_text(lambda text: content_disposition_filename(parse_content_disposition(text)[1])),
        [b"attachment; filename=\"a;b.txt\"; filename*=UTF-8''a%20b; filename*0=\"x\"; filename*1*=%20y"],
        is_cut=False,
    ),
    "media type": Subject(of_text(parse_media_type), [b'text/html; charset="utf-8"; a=b; q="\\""'], is_cut=False),
    "etags": Subject(of_text(parse_etags), [b'W/"a,b", "c", *'], is_cut=False),
    "cache-control": Subject(of_text(parse_cache_control), [b'max-age=10, private="a, b", no-store,stale-if-error=5'], is_cut=False),
    "date": Subject(
        of_text(lambda text: (parse_http_date(text, NOW), parse_retry_after(text, NOW))),
        [b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994", b"120"],
        is_cut=False,
    ),
    "extensions": Subject(
        of_text(lambda text: parse_agreement(text, offered_bits=15)),
        [b"permessage-deflate; server_no_context_takeover; client_max_window_bits=12"],
        (WSHandshakeError,),
        is_cut=False,
    ),
}  # fmt: skip


def mutated(random_: random.Random, raw: bytes) -> bytes:
    """Return `raw` with some bytes replaced, removed, repeated or put in."""
    data = bytearray(raw)
    for _ in range(random_.randint(1, 5)):
        at = random_.randint(0, len(data))
        size = random_.choice((0, 0, 1, 1, 2, 8))
        data[at : at + size] = random_.choice(
            (random_.choice(WORDS), random_.randbytes(random_.randint(0, 3)), data[at : at + 20])
        )
    return bytes(data)


def outcome(subject: Subject, pieces: Sequence[bytes]) -> Any:
    """Return what the decoder gives, or that it refuses."""
    try:
        return subject.run(pieces)
    except subject.refusals:
        return "refused"


def seconds(subject: Subject, raw: bytes) -> float:
    """Return how long decoding takes, the best of three runs."""
    times = []
    for _ in range(3):
        start = time.process_time()
        outcome(subject, [raw])
        times.append(time.process_time() - start)
    return min(times)


def check(subject: Subject, random_: random.Random) -> str | None:
    """Try one mutation; return what is wrong, or None."""
    raw = mutated(random_, random_.choice(subject.seeds))
    start = time.process_time()
    whole = outcome(subject, [raw])
    if subject.is_cut:
        edges = sorted(random_.randint(0, len(raw)) for _ in range(random_.randint(0, 6)))
        pieces = [raw[start:stop] for start, stop in zip([0, *edges], [*edges, len(raw)], strict=True)]
        for other in (pieces, [bytes([byte]) for byte in raw]):
            if (found := outcome(subject, other)) != whole:
                return f"{raw!r} as {other!r}: {found!r}, not {whole!r}"
    if time.process_time() - start > SLOW_SECONDS:
        return f"slow: {raw!r}"
    return grows(subject, random_, raw) if random_.random() < 0.02 else None


def grows(subject: Subject, random_: random.Random, raw: bytes) -> str | None:
    """Repeat a piece of `raw` often, and four times as often; return what is wrong, or None."""
    at = random_.randint(0, max(0, len(raw) - 1))
    piece = raw[at : at + random_.randint(1, 12)] or b"a"
    times = [
        seconds(subject, raw[:at] + piece * (size // len(piece)) + raw[at:])
        for size in (REPEATED_BYTES // 4, REPEATED_BYTES)
    ]
    if times[1] > FAST_SECONDS and times[1] > GROWTH * max(times[0], FAST_SECONDS / GROWTH):
        return f"{times[0]:.4f} s, {times[1]:.4f} s for four times as much: {raw!r} with {piece!r} repeated at {at}"
    return None


def main(limit: float, seed: int) -> None:
    """Run for so many seconds; report each decoder's first finding, and fail if there is any."""
    logging.disable()  # what is wrong with a cookie
    warnings.simplefilter("ignore")  # or with a Content-Disposition
    random_ = random.Random(seed)
    end, count = time.monotonic() + limit, 0
    findings: dict[str, str] = {}
    while time.monotonic() < end and len(findings) < len(SUBJECTS):
        for name, subject in SUBJECTS.items():
            if name in findings:
                continue
            state = random_.getstate()
            try:
                finding = check(subject, random_)
            except Exception as error:  # noqa: BLE001 - an error that is not documented is what is looked for
                random_.setstate(state)
                finding = f"{error!r}: {mutated(random_, random_.choice(subject.seeds))!r}"
            count += 1
            if finding is not None:
                findings[name] = finding
    for name, finding in findings.items():
        sys.stdout.write(f"{name}: {finding}\n")
    sys.stdout.write(f"seed {seed}: {count} inputs, {len(findings)} findings\n")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
