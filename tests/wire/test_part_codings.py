"""`httpkit.wire.part_codings`: what a part's bytes are coded in."""

from __future__ import annotations

import base64
import gzip
import quopri
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit.errors import ContentEncodingError
from httpkit.wire.codings import decoder_for
from httpkit.wire.part_codings import PartDecoder, PartEncoder

contents = st.sampled_from([None, "gzip", "deflate"])
transfers = st.sampled_from([None, "base64", "quoted-printable"])
chunk_lists = st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\n", b"=\r\n", b" \n", b"x" * 100]))


def encode(chunks: list[bytes], content: str | None, transfer: str | None) -> bytes:
    """Return `chunks` encoded one after the other."""
    encoder = PartEncoder(content, transfer)
    return b"".join(map(encoder.feed, chunks)) + encoder.flush()


def decode(chunks: list[bytes], content: str | None, transfer: str | None) -> bytes:
    """Return `chunks` decoded one after the other."""
    decoder = PartDecoder(decoder_for(content or "identity"), transfer)
    return b"".join(piece for chunk in chunks for piece in decoder.feed(chunk)) + b"".join(decoder.flush())


@given(chunk_lists, contents, transfers, st.integers(1, 50))
def test_parts_round_trip_however_cut(chunks, content, transfer, size):
    """What is encoded in pieces is decoded from other pieces."""
    if transfer == "quoted-printable" and content is None:
        # Cut between CR and LF, a text's line break is two kinds of line break; feed it whole.
        chunks = [b"".join(chunks)]
    coded = encode(chunks, content, transfer)
    cut = [coded[at : at + size] for at in range(0, len(coded), size)]
    assert decode(cut, content, transfer) == b"".join(chunks)


@given(st.binary())
def test_the_standard_library_reads_what_is_written(data):
    """gzip, raw deflate, base64 and quoted-printable are the real ones."""
    assert gzip.decompress(encode([data], "gzip", None)) == data
    assert zlib.decompress(encode([data], "deflate", None), -15) == data
    assert base64.b64decode(encode([data], None, "base64"), validate=True) == data
    assert quopri.decodestring(encode([data], None, "quoted-printable")) == data


@given(st.binary(), st.integers(1, 9), contents)
def test_the_standard_librarys_output_is_read(data, size, content):
    """Base64 in lines, deflate with and without its wrapper."""
    coded = {None: data, "gzip": gzip.compress(data), "deflate": zlib.compress(data)}[content]
    lines = base64.encodebytes(coded)
    assert decode([lines[at : at + size] for at in range(0, len(lines), size)], content, "base64") == data


def test_a_bomb_comes_in_bounded_pieces():
    """CVE-2025-69223: 50 MB from 50 kB are never in memory at once."""
    decoder = PartDecoder(decoder_for("gzip"), None, piece_size=1000)
    sizes = [len(piece) for piece in decoder.feed(gzip.compress(bytes(50_000_000)))]
    assert (max(sizes), sum(sizes)) == (1000, 50_000_000)


@pytest.mark.parametrize(
    ("content", "transfer", "data"),
    [
        ("gzip", None, b"junk"),
        ("gzip", None, gzip.compress(b"x" * 100)[:-9]),
        ("gzip", None, gzip.compress(b"x") + b"junk"),
        ("gzip", None, b"\x1f"),
        ("deflate", None, b"\x07\xff\xff"),
        ("deflate", None, zlib.compress(b"x" * 100)[:-1]),
        (None, "base64", b"YWJj YQ"),
        (None, "base64", b"Y"),
        ("gzip", "base64", base64.b64encode(b"junk")),
    ],
)
def test_bytes_that_break_their_promise_are_an_error(content, transfer, data):
    """Malformed or cut off, it is one documented error and not zlib's or binascii's."""
    with pytest.raises(ContentEncodingError, match="coding"):
        decode([data], content, transfer)


@given(st.binary(max_size=50), contents, transfers)
def test_any_bytes_decode_or_are_a_documented_error(data, content, transfer):
    """Nothing else leaves the decoder."""
    try:
        assert isinstance(decode([data], content, transfer), bytes)
    except ContentEncodingError as error:
        assert "coding" in str(error)  # noqa: PT017 - the other outcome is fine too
