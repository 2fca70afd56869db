"""Packages of Node that tests run: `python tests/servers/node_packages.py` installs them from npm into .venv/node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = Path(__file__).resolve().parents[2] / ".venv" / "node"
PACKAGES = ("ws@8",)


def find_package(name: str) -> Path:
    """Return the folder whose node_modules has `name`; without it the test is skipped, or fails where HTTPKIT_CI=1.

    It is .venv/node, or HTTPKIT_NODE.
    """
    folder = Path(os.environ.get("HTTPKIT_NODE") or TARGET)
    if not (folder / "node_modules" / name / "package.json").exists():
        message = f"Node's package {name} is not installed: python tests/servers/node_packages.py"
        if os.environ.get("HTTPKIT_CI") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder


def main() -> int:
    """Install what is missing; return the exit status."""
    if all((TARGET / "node_modules" / package.partition("@")[0]).exists() for package in PACKAGES):
        return 0
    if shutil.which("npm") is None:
        sys.stderr.write("npm is not installed: the tests that need packages of Node are skipped\n")
        return 0
    TARGET.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(TARGET), *PACKAGES]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
