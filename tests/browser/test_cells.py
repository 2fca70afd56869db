"""A cell of requests in JupyterLab: a panel for each, the values that were filled in, and errors without a traceback."""

from __future__ import annotations

import nbformat
import pytest
from servers.lab import Lab

CELLS = (
    "%load_ext httpkit\n%httpkit demo",
    (
        "%%http\n# @name login\nPOST /login\nContent-Type: application/json\n\n"
        '{"username": "ada", "password": "lovelace"}\n\n###\n'
        "GET /auth/bearer?user={{login.response.body.$.user.username}}\n"
        "Authorization: Bearer {{login.response.body.$.access_token}}\n\n"
        "?? status == 200\n"
    ),
    "%%http\nGET /items/{{itm_id}}",
)
FOLDED = ".jp-OutputArea-output details"


@pytest.fixture
def cells(notebook, lab: Lab):
    """A notebook with two requests in a cell and one that can't be sent, run."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / "cells.ipynb")
    notebook.open("cells.ipynb")
    notebook.run_all()
    notebook.grow()
    return notebook


def test_a_cell_of_requests_shows_a_panel_each_and_where_values_came_from(cells):
    """In both themes; the token is a mask, also in the saved notebook."""
    requests, refused = cells.cells()[1:]
    panels = requests.locator(".jp-OutputArea-output")
    assert panels.count() == 2
    values = panels.nth(1).locator("details", has_text="Values").last
    values.locator("summary").first.click()
    text = values.inner_text()
    assert "login.response.body.$.user.username" in text
    assert "ada" in text
    assert "response of login" in text
    assert "\u2022" * 6 in text
    assert "no value" in refused.locator(".jp-OutputArea-output").inner_text()
    assert "Traceback" not in refused.locator(".jp-OutputArea-output").inner_text()
    for theme in ("light", "dark"):
        cells.set_theme(dark=theme == "dark")
        assert cells.picture(requests, f"cells-{theme}").stat().st_size > 10_000
        assert cells.picture(refused, f"cells-refused-{theme}").stat().st_size > 1_000
    assert cells.errors == []
