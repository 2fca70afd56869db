"""The magics in a plain shell, in a process of their own: what happens at the end, and what importing costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from servers.threaded import response, serving

PROGRAM = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.extension_manager.load_extension("httpkit_magics")
shell.run_cell("r = %http {url}/ ;")
assert shell.user_ns["r"].status == 200
{end}
"""


@pytest.mark.parametrize(
    "end", ["", "raise SystemExit(0)", "shell.extension_manager.unload_extension('httpkit_magics')"]
)
def test_a_process_ends_without_hanging_and_without_warnings(tmp_path, end):
    """Connections and the thread are closed at exit: no ResourceWarning, no error, no waiting."""
    with serving({"/": response(b"x")}) as server:
        done = subprocess.run(
            [
                sys.executable,
                "-X",
                "dev",
                "-W",
                "error::ResourceWarning",
                "-c",
                PROGRAM.format(url=server.url, end=end),
            ],
            cwd=tmp_path,
            env={**os.environ, "IPYTHONDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr, len(server.requests)) == (0, "", "", 1)


def test_importing_the_package_does_not_import_ipython():
    """Records and the grammar are of use without a notebook."""
    code = "import sys, httpkit_magics, httpkit_magics.grammar.line; print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
