"""The grammar of HTTP/1.1 messages, where it can be asked for by itself; `test_http1.py` has it in whole responses."""

import pytest

from httpkit.errors import TransferEncodingError
from httpkit.wire.http1_grammar import parse_chunk_size


def test_a_chunk_size_is_hexadecimal_digits():
    """RFC 9112 section 7.1; extensions are ignored."""
    assert [parse_chunk_size(line) for line in (b"0", b"fF", b"10;a=b", b"1\t ;x", b"f" * 16)] == [
        0,
        255,
        16,
        1,
        16**16 - 1,
    ]
    with pytest.raises(TransferEncodingError, match="1-16 hex digits, got b'1g'"):
        parse_chunk_size(b"1g")
