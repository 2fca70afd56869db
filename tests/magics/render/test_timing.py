"""Where the time went."""

from httpkit_magics.record.record import Phase
from httpkit_magics.render.timing import timing


def test_bars_share_one_scale():
    """Each begins where the one before ended, as parts of the whole; the note names the longest."""
    fold = timing((Phase("dns", 0, 0.25), Phase("tls", 0.25, 0.125), Phase("wait", 0.5, 0.5)), 1.0)
    assert (fold.title, fold.note) == ("Timing", "wait 500 ms of 1.0 s")
    assert fold.blocks[0].bars == (
        ("DNS", 0.0, 0.25, "250 ms"),
        ("TLS", 0.25, 0.125, "125 ms"),
        ("wait", 0.5, 0.5, "500 ms"),
    )


def test_no_phases_no_section():
    """A request that failed before it began."""
    assert timing((), 0.1) is None


def test_bars_never_leave_their_scale():
    """A phase that ends after the total, as clocks are read one after the other."""
    ((_, start, length, _),) = timing((Phase("wait", 0.5, 1.0),), 1.0).blocks[0].bars
    assert start + length <= 1


def test_no_time_at_all_is_no_division_by_zero():
    """A replayed exchange may have taken nothing."""
    assert timing((Phase("wait", 0, 0),), 0).blocks[0].bars == (("wait", 0.0, 0.0, "0.0 ms"),)
