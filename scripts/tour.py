"""Run the tour: print each cell's source and text output as it ends, and leave tour.html.

A failing cell ends the run with its number and error; tour.html then shows how far it came. tour.html needs no network:
the scripts that nbconvert's page would load from elsewhere are left out of it.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import DictLoader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
CELL_SECONDS = 60
ANSI = re.compile(r"\x1b\[[0-9;]*m")

# The page as nbconvert makes it, without require.js, MathJax, Mermaid and the widget loader.
PAGE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""


def output_text(output: Any) -> str:
    """Return what an output says in a terminal, without colour."""
    match output.output_type:
        case "stream":
            text = output.text
        case "error":
            text = "\n".join(output.traceback)
        case _:
            text = output.data.get("text/plain", f"({', '.join(output.data)})")
    return ANSI.sub("", text).rstrip()


def print_cell(number: int, cell: Any, seconds: float) -> None:
    """Print a code cell as In and Out."""
    print(f"\nIn [{number}]:  ({seconds:.2f} s)")
    print("\n".join(f"    {line}" for line in cell.source.splitlines()))
    for output in cell.outputs:
        print(output_text(output))
    sys.stdout.flush()


def run(notebook: Any) -> int | None:
    """Execute the code cells in one kernel, in place; return the number of the cell that failed, if one did."""
    client = NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(ROOT / "notebooks")}})
    # A kernel warns of its own sockets, which are on loopback: no part of a tour.
    client.extra_arguments = ["--log-level=ERROR"]
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                print(f"\n{cell.source}")
                continue
            started = time.monotonic()
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                print_cell(client.code_cells_executed, cell, time.monotonic() - started)
                print(f"\ncell {index + 1} of {len(notebook.cells)} failed: {type(error).__name__}", file=sys.stderr)
                print(cell.source, file=sys.stderr)
                return index + 1
            print_cell(client.code_cells_executed, cell, time.monotonic() - started)
    return None


def write_page(notebook: Any, path: Path) -> None:
    """Write the notebook as one HTML file that loads nothing."""
    exporter = HTMLExporter(extra_loaders=[DictLoader({"page.html.j2": PAGE})], template_file="page.html.j2")
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": "httpkit: the tour"}})
    path.write_text(body, encoding="utf-8")


def main() -> int:
    """Run notebooks/tour.ipynb; return the exit code."""
    started = time.monotonic()
    notebook = nbformat.read(ROOT / "notebooks" / "tour.ipynb", as_version=4)
    failed = run(notebook)
    write_page(notebook, ROOT / "tour.html")
    print(f"\ntour.html written, {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
