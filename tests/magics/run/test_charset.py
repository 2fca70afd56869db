"""The charset of a body."""

from __future__ import annotations

import pytest

from httpkit_magics.run.charset import charset_of

JAPANESE = "日本語のテキストです。これは文字コードの判定のための文章です。" * 4


@pytest.mark.parametrize(
    ("media_type", "declared", "content", "expected"),
    [
        ("text/plain", "ISO-8859-1", b"caf\xe9", "iso8859-1"),
        ("text/plain", "utf8", b"x", "utf-8"),
        ("text/plain", "no-such", b"x", "utf-8"),
        ("text/plain", "hex", b"x", "utf-8"),
        ("text/plain", "a\0b", b"x", "utf-8"),
        ("text/html", None, "é".encode(), "utf-8"),
        ("text/html", None, b"", "utf-8"),
        ("text/plain", None, b"\xff\xfea\0", "utf-16"),
        ("text/plain", None, b"\xef\xbb\xbfa", "utf-8-sig"),
        ("application/json", None, b"\xff", "utf-8"),
        ("application/problem+json", None, b"{}", "utf-8"),
        ("image/svg+xml", None, b"<svg/>", "utf-8"),
        ("image/png", None, b"\x89PNG", None),
        ("application/octet-stream", None, b"abc", None),
    ],
)
def test_the_charset_is_declared_marked_or_found(media_type, declared, content, expected):
    """What the server says, then a byte order mark, then UTF-8 where the bytes are; None is no text."""
    assert expected == charset_of(media_type, declared, content)


@pytest.mark.parametrize("charset", ["shift_jis", "euc_jp"])
def test_other_charsets_are_detected(charset):
    """Text that isn't UTF-8 decodes to what was written."""
    content = JAPANESE.encode(charset)
    assert content.decode(charset_of("text/plain", None, content)) == JAPANESE


def test_a_character_cut_by_the_sample_does_not_hide_utf8():
    """Only the sample is looked at, and it may end within a character."""
    assert charset_of("text/plain", None, b"x" + "é".encode() * 40_000) == "utf-8"
