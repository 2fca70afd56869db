"""The worked notebooks in JupyterLab: opened, run from the top, read in both themes."""

from __future__ import annotations

import pytest

PANEL = ".jp-OutputArea-output details"
PANELS = {"explore": 10, "login": 9, "files": 15}
"""At least so many cells of each show a panel."""


@pytest.mark.parametrize("name", PANELS)
def test_a_worked_notebook_runs_and_nobody_complains(notebook, name):
    """Every cell runs without an error, its panels are visible in both themes, and the page and its console are quiet."""
    notebook.open(f"{name}.ipynb")
    notebook.run_all()
    notebook.grow()
    states = notebook.cell_states()
    assert states == [(True, False)] * len(states)
    assert "Traceback" not in "".join(notebook.page.locator(".jp-OutputArea-output").all_inner_texts())
    shown = [cell for cell in notebook.cells() if cell.locator(PANEL).count()]
    assert len(shown) >= PANELS[name]
    for theme in ("light", "dark"):
        notebook.set_theme(dark=theme == "dark")
        assert all(cell.locator(PANEL).first.is_visible() for cell in shown)
        assert notebook.screenshot(f"{name}-{theme}").stat().st_size > 10_000
    assert notebook.errors == []
