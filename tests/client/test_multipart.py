"""`httpkit.client.multipart`: the writer and the readers, beside aiohttp's and through one another."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path, PureWindowsPath

import aiohttp
import pytest
from aiohttp import multipart as their_multipart
from aiohttp import payload as their_payload
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

import httpkit
from httpkit.client.formdata import FormData
from httpkit.client.multipart import BodyPartReader, MultipartReader, MultipartResponseWrapper, MultipartWriter
from httpkit.client.payload import AsyncIterablePayload, BytesPayload, JsonPayload, StreamReaderPayload, StringPayload
from httpkit.client.payload_registry import get_payload
from httpkit.errors import BadHttpMessage, ContentEncodingError, InvalidHeader, LineTooLong
from httpkit.net.body import NO_FLOW, StreamReader
from httpkit.wire.multipart import BadMultipart


class Sink:
    """Collects what is written."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def write(self, chunk):
        """Take `chunk`."""
        self.chunks.append(bytes(chunk))

    async def drain(self):
        """Have room."""

    @property
    def data(self) -> bytes:
        """All that was written."""
        return b"".join(self.chunks)


class Stream:
    """A received body that arrives in the given pieces; with the methods that aiohttp's readers need, too."""

    def __init__(self, *arrived: bytes) -> None:
        self._pieces = [piece for piece in arrived if piece]

    async def read(self, n: int = -1) -> bytes:
        """Return at most `n` bytes of the next piece."""
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if 0 <= n < len(piece):
            self.unread_data(piece[n:])
            return piece[:n]
        return piece

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """Return the next line."""
        del max_line_length
        line = b""
        while self._pieces and not line.endswith(b"\n"):
            piece = self._pieces.pop(0)
            end = piece.find(b"\n") + 1 or len(piece)
            line += piece[:end]
            self.unread_data(piece[end:])
        return line

    def unread_data(self, data: bytes) -> None:
        """Put `data` back."""
        if data:
            self._pieces.insert(0, data)

    def at_eof(self) -> bool:
        """Whether nothing is left."""
        return not self._pieces


def cut(data: bytes, size: int) -> list[bytes]:
    """Return `data` in pieces of `size` bytes."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def reader_of(
    data: bytes, *, kind: str = "mixed", boundary: str = "b", size: int = 1 << 20, **options
) -> MultipartReader:
    """Return our reader of `data`."""
    headers = {"Content-Type": f'multipart/{kind}; boundary="{boundary}"'}
    return MultipartReader(headers, Stream(*cut(data, size)), **options)


def part_of(body: bytes, fields: dict[str, str] | None = None, *, size: int = 1 << 20, **options) -> BodyPartReader:
    """Return our reader of one part's body."""
    headers = CIMultiDictProxy(CIMultiDict(fields or {}))
    return BodyPartReader(b"--b", headers, Stream(*cut(body + b"\r\n--b--", size)), **options)


async def tree_of(reader, reader_cls) -> list:
    """Return fields and bytes of all parts, nested ones as lists."""
    parts: list = []
    async for part in reader:
        if isinstance(part, reader_cls):
            parts.append((list(part.headers.items()), await tree_of(part, reader_cls)))
        else:
            parts.append((list(part.headers.items()), bytes(await part.read())))
    return parts


async def written(body) -> bytes:
    """Return what a payload writes."""
    sink = Sink()
    await body.write(sink)
    return sink.data


async def pieces(*chunks: bytes):
    """Give `chunks`."""
    for chunk in chunks:
        yield chunk


class Ours:
    """Our classes under aiohttp's names."""

    writer, reader, part = MultipartWriter, MultipartReader, BodyPartReader
    bytes_, text, json = BytesPayload, StringPayload, JsonPayload


class Theirs:
    """Aiohttp's classes."""

    writer, reader, part = (
        their_multipart.MultipartWriter,
        their_multipart.MultipartReader,
        their_multipart.BodyPartReader,
    )
    bytes_, text, json = their_payload.BytesPayload, their_payload.StringPayload, their_payload.JsonPayload


def nested(m) -> object:
    """Return a writer in a writer."""
    inner = m.writer("related", boundary="inner")
    inner.append("x")
    outer = m.writer("mixed", boundary="outer")
    outer.append(inner)
    outer.append("after")
    return outer


def with_parts(*calls, subtype: str = "mixed", boundary: str = "b"):
    """Return a function that makes a writer and applies `calls` to it."""

    def make(m):
        writer = m.writer(subtype, boundary=boundary)
        for call in calls:
            call(writer, m)
        return writer

    return make


