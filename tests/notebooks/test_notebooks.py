"""Every notebook that we ship runs from top to bottom in a real kernel, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST_CELL = 100 * 1024
HOST = re.compile(r"https?://([^/\s:'\")]+)")


def read(path: Path) -> nbformat.NotebookNode:
    """Read and validate a notebook."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the code cells in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_a_tour():
    """`make tour` and the README rely on it."""
    assert FOLDER / "tour.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_stored_without_outputs(path: Path):
    """What a notebook shows comes from running it, and a diff of it is readable."""
    kept = [cell.source for cell in code_cells(read(path)) if cell.outputs or cell.execution_count is not None]
    assert kept == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_runs(path: Path):
    """No cell raises, prints to stderr or fills the notebook, and every `%http` shows its panel twice: text and HTML."""
    notebook = read(path)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in code_cells(notebook):
        assert cell.execution_count is not None
        assert [output for output in cell.outputs if output.get("name") == "stderr"] == []
        panels = [output.data for output in cell.outputs if "text/html" in output.get("data", {})]
        assert all("text/plain" in panel for panel in panels)
        if cell.source.lstrip().startswith("%http "):
            assert len(panels) == 1, cell.source
        assert len(str(cell.outputs)) < LARGEST_CELL, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_needs_no_network(path: Path):
    """Only loopback is asked: a notebook gives the same result on a train."""
    hosts = {host for cell in code_cells(read(path)) for host in HOST.findall(cell.source)}
    # The namespace of SVG is a name, and nobody asks there.
    assert hosts <= {"127.0.0.1", "localhost", "www.w3.org"}
