"""Content codings."""

import gzip
import random
import subprocess
import sys
import time
import tracemalloc
import types
import zlib
from itertools import pairwise

import brotli
import brotlicffi
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from httpkit.errors import ContentEncodingError
from httpkit.wire import codings
from httpkit.wire.codings import accept_encoding, decoder_for, encoder_for, set_zlib_backend

ENCODE = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
CODINGS = sorted(ENCODE)


def _decode(coding, pieces, max_length=1000, **options):
    """Return what `pieces` decode to, taken in pieces of `max_length`."""
    return _drain(decoder_for(coding, **options), pieces, max_length)


def _drain(decoder, pieces, max_length):
    out = []
    for piece in pieces:
        out.append(decoder.feed(piece, max_length))
        while decoder.has_pending:
            out.append(decoder.feed(b"", max_length))
    decoder.feed_eof()
    return b"".join(out)


def _message(coding, pieces, max_length=1000):
    """Return what the documented error says, or nothing where there is none."""
    try:
        _decode(coding, pieces, max_length)
    except ContentEncodingError as error:
        return error.message
    return ""


def _encode(coding, data):
    for name in coding.split(", "):
        data = ENCODE[name](data)
    return data


def _raw_deflate(data):
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


def _cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.fixture
def _no_cache():
    """What is installed is looked up again."""
    accept_encoding.cache_clear()
    codings._brotli.cache_clear()
    yield
    accept_encoding.cache_clear()
    codings._brotli.cache_clear()


datas = st.binary(max_size=300) | st.builds(
    lambda data, count: data * count, st.binary(min_size=1, max_size=20), st.integers(1, 300)
)
stacks = st.lists(st.sampled_from(CODINGS), min_size=1, max_size=3).map(", ".join)
cuts = st.lists(st.integers(0, 10_000), max_size=6)


@given(stacks, datas, cuts, st.integers(1, 5000))
def test_a_body_is_the_same_however_it_is_cut_and_taken(coding, data, places, max_length):
    """Any split of the input and any size of the output give the bytes that were encoded."""
    assert data == _decode(coding, _cut(_encode(coding, data), places), max_length)


@given(stacks, st.lists(datas, min_size=1, max_size=3), cuts, st.integers(1, 100))
def test_input_may_come_before_the_output_is_taken(coding, parts, places, max_length):
    """A caller that feeds on while something is pending loses nothing; members may end anywhere."""
    parts = parts[:1] if "br" in coding else parts
    decoder = decoder_for(coding)
    out = [decoder.feed(piece, max_length) for piece in _cut(b"".join(_encode(coding, part) for part in parts), places)]
    while decoder.has_pending:
        out.append(decoder.feed(b"", 1000))
    decoder.feed_eof()
    assert b"".join(parts) == b"".join(out)


@given(stacks, datas, cuts)
def test_what_we_encode_we_decode(coding, data, places):
    """Encoder and decoder are inverse, whatever the pieces."""
    body = _cut(data, places)
    for name in coding.split(", "):
        encoder = encoder_for(name)
        body = [*(encoder.feed(piece) for piece in body), encoder.flush()]
    assert data == _decode(coding, body)


@given(st.sampled_from([brotli, brotlicffi]), datas, cuts, st.integers(1, 5000))
def test_both_brotlis_are_decoded_alike(module, data, places, max_length):
    """One says that it takes more input while it has output to come, the other doesn't: nothing is lost with either."""
    decoder = codings._BrotliDecoder(module)
    assert data == _drain(decoder, _cut(brotli.compress(data), places), max_length)


@given(datas)
def test_others_decode_what_we_encode(data):
    """The standard library and the packages read our bodies."""

    def encoded(coding, **options):
        encoder = encoder_for(coding, **options)
        return encoder.feed(data) + encoder.flush()

    assert data == gzip.decompress(encoded("gzip"))
    assert data == zlib.decompress(encoded("deflate", level=9, strategy=zlib.Z_HUFFMAN_ONLY))
    assert data == brotlicffi.decompress(encoded("br", level=1))
    assert data == zstd.decompress(encoded("zstd", level=1))


@given(st.sampled_from(CODINGS), st.lists(st.binary(max_size=50), min_size=1, max_size=4), cuts, st.integers(1, 100))
def test_members_are_joined(coding, datas, places, max_length):
    """RFC 1952 section 2.2, RFC 8878 section 3.1: members follow each other. br has none: data after its end is an error."""
    body = b"".join(ENCODE[coding](data) for data in datas)
    if coding == "br" and len(datas) > 1:
        with pytest.raises(ContentEncodingError, match="br is malformed"):
            _decode(coding, _cut(body, places), max_length)
    else:
        assert b"".join(datas) == _decode(coding, _cut(body, places), max_length)


@given(stacks, datas, st.integers(0, 10_000), st.integers(1, 255), cuts)
def test_a_changed_byte_is_bytes_or_a_documented_error(coding, data, place, change, places):
    """Whatever a server sends, the only error is ContentEncodingError, and it names a coding."""
    body = bytearray(_encode(coding, data))
    body[place % len(body)] ^= change
    message = _message(coding, _cut(bytes(body), places))
    assert not message or any(name in message for name in coding.split(", "))


