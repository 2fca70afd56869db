"""`httpkit.client.formdata`, beside aiohttp's FormData and read back by independent parsers."""

from __future__ import annotations

import io
import warnings
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp.multipart import MultipartWriter as TheirWriter
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict, MultiDictProxy
from python_multipart.multipart import FormParser

from httpkit.client.formdata import FormData
from httpkit.client.multipart import MultipartReader, MultipartWriter
from httpkit.client.payload import BytesPayload


class Sink:
    """Collects what is written."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, chunk):
        """Take `chunk`."""
        self.data += bytes(chunk)


class Stream:
    """A received body."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    async def read(self, n: int = -1) -> bytes:
        """Return at most `n` bytes."""
        return self._file.read(n)


def named(data: bytes, name: str) -> io.BytesIO:
    """Return a file with a name."""
    file = io.BytesIO(data)
    file.name = name
    return file


async def sent(form) -> tuple:
    """Return all that a request would take from the form's payload."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        body = form()
    sink = Sink()
    size = body.size
    await body.write(sink)
    return form.is_multipart, list(body.headers.items()), size, sink.data


def filled(cls, writer, fill, **options):
    """Return a form with a known boundary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        form = cls(**options)
        form._writer = writer("form-data", boundary="b")
        fill(form)
    return form


FILLS = {
    "nothing": lambda form: form.add_fields(),
    "text": lambda form: form.add_field("a", "1&2=\N{SNOWMAN}"),
    "several of one name": lambda form: form.add_fields(("a", "1"), ("a", "2"), ["b", ""]),
    "multidict": lambda form: form.add_fields(MultiDict([("a", "1"), ("a", "2")]), ("b", "3")),
    "multidict proxy": lambda form: form.add_fields(MultiDictProxy(MultiDict(a="1"))),
    "text with type": lambda form: form.add_field("a", "1", content_type="text/html"),
    "text with charset": lambda form: form.add_field("a", "\xe4", content_type="text/html; charset=latin-1"),
    "text as file": lambda form: form.add_field("a", "1", filename="a.txt"),
    "text as file with type": lambda form: form.add_field("a", "1", filename="a.txt", content_type="x/y"),
    "odd file name": lambda form: form.add_field("a", "1", filename='\N{SNOWMAN} "\\;a b.txt'),
    "bytes": lambda form: form.add_field("a", b"1"),
    "bytes as file": lambda form: form.add_field("a", bytearray(b"1"), filename="x.bin"),
    "quoted name": lambda form: form.add_field('a"b\\c', "1", filename="f"),
    "file": lambda form: form.add_field("a", io.BytesIO(b"1")),
    "named file": lambda form: form.add_field("a", named(b"1", "dir/a.png")),
    "file alone": lambda form: form.add_fields(named(b"1", "dir/a.png")),
    "nameless file alone": lambda form: form.add_fields(io.BytesIO(b"1")),
    "string file": lambda form: form.add_field("a", io.StringIO("x")),
    "transfer encoding": lambda form: form.add_field("a", b"1", content_transfer_encoding="base64"),
}


