"""Images, sounds and films."""

import pytest

from httpkit_magics.render.media import media_of
from httpkit_magics.render.panel import MAX_MEDIA, Media

GIF = b"GIF89a\x0a\0\x05\0"


def test_an_image_is_shown_with_its_size():
    """Media type, bytes and pixels stand for it in text."""
    assert media_of("image/gif", GIF) == Media("image", "image/gif", GIF, "image/gif, 10 B, 10 \u00d7 5")


@pytest.mark.parametrize(
    ("alias", "content", "known"),
    [("image/jpg", b"\xff\xd8\xff", "image/jpeg"), ("audio/x-wav", b"RIFF0000WAVE", "audio/wav")],
)
def test_other_names_are_known(alias, content, known):
    """The media type in the output is ours."""
    assert media_of(alias, content).media_type == known


def test_a_large_image_stays_out():
    """Above a megabyte it is said in words."""
    assert media_of("image/gif", GIF + bytes(MAX_MEDIA)) == (
        "image/gif, 1.0 MB, 10 \u00d7 5: over 1.0 MB it stays out of the notebook, r.content holds it"
    )


def test_what_does_not_begin_like_its_type_is_not_shown():
    """HTML that says it is a PNG."""
    assert media_of("image/png", b"<html>") == "the bytes do not begin like image/png"


@pytest.mark.parametrize("media_type", ["text/html", "image/x-odd", "application/pdf", "image/", ""])
def test_anything_else_is_no_media(media_type):
    """Only a fixed list is put into a data URI."""
    assert media_of(media_type, b"GIF89a") is None