WRITERS = {
    "empty": with_parts(),
    "empty form": with_parts(subtype="form-data"),
    "text": with_parts(lambda w, _m: w.append("hello")),
    "several": with_parts(lambda w, _m: w.append("a"), lambda w, _m: w.append(b"b", {"X-Y": "z"})),
    "json": with_parts(lambda w, _m: w.append_json({"a": 1}, {"X": "y"})),
    "form": with_parts(lambda w, _m: w.append_form({"a": "1 2", "b": ["3", "4"]}, {"X": "y"})),
    "form of pairs": with_parts(lambda w, _m: w.append_form([("a", "1")])),
    "payload": with_parts(lambda w, m: w.append(m.bytes_(b"x"), {"Content-Type": "a/b"})),
    "payload appended": with_parts(lambda w, m: w.append_payload(m.text("x"))),
    "BytesIO": with_parts(lambda w, _m: w.append(io.BytesIO(b"x"))),
    "unknown size": with_parts(lambda w, _m: w.append(pieces(b"a", b"b"))),
    "gzip": with_parts(lambda w, _m: w.append("x" * 1000, {"Content-Encoding": "gzip"})),
    "deflate": with_parts(lambda w, _m: w.append("x" * 1000, {"Content-Encoding": "DEFLATE"})),
    "identity": with_parts(lambda w, _m: w.append("x", {"Content-Encoding": "identity"})),
    "base64": with_parts(lambda w, _m: w.append(b"hello", {"Content-Transfer-Encoding": "base64"})),
    "quoted-printable": with_parts(
        lambda w, _m: w.append("\xe4 = \xf6\n", {"Content-Transfer-Encoding": "quoted-printable"})
    ),
    "binary": with_parts(lambda w, _m: w.append("x", {"Content-Transfer-Encoding": "binary"})),
    "gzip in base64": with_parts(
        lambda w, _m: w.append("x", {"Content-Encoding": "gzip", "Content-Transfer-Encoding": "base64"})
    ),
    "form-data": with_parts(lambda w, _m: w.append("a"), lambda w, _m: w.append("b"), subtype="form-data"),
    "form-data named": with_parts(
        lambda w, _m: w.append("a", {"Content-Disposition": 'form-data; name="n"'}), subtype="form-data"
    ),
    "quoted boundary": with_parts(lambda w, _m: w.append("a"), boundary='a b"c\\d:e'),
    "nested": nested,
}


