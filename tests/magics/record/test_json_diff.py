"""What was added, removed and changed between two JSON values."""

from __future__ import annotations

import copy
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import json_values

from httpkit_magics.record.json_diff import json_changes, json_path
from httpkit_magics.record.paths import find


def applied(before, changes):
    """Return `before` with `changes` made to it."""
    box = [copy.deepcopy(before)]

    def holder(keys):
        value = box
        for key in (0, *keys)[:-1]:
            value = value[key]
        return value

    ordered = sorted(enumerate(changes), key=lambda pair: len(pair[1].keys), reverse=True)
    removed = [change for _, change in ordered if change.kind == "removed"]
    for _, change in ordered:
        if change.kind == "changed":
            holder(change.keys)[(0, *change.keys)[-1]] = change.after
    # The last of an array first, so that the others keep their places.
    for change in sorted(removed, key=lambda each: [isinstance(each.keys[-1], int) and each.keys[-1]], reverse=True):
        del holder(change.keys)[change.keys[-1]]
    for _, change in sorted(ordered, key=lambda pair: pair[0]):
        if change.kind == "added":
            place = holder(change.keys)
            if isinstance(place, list):
                place.insert(change.keys[-1], change.after)
            else:
                place[change.keys[-1]] = change.after
    return box[0]


def spelled(value):
    """Return JSON text that says what a value is, whatever the order of its members: NaN is NaN, true is not 1."""
    return json.dumps(value, sort_keys=True)


def floats(value):
    """Return `value` with every number as a float, as 1 and 1.0 are one number."""
    if isinstance(value, dict):
        return {name: floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [floats(each) for each in value]
    return float(value) if type(value) is int else value


small = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", "b", float("nan")]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(small | json_values, small | json_values)
def test_applying_the_changes_to_the_one_gives_the_other(before, after):
    """Of any two values."""
    assert spelled(floats(applied(before, list(json_changes(before, after))))) == spelled(floats(after))


@settings(deadline=None)
@given(json_values)
def test_a_value_does_not_differ_from_its_copy(value):
    """NaN included."""
    assert list(json_changes(value, copy.deepcopy(value))) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("$.a", "changed", 1, 2)]),
        ({"a": 1}, {"b": 1}, [("$.a", "removed", 1, None), ("$.b", "added", None, 1)]),
        ([1, 2, 3], [1, 3], [("$[1]", "removed", 2, None)]),
        ([1, 3], [0, 1, 3], [("$[0]", "added", None, 0)]),
        ([{"id": 1, "n": 2}], [{"id": 1, "n": 3}], [("$[0].n", "changed", 2, 3)]),
        ({"a": None}, {}, [("$.a", "removed", None, None)]),
        (1, True, [("$", "changed", 1, True)]),
        (1, 1.0, []),
        ("NaN", float("nan"), [("$", "changed", "NaN", pytest.approx(float("nan"), nan_ok=True))]),
    ],
)
def test_changes_are_as_small_as_they_can_be(before, after, expected):
    """Items that came or went at one place are that, and not a change of all that follow."""
    found = [(json_path(each.keys), each.kind, each.before, each.after) for each in json_changes(before, after)]
    assert expected == found


# python-jsonpath refuses \u0000 to \u001f, which RFC 9535 section 2.3.1.1 has.
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6)


@settings(deadline=None)
@given(st.lists(names | st.integers(0, 3), max_size=4))
def test_a_path_finds_its_place(keys):
    """It is a JSONPath, whatever the names are; `r[path]` takes it."""
    value = 42
    for key in reversed(keys):
        value = {key: value} if isinstance(key, str) else [None] * key + [value]
    assert find(json_path(tuple(keys)), value) == 42


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([{"a": [number] * 3} for number in range(50_000)], [{"a": [number] * 3} for number in range(1, 50_001)]),
        ([[]] * 200_000, [{}] * 200_000),
        (
            json.loads("[" * 600 + "1," * 60_000 + "1" + "]" * 600),
            json.loads("[" * 600 + "1," * 60_000 + "2" + "]" * 600),
        ),
    ],
    ids=["shifted", "all other", "deep"],
)
def test_large_values_are_compared_in_linear_time(before, after):
    """Not in quadratic time, as comparing level by level would."""
    began = time.process_time()
    assert list(json_changes(before, after))
    assert time.process_time() - began < 5
