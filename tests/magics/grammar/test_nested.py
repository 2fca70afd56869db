"""The names of nested JSON fields."""

from __future__ import annotations

import pytest
from httpie.cli.nested_json import NestedJSONSyntaxError, interpret_nested_json, unwrap_top_level_list_if_needed
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.nested import MAX_INDEX, PathError, Step, build, parse_path

names = st.text(st.sampled_from("ab[]12\\"), max_size=8)
values = st.sampled_from(["x", 1, [1], {"k": 1}])


def built(fields):
    """Return what `fields` make, or the error type."""
    try:
        return build(fields)
    except PathError:
        return PathError


def built_by_httpie(fields):
    """Return what HTTPie makes of `fields`."""
    try:
        return unwrap_top_level_list_if_needed(interpret_nested_json(fields))
    except NestedJSONSyntaxError:
        return PathError
    except IndexError:  # a backslash at the end of a name: HTTPie's own fault
        return IndexError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", [Step("", 0, 0)]),
        ("a", [Step("a", 0, 1)]),
        ("a[b]", [Step("a", 0, 1), Step("b", 1, 4)]),
        ("a[10]", [Step("a", 0, 1), Step(10, 1, 5)]),
        ("a[]", [Step("a", 0, 1), Step(None, 1, 3)]),
        ("[]", [Step(None, 0, 2)]),
        (r"a\[b\]", [Step("a[b]", 0, 6)]),
        (r"a[\1]", [Step("a", 0, 1), Step("1", 1, 5)]),
        ("007", [Step("007", 0, 3)]),
        ("a\\", [Step("a\\", 0, 2)]),
    ],
)
def test_a_name_gives_its_steps(name, expected):
    """Keys, indexes and the place after the last one, each with where it is written."""
    assert expected == parse_path(name)


@pytest.mark.parametrize(
    ("fields", "place", "index"),
    [
        ([("a[", 1)], (1, 2), 0),
        ([("a[b", 1)], (1, 3), 0),
        ([("a[[", 1)], (2, 3), 0),
        ([("a]", 1)], (1, 2), 0),
        ([("]", 1)], (0, 1), 0),
        ([("a[b]c", 1)], (4, 5), 0),
        ([("[b]", 1)], (1, 2), 0),
        ([("a[-1]", 1)], (2, 4), 0),
        ([(f"a[{MAX_INDEX + 1}]", 1)], (2, 7), 0),
        ([("a[" + "9" * 5000 + "]", 1)], (2, 5002), 0),
        ([("a", 1), ("a[b]", 1)], (1, 4), 1),
        ([("a[b]", 1), ("a[0]", 1)], (1, 4), 1),
        ([("a", None), ("a[b]", 1)], (1, 4), 1),
        ([("[]", 1), ("a", 1)], (0, 1), 1),
    ],
)
def test_an_error_names_the_place_in_the_name(fields, place, index):
    """Which field it is, and from which character to which."""
    with pytest.raises(PathError) as caught:
        build(fields)
    assert (place, index) == ((caught.value.start, caught.value.end), caught.value.index)


@given(st.lists(st.tuples(names, values), max_size=4))
def test_fields_add_up_as_in_httpie(fields):
    """HTTPie's own parser is the oracle; it fails on a backslash at the end, and writes `007` as 7."""
    oracle = built_by_httpie([(name, value.copy() if hasattr(value, "copy") else value) for name, value in fields])
    if oracle is IndexError:
        return
    ours = built([(name, value.copy() if hasattr(value, "copy") else value) for name, value in fields])
    assert oracle == ours
