"""What is known of a request while it runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.run.progress import TAIL, Underway


@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(1, 4))
def test_what_arrived_is_given_once(chunks, step):
    """However often one looks, the pieces are the body, in order."""
    progress = Underway("GET", "http://h/")
    given_, count = b"", 0
    for number, chunk in enumerate(chunks):
        progress.see(chunk)
        if number % step == 0:
            piece, count = progress.after(count)
            given_ += piece
    piece, count = progress.after(count)
    assert (b"".join(chunks), progress.after(count)) == (given_ + piece, (b"", count))


def test_only_the_end_of_a_body_is_kept():
    """Who looks too late gets what is still there."""
    progress = Underway("GET", "http://h/")
    progress.see(b"a" * TAIL)
    progress.see(b"b" * 10)
    assert progress.after(0) == (b"a" * (TAIL - 10) + b"b" * 10, TAIL + 10)