class TestWriter:
    """RFC 2046, RFC 7578."""

    @pytest.mark.parametrize("name", WRITERS)
    async def test_body_is_aiohttps(self, name):
        """The same parts give the same fields, size and bytes."""
        facts = []
        for module in (Ours, Theirs):
            writer = WRITERS[name](module)
            facts.append(
                (
                    list(writer.headers.items()),
                    writer.size,
                    len(writer),
                    writer.boundary,
                    bool(writer),
                    writer.autoclose,
                    [(type(part).__name__, coding or None, transfer or None) for part, coding, transfer in writer],
                    await written(writer),
                    writer.consumed,
                )
            )
        assert facts[0] == facts[1]

    @pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"unknown size"}))
    async def test_size_and_as_bytes_are_what_is_written(self, name):
        """Content-Length may be trusted, and a digest over the body is of the body that is sent."""
        writer = WRITERS[name](Ours)
        data = await written(writer)
        assert (await writer.as_bytes(), writer.size in {None, len(data)}) == (data, True)
        assert await written(writer) == data

    async def test_decode_is_the_body_as_text(self):
        """For looking at; parts with codings are refused."""
        writer = WRITERS["several"](Ours)
        assert writer.decode().encode() == await written(writer)
        with pytest.raises(TypeError, match="as_bytes"):
            WRITERS["gzip"](Ours).decode()

    @pytest.mark.parametrize(
        ("make", "error"),
        [
            (with_parts(lambda w, _m: w.append(object())), TypeError),
            (with_parts(lambda w, _m: w.append("x", {"Content-Encoding": "br"})), RuntimeError),
            (with_parts(lambda w, _m: w.append("x", {"Content-Transfer-Encoding": "rot13"})), RuntimeError),
            (with_parts(boundary="\N{SNOWMAN}"), ValueError),
            (with_parts(boundary="a\r\nb"), ValueError),
        ],
    )
    def test_errors_are_aiohttps(self, make, error):
        """What is refused is refused with the same type."""
        for module in (Ours, Theirs):
            with pytest.raises(error):
                make(module)

    @pytest.mark.parametrize("boundary", ["", "x" * 71])
    def test_a_boundary_has_1_to_70_characters(self, boundary):
        """RFC 2046 section 5.1.1; a longer one, receivers may refuse."""
        with pytest.raises(ValueError, match="boundary"):
            MultipartWriter(boundary=boundary)

    @pytest.mark.parametrize("name", ["Content-Encoding", "Content-Length", "Content-Transfer-Encoding"])
    def test_a_form_has_no_coded_parts(self, name):
        """RFC 7578 sections 4.7 and 4.8; with `python -O` too, where aiohttp's assertion is gone."""
        with pytest.raises(ValueError, match=name):
            MultipartWriter("form-data").append("x", {name: "1"})

    async def test_a_forms_part_needs_a_name(self):
        """RFC 7578 section 4.2; a file name is none."""
        writer = MultipartWriter("form-data")
        writer.append("x", {"Content-Disposition": 'form-data; filename="name=a"'})
        with pytest.raises(ValueError, match="with a name"):
            await written(writer)

    @pytest.mark.parametrize(
        "misuse",
        [
            lambda writer: writer.enable_compression("gzip"),
            lambda writer: writer.enable_chunking(),
            lambda writer: asyncio.run(writer.write_headers("GET / HTTP/1.1", CIMultiDict())),
        ],
    )
    def test_a_coded_part_has_no_framing_of_its_own(self, misuse):
        """Its head is on the wire already when it is written."""

        class Odd(BytesPayload):
            async def write(self, writer):
                await writer.drain()
                await asyncio.to_thread(misuse, writer)

        writer = MultipartWriter()
        writer.append(Odd(b"x"), {"Content-Encoding": "gzip"})
        with pytest.raises(RuntimeError, match="a part "):
            asyncio.run(written(writer))

    def test_a_form_to_append_is_pairs(self):
        """A file or a number has no fields."""
        with pytest.raises(TypeError, match="sequence of pairs"):
            MultipartWriter().append_form(1)

    async def test_without_the_closing_boundary_more_may_follow(self):
        """As in a stream of images."""
        writer = WRITERS["text"](Ours)
        sink = Sink()
        await writer.write(sink, close_boundary=False)
        await writer.write(sink)
        assert [body for _, body in await tree_of(reader_of(sink.data), MultipartReader)] == [b"hello", b"hello"]

    @pytest.mark.parametrize("where", ["append", "size", "write"])
    async def test_cve_2026_50269_a_forged_part_header_is_refused_before_anything_is_written(self, where):
        """CVE-2026-50269: in appended fields, in a media type, and in fields that were changed later."""
        writer, sink = MultipartWriter(), Sink()
        writer.append("first")
        if where == "append":
            for make in (
                lambda: writer.append("x", {"X": "a\r\nB: c"}),
                lambda: writer.append(StringPayload("x", content_type="a/b\r\nX: y")),
                lambda: writer.append_json({}, {"X\n": "a"}),
            ):
                with pytest.raises(ValueError, match="forge a header"):
                    make()
        else:
            writer.append("x").headers["X"] = "a\r\nB: c"
            with pytest.raises(ValueError, match="forge a header"):
                await writer.write(sink) if where == "write" else writer.size
        assert sink.chunks == []

    async def test_closing_closes_every_part(self, tmp_path, caplog):
        """CVE-2026-54280: the files of an aborted upload are closed, and one that can't be doesn't keep the others open."""

        class Broken(BytesPayload):
            _autoclose = False

            async def close(self):
                raise OSError("broken")

        path = tmp_path / "f"
        path.write_bytes(b"x")
        file = path.open("rb")
        writer = MultipartWriter()
        writer.append(Broken(b""))
        writer.append(file)
        await writer.close()
        for _ in range(200):
            if file.closed:
                break
            await asyncio.sleep(0.01)
        assert (file.closed, writer.consumed, [record.levelname for record in caplog.records]) == (
            True,
            True,
            ["ERROR"],
        )

    async def test_it_is_consumed_with_its_parts(self):
        """A redirect can't send what an async iterable has given away."""
        writer = MultipartWriter()
        writer.append(AsyncIterablePayload(pieces(b"a")))
        assert not writer.consumed
        await written(writer)
        assert writer.consumed

    async def test_a_large_part_is_compressed_off_the_loop(self):
        """A megabyte takes tens of milliseconds."""
        data = os.urandom(1 << 19) * 2
        writer = MultipartWriter(boundary="b")
        writer.append(io.BytesIO(data), {"Content-Encoding": "gzip"})
        part = await reader_of(await written(writer)).next()
        assert await part.read(decode=True) == data

    def test_it_groups_appends_in_a_with_block(self):
        """As in aiohttp's documentation."""
        with MultipartWriter() as writer:
            writer.append("x")
        assert len(writer) == 1


BODIES = {
    "one": b"--b\r\nA: 1\r\n\r\nhello\r\n--b--\r\n",
    "two": b"--b\r\nA: 1\r\n\r\nhello\r\n--b\r\nB: 2\r\n\r\nworld\r\n--b--\r\n",
    "preamble and epilogue": b"pre\r\n--b\r\n\r\nx\r\n--b--\r\nepilogue",
    "no line break at the end": b"--b\r\n\r\nx\r\n--b--",
    "no parts": b"--b--\r\n",
    "empty part": b"--b\r\nA: 1\r\n\r\n\r\n--b--\r\n",
    "line breaks in part": b"--b\r\n\r\n\r\na\n\r\r\n\r\n\r\n--b--\r\n",
    "length": b"--b\r\nContent-Length: 5\r\n\r\nhello\r\n--b--\r\n",
    "length over boundary": b"--b\r\nContent-Length: 9\r\n\r\nx\r\n--b\r\ny\r\n--b--\r\n",
    "length 0": b"--b\r\nContent-Length: 0\r\n\r\n\r\n--b--\r\n",
    "bare LF head": b"--b\nA: 1\n\nhello\r\n--b--\n",
    "padding": b"--b  \r\n\r\nx\r\n--b \r\n\r\ny\r\n--b--  \r\n",
    "nested": (
        b"--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n--c\r\nA: 1\r\n\r\nx\r\n--c\r\n\r\ny\r\n--c--\r\n"
        b"\r\n--b\r\n\r\nafter\r\n--b--\r\n"
    ),
    "long": b"--b\r\n\r\n" + b"\r\n--a" * 10_000 + b"\r\n--b--\r\n",
}
BROKEN = {
    "empty": b"",
    "no boundary": b"hello",
    "wrong boundary": b"--c\r\n\r\nx\r\n--c--\r\n",
    "cut in part": b"--b\r\n\r\nhello",
    "cut in part, with line break": b"--b\r\n\r\nhello\r\n",
    "length too small": b"--b\r\nContent-Length: 3\r\n\r\nhello\r\n--b--\r\n",
    "length too large": b"--b\r\nContent-Length: 50\r\n\r\nhello\r\n--b--\r\n",
    "length with sign": b"--b\r\nContent-Length: +5\r\n\r\nhello\r\n--b--\r\n",
    "nested without boundary": b"--b\r\nContent-Type: multipart/x\r\n\r\n--b--\r\n",
    "nested with a long boundary": b"--b\r\nContent-Type: multipart/x; boundary="
    + b"x" * 71
    + b"\r\n\r\n\r\n--b--\r\n",
}