class TestBesideAiohttp:
    """The same fields give the same body, byte for byte with the same boundary."""

    @pytest.mark.parametrize("name", sorted(FILLS))
    @pytest.mark.parametrize(
        "options",
        [{}, {"quote_fields": False}, {"charset": "utf-16"}, {"default_to_multipart": True}],
        ids=["plain", "unquoted", "utf-16", "multipart"],
    )
    async def test_body_is_aiohttps(self, name, options):
        """Media type, fields of the parts, size and bytes."""
        ours = await sent(filled(FormData, MultipartWriter, FILLS[name], **options))
        theirs = await sent(filled(aiohttp.FormData, TheirWriter, FILLS[name], **options))
        assert ours == theirs

    @pytest.mark.parametrize(
        "fields",
        [{"a": "1", "b": 2}, {"a": ["1", "2"]}, [("a", "1")], MultiDict(a="1"), [], {"a": 1.5}],
    )
    async def test_constructor_takes_aiohttps_fields(self, fields):
        """A dict, pairs, a multidict; values that urlencode knows."""
        assert await sent(FormData(fields)) == await sent(aiohttp.FormData(fields))

    @pytest.mark.parametrize(
        "make",
        [
            lambda cls: cls("text"),
            lambda cls: cls(b"bytes"),
            lambda cls: cls([1]),
            lambda cls: cls(("ab", "cd")),
            lambda cls: cls([("a", "b", "c")]),
            lambda cls: cls({"a"}),
            lambda cls: cls().add_field("a", "b", filename=1),
            lambda cls: cls().add_field("a", "b", content_type=1),
            lambda cls: cls().add_field("a", "b", content_transfer_encoding=1),
            lambda cls: cls().add_field(1, "b"),
            lambda cls: cls({"a": object()}, default_to_multipart=True)(),
            lambda cls: cls({"a": 1}, default_to_multipart=True)(),
            lambda cls: cls({"a\nb": "c"}),
            lambda cls: cls({"a": "b"}, charset="no-such-codec")(),
        ],
    )
    def test_errors_are_aiohttps(self, make):
        """What is refused is refused with the same type."""
        raised = []
        for cls in (FormData, aiohttp.FormData):
            with pytest.raises(Exception) as info:  # noqa: PT011 - the types are compared below
                make(cls)
            raised.append(info.type)
        assert raised[0] == raised[1]

    def test_bytes_and_transfer_encoding_are_deprecated(self):
        """Each warns, and its successor is named."""
        with pytest.warns(DeprecationWarning, match="give filename"):
            FormData({"a": b"1"})
        with pytest.warns(DeprecationWarning, match="BytesPayload"):
            FormData().add_field("a", b"1", content_transfer_encoding="base64")


class TestForms:
    """What aiohttp does not do."""

    async def test_a_name_that_is_not_ascii_goes_as_browsers_send_it(self):
        """RFC 7578 section 5.1; aiohttp fails with an AssertionError."""
        _, _, _, data = await sent(FormData({"\N{SNOWMAN}": "x"}, default_to_multipart=True))
        assert 'form-data; name="\N{SNOWMAN}"\r\n'.encode() in data

    async def test_a_name_with_a_space_is_not_escaped(self):
        r"""A server need not undo the `\ ` that aiohttp writes."""
        _, _, _, data = await sent(FormData({"first name": "x"}, default_to_multipart=True))
        assert b'form-data; name="first name"\r\n' in data

    async def test_a_multipart_form_is_built_once(self):
        """A redirect sends the same body again."""
        form = FormData({"a": "1"}, default_to_multipart=True)
        body = form()
        assert (form() is body, len(body), await sent(form) == await sent(form)) == (True, 1, True)

    async def test_a_content_length_of_a_part_is_removed(self):
        """RFC 7578 section 4.8."""
        form = FormData()
        form.add_field("a", BytesPayload(b"x", headers={"Content-Length": "1"}), filename="f")
        _, _, _, data = await sent(form)
        assert b"content-length" not in data.lower()

    @pytest.mark.parametrize("quote_fields", [True, False])
    @pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
    @pytest.mark.parametrize("where", ["name", "filename", "content_type"])
    def test_cve_2026_34514_and_50269_nothing_forges_a_header(self, where, bad, quote_fields):
        """CVE-2026-34514, CVE-2026-50269: CR, LF and NUL are refused when the field is added, before anything is sent."""
        field = {"name": "n", "value": "v", where: bad}
        form = FormData(quote_fields=quote_fields)
        with pytest.raises(ValueError, match="forge a header"):
            form.add_field(**field)
        assert form._fields == []

    def test_cve_2026_50269_a_file_on_disk_cannot_forge_a_header(self, tmp_path):
        """CVE-2026-50269: file names may have line breaks on some systems."""
        path = tmp_path / "a\r\nX: y"
        path.write_bytes(b"")
        with path.open("rb") as file, pytest.raises(ValueError, match="forge a header"):
            FormData().add_field("a", file)


