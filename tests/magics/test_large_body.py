"""A JSON body of 50 MB in a real kernel: what it costs in memory, and what of it reaches the notebook."""

from __future__ import annotations

import json
import sys

import pytest
from servers.kernel import kernel

from httpkit_magics.demo.launch import start_demo

BODY = 50_000_000
MEMORY = """
import re
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A kernel beside the demo API, after a first request."""
    demo = start_demo()
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        started.run(f"%load_ext httpkit_magics\n%config HttpKit.base_url = {demo.url!r}")
        started.run("%http /json/0.1 ;")
        yield started
    demo.stop()


def _peak(running):
    """Return the most memory that the kernel had so far, in bytes."""
    return int(running.run(MEMORY).printed) * 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_body_is_held_once_and_little_of_it_is_shown(running):
    """At most three times the body at the peak, with its panel; less than 100 KB into the notebook, updates included."""
    before = _peak(running)
    cell = running.run("r = %http /json/50")
    assert "200 OK" in cell.panels[0]
    assert abs(int(running.value("len(r.content)")) - BODY) < BODY // 20
    assert _peak(running) - before < 3 * BODY
    assert sum(len(json.dumps(content, default=str)) for _, content in cell.messages) < 100_000
    assert running.run("r").panels
    assert _peak(running) - before < 3 * BODY


def test_a_check_of_a_large_body_keeps_nothing_of_it(running):
    """A verdict says what the value is, and the parsed document is let go."""
    running.run("%%http -o r\nGET /json/5\n\n?? jsonpath $ isString\n?? body contains nothing-of-this")
    sizes = running.value("[len(str(each.actual)) for each in r.checks]")
    assert max(json.loads(sizes)) < 20_000
