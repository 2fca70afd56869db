"""HTML and XML as coloured text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.render.markup import MOST_SPANS, highlighted


def test_parts_have_their_tones():
    """Elements, attribute values, references and comments."""
    spans = list(highlighted('<a href="x">1 &amp; 2</a><!-- c -->'))
    assert [(span.text, span.tone) for span in spans if span.tone != "plain"] == [
        ("<a", "info"), ('"x"', "good"), (">", "info"), ("&amp;", "warn"), ("</a>", "info"), ("<!-- c -->", "muted")
    ]  # fmt: skip


@given(st.text(st.sampled_from("<>&\"'=!-?/ a;\n")) | st.text())
def test_nothing_is_lost(text):
    """The spans together are the text."""
    assert "".join(span.text for span in highlighted(text)) == text


@pytest.mark.parametrize("unit", ["<!--", "<?", "<", "&", "<a ", '="', "<!", "&a", "-->", "<a", '="a', "/"])
def test_colouring_takes_linear_time(unit):
    """200 000 characters that make lexers backtrack."""
    start = time.perf_counter()
    spans = list(highlighted(unit * (200_000 // len(unit))))
    assert time.perf_counter() - start < 1
    assert len(spans) <= 2 * MOST_SPANS + 1
