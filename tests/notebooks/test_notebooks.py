"""Every notebook that we ship runs from top to bottom in a real kernel, without a browser."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

import nbformat
import pytest
from nbclient import NotebookClient

from httpkit_magics.demo.login import USERS, Login
from httpkit_magics.record.secrets import MASK

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


def requests_of(source: str) -> int:
    """Return how many panels a cell has to show: one for each request, none with -q."""
    if re.search(r"^%.* -q\b", source):
        return 0
    before = len(re.findall(r"^# @forceRef ", source, re.MULTILINE))
    return 1 + before + len(re.findall(r"^###", source, re.MULTILINE))


@pytest.mark.parametrize("name", ["tour", "explore", "login", "files"])
def test_the_notebooks_are_there(name: str):
    """`make tour`, README and docs lead to them."""
    assert FOLDER / f"{name}.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_stored_without_outputs(path: Path):
    """What a notebook shows comes from running it, and a diff of it is readable."""
    kept = [cell.source for cell in code_cells(read(path)) if cell.outputs or cell.execution_count is not None]
    assert kept == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_runs(path: Path):
    """No cell raises, prints to stderr or fills the notebook, and every request shows its panel twice: text and HTML.

    Nothing is left in the folder.
    """
    before = sorted(FOLDER.rglob("[!.]*"))
    notebook = read(path)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in code_cells(notebook):
        assert cell.execution_count is not None
        assert [output for output in cell.outputs if output.get("name") == "stderr"] == []
        panels = [output.data for output in cell.outputs if "text/html" in output.get("data", {})]
        assert all("text/plain" in panel for panel in panels)
        if cell.source.startswith(("%http ", "%curl ", "%%http", "%%curl")):
            assert len(panels) == requests_of(cell.source), cell.source
        assert len(str(cell.outputs)) < LARGEST_CELL, cell.source
    assert sorted(FOLDER.rglob("[!.]*")) == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_needs_no_network(path: Path):
    """Only loopback is asked: a notebook gives the same result on a train."""
    hosts = {host for cell in code_cells(read(path)) for host in HOST.findall(cell.source)}
    # The namespace of SVG is a name, and nobody asks there.
    assert hosts <= {"127.0.0.1", "localhost", "www.w3.org"}


def spellings(secret: str) -> set[str]:
    """Return how a secret may stand in a file: raw, encoded for a URL or JSON, and inside base64."""
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + secret.encode()).decode()
        forms.add(digits[-(-before * 8 // 6) : (before + len(secret.encode())) * 8 // 6])
    return forms


def given_secrets() -> list[str]:
    """Return the passwords, and what the demo gives to its first logins: it counts where others draw lots."""
    login = Login()
    made = []
    for login._issued in range(1, 6):
        made += [login._make(user, kind) for user in USERS for kind in ("token", "session")]
    return [*USERS.values(), *made]


def test_what_a_login_gives_is_not_in_the_saved_notebook():
    """Passwords, tokens and sessions are nowhere in the file: not in a cell, a panel, a repr or an export."""
    notebook = read(FOLDER / "login.ipynb")
    probe = nbformat.v4.new_code_cell("print(token.reveal())")
    notebook.cells.append(probe)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}}).execute()
    notebook.cells.pop()
    secrets = given_secrets()
    assert probe.outputs[0].text.strip() in secrets
    saved = json.dumps(notebook, ensure_ascii=False)
    assert saved.count(MASK) > 10
    assert [form for secret in secrets for form in spellings(secret) if form in saved] == []
