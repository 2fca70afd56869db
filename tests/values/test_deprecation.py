"""Warnings of deprecated names point at who uses them; unknown names get the nearest known one."""

from __future__ import annotations

import warnings

from httpkit.values.deprecation import unknown_name, warn


def test_a_warning_points_at_its_caller():
    """The file and line are those of the first frame outside of httpkit."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn("old is deprecated, use new")
    assert [(__file__, "old is deprecated, use new")] == [(item.filename, str(item.message)) for item in found]


def test_an_unknown_name_gets_its_neighbour():
    """The message is Python's, with the nearest name that is known."""
    error = unknown_name("f()", {"alow"}, ["allow", "other"])
    assert str(error) == "f() got an unexpected keyword argument 'alow', did you mean 'allow'?"


def test_an_unknown_name_may_be_far_from_all():
    """Where nothing is near, nothing is proposed."""
    assert str(unknown_name("f()", {"zzz"}, ["allow"])) == "f() got an unexpected keyword argument 'zzz'"
