"""Install Autobahn's `wstest` into .venv/wstest, where a Python 2.7 is found: on PATH, in HTTPKIT_PYTHON27, or pyenv's.

The suite was never ported to Python 3, virtualenv makes environments for 2.7 up to its release 20.21, and the suite's
release 25.10.1 is the last that installs there. Takes half a minute. Exits with 2 where there is no Python 2.7.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / ".venv" / "wstest"


def find_python27() -> str | None:
    """Return a Python 2.7 that runs; a shim of pyenv may be on PATH and not run."""
    installed = sorted(Path.home().glob(".pyenv/versions/2.7*/bin/python2.7"))
    for candidate in (os.environ.get("HTTPKIT_PYTHON27"), shutil.which("python2.7"), *map(str, installed)):
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def main() -> int:
    """Install, or do nothing where it is installed; return the exit status."""
    if (TARGET / "bin" / "wstest").exists():
        return 0
    python27 = find_python27()
    if python27 is None:
        sys.stderr.write("no Python 2.7 found: set HTTPKIT_PYTHON27, or install one with pyenv\n")
        return 2
    maker = TARGET.with_name("wstest-virtualenv")
    venv.create(maker, with_pip=True)
    subprocess.run([maker / "bin" / "pip", "install", "--quiet", "virtualenv<20.22"], check=True)
    subprocess.run([maker / "bin" / "virtualenv", "--quiet", "--python", python27, TARGET], check=True)
    # pip's last release for 2.7 warns on every call that 2.7 is old.
    quiet = {**os.environ, "PIP_NO_PYTHON_VERSION_WARNING": "1"}
    command = [TARGET / "bin" / "pip", "install", "--quiet", "autobahntestsuite==25.10.1"]
    subprocess.run(command, check=True, env=quiet)
    shutil.rmtree(maker)
    return 0


if __name__ == "__main__":
    sys.exit(main())
