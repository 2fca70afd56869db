"""Rows as a table."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.secrets import MASK
from httpkit_magics.render.table import MAX_CELL, MAX_COLUMNS, MAX_ROWS, has_depth, is_table, read_csv, table_of
from httpkit_magics.render.tree import parse


def _cells(grid):
    return [[span.text for span in row] for row in grid.rows]


def test_columns_are_the_union_of_the_rows():
    """In the order in which they first come; what a row lacks is empty; numbers go right."""
    rows = parse('[{"id": 1, "name": "a"}, {"id": 2, "ok": true, "in": [1], "no": null}]')
    grid, masked = table_of(rows, 2, REDACTOR, "r.json()")
    assert grid.columns == ("id", "name", "ok", "in", "no")
    assert _cells(grid) == [["1", "a", "", "", ""], ["2", "", "true", "1", "null"]]
    assert [grid.columns[index] for index in sorted(grid.right)] == ["id", "no"]
    assert not masked


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (["tools", "power"], "tools, power"),
        (["a" * 57], "a" * 57),
        (["a" * 59], "array, 1 item"),
        (["a, b", "c"], "array, 2 items"),
        (["a", ["b"]], "array, 2 items"),
        (["<b>", "\x1b[0m"], "<b>, \\x1b[0m"),
        ([], "array, 0 items"),
    ],
)
def test_a_short_list_of_texts_is_written_out(value, cell):
    """Tags and such; what is longer, deeper or has commas of its own is counted."""
    grid, _ = table_of([{"a": value}], 1, REDACTOR, "r")
    assert _cells(grid) == [[cell]]


def test_what_is_left_out_is_counted():
    """Rows and columns, with the expression that has them."""
    rows = [{f"c{n}": "x" for n in range(MAX_COLUMNS + 2)}] * 50
    grid, _ = table_of(rows, 1050, REDACTOR, "r.json()")
    assert len(grid.rows) == MAX_ROWS
    assert grid.more == "1 030 more rows and 2 more columns: r.json()"


def test_passwords_are_masked_by_column():
    """A column that is named password shows masks."""
    grid, masked = table_of([{"user": "a", "password": "b"}], 1, REDACTOR, "r")
    assert _cells(grid) == [["a", MASK]]
    assert masked


def test_cells_and_heads_are_cut():
    """A cell of a megabyte is one of sixty characters and an ellipsis."""
    grid, _ = table_of([{"k" * 150: "v" * 1_000_000}], 1, REDACTOR, "r")
    assert [len(grid.columns[0]), len(grid.rows[0][0].text)] == [41, MAX_CELL + 1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"a": 1}, {"b": 2}], True),
        ([{"a": 1}], False),
        ([], False),
        ([{"a": 1}, 2], False),
        ([{}, {}], False),
        ({"a": 1}, False),
    ],
)
def test_a_table_is_two_objects_or_more(value, expected):
    """One object is better as a tree, and so is a mixture."""
    assert is_table(value) is expected


def test_depth_is_what_a_cell_cannot_show():
    """An object or array with something in it."""
    assert [has_depth([{"a": {}}]), has_depth([{"a": [1]}])] == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n", [{"a": "1", "b": "x"}]),
        ("a;b\r\n1;x,y\r\n", [{"a": "1", "b": "x,y"}]),
        ('a,b\n"1, 2","two\nlines"\n', [{"a": "1, 2", "b": "two\nlines"}]),
        (",b\n1,2,3\n", [{"column 1": "1", "b": "2"}]),
    ],
)
def test_csv_is_read_with_its_delimiter(text, expected):
    """Quotes, semicolons, newlines in cells, missing heads and surplus cells."""
    assert read_csv(text, tabs=False) == expected


def test_tabs_divide_when_the_type_says_so():
    """text/tab-separated-values may hold commas."""
    assert read_csv("a,b\tc\n1\t2\n", tabs=True) == [{"a,b": "1", "c": "2"}]


@pytest.mark.parametrize("text", ["", "a,b", "\n\n"])
def test_what_is_no_csv_is_refused(text):
    """No rows or no head."""
    with pytest.raises(ValueError, match="no rows under a head"):
        read_csv(text, tabs=False)


def test_the_limit_of_the_reader_is_a_refusal():
    """Who lowered Python's field_size_limit sees text instead of a table."""
    before = csv.field_size_limit(10)
    try:
        with pytest.raises(ValueError, match="not CSV: field larger"):
            read_csv("a\n" + "x" * 11, tabs=False)
    finally:
        csv.field_size_limit(before)


@given(st.text(st.characters(exclude_categories=())), st.booleans())
def test_any_text_is_csv_or_refused(text, tabs):
    """Nothing else is raised."""
    try:
        rows = read_csv(text, tabs=tabs)
    except ValueError:
        return
    assert len(rows) <= MAX_ROWS