class TestReader:
    """Parts out of a stream."""

    @pytest.mark.parametrize("name", BODIES)
    @pytest.mark.parametrize("size", [1 << 20, 7])
    async def test_parts_are_aiohttps(self, name, size):
        """The same bytes give the same parts."""
        headers = {"Content-Type": "multipart/mixed; boundary=b"}
        ours = await tree_of(MultipartReader(headers, Stream(*cut(BODIES[name], size))), MultipartReader)
        theirs = await tree_of(Theirs.reader(headers, Stream(BODIES[name])), Theirs.reader)
        assert ours == theirs

    @pytest.mark.parametrize("name", BROKEN)
    async def test_errors_are_aiohttps(self, name):
        """Malformed bodies are a ValueError in both."""
        headers = {"Content-Type": "multipart/mixed; boundary=b"}
        for module in (Ours, Theirs):
            with pytest.raises(ValueError, match=r"."):
                await tree_of(module.reader(headers, Stream(BROKEN[name])), module.reader)

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/mixed",
            "multipart/mixed; boundary=" + "x" * 71,
            "text/plain; boundary=b",
            'multipart/x; boundary=""',
        ],
    )
    def test_a_reader_needs_a_multipart_type_with_a_boundary(self, content_type):
        """One documented error for each way to lack it; with `python -O` too."""
        with pytest.raises(ValueError, match=r"boundary|multipart"):
            MultipartReader({"Content-Type": content_type}, Stream())

    def test_a_reader_needs_a_content_type(self):
        """A response without one is not multipart."""
        with pytest.raises(ValueError, match="multipart"):
            MultipartReader({}, Stream())

    @pytest.mark.parametrize("name", WRITERS)
    async def test_aiohttps_reader_reads_our_writer(self, name):
        """And ours reads the same from it."""
        writer = WRITERS[name](Ours)
        data = await written(writer)
        ours = await tree_of(MultipartReader(writer.headers, Stream(data)), MultipartReader)
        if name == "quoted boundary":
            # aiohttp leaves the backslashes in.
            assert [body for _, body in ours] == [b"a"]
        else:
            assert ours == await tree_of(Theirs.reader(writer.headers, Stream(data)), Theirs.reader)

    async def test_unread_parts_are_skipped(self):
        """next() drops what is left of the part before, nested or not; that part is then at its end."""
        reader = reader_of(BODIES["nested"])
        outer = await reader.next()
        inner = await outer.next()
        after = await reader.next()
        assert (await after.read(), await inner.read(), await outer.next(), outer.at_eof()) == (
            b"after",
            b"",
            None,
            True,
        )
        assert (await reader.next(), reader.at_eof(), await reader.next()) == (None, True, None)

    async def test_release_reads_to_the_end(self):
        """All parts are dropped."""
        reader = reader_of(BODIES["nested"])
        await reader.release()
        assert (reader.at_eof(), await reader.next()) == (True, None)

    async def test_fetch_next_part_needs_a_part(self):
        """After the last boundary there is none."""
        reader = reader_of(BODIES["one"])
        assert await (await reader.fetch_next_part()).read() == b"hello"
        with pytest.raises(BadMultipart, match="no part follows"):
            await reader.fetch_next_part()

    async def test_an_inner_body_ends_with_its_part(self):
        """A nested body without its last boundary doesn't swallow the parts that follow."""
        body = b"--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b\r\n\r\nsafe\r\n--b--"
        reader = reader_of(body)
        inner = await reader.next()
        with pytest.raises(BadMultipart, match="ended inside a part"):
            await (await inner.next()).read()
        assert await (await reader.next()).read() == b"safe"

    async def test_nesting_is_bounded(self):
        """Bodies in bodies in bodies end at max_nesting, the outermost reader's for all of them."""
        body = b"x"
        for level in reversed(range(4)):
            body = b"--b%d\r\n%s\r\n\r\n%s\r\n--b%d--" % (
                level, b"Content-Type: multipart/x; boundary=b%d" % (level + 1) if level < 3 else b"A: 1", body, level
            )  # fmt: skip
        assert await tree_of(reader_of(body, boundary="b0", max_nesting=4), MultipartReader)
        with pytest.raises(BadMultipart, match=r"deeper than 3 \(max_nesting\)"):
            await tree_of(reader_of(body, boundary="b0", max_nesting=3), MultipartReader)

    async def test_hostile_nesting_ends_at_the_default_limit(self):
        """A server can't make a reader recurse as deep as it likes."""
        body = b"".join(
            b"--b%d\r\nContent-Type: multipart/x; boundary=b%d\r\n\r\n" % (level, level + 1) for level in range(10_000)
        )
        with pytest.raises(BadMultipart, match="max_nesting"):
            await tree_of(reader_of(body, boundary="b0"), MultipartReader)

    async def test_cve_2026_34516_heads_are_bounded(self):
        """CVE-2026-34516, CVE-2026-34517: max_field_size and max_headers, in nested parts too."""
        head = b"--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n"
        long, many = b"A: " + b"x" * 8190, b"A: 1\r\n" * 129
        with pytest.raises(LineTooLong, match=r"8190 bytes \(max_field_size\)"):
            await reader_of(b"--b\r\n" + long + b"\r\n\r\n\r\n--b--").next()
        with pytest.raises(LineTooLong, match=r"128 fields \(max_headers\)"):
            await reader_of(b"--b\r\n" + many + b"\r\n\r\n--b--").next()
        options = {"max_field_size": 50, "max_headers": 2}
        for fields, limit in ((b"A: " + b"x" * 50, "max_field_size"), (b"A: 1\r\n" * 3, "max_headers")):
            inner = await reader_of(head + fields + b"\r\n\r\n\r\n--c--\r\n--b--", **options).next()
            with pytest.raises(LineTooLong, match=limit):
                await inner.next()

    async def test_cve_2024_30251_truncated_bodies_end(self):
        """CVE-2024-30251: cut anywhere, reading ends with parts or a documented error."""
        body = BODIES["nested"]
        ended = 0
        for size in range(len(body)):
            try:
                await asyncio.wait_for(tree_of(reader_of(body[:size]), MultipartReader), 5)
            except ValueError:
                ended += 1
        # Only the last line break may be missing.
        assert ended == len(body) - 2

    def test_cve_2025_69227_truncated_bodies_end_under_optimization(self):
        """CVE-2025-69227: `python -O` removes assertions, and reading ends all the same."""
        code = (
            "import asyncio, io, sys\n"
            "from httpkit.client.multipart import MultipartReader\n"
            "class Stream:\n"
            "    def __init__(self, data): self.file = io.BytesIO(data)\n"
            "    async def read(self, n=-1): return self.file.read(n)\n"
            "body = (b'--b\\r\\nContent-Length: 2\\r\\n\\r\\nxy\\r\\n--b\\r\\nContent-Type: multipart/m; boundary=c\\r\\n\\r\\n'\n"
            "        b'--c\\r\\n\\r\\nz\\r\\n--c--\\r\\n--b--')\n"
            "async def read(size):\n"
            "    headers = {'Content-Type': 'multipart/form-data; boundary=b'}\n"
            "    reader = MultipartReader(headers, Stream(body[:size]))\n"
            "    async for part in reader:\n"
            "        while not part.at_eof(): await (part.read_chunk() if hasattr(part, 'read_chunk') else part.next())\n"
            "ended = 0\n"
            "for size in range(len(body)):\n"
            "    try: asyncio.run(asyncio.wait_for(read(size), 5))\n"
            "    except ValueError: ended += 1\n"
            "print(ended, len(body), __debug__)\n"
        )
        command = [sys.executable, "-O", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        ended, size, debug = done.stdout.split()
        assert (int(ended), debug) == (int(size), "False")

    async def test_a_form_may_name_its_charset(self):
        """RFC 7578 section 4.6: `_charset_` is not a part, it is the charset of those that follow."""
        body = (
            b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nlatin-1\r\n'
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xe4\r\n--b--'
        )
        reader = reader_of(body, kind="form-data")
        part = await reader.next()
        assert (part.name, await part.text(), await reader.next()) == ("a", "\xe4", None)

    async def test_a_charset_too_long_to_be_one_is_refused(self):
        """Nobody's charset has 32 bytes."""
        body = b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + b"x" * 32 + b"\r\n--b--"
        with pytest.raises(RuntimeError, match="31 bytes"):
            await reader_of(body, kind="form-data", size=5).next()

    async def test_subclasses_choose_the_readers(self):
        """The class attributes are aiohttp's hooks."""

        class Part(BodyPartReader):
            pass

        class Inner(MultipartReader):
            part_reader_cls = Part

        class Outer(MultipartReader):
            multipart_reader_cls = Inner

        reader = Outer({"Content-Type": "multipart/mixed; boundary=b"}, Stream(BODIES["nested"]))
        inner = await reader.next()
        assert [type(inner), type(await inner.next()), type(await reader.next())] == [Inner, Part, BodyPartReader]

    async def test_a_response_is_released_after_its_last_part(self):
        """from_response gives the connection back by itself."""

        class Response:
            headers = CIMultiDict({"Content-Type": "multipart/mixed; boundary=b"})
            content = Stream(BODIES["two"])
            released = 0

            async def release(self):
                self.released += 1

        response = Response()
        wrapper = MultipartReader.from_response(response)
        assert (type(wrapper), wrapper.at_eof()) == (MultipartResponseWrapper, False)
        parts = [await part.read() async for part in wrapper]
        assert (parts, response.released, wrapper.at_eof()) == ([b"hello", b"world"], 1, True)

    async def test_a_live_part_is_given_out_before_the_next_one_arrives(self):
        """multipart/x-mixed-replace: cameras send for hours."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()

        class Live:
            async def read(self, n=-1):
                del n
                return await queue.get()

        reader = MultipartReader({"Content-Type": "multipart/x-mixed-replace; boundary=b"}, Live())
        queue.put_nowait(b"--b\r\nContent-Length: 5\r\n\r\nimage")
        part = await reader.next()
        assert await asyncio.wait_for(part.read_chunk(), 5) == b"image"

    @settings(deadline=None)
    @given(st.data())
    async def test_any_mutation_gives_parts_or_a_documented_error(self, data):
        """Nothing but ValueError, BadHttpMessage and RuntimeError (`_charset_`, codings) leaves a reader."""
        body = bytearray(data.draw(st.sampled_from([body for name, body in BODIES.items() if name != "long"])))
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(body)))
            body[at : at + data.draw(st.integers(0, 5))] = data.draw(
                st.binary(max_size=3) | st.sampled_from([b"\r\n", b"--b", b"--b--\r\n", b"multipart/x", b"form-data"])
            )
        kind = data.draw(st.sampled_from(["mixed", "form-data"]))
        whole, split = [], []
        for size, seen in ((1 << 20, whole), (data.draw(st.integers(1, 20)), split)):
            try:
                seen.append(await tree_of(reader_of(bytes(body), kind=kind, size=size), MultipartReader))
            except (ValueError, BadHttpMessage, RuntimeError) as error:
                seen.append(type(error))
        assert whole == split


class TestPart:
    """The body of one part."""

    @pytest.mark.parametrize("body", [b"", b"hello", b"a\r\nb", b"x" * 20_000, b"\r\n" * 50, b"--b"])
    @pytest.mark.parametrize("size", [1, 9, 8192])
    async def test_chunks_join_to_the_body_and_keep_to_their_size(self, body, size):
        """read_chunk gives at most what was asked for, and nothing after the end."""
        part = part_of(b"x" + body, size=5000)
        chunks = []
        while not part.at_eof():
            chunks.append(await part.read_chunk(size))
        assert (b"".join(chunks), max(map(len, chunks)) <= size, await part.read_chunk(size)) == (
            b"x" + body,
            True,
            b"",
        )

    async def test_a_chunk_has_a_size(self):
        """None or less bytes would never end."""
        with pytest.raises(ValueError, match="at least 1 byte"):
            await part_of(b"x").read_chunk(0)

    @given(st.binary(max_size=300), st.integers(1, 100), st.integers(1, 50), st.booleans())
    async def test_chunks_of_base64_can_be_decoded_on_their_own(self, data, size, arrives, in_lines):
        """As aiohttp's documentation decodes them."""
        coded = base64.encodebytes(data) if in_lines else base64.b64encode(data)
        part = part_of(coded, {"Content-Transfer-Encoding": "base64"}, size=arrives)
        decoded = b""
        while chunk := await part.read_chunk(size):
            decoded += part.decode(chunk)
        assert decoded == data

    async def test_hostile_base64_makes_progress(self):
        """One character and then nothing but spaces holds no group, and isn't collected without end."""
        part = part_of(b"Q" + b" " * 1_000_000, {"Content-Transfer-Encoding": "base64"})
        chunk = await part.read_chunk()
        assert len(chunk) < 100_000

    @pytest.mark.parametrize("body", [b"a\nb\r\nc", b"", b"\n\n", b"no end", b"end\n", b"x" * 10_000 + b"\n"])
    async def test_lines_join_to_the_body(self, body):
        """The line break before the boundary is none of the part's; other readers may go on after a line."""
        part = part_of(body, size=3)
        lines = []
        while line := await part.readline():
            lines.append(line)
        assert (lines, part.at_eof()) == (body.splitlines(keepends=True), True)
        part = part_of(body)
        first = await part.readline()
        assert first + await part.read() == body

    async def test_many_lines_are_read_in_linear_time(self):
        """A megabyte of empty lines."""
        part = part_of(b"\n" * 200_000)
        count = 0
        async with asyncio.timeout(10):
            while await part.readline():
                count += 1
        assert count == 200_000

    async def test_iterating_gives_the_body_once(self):
        """As in aiohttp."""
        assert [data async for data in part_of(b"hello")] == [b"hello"]
        assert [data async for data in part_of(b"")] == []

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            (b"hello", {}),
            (gzip.compress(b"hello"), {"Content-Encoding": "gzip"}),
            (zlib.compress(b"hello")[2:-4], {"Content-Encoding": "deflate"}),
            (b"hello", {"Content-Encoding": "identity"}),
            (b"aGVs\r\nbG8=", {"Content-Transfer-Encoding": "base64"}),
            (b"hel=6Co", {"Content-Transfer-Encoding": "Quoted-Printable"}),
            (b"hello", {"Content-Transfer-Encoding": "8bit"}),
        ],
    )
    async def test_decoding_is_aiohttps(self, body, fields):
        """Both codings, and none; text() decodes as well."""
        headers = CIMultiDictProxy(CIMultiDict(fields))
        raw = body + b"\r\n--b--"
        ours = [BodyPartReader(b"--b", headers, Stream(raw)) for _ in range(3)]
        theirs = Theirs.part(b"--b", headers, Stream(raw))
        assert await ours[0].read(decode=True) == await theirs.read(decode=True) == ours[1].decode(body) == b"hello"
        assert (await ours[1].text(), [data async for data in ours[2].decode_iter(body)]) == ("hello", [b"hello"])

    async def test_deflate_with_its_wrapper_is_read(self):
        """RFC 9110 section 8.4.1.2 wants the wrapper; aiohttp doesn't know it."""
        assert await part_of(zlib.compress(b"hello"), {"Content-Encoding": "deflate"}).read(decode=True) == b"hello"

    async def test_a_form_has_no_codings(self):
        """RFC 7578 section 4.8: the field is ignored."""
        part = part_of(b"plain", {"Content-Encoding": "gzip"}, subtype="form-data")
        assert await part.read(decode=True) == b"plain"

    @pytest.mark.parametrize("fields", [{"Content-Encoding": "rot13"}, {"Content-Transfer-Encoding": "rot13"}])
    async def test_unknown_codings_are_refused(self, fields):
        """As in aiohttp."""
        for cls in (BodyPartReader, Theirs.part):
            with pytest.raises(RuntimeError, match="unknown content"):
                await cls(b"--b", CIMultiDictProxy(CIMultiDict(fields)), Stream(b"x\r\n--b--")).read(decode=True)

    async def test_malformed_codings_are_a_documented_error(self):
        """Not zlib's, and not binascii's."""
        with pytest.raises(ContentEncodingError, match="gzip"):
            await part_of(b"junk", {"Content-Encoding": "gzip"}).read(decode=True)

    async def test_cve_2026_34517_reading_is_bounded(self):
        """CVE-2026-34516/34517: client_max_size holds for what arrives, for what it inflates to, and for lines."""

        class TooLarge(Exception):
            pass

        options = {"client_max_size": 1000, "max_size_error_cls": TooLarge}
        bomb = gzip.compress(bytes(100_000))
        for read in (
            lambda: part_of(bytes(1001), **options).read(),
            lambda: part_of(bytes(1001), **options).readline(),
            lambda: part_of(bomb, {"Content-Encoding": "gzip"}, **options).read(decode=True),
        ):
            with pytest.raises(TooLarge, match="1000"):
                await read()
        assert await part_of(bytes(1000), **options).read() == bytes(1000)

    async def test_json_and_form_are_aiohttps(self):
        """With the charset of the part, and None or [] for an empty one."""
        utf16 = {"Content-Type": "application/json; charset=utf-16"}
        assert await part_of('{"a": 1}'.encode("utf-16"), utf16).json() == {"a": 1}
        assert await part_of(b"[1]").json() == [1]
        assert await part_of(b"a=1&b=%C3%A4&c=\r\n").form() == [("a", "1"), ("b", "\xe4"), ("c", "")]
        assert (await part_of(b"").json(), await part_of(b"").form()) == (None, [])
        with pytest.raises(ValueError, match="ascii encoding"):
            await part_of(b"\xff").form(encoding="ascii")

    @pytest.mark.parametrize(
        ("value", "name", "filename", "safe"),
        [
            ('form-data; name="a"; filename="b.txt"', "a", "b.txt", "b.txt"),
            ("attachment; filename*=utf-8''%E2%98%83.txt", None, "\N{SNOWMAN}.txt", "\N{SNOWMAN}.txt"),
            ('attachment; filename*0="a"; filename*1="b"', None, "ab", "ab"),
            ('a; filename="../../etc/passwd"', None, "../../etc/passwd", "passwd"),
            ('a; filename="C:\\\\windows\\\\x.exe"', None, "C:\\windows\\x.exe", "x.exe"),
            ('a; filename=".bashrc"', None, ".bashrc", "bashrc"),
            ('a; filename=".."', None, "..", None),
            ('a; filename="a:b|c. "', None, "a:b|c. ", "abc"),
            ('a; filename="x/"', None, "x/", None),
            ("a", None, None, None),
        ],
    )  # fmt: skip
    def test_names_are_as_sent_and_safe_filename_is_a_name(self, value, name, filename, safe):
        """A file name is foreign text; safe_filename may be joined to a directory."""
        part = part_of(b"", {"Content-Disposition": value})
        assert (part.name, part.filename, part.safe_filename) == (name, filename, safe)

    @given(st.text(max_size=30))
    def test_a_safe_filename_is_never_a_path(self, filename):
        """Whatever a server sends."""
        part = part_of(b"")
        part.filename = filename
        safe = part.safe_filename
        assert safe is None or (Path(safe).name == PureWindowsPath(safe).name == safe and safe[0] != ".")

    def test_a_part_without_disposition_has_no_name(self):
        """And no file name."""
        assert (part_of(b"").name, part_of(b"").filename) == (None, None)

    async def test_a_length_that_is_no_number_is_refused(self):
        """In a part that is opened by hand, too."""
        with pytest.raises(ValueError, match="Content-Length"):
            part_of(b"", {"Content-Length": "+1"})

    async def test_malformed_heads_are_aiohttps_errors(self):
        """The names are aiohttp's."""
        with pytest.raises(InvalidHeader):
            await reader_of(b"--b\r\nA B\r\n\r\n\r\n--b--").next()
        with pytest.raises(aiohttp.http_exceptions.InvalidHeader):
            await Theirs.reader(
                {"Content-Type": "multipart/x; boundary=b"}, Stream(b"--b\r\nA B\r\n\r\n\r\n--b--")
            ).next()


