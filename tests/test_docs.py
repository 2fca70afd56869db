"""The examples of docs/from-aiohttp.md run as they stand there, with a server of ours for the host that they name."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import aiohttp
import pytest
from servers.web import running_web

import httpkit

PAGE = Path(__file__).parent.parent / "docs" / "from-aiohttp.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
HOST = "http://api.example.org"


@pytest.mark.parametrize("module", [httpkit, aiohttp], ids=["httpkit", "aiohttp"])
@pytest.mark.parametrize("number", range(1, len(BLOCKS)))
async def test_an_example_runs_as_it_stands(number, module):
    """Each one works under httpkit and under aiohttp: it says nothing that only one of them knows."""
    async with running_web() as url:
        code = compile(BLOCKS[number].replace(HOST, url), str(PAGE), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        printed = []
        running = eval(code, {"aiohttp": module, "print": lambda *values: printed.append(values)})
        if inspect.isawaitable(running):
            await running
    assert printed


def test_the_first_example_is_the_line_to_change():
    """It is what all others assume."""
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)
    assert names["aiohttp"] is httpkit