@given(stacks, st.binary(max_size=200), st.integers(1, 5000))
def test_garbage_is_bytes_or_a_documented_error(coding, data, max_length):
    """Random bytes end in an error or in a body, and always end."""
    message = _message(coding, [data], max_length)
    assert not message or message.startswith("content coding ")


@pytest.mark.parametrize("coding", [*CODINGS, "gzip, zstd"])
def test_a_body_that_is_cut_off_is_an_error(coding):
    """A truncated body is never taken for a whole one; the error names the coding."""
    body = _encode(coding, bytes(range(256)) * 100)
    for size in (1, 5, len(body) // 2, len(body) - 1):
        with pytest.raises(ContentEncodingError, match=f"{coding.split(', ')[-1]} is (cut off|malformed)"):
            _decode(coding, [body[:size]])


def test_what_follows_the_end_of_br_is_an_error():
    """Brotli has no members, and garbage is no padding."""
    decoder = decoder_for("br")
    assert decoder.feed(brotli.compress(b"x"), 10) == b"x"
    with pytest.raises(ContentEncodingError, match="br is malformed: data after its end"):
        decoder.feed(b"y", 10)


@pytest.mark.parametrize("coding", [*CODINGS, "gzip, br"])
def test_no_bytes_are_an_empty_body(coding):
    """A 304, or a 200 with nothing in it, may still have the field."""
    assert _decode(coding, []) == b""


def test_deflate_comes_with_and_without_its_wrapper():
    """RFC 9110 section 8.4.1.2: some servers leave zlib's wrapper out."""
    for data in (b"", b"a", bytes(range(256)) * 50):
        assert data == _decode("deflate", [zlib.compress(data)])
        assert data == _decode("deflate", [bytes([byte]) for byte in _raw_deflate(data)])


@pytest.mark.parametrize("coding", ["GZIP", "x-gzip", " gzip ", "identity, gzip", ",gzip,"])
def test_names_are_read_leniently(coding):
    """RFC 9110 section 8.4.1: case, spaces, empty members, the old name."""
    assert _decode(coding, [gzip.compress(b"x")]) == b"x"


@pytest.mark.parametrize(
    "coding", ["", "identity", "compress", "aws-chunked", "gzip, nope", "none", ", ".join(["nope"] * 1000)]
)
def test_what_is_not_coded_or_unknown_is_taken_as_it_is(coding):
    """An unknown coding is the user's to decode."""
    assert decoder_for(coding) is None


def test_a_chain_of_codings_is_limited():
    """CVE-2025-66418, CVE-2023-23916: more codings than any body has are refused; the limit is an option."""
    chain = ", ".join(["gzip"] * 6)
    with pytest.raises(ContentEncodingError, match=r"6 content codings, more than 5 \(max_codings\)"):
        decoder_for(chain)
    assert _decode(chain, [_encode(chain, b"x")], max_codings=6) == b"x"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_members_are_limited(coding):
    """What aiohttp 3.14.4 fixed: more than 1024 members are refused soon, however they are cut; the limit is an option."""
    member = ENCODE[coding](b"")
    assert _decode(coding, [member * 1024]) == b""
    start = time.process_time()
    for pieces in ([member * 500_000], [member] * 1025):
        with pytest.raises(ContentEncodingError, match=r"more than 1024 members \(max_members\)"):
            _decode(coding, pieces)
    assert time.process_time() - start < 5
    with pytest.raises(ContentEncodingError, match="more than 2 members"):
        _decode(coding, [member * 3], max_members=2)


def _bomb(coding, size):
    """Return a body that inflates to `size` zeros, made without ever holding them."""
    encoder = encoder_for(coding)
    zeros = bytes(2**20)
    return b"".join(encoder.feed(zeros) for _ in range(size // len(zeros))) + encoder.flush()


@pytest.mark.parametrize("coding", [*CODINGS, "gzip, gzip", "br, gzip", "gzip, zstd"])
def test_a_bomb_inflates_one_piece_at_a_time(coding):
    """CVE-2025-69223, CVE-2025-66471, CVE-2026-21441: 64 MiB from a few bytes, and never more than pieces in memory."""
    first, *rest = coding.split(", ")
    body = _bomb(first, 2**26)
    for name in rest:
        body = ENCODE[name](body)
    decoder = decoder_for(coding)
    tracemalloc.start()
    try:
        size = len(decoder.feed(body, 2**18))
        longest = 0
        while decoder.has_pending:
            piece = decoder.feed(b"", 2**18)
            size += len(piece)
            longest = max(longest, len(piece))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    decoder.feed_eof()
    assert size == 2**26
    assert longest <= (2**20 if "br" in coding else 2**18)
    assert peak < len(body) + 24 * 2**20


def test_a_bomb_that_nobody_reads_stays_small():
    """CVE-2026-54278: what was not asked for is not inflated, so that dropping a response costs nothing."""
    decoder = decoder_for("gzip")
    assert len(decoder.feed(_bomb("gzip", 2**26), 10)) == 10
    assert decoder.has_pending


def test_one_call_does_a_bounded_amount_of_work():
    """A chain whose inner coding gives nothing comes back to the event loop: no output, but something pending."""
    empty_blocks = b"\x00\x00\x00\xff\xff" * 2_000_000  # raw deflate: stored blocks without content
    body = gzip.compress(empty_blocks + b"\x01\x00\x00\xff\xff")
    decoder = decoder_for("deflate, gzip")
    calls = 1
    assert decoder.feed(body, 1000) == b""
    while decoder.has_pending:
        assert decoder.feed(b"", 1000) == b""
        calls += 1
    decoder.feed_eof()
    assert calls >= len(empty_blocks) / (codings._MAX_STEPS * codings._WINDOW)


def test_a_zstd_window_is_limited():
    """RFC 9659 section 3: a frame that wants more than 8 MiB of memory is refused."""
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    encoder = zstd.ZstdCompressor(options=options)
    body = encoder.compress(bytes(100)) + encoder.flush()
    with pytest.raises(ContentEncodingError, match="zstd is malformed"):
        _decode("zstd", [body])


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_length_below_one_is_refused(coding):
    """0 means "everything" to zlib; here it is a mistake."""
    with pytest.raises(ValueError, match="max_length must be at least 1, got 0"):
        decoder_for(coding).feed(b"", 0)


def test_an_unknown_coding_can_not_be_encoded():
    """The option `compress` has four values."""
    with pytest.raises(ValueError, match="must be gzip, deflate, br or zstd, got 'lzma'"):
        encoder_for("lzma")


@pytest.mark.usefixtures("_no_cache")
@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "backports.zstd")])
def test_a_missing_package_is_named(monkeypatch, coding, package):
    """What can't be decoded is not asked for; a server that sends it anyway gets an error that says what to install."""
    monkeypatch.setattr(codings, "find_spec", lambda _name: None)
    assert accept_encoding() == "gzip, deflate"
    for make in (decoder_for, encoder_for):
        with pytest.raises(ContentEncodingError, match=f"{coding} needs the package {package}"):
            make(coding)