safe_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
form_fields = st.lists(st.tuples(safe_text, st.binary(max_size=40) | safe_text, st.none() | safe_text), max_size=5)


# It leaves the backslashes of a quoted string in.
unescaped_text = safe_text.filter(lambda text: not {'"', "\\"} & set(text))
unescaped_form_fields = st.lists(
    st.tuples(unescaped_text, st.binary(max_size=40) | safe_text, st.none() | unescaped_text), max_size=5
)


def rewound(file) -> bytes:
    """Return all of a file that was written, and close it."""
    with file:
        file.seek(0)
        return file.read()


def form_of(fields) -> FormData:
    """Return a multipart form; bytes are files."""
    form = FormData(default_to_multipart=True, quote_fields=False)
    for name, value, filename in fields:
        form.add_field(name, value, filename="f" if filename is None and isinstance(value, bytes) else filename)
    return form


def expected_of(fields) -> list:
    """Return what a reader of `form_of(fields)` finds: name, file name, bytes."""
    return [
        (
            name,
            "f" if filename is None and isinstance(value, bytes) else filename,
            value if isinstance(value, bytes) else value.encode(),
        )
        for name, value, filename in fields
    ]


class TestRoundTrip:
    """Any fields come out as they went in."""

    @given(form_fields)
    async def test_our_reader_finds_the_fields(self, fields):
        """Names, file names and bytes, whatever characters they have."""
        _, headers, _, data = await sent(form_of(fields))
        reader = MultipartReader(dict(headers), Stream(data))
        found = [(part.name, part.filename, await part.read()) async for part in reader]
        # A reader drops slashes at the front of a name: they would make it absolute.
        expected = [
            (name.lstrip("\\/"), filename and filename.lstrip("\\/"), value)
            for name, filename, value in expected_of(fields)
        ]
        assert found == expected

    @given(unescaped_form_fields)
    async def test_python_multipart_finds_the_fields(self, fields):
        """The parser of Starlette and FastAPI."""
        _, headers, _, data = await sent(form_of(fields))
        found: list = []
        parser = FormParser(
            "multipart/form-data",
            lambda field: found.append((field.field_name.decode(), None, field.value or b"")),
            lambda file: found.append((file.field_name.decode(), file.file_name.decode(), rewound(file.file_object))),
            boundary=dict(headers)["Content-Type"].partition("boundary=")[2],
        )
        parser.write(data)
        parser.finalize()
        assert found == expected_of(fields)

    @given(
        st.lists(
            st.tuples(
                st.from_regex(r'[\w"\\;,=][\w "\\;,=]{0,9}[\w]', fullmatch=True).filter(str.isascii),
                st.binary(max_size=40),
            )
        )
    )
    async def test_the_email_package_finds_the_fields(self, fields):
        """The standard library's parser, with binary-safe bodies."""
        form = FormData(default_to_multipart=True)
        for name, value in fields:
            form.add_field(name, value.hex(), filename="f")
        _, headers, _, data = await sent(form)
        message = BytesParser(policy=HTTP).parsebytes(
            f"Content-Type: {dict(headers)['Content-Type']}\r\n\r\n".encode() + data
        )
        found = [(part["Content-Disposition"].params["name"], part.get_payload()) for part in message.iter_parts()]
        assert found == [(name, value.hex()) for name, value in fields]

    @given(st.lists(st.tuples(safe_text, safe_text)), st.sampled_from(["utf-8", "utf-16"]))
    async def test_urlencoded_fields_come_back(self, fields, charset):
        """application/x-www-form-urlencoded in any charset."""
        is_multipart, headers, size, data = await sent(FormData(fields, charset=charset))
        assert (is_multipart, size, parse_qsl(data.decode(), keep_blank_values=True, encoding=charset)) == (
            False, len(data), fields
        )  # fmt: skip
        assert ("charset" in dict(headers)["Content-Type"]) == (charset != "utf-8")
