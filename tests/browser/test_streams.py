"""Streams in JupyterLab: the worked notebook, a panel that goes on after its cell, hostile messages, both themes."""

from __future__ import annotations

import nbformat
import pytest
from servers.lab import Lab

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
CELLS = (
    "%load_ext httpkit\n%httpkit demo",
    "feed = %ws /ws/ticker rate==500 --bg",
    f"%%ws /ws/echo\n{HOSTILE}\n=== wait script",
    "%ws /ws/drop",
    "%sse /events count==7 rate==50",
    "%ws ws://127.0.0.1:9/nobody",
)


@pytest.fixture
def streams(notebook, lab: Lab):
    """A notebook of streams, run."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / "some-streams.ipynb")
    notebook.open("some-streams.ipynb")
    notebook.run_all()
    notebook.grow()
    return notebook


def test_streams_are_panels_that_read_well_in_both_themes(streams):
    """One that is live, a conversation, one that was lost, events, and one that failed; no message is markup."""
    live, said, lost, events, failed = [cell.locator(".jp-OutputArea-output") for cell in streams.cells()[1:]]
    assert "live" in live.inner_text()
    before = live.inner_text()
    streams.page.wait_for_timeout(500)
    assert live.inner_text() != before
    assert HOSTILE in said.inner_text()
    assert said.locator("img, script").count() == 0
    assert "closed 1006" in lost.inner_text()
    assert "stock" in events.inner_text()
    assert "Connection refused" in failed.inner_text()
    for theme in ("light", "dark"):
        streams.set_theme(dark=theme == "dark")
        for name, part in (("live", live), ("said", said), ("lost", lost), ("events", events), ("failed", failed)):
            assert streams.picture(part, f"stream-{name}-{theme}").stat().st_size > 2_000
    assert "owned" not in streams.page.title()
    assert streams.errors == []


def test_the_worked_notebook_runs_and_shows_its_pictures(notebook):
    """Every cell, in the browser; the pictures are drawn."""
    notebook.open("streams.ipynb")
    notebook.run_all()
    notebook.grow()
    assert all(ran and not failed for ran, failed in notebook.cell_states())
    assert notebook.page.locator(".jp-RenderedSVG").count() == 2
    for theme in ("light", "dark"):
        notebook.set_theme(dark=theme == "dark")
        notebook.screenshot(f"streams-notebook-{theme}")
    assert notebook.errors == []
