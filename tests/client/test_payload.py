"""`httpkit.client.payload`, `payload_files` and `payload_registry`, beside aiohttp's payloads."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import subprocess
import sys
import threading
import warnings

import pytest
from aiohttp import payload as theirs
from hypothesis import given
from hypothesis import strategies as st

from httpkit.client import payload, payload_files, payload_registry
from httpkit.client.payload import (
    AsyncIterablePayload,
    BytesPayload,
    JsonPayload,
    Payload,
    StreamReaderPayload,
    StringPayload,
)
from httpkit.client.payload_files import CHUNK_SIZE, BufferedReaderPayload, BytesIOPayload, IOBasePayload, TextIOPayload
from httpkit.client.payload_registry import LookupError as NoPayload
from httpkit.client.payload_registry import Order, PayloadRegistry, get_payload, payload_type, register_payload


class Ours:
    """The names of aiohttp's module, from ours."""

    def __getattr__(self, name):
        for module in (payload, payload_files, payload_registry):
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


class Sink:
    """Collects what is written."""

    def __init__(self, *, fail_after: int | None = None) -> None:
        self.chunks: list[bytes] = []
        self.fail_after = fail_after

    async def write(self, chunk):
        """Take `chunk`, or fail."""
        if self.fail_after == len(self.chunks):
            raise ConnectionResetError
        self.chunks.append(bytes(chunk))

    @property
    def data(self) -> bytes:
        """All that was written."""
        return b"".join(self.chunks)


async def written(body, length: int | None = None) -> bytes:
    """Return what a payload writes."""
    sink = Sink()
    await (body.write(sink) if length is None else body.write_with_length(sink, length))
    return sink.data


async def pieces(*chunks: bytes):
    """Give `chunks`."""
    for chunk in chunks:
        yield chunk


def text_over(data: bytes, encoding: str) -> io.TextIOWrapper:
    """Return a text file of `data`."""
    return io.TextIOWrapper(io.BytesIO(data), encoding)


async def is_closed_soon(file) -> bool:
    """Return whether `file` is closed within two seconds."""
    for _ in range(200):
        if file.closed:
            return True
        await asyncio.sleep(0.01)
    return False


CASES = {
    "bytes": lambda m: m.BytesPayload(b"hello"),
    "bytearray": lambda m: m.BytesPayload(bytearray(b"hello")),
    "memoryview": lambda m: m.BytesPayload(memoryview(b"hello")),
    "bytes with file name": lambda m: m.BytesPayload(b"x", filename="a.png"),
    "bytes to be guessed": lambda m: m.BytesPayload(b"x", filename="a.png", content_type=None),
    "bytes of unknown ending": lambda m: m.BytesPayload(b"x", filename="a.nothing", content_type=None),
    "bytes with headers": lambda m: m.BytesPayload(b"x", headers={"content-type": "a/b", "X-Y": "z"}),
    "text": lambda m: m.StringPayload("\N{SNOWMAN}"),
    "text in latin-1": lambda m: m.StringPayload("\xe4", encoding="latin-1"),
    "text with type": lambda m: m.StringPayload("\xe4", content_type="text/html; charset=latin-1"),
    "text with both": lambda m: m.StringPayload("\xe4", content_type="text/html; charset=x", encoding="utf-16"),
    "text with plain type": lambda m: m.StringPayload("\xe4", content_type="text/html"),
    "StringIO": lambda m: m.StringIOPayload(io.StringIO("hello")),
    "json": lambda m: m.JsonPayload({"a": "\xe4"}),
    "json with options": lambda m: m.JsonPayload([1], content_type="a/json", dumps=lambda value: f"<{value}>"),
    "json bytes": lambda m: m.JsonBytesPayload([1], dumps=lambda value: json.dumps(value).encode()),
    "BytesIO": lambda m: m.BytesIOPayload(io.BytesIO(b"hello")),
    "async iterable": lambda m: m.AsyncIterablePayload(pieces(b"ab", b"", b"cde")),
    "from registry: bytes": lambda m: m.get_payload(b"x", disposition=None),
    "from registry: str": lambda m: m.get_payload("x", headers={"A": "b"}, encoding="latin-1"),
    "from registry: StringIO": lambda m: m.get_payload(io.StringIO("x")),
    "from registry: BytesIO": lambda m: m.get_payload(io.BytesIO(b"x"), disposition=None),
    "from registry: text file": lambda m: m.get_payload(text_over("\xe4".encode("latin-1"), "latin-1")),
    "from registry: async": lambda m: m.get_payload(pieces(b"x")),
}


