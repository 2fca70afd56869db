"""Fuzz the response decoder: `PYTHONPATH=. python tests/fuzz/http1.py [seconds] [seed]`. Not part of the test suite.

Mutates valid responses and decodes each whole and in random pieces: the verdict and the events must be the same, the
only errors documented ones, and no step slow.
"""

from __future__ import annotations

import random
import sys
import time

from httpkit.errors import BadHttpMessage
from httpkit.wire.http1 import End, ResponseDecoder, ResponseHead

HEAD = b"HTTP/1.1 200 OK\r\n"
SEEDS = [
    HEAD + b"Content-Length: 12\r\nA: b\r\n\r\nhello, world",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n2\r\nhi\r\n0\r\nDigest: x\r\n\r\n",
    HEAD + b"Connection: close\r\n\r\nuntil close",
    b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 \r\n\r\n",
    b"HTTP/1.0 304 Not Modified\r\nConnection: keep-alive\r\n\r\n",
    b"HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\nbytes",
]
WORDS = [b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b",", b";", b"0", b"1", b"f", b"ffffffffffffffff", b"+", b"-",
         b"\r\n\r\n", b"chunked", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\xff", b"\xc3\xa9", b"close",
         b"HTTP/1.1 100 \r\n\r\n", b"a" * 300]  # fmt: skip
SLOW_SECONDS = 0.5


def mutated(random_: random.Random, raw: bytes) -> bytes:
    """Return `raw` with some bytes replaced, removed, repeated or put in."""
    data = bytearray(raw)
    for _ in range(random_.randint(1, 4)):
        at = random_.randint(0, len(data))
        size = random_.choice((0, 0, 1, 1, 2, 8))
        data[at : at + size] = random_.choice(
            (random_.choice(WORDS), random_.randbytes(random_.randint(0, 3)), data[at : at + 20])
        )
    return bytes(data)


def outcome(pieces: list[bytes], method: str) -> object:
    """Return the events, joined, and how the connection stands; or that it was refused."""
    decoder = ResponseDecoder(max_line_size=200, max_field_size=200, max_headers=6)
    decoder.expect(method)
    found: list[object] = []
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                if isinstance(event, ResponseHead):
                    found.append((event.status, event.reason, event.fields))
                elif isinstance(event, End):
                    found.append(event.trailers and list(event.trailers.items()))
                elif found and isinstance(found[-1], bytes):
                    found[-1] += event
                else:
                    found.append(event)
        clean = decoder.is_clean
        decoder.feed_eof()
    except BadHttpMessage:
        return "refused"
    return found, clean


def main(seconds: float, seed: int) -> None:
    """Run for so many seconds; raise at the first finding."""
    random_ = random.Random(seed)
    end, count, refused = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        raw = mutated(random_, random_.choice(SEEDS))
        method = random_.choice(("GET", "GET", "HEAD", "CONNECT"))
        edges = sorted(random_.randint(0, len(raw)) for _ in range(random_.randint(0, 6)))
        pieces = [raw[start:stop] for start, stop in zip([0, *edges], [*edges, len(raw)], strict=True)]
        start = time.monotonic()
        whole = outcome([raw], method)
        for other in (pieces, [bytes([byte]) for byte in raw]):
            if outcome(other, method) != whole:
                raise SystemExit(
                    f"seed {seed}: {method} {raw!r} as {other!r}: {outcome(other, method)!r}, not {whole!r}"
                )
        if time.monotonic() - start > SLOW_SECONDS:
            raise SystemExit(f"seed {seed}: slow: {method} {raw!r}")
        count += 1
        refused += whole == "refused"
    sys.stdout.write(f"seed {seed}: {count} responses, {refused} refused\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