class TestPassingOn:
    """A received part as a payload."""

    async def test_a_part_is_passed_on_decoded(self):
        """Streamed, with its names; once."""
        data = os.urandom(300_000)
        fields = {"Content-Encoding": "gzip", "Content-Disposition": 'form-data; name="a"; filename="b"'}
        body = get_payload(part_of(gzip.compress(data), fields))
        disposition = body.headers["Content-Disposition"]
        assert (await written(body), body.consumed, disposition) == (data, True, 'attachment; name="a"; filename="b"')
        assert await written(body) == b""

    async def test_a_part_is_never_collected(self):
        """It may be larger than memory."""
        body = get_payload(part_of(b"x"))
        with pytest.raises(TypeError, match="decode"):
            body.decode()
        with pytest.raises(TypeError, match="write"):
            await body.as_bytes()


part_bodies = st.lists(st.sampled_from([b"\r\n", b"--", b"b", b"\n", b"\r", b"x", b"\0"])).map(b"".join)


class TestOverStreams:
    """With the real stream below, and to a real server and back."""

    @pytest.mark.parametrize("name", BODIES)
    async def test_parts_come_out_of_a_stream_reader(self, name):
        """The body of a response, as it arrives."""
        stream = StreamReader(NO_FLOW, 2**16)

        async def arrive():
            for piece in cut(BODIES[name], 100):
                stream.feed_data(piece)
                await asyncio.sleep(0)
            stream.feed_eof()

        task = asyncio.create_task(arrive())
        headers = {"Content-Type": "multipart/mixed; boundary=b"}
        parts = await tree_of(MultipartReader(headers, stream), MultipartReader)
        await task
        assert parts == await tree_of(MultipartReader(headers, Stream(BODIES[name])), MultipartReader)

    async def test_a_stream_reader_is_a_payload(self):
        """What is received is passed on as it arrives."""
        stream = StreamReader(NO_FLOW, 2**16)
        stream.feed_data(b"ab")
        stream.feed_data(b"c")
        stream.feed_eof()
        body = get_payload(stream)
        assert (type(body), await written(body), body.consumed) == (StreamReaderPayload, b"abc", True)

    async def test_a_form_and_a_multipart_response_go_over_the_wire(self, tmp_path):
        """Aiohttp's server reads our form, file and all, and we read the multipart body that it answers with."""
        path = tmp_path / "data.bin"
        path.write_bytes(os.urandom(600_000))

        async def answer(request):
            fields = await request.post()
            file = fields["file"]
            with aiohttp.MultipartWriter("mixed") as writer:
                writer.append(fields["text"])
                writer.append(file.file.read(), {"Content-Encoding": "gzip"})
                writer.append_json({"name": file.filename, "type": file.content_type})
            return web.Response(body=writer)

        app = web.Application(client_max_size=2**20)
        app.router.add_post("/", answer)
        async with TestServer(app) as server, httpkit.ClientSession() as session:
            with path.open("rb") as file:
                form = FormData({"text": "\N{SNOWMAN}", "file": file})
                async with session.post(server.make_url("/"), data=form) as response:
                    parts = [part async for part in read_all(MultipartReader.from_response(response))]
        assert parts == [
            "\N{SNOWMAN}".encode(),
            path.read_bytes(),
            b'{"name": "data.bin", "type": "application/octet-stream"}',
        ]


async def read_all(reader):
    """Give the decoded bytes of each part."""
    async for part in reader:
        yield await part.read(decode=True)


class TestRoundTrip:
    """What the writer writes, the readers read."""

    @given(
        st.lists(
            st.tuples(
                part_bodies,
                st.sampled_from(["", "gzip", "deflate", "identity"]),
                st.sampled_from(["", "base64", "quoted-printable", "binary"]),
            ),
            max_size=4,
        ),
        st.integers(1, 200),
    )
    async def test_parts_round_trip_with_any_coding_and_split(self, parts, size):
        """Every pair of content coding and transfer encoding."""
        writer = MultipartWriter()
        for body, coding, transfer in parts:
            named = {"Content-Encoding": coding, "Content-Transfer-Encoding": transfer}
            writer.append(body, {name: value for name, value in named.items() if value})
        reader = MultipartReader(writer.headers, Stream(*cut(await written(writer), size)))
        assert [await part.read(decode=True) async for part in reader] == [body for body, _, _ in parts]