class TestBesideAiohttp:
    """The same arguments give the same fields, sizes and bytes."""

    @pytest.mark.parametrize("name", CASES)
    async def test_payload_is_aiohttps(self, name):
        """Attributes, fields, and the bytes of each way to write them."""
        facts = []
        for module in (Ours(), theirs):
            body = CASES[name](module)
            facts.append(
                {
                    "class": type(body).__name__,
                    "headers": list(body.headers.items()),
                    "size": body.size,
                    "rest": (body.content_type, body.filename, body.encoding, body.autoclose, body.consumed),
                    "head": body._binary_headers,
                    "written": await written(body),
                    "consumed": body.consumed,
                    "cut": await written(CASES[name](module), 3),
                    "uncut": await written(CASES[name](module), 1000),
                    "bytes": bytes(await CASES[name](module).as_bytes()),
                }
            )
        assert facts[0] == facts[1]

    @pytest.mark.parametrize("mode", ["rb", "r+b", "r"])
    @pytest.mark.parametrize("start", [0, 3])
    async def test_file_payload_is_aiohttps(self, mode, start, tmp_path):
        """A file's name, type, size from where it stands, and bytes; again when it is resent."""
        path = tmp_path / "notes.txt"
        path.write_bytes(b"0123456789" * 60_000)
        facts = []
        for module in (Ours(), theirs):
            with path.open(mode) as file:
                file.seek(start)
                body = module.get_payload(file)
                assert "attachment" in body.headers["Content-Disposition"]
                facts.append(
                    (
                        type(body).__name__,
                        list(body.headers.items()),
                        body.size,
                        body.filename,
                        body.consumed,
                        await written(body),
                        await written(body),
                        body.size,
                        await written(body, 300_001),
                        bytes(await body.as_bytes()) if mode != "r" else None,
                        body.decode(),
                        body.autoclose,
                    )
                )
        assert facts[0] == facts[1]

    @pytest.mark.parametrize(
        "make",
        [
            lambda m: m.BytesPayload("text"),
            lambda m: m.AsyncIterablePayload([1]),
            lambda m: m.AsyncIterablePayload(pieces(b"x")).decode(),
            lambda m: m.PAYLOAD_REGISTRY.register(m.BytesPayload, int, order="first"),
            lambda m: m.BytesPayload(b"").set_content_disposition("bad type"),
            lambda m: m.BytesPayload(b"").set_content_disposition("a", **{"bad name": "b"}),
            lambda m: m.StringPayload("x", encoding="no-such-codec"),
            lambda m: m.JsonPayload(object()),
        ],
    )
    def test_errors_are_aiohttps(self, make):
        """What is refused is refused with the same type."""
        raised = []
        for module in (Ours(), theirs):
            with pytest.raises(Exception) as info:  # noqa: PT011 - the types are compared below
                make(module)
            raised.append(info.type)
        assert raised[0] == raised[1]

    def test_an_unregistered_type_is_a_lookup_error(self):
        """Neither registry knows what to do with a number."""
        with pytest.raises(NoPayload):
            get_payload(1)
        with pytest.raises(theirs.LookupError):
            theirs.get_payload(1)


class TestBytes:
    """Values in memory."""

    async def test_a_view_of_wide_items_is_measured_in_bytes(self):
        """len() of a memoryview counts items, Content-Length counts bytes."""
        body = BytesPayload(memoryview(b"abcdefgh").cast("I"))
        assert (body.size, await written(body), await written(body, 3)) == (8, b"abcdefgh", b"abc")

    def test_a_large_body_in_one_piece_is_warned_about(self):
        """Above 1 MiB, with the limit's precedent in aiohttp."""
        with pytest.warns(ResourceWarning, match="1048577 bytes in one piece"):
            BytesPayload(bytes(2**20 + 1))

    def test_one_mebibyte_is_not_warned_about(self):
        """The limit itself is fine."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert BytesPayload(bytes(2**20)).size == 2**20

    @given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-7"]))
    def test_text_round_trips(self, text, encoding):
        """decode() gives back what was given."""
        assert StringPayload(text, encoding=encoding).decode(encoding) == text

    def test_cve_2026_34514_control_characters_in_part_fields_are_refused(self):
        """CVE-2026-34514, CVE-2026-50269: a media type, field name or value can't add a header, quoted or not."""
        for headers in ({"X": "a\r\nB: c"}, {"X\r\nB": "c"}, {"X": "a\0"}):
            with pytest.raises(ValueError, match="forge a header"):
                BytesPayload(b"", headers=headers)._binary_headers  # noqa: B018 - the property raises
        with pytest.raises(ValueError, match="forge a header"):
            BytesPayload(b"", content_type="a/b\r\nX: y")._binary_headers  # noqa: B018 - the property raises
        for quote_fields in (True, False):
            for params in ({"name": "a\r\nb"}, {"filename": "a\nb"}, {"name": "a\0b"}):
                with pytest.raises(ValueError, match="control character"):
                    BytesPayload(b"").set_content_disposition("form-data", quote_fields, **params)


