"""The page "Several requests in a cell", run in a real kernel as somebody does who follows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from servers.kernel import kernel

PAGE = Path(__file__).parents[2] / "docs" / "requests-in-a-cell.md"
BLOCKS = [
    block
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if not kind and not block.startswith("%%http:")
]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the demo API."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        started.run("%load_ext httpkit")
        started.run("%httpkit demo")
        yield started


def test_every_cell_of_the_page_works(running):
    """Each request of each cell gets a panel with a 2xx answer and no failed assertion, and Python goes on with it."""
    assert len(BLOCKS) == 8
    for block in BLOCKS:
        cell = running.run(block)
        assert cell.reply["status"] == "ok", (block, cell.of("error"))
        requests = len(re.findall(r"^(?:GET|POST) ", block, re.MULTILINE))
        assert len(cell.panels) == requests, block
        for panel in cell.panels:
            assert re.match(r" ?20[01] ", panel), (block, panel)
            assert " failed" not in panel
    assert running.value("first_id") == "1"


def test_the_error_of_the_page_is_what_is_shown(running):
    """The page shows the message as the notebook does."""
    (shown,) = re.findall(r"^```\n(%%http: .*?)```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    cell = running.run('%%http\nPOST /items?tag={{wantd["tags"][0]}}\n\n{}')
    (error,) = cell.of("error")
    assert "\n".join(error["traceback"]).rstrip() == shown.rstrip()
