"""/media: bodies that others can read, and a file in ranges."""

from __future__ import annotations

import csv
import io
import json
import wave
import xml.etree.ElementTree as ET
import zlib

import pytest

from httpkit_magics.demo.media import file_bytes


def test_the_png_is_a_picture(api):
    """Its chunks have the right checksums, its data the right size."""
    content = api.get("/media/png").content
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, data = 8, b""
    while position < len(content):
        size = int.from_bytes(content[position : position + 4])
        chunk = content[position + 4 : position + 8 + size]
        assert zlib.crc32(chunk) == int.from_bytes(content[position + 8 + size : position + 12 + size])
        data += chunk[4:] if chunk[:4] == b"IDAT" else b""
        position += 12 + size
    assert len(zlib.decompress(data)) == 90 * (1 + 160 * 3)


def test_the_wav_is_a_second_of_sound(api):
    """As the standard library reads it."""
    with wave.open(io.BytesIO(api.get("/media/wav").content)) as file:
        assert file.getnframes() / file.getframerate() == 1


def test_the_tables_have_all_items(api):
    """CSV and NDJSON have sixty rows, XML ten of them."""
    rows = list(csv.DictReader(io.StringIO(api.get("/media/csv").text)))
    lines = [json.loads(line) for line in api.get("/media/ndjson").text.splitlines()]
    assert [row["name"] for row in rows] == [line["name"] for line in lines]
    assert len(rows) == 60
    assert len(ET.fromstring(api.get("/media/xml").content).findall("{urn:example:shop}item")) == 10


@pytest.mark.parametrize("kind", ["html", "svg"])
def test_pages_and_pictures_hold_scripts(api, kind):
    """Whoever shows them must not run these."""
    assert "demoScriptRan" in api.get(f"/media/{kind}").text


def test_the_svg_is_xml_and_the_pdf_ends(api):
    """Both are well-formed."""
    assert ET.fromstring(api.get("/media/svg").content).tag == "{http://www.w3.org/2000/svg}svg"
    pdf = api.get("/media/pdf").content
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert pdf[start : start + 4] == b"xref"


def test_an_unknown_kind_is_not_found(api):
    """404 lists the kinds."""
    assert "png, svg" in api.get("/media/mp4").json()["detail"]


def test_the_file_has_the_size_asked_for_and_a_name(api):
    """Each byte depends on its place alone, wherever the chunks begin."""
    response = api.get("/media/file?size=3000000")
    block = file_bytes(0, 65521)
    assert response.content == (block * 46)[:3_000_000]
    assert 'filename="parts-3000000.bin"' in response.headers["content-disposition"]


def test_a_range_of_a_large_file_is_made_alone(api):
    """A resumed download of 4 GB starts at once."""
    size = 4 << 30
    part = api.get(f"/media/file?size={size}", headers={"Range": f"bytes={size - 500_000}-"})
    assert part.content == b"".join(file_bytes(n, n + 1000) for n in range(size - 500_000, size, 1000))


@pytest.mark.parametrize(
    ("field", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=9900-", 9900, 9999), ("bytes=-10", 9990, 9999), ("bytes=9990-99999", 9990, 9999)],
)
def test_a_range_is_that_part_of_the_file(api, field, first, last):
    """206 with Content-Range (RFC 9110 section 14.4)."""
    whole = api.get("/media/file?size=10000")
    part = api.get("/media/file?size=10000", headers={"Range": field})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes {first}-{last}/10000")
    assert part.content == whole.content[first : last + 1]


@pytest.mark.parametrize("field", ["bytes=10000-", "bytes=-0", "bytes=5-3"])
def test_a_range_beyond_the_file_cannot_be_had(api, field):
    """416 says how large the file is."""
    response = api.get("/media/file?size=10000", headers={"Range": field})
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */10000")


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,4-5"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=-"},
        {"Range": "bytes=0-9", "If-Range": '"old"'},
    ],
)
def test_other_ranges_give_the_whole_file(api, headers):
    """A server may ignore Range, and must with an If-Range of another file."""
    response = api.get("/media/file?size=100", headers=headers)
    assert (response.status_code, len(response.content)) == (200, 100)