class TestFiles:
    """Files are streamed, resent from the same place, and closed."""

    async def test_a_file_is_read_in_bounded_pieces_off_the_loop(self, tmp_path):
        """No read is larger than CHUNK_SIZE, and none happens on the loop's thread."""
        path = tmp_path / "big"
        path.write_bytes(bytes(3 * CHUNK_SIZE + 1))
        reads = []

        class Watched(io.FileIO):
            def read(self, size=-1):
                reads.append((size, threading.current_thread() is threading.main_thread()))
                return super().read(size)

        with Watched(path) as file:
            sink = Sink()
            await IOBasePayload(file).write(sink)
        assert [len(chunk) for chunk in sink.chunks] == [CHUNK_SIZE] * 3 + [1]
        assert (max(size for size, _ in reads), any(on_loop for _, on_loop in reads)) == (CHUNK_SIZE, False)

    async def test_a_file_is_resent_after_a_failed_write(self, tmp_path):
        """A redirect or retry starts again where the first try did."""
        path = tmp_path / "f"
        path.write_bytes(bytes(CHUNK_SIZE) + b"end")
        with path.open("rb") as file:
            file.seek(CHUNK_SIZE - 1)
            body = BufferedReaderPayload(file)
            with pytest.raises(ConnectionResetError):
                await body.write(Sink(fail_after=0))
            assert (body.consumed, body.size, await written(body)) == (False, 4, b"\0end")

    async def test_a_growing_file_does_not_exceed_its_announced_size(self, tmp_path):
        """What is appended after the head was sent would be read as the next request."""
        path = tmp_path / "log"
        path.write_bytes(b"12345")
        with path.open("rb") as file:
            body = BufferedReaderPayload(file)
            size = body.size
            with path.open("ab") as more:
                more.write(b"678")
            assert await written(body, size) == b"12345"

    async def test_cve_2026_54280_an_aborted_upload_closes_its_file(self, tmp_path):
        """CVE-2026-54280: close() after a cancelled write closes the file, without waiting."""
        path = tmp_path / "f"
        path.write_bytes(bytes(CHUNK_SIZE * 3))
        file = path.open("rb")
        body = BufferedReaderPayload(file)
        started, blocked = asyncio.Event(), asyncio.Event()

        class Stuck(Sink):
            async def write(self, chunk):
                await super().write(chunk)
                started.set()
                await blocked.wait()

        task = asyncio.create_task(body.write(Stuck()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        closing = body.close()
        with pytest.raises(StopIteration):
            closing.send(None)
        assert (await is_closed_soon(file), body.consumed) == (True, True)

    async def test_a_pipe_is_written_once_and_closed(self):
        """It has no size and can't be resent, and holds a descriptor all the same."""
        reading, writing = os.pipe()
        os.write(writing, b"through the pipe")
        os.close(writing)
        file = os.fdopen(reading, "rb")
        body = get_payload(file)
        assert (body.size, body.filename, await written(body), body.consumed) == (None, None, b"through the pipe", True)
        await body.close()
        assert await is_closed_soon(file)

    async def test_a_compressed_file_is_not_measured_by_the_file_below(self, tmp_path):
        """A GzipFile shows the descriptor of the compressed file, and reads longer."""
        path = tmp_path / "f.gz"
        path.write_bytes(gzip.compress(bytes(100_000)))
        with gzip.open(path) as file:
            body = get_payload(file)
            assert (body.size, len(await written(body)), len(await written(body))) == (None, 100_000, 100_000)

    async def test_a_text_file_goes_out_as_it_is_stored(self, tmp_path):
        """Its size is that on disk, so its line breaks may not change on the way."""
        path = tmp_path / "f.txt"
        path.write_bytes("\xe4\r\n\N{SNOWMAN}\r\n".encode())
        with path.open(encoding="utf-8") as file:
            body = TextIOPayload(file)
            assert (body.size, await written(body), await body.as_bytes()) == (9, path.read_bytes(), path.read_bytes())
            assert body.decode() == "\xe4\n\N{SNOWMAN}\n"

    async def test_a_text_file_in_another_charset_is_encoded_as_it_is_read(self, tmp_path):
        """The size on disk isn't what is sent, so none is announced; a byte order mark is sent once."""
        path = tmp_path / "f.txt"
        path.write_text("\xe4" * (CHUNK_SIZE + 1), encoding="latin-1")
        with path.open(encoding="latin-1") as file:
            body = TextIOPayload(file, encoding="utf-16")
            expected = ("\xe4" * (CHUNK_SIZE + 1)).encode("utf-16")
            assert (body.size, await written(body), await written(body), await written(body, 7)) == (
                None, expected, expected, expected[:7]
            )  # fmt: skip

    async def test_a_bytesio_is_resent_and_stays_open(self):
        """From where it stood when it was given; it holds nothing that must be closed."""
        file = io.BytesIO(b"0123456789" * 100_000)
        file.seek(5)
        body = BytesIOPayload(file)
        first, again = await written(body), await written(body)
        await body.close()
        assert (first, again, body.size, file.closed) == (file.getvalue()[5:], first, 999_995, False)

    async def test_a_large_bytesio_lets_other_tasks_run(self):
        """There is a pause between pieces."""
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(count())
        await written(BytesIOPayload(io.BytesIO(bytes(CHUNK_SIZE * 5))))
        task.cancel()
        assert turns >= 4


class TestAsyncIterables:
    """Bytes that come once."""

    async def test_it_is_consumed_by_the_first_write_even_a_failed_one(self):
        """What was taken from the iterable is gone."""
        body = AsyncIterablePayload(pieces(b"ab", b"cd"))
        with pytest.raises(ConnectionResetError):
            await body.write(Sink(fail_after=1))
        assert (body.consumed, await written(body), await body.as_bytes()) == (True, b"", b"")

    async def test_after_as_bytes_it_can_be_written_again(self):
        """as_bytes keeps what it took."""
        body = AsyncIterablePayload(pieces(b"ab", b"cd"))
        assert await body.as_bytes() == b"abcd"
        assert (await written(body), await written(body, 3), body.decode(), body.consumed) == (
            b"abcd", b"abc", "abcd", False
        )  # fmt: skip

    @pytest.mark.parametrize("how", ["limit", "failure"])
    async def test_a_generator_is_closed_when_it_is_not_read_to_its_end(self, how):
        """Its `finally` runs now, and an endless one doesn't keep the write going."""
        ended = []

        async def endless():
            try:
                while True:
                    yield b"ab"
            finally:
                ended.append(True)

        body = AsyncIterablePayload(endless())
        if how == "limit":
            assert await written(body, 5) == b"ababa"
        else:
            with pytest.raises(ConnectionResetError):
                await body.write(Sink(fail_after=2))
        assert ended == [True]

    async def test_a_received_body_is_passed_on(self):
        """Anything with `iter_any` will do."""

        class Received:
            def iter_any(self):
                return pieces(b"a", b"b")

        assert await written(StreamReaderPayload(Received())) == b"ab"


class TestRegistry:
    """Which payload a value becomes."""

    def test_a_payload_is_itself(self):
        """There is nothing to wrap."""
        body = BytesPayload(b"")
        assert get_payload(body) is body

    def test_a_subclass_gets_its_parents_payload(self):
        """Types are asked with isinstance."""

        class Name(str):
            __slots__ = ()

        assert type(get_payload(Name("x"))) is StringPayload

    def test_order_decides_between_types(self):
        """try_first before normal before try_last."""
        registry = PayloadRegistry()
        registry.register(StringPayload, object, order=Order.try_last)
        assert type(registry.get("x")) is StringPayload
        registry.register(JsonPayload, str)
        assert type(registry.get("x")) is JsonPayload

        class First(BytesPayload):
            def __init__(self, value, **kwargs):
                super().__init__(value.encode(), **kwargs)

        registry.register(First, str, order=Order.try_first)
        assert type(registry.get("x")) is First

    def test_users_register_their_own(self):
        """By decorator and by function."""

        class Point:
            pass

        @payload_type(Point)
        class PointPayload(BytesPayload):
            def __init__(self, value, **kwargs):
                super().__init__(repr(type(value)).encode(), **kwargs)

        class Line(Point):
            pass

        register_payload(PointPayload, Line)
        assert [type(get_payload(value)) for value in (Point(), Line())] == [PointPayload] * 2

    async def test_a_payload_of_the_users_needs_only_decode_and_write(self):
        """as_bytes and write_with_length follow from them."""

        class Greeting(Payload):
            def decode(self, encoding="utf-8", errors="strict"):
                del encoding, errors
                return self._value

            async def write(self, writer):
                await writer.write(self._value.encode())

        body = Greeting("hi", filename="a.txt")
        await body.close()
        assert (body.content_type, body.size, await written(body, 1), await body.as_bytes()) == (
            "text/plain", None, b"hi", b"hi"
        )  # fmt: skip


def test_importing_payloads_is_cheap():
    """A client that uploads no file doesn't pay for mimetypes, email, uuid and tempfile."""
    code = "import sys, httpkit; print(*{'mimetypes', 'uuid', 'tempfile', 'email', 'gzip'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "\n"
