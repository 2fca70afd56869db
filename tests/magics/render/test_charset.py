"""The body as text, and what is said about it."""

import pytest
from sample_records import a_record

from httpkit_magics.render.charset import HEAD, coding_problem, head_of


@pytest.mark.parametrize(
    ("content_type", "encoding", "content", "text", "problems"),
    [
        ("text/plain; charset=utf-8", "utf-8", "\u00e9".encode(), "\u00e9", ()),
        ("text/plain", "utf-8", "\u00e9".encode(), "\u00e9", ()),
        ("text/plain", None, b"\xef\xbb\xbfa\r\nb", "a\nb", ()),
        ("text/plain", "shift_jis", "\u65e5".encode("shift_jis"), "\u65e5", ("no charset declared: read as shift_jis",)),
        ("text/plain; charset=latin-1", "latin-1", b"\xe9", "\u00e9", ()),
        ("text/plain; charset=x-odd", "x-odd", b"a", "a", ("charset x-odd is not known: read as utf-8",)),
        ("text/plain; charset=latin-1", "utf-8", b"a", "a", ("declared as latin-1, read as utf-8",)),
        ("text/plain; charset=utf-8", "utf-8", b"a\xe9 \xe9", "a\ufffd \ufffd", ("2 characters do not fit utf-8, shown as \ufffd",)),
        ('text/plain; charset="utf-8"', "utf-8", b"\xe9", "\ufffd", ("1 character does not fit utf-8, shown as \ufffd",)),
    ],
)  # fmt: skip
def test_charset_problems_are_said_in_words(content_type, encoding, content, text, problems):
    """Declared or not, known or not, fitting or not."""
    head = head_of(a_record(content, content_type, encoding=encoding))
    assert (head.text, head.problems) == (text, problems)


def test_a_character_on_the_edge_is_no_misfit():
    """The head is cut between bytes, not between characters; that is not the server's fault."""
    head = head_of(a_record(b"a" * (HEAD - 1) + "\u00e9".encode() * 10, "text/plain; charset=utf-8"))
    assert (head.is_whole, head.problems) == (False, ())


@pytest.mark.parametrize("coding", ["gzip", "br, zstd", "identity", "", "X-GZIP"])
def test_known_codings_are_no_problem(coding):
    """They were undone before the record was made."""
    assert coding_problem(a_record(headers=[("content-encoding", coding)])) == ""
