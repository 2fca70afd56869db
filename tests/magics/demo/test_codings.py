"""/coding and /charset."""

from __future__ import annotations

import zlib

import brotli
import pytest
from backports import zstd

from httpkit_magics.demo.codings import _extra
from httpkit_magics.demo.problems import Problem
from httpkit_magics.demo.shop import make_items


def _raw(api, path):
    with api.stream("GET", path) as response:
        return response.headers, b"".join(response.iter_raw())


@pytest.mark.parametrize(
    ("path", "decode"),
    [
        ("gzip", lambda data: zlib.decompress(data, 31)),
        ("deflate", zlib.decompress),
        ("deflate?raw=1", lambda data: zlib.decompress(data, -15)),
        ("br", brotli.decompress),
        ("zstd", zstd.decompress),
        ("gzip,br", lambda data: zlib.decompress(brotli.decompress(data), 31)),
    ],
)
def test_each_coding_unpacks_to_the_catalogue(api, path, decode):
    """The coding is applied whatever was accepted, several from left to right (RFC 9110 section 8.4)."""
    headers, content = _raw(api, f"/coding/{path}")
    assert headers["content-encoding"] == path.partition("?")[0].replace(",", ", ")
    assert make_items()[6]["name"] in decode(content).decode()


@pytest.mark.parametrize("path", ["lzma", "gzip,gzip,gzip,gzip,gzip", ""])
def test_an_unknown_coding_is_not_found(api, path):
    """404, and no more than four at once."""
    assert api.get(f"/coding/{path}").status_code == 404


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "shift_jis", "utf-8"])
def test_each_charset_spells_a_text_that_needs_it(api, charset):
    """With declare=0 only the bytes tell."""
    declared, silent = api.get(f"/charset/{charset}"), api.get(f"/charset/{charset}?declare=0")
    assert declared.content == silent.content
    assert not declared.content.isascii()
    label = declared.headers["content-type"].removeprefix("text/plain; charset=")
    assert declared.content.decode(label).encode(label) == declared.content
    assert silent.headers["content-type"] == "text/plain"


def test_an_unknown_charset_is_not_found(api):
    """404."""
    assert api.get("/charset/ebcdic").status_code == 404


def test_a_coding_that_is_not_installed_is_said_with_its_extra():
    """501: Brotli and Zstandard are in the extra `speed`."""
    with pytest.raises(Problem, match=r'needs absent: pip install "jupyter-httpkit\[speed\]"') as caught:
        _extra("absent_too", "absent")
    assert caught.value.status == 501
