"""A body as a DataFrame: of JSON, NDJSON and CSV, with pandas and with polars, and in words where it is no table."""

from __future__ import annotations

import importlib.util

import pytest
from sample_records import a_json_record, a_record

from httpkit_magics.record import tabular

DOCUMENT = {"items": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "tags": ["x", "y"], "n": 1}


@pytest.fixture(params=["pandas", "polars"])
def library(request, monkeypatch):
    """One of the two, as if the other weren't installed."""
    pytest.importorskip(request.param)
    monkeypatch.setattr(tabular, "LIBRARIES", (request.param,))
    return request.param


def _columns(frame):
    return {name: list(frame[name]) for name in frame.columns}


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("record", "path", "expected"),
    [
        (a_json_record(DOCUMENT), "$.items", {"id": [1, 2], "name": ["a", "b"]}),
        (a_json_record(DOCUMENT), "$.tags", {"value": ["x", "y"]}),
        (a_json_record(DOCUMENT), "$.items[0]", {"id": [1], "name": ["a"]}),
        (a_json_record(DOCUMENT), "$.items[*].id", {"value": [1, 2]}),
        (a_record(b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson"), "$", {"a": [1, 2]}),
        (a_record(b"a,b\n1,x\n2,y\n", "text/csv; charset=utf-8"), "$", {"a": [1, 2], "b": ["x", "y"]}),
        (a_record(b"a\tb\n1\tx\n", "text/tab-separated-values"), "$", {"a": [1], "b": ["x"]}),
    ],
)
def test_a_table_becomes_a_frame(record, path, expected):
    """Objects are rows, plain values one column, CSV has its types guessed by the library."""
    assert _columns(record.df(path)) == expected


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("$", r"its arrays are tables: df\('\$.items'\)"),
        ("$.n", "is one value; expected an array of objects"),
        ("$.missing", "there is nothing at"),
        ("$..*", "an array of different things"),
    ],
)
def test_what_is_no_table_says_what_it_is(path, said):
    """And where the tables are."""
    with pytest.raises(ValueError, match=said):
        a_json_record(DOCUMENT).df(path)


def test_a_body_that_is_neither_says_so():
    """With the place of the fault."""
    with pytest.raises(ValueError, match="neither JSON nor CSV"):
        a_record(b"<html>", "text/html").df()


def test_without_both_libraries_the_error_says_what_to_install(monkeypatch):
    """Neither is required."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ImportError, match="pip install pandas"):
        a_json_record(DOCUMENT).df()
