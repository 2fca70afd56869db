"""Cutting."""

from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import MASK, Secret
from httpkit_magics.render.clip import clip, cut, cut_line, rows
from httpkit_magics.render.panel import MAX_ROWS, MAX_SECTION, Span


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 20))
def test_nothing_is_longer_than_its_limit(text, limit):
    """Also after hidden characters were written out, which takes up to ten for one."""
    assert len(clip(text, limit)) <= limit + 1


def test_what_is_cut_off_is_counted():
    """An ellipsis, and how much is missing."""
    assert cut_line("abcdef", str, 4) == (Span("abcd\u2026"), Span(" 2 more characters", "muted"))
    assert cut_line("a" * 1_000_000, str, 4)[1] == Span(" 999 996 more characters", "muted")
    assert cut_line("abcd", str, 4) == (Span("abcd"),)


def test_masking_comes_before_cutting():
    """Half a secret is a secret: what lies on the limit is masked whole."""
    mask = Redactor([Secret("0123456789")]).text
    assert cut("abc0123456789", mask, 6) == f"abc{MASK[:3]}\u2026"


def test_rows_end_at_their_number():
    """The line says how many more there are and where."""
    made = rows(((str(n), (Span("x"),)) for n in range(5000)), 5000, "r.headers")
    assert (len(made.rows), made.more) == (MAX_ROWS, "4 900 more: r.headers")


def test_rows_end_at_their_room():
    """Rows of a thousand characters each."""
    made = rows(((str(n), (Span("x" * 1000),)) for n in range(50)), 50, "r.headers")
    assert sum(len(name) + len(line[0].text) for name, line in made.rows) <= MAX_SECTION
    assert made.more == f"{50 - len(made.rows)} more: r.headers"
