"""HTML and XML as coloured text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

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
    """200 000 characters that make lexers backtrack take four times as long as 50 000."""
    assert growth(lambda text: list(highlighted(text)), lambda size: unit * (size // len(unit)), 50_000) < 9
    assert len(list(highlighted(unit * (200_000 // len(unit))))) <= 2 * MOST_SPANS + 1
