"""The Python twin, a diff, the history, limits and a 304 in JupyterLab."""

from __future__ import annotations

import nbformat
import pytest
from servers.lab import Lab

CELLS = (
    "%load_ext httpkit\n%httpkit demo",
    'from httpkit_magics import http\nhttp.get("/items/3", name="three")',
    'await http.aget("/items/4", name="four")',
    "http.diff(three, four)",
    'http.get("/limited", params={"limit": 60, "window": 60})',
    'tagged = http.get("/etag/v1", silent=True)\nhttp.get("/etag/v1", headers={"If-None-Match": tagged.headers["etag"]})',
    "%httpkit history",
)


@pytest.fixture
def calls(notebook, lab: Lab):
    """A notebook with these cells, run."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / "history.ipynb")
    notebook.open("history.ipynb")
    notebook.run_all()
    notebook.grow()
    return notebook


def test_calls_differences_and_the_history_are_panels(calls):
    """In both themes; one panel a cell, with the words that one looks for."""
    shown = [cell.locator(".jp-OutputArea-output").all_inner_texts() for cell in calls.cells()[1:]]
    assert [1] * len(shown) == [len(outputs) for outputs in shown]
    texts = [outputs[0] for outputs in shown]
    assert "200 OK" in texts[0]
    assert "200 OK" in texts[1]
    assert "$.name" in texts[2]
    assert "59 of 60 calls left, resets in 60 s" in texts[3]
    assert "not changed, the body of" in texts[4]
    assert "5 requests" in texts[5]
    for theme in ("light", "dark"):
        calls.set_theme(dark=theme == "dark")
        for name, number in (("diff", 3), ("limits", 4), ("unchanged", 5), ("history", 6)):
            assert calls.picture(calls.cells()[number], f"{name}-{theme}").stat().st_size > 5_000
    assert calls.errors == []
