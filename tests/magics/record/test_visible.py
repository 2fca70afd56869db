"""Text that may stand anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.record.visible import visible, visible_line

everything = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Größe 日本 👩‍🚀", "Größe 日本 👩‍🚀"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\x00b\x7f", r"a\x00b\x7f"),
        ("a\r\nb", "a\\r\nb"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_hidden_characters_are_written_out(text, expected):
    """What can't be seen is shown as its code; what can be seen stays."""
    assert visible(text) == expected


def test_one_line_stays_one_line():
    """In a row or a title, newlines and tabs are written out as well."""
    assert visible_line("a\tb\nc") == r"a\tb\nc"


@given(everything)
def test_visible_text_encodes_and_is_visible(text):
    """The result is UTF-8, holds no control character but newline and tab, and is not changed by a second pass."""
    shown = visible(text)
    shown.encode()
    assert {character for character in shown if ord(character) < 32 or 126 < ord(character) < 160} <= {"\n", "\t"}
    assert visible(shown) == shown
