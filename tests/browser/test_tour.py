"""The tour in JupyterLab: what somebody sees who opens it and runs all cells."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from servers.lab import Lab

TOUR = "tour.ipynb"
PANEL = ".jp-OutputArea-output details"
SCREENSHOTS = Path(__file__).parent / "screenshots"
PICTURES = {"response": "%http GET /items q==drill", "failure": "%http GET http://127.0.0.1:9/"}


def shown(notebook) -> list[str]:
    """Return the text of every code cell's outputs, as the page shows it."""
    return ["\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts()) for cell in notebook.cells()]


def take_pictures(notebook) -> None:
    """Take the pictures of README and docs: the panels of these cells. `make screenshots` says where to keep them."""
    folder = Path(os.environ.get("HTTPKIT_IMAGES", SCREENSHOTS))
    for name, start in PICTURES.items():
        (cell,) = [
            cell
            for cell in notebook.cells()
            if cell.locator(".jp-InputArea-editor").inner_text().strip().startswith(start)
        ]
        cell.screenshot(path=folder / f"{name}.png")


@pytest.fixture
def run_tour(notebook):
    """The tour, opened, run and drawn whole."""
    notebook.open(TOUR)
    notebook.run_all()
    notebook.grow()
    return notebook


def test_the_tour_runs_and_shows_panels_in_both_themes(run_tour):
    """All cells run, panels are visible, and neither the page nor its console complains."""
    states = run_tour.cell_states()
    assert states == [(True, False)] * len(states)
    for theme in ("light", "dark"):
        run_tour.set_theme(dark=theme == "dark")
        assert run_tour.page.locator(PANEL).first.is_visible()
        assert any("200 OK" in text for text in shown(run_tour))
        assert run_tour.screenshot(f"tour-{theme}").stat().st_size > 10_000
        for number, cell in enumerate(run_tour.cells(), 1):
            if cell.locator(PANEL).count():
                run_tour.picture(cell, f"panel-{number:02}-{theme}")
        if theme == "light":
            take_pictures(run_tour)
    assert run_tour.errors == []


def test_a_saved_tour_that_is_not_trusted_still_shows_its_panels(run_tour, lab: Lab):
    """Somebody else's notebook is shown sanitized: the panels say the same as before."""
    before = shown(run_tour)
    run_tour.save()
    saved = nbformat.read(lab.root / TOUR, as_version=4)
    # JupyterLab trusts content that this machine ran, so change it; and without a kernel nothing can be drawn anew.
    saved.metadata["title"] = "somebody else's"
    nbformat.write(saved, lab.root / "untrusted.ipynb")
    run_tour.open("untrusted.ipynb")
    run_tour.grow()
    assert run_tour.is_trusted() is False
    assert shown(run_tour) == before
    assert run_tour.page.locator(PANEL).first.is_visible()
    run_tour.screenshot("untrusted-light")
    run_tour.set_theme(dark=True)
    run_tour.screenshot("untrusted-dark")
    assert run_tour.errors == []
