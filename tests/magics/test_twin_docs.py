"""The examples of docs/how-to/python-calls.md run as they stand there, with the demo API for the host that they name."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from httpkit_magics import http

PAGE = Path(__file__).parents[2] / "docs/how-to/python-calls.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


async def test_the_examples_run_one_after_the_other(demo_server, capsys):
    """With one set of names, as the cells of a notebook have; the difference that the page promises is found."""
    names: dict[str, object] = {}
    assert len(BLOCKS) >= 4
    try:
        for block in BLOCKS:
            source = block.replace("https://api.example.org", demo_server)
            # A notebook binds name="made"; a script has the history.
            code = source.replace('made["$.id"]', 'http.last["$.id"]')
            running = eval(compile(code, str(PAGE), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
            if inspect.isawaitable(running):
                await running
    finally:
        http.history.clear()
        http.close()
    assert "('$.stock', " in capsys.readouterr().out
    assert [page.status for page in names["pages"]] == [200, 200, 200]