@pytest.mark.usefixtures("_no_cache")
def test_what_is_installed_is_asked_for(monkeypatch):
    """`Accept-Encoding` names br and zstd where they can be decoded."""
    assert accept_encoding() == "gzip, deflate, br, zstd"

    def no_parent(name):
        if name != "brotli":
            raise ModuleNotFoundError(name)
        return object()

    accept_encoding.cache_clear()
    monkeypatch.setattr(codings, "find_spec", no_parent)
    assert accept_encoding() == "gzip, deflate, br"


@pytest.mark.usefixtures("_no_cache")
def test_brotlicffi_is_as_good(monkeypatch):
    """PyPy has brotlicffi; a Brotli before 1.2, which can't bound its output, is passed over."""
    old = types.SimpleNamespace(Decompressor=object)
    modules = {"brotli": old, "brotlicffi": brotlicffi}
    monkeypatch.setattr(codings, "import_module", modules.__getitem__)
    data = bytes(range(256)) * 1000
    assert data == _decode("br", _cut(brotli.compress(data), [10, 50]))
    encoder = encoder_for("br")
    assert data == brotli.decompress(encoder.feed(data) + encoder.flush())


def test_the_zlib_backend_can_be_changed():
    """`set_zlib_backend` takes any module with zlib's functions; what is being decoded goes on with the old one."""
    calls = []

    class Error(Exception):
        """The backend's own."""

    def decompressobj(wbits):
        calls.append(wbits)
        if len(calls) == 2:
            raise Error("backend")
        return zlib.decompressobj(wbits=wbits)

    backend = types.SimpleNamespace(
        MAX_WBITS=15, error=Error, decompressobj=decompressobj, compressobj=zlib.compressobj
    )
    before = decoder_for("gzip")
    set_zlib_backend(backend)
    try:
        assert _decode("gzip", [gzip.compress(b"x")]) == b"x"
        with pytest.raises(ContentEncodingError, match="gzip is malformed: backend"):
            _decode("gzip", [gzip.compress(b"x")])
        assert before.feed(gzip.compress(b"y"), 10) == b"y"
    finally:
        set_zlib_backend(zlib)
    assert calls == [31, 31]


def test_nothing_optional_is_imported_before_it_is_needed():
    """Neither importing the module nor decoding gzip imports a package for br or zstd."""
    code = (
        "import gzip, sys; from httpkit.wire.codings import decoder_for;"
        "assert decoder_for('gzip').feed(gzip.compress(b'x'), 9) == b'x';"
        "print([n for n in ('brotli', 'brotlicffi', 'backports.zstd', 'compression.zstd') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("coding", [*CODINGS, "gzip, br", "zstd, zstd"])
def test_a_long_body_is_decoded_window_by_window(coding):
    """Input that is longer than a window, and members that end anywhere in it, lose nothing."""
    data = random.Random(1).randbytes(150_000)
    body = _encode(coding, data)
    copies = 1 if "br" in coding else 3
    assert data * copies == _decode(coding, [body * copies], 40_000)
