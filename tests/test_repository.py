"""Facts about the repository that must stay true."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
import tomllib
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import httpkit

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {"httpkit": ROOT / "httpkit", "httpkit_magics": ROOT / "magics" / "httpkit_magics"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Folders and package indexes of somebody's machine. The pieces are apart, so that this file may be searched too.
MACHINE = re.compile(
    "|".join(["/" + "root/", "/home" + r"/\w+/", "/Users" + r"/\w+/", "/opt" + "/pypi", "--?index" + "-url"])
)


def tracked_files() -> Iterator[Path]:
    """Give every file that git knows and that is text."""
    # A clone that belongs to somebody else is still this clone.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.suffix not in {".png", ".jpg", ".wav", ".ico"} and path.is_file():
            yield path


def test_the_wheel_holds_both_packages_and_their_type_marks(tmp_path: Path):
    """`pip install jupyter-httpkit` gives httpkit and httpkit_magics, both typed, and no test or notebook."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"httpkit/py.typed", "httpkit_magics/py.typed", "httpkit/errors.py", "httpkit_magics/__init__.py"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"httpkit", "httpkit_magics"}
    sources = {
        f"{name}/{path.relative_to(folder).as_posix()}"
        for name, folder in PACKAGES.items()
        for path in folder.rglob("*.py")
    }
    assert sources <= names


def test_no_tracked_file_names_a_machine():
    """No path of somebody's home and no package index: the repository means the same everywhere."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []


def test_the_commands_in_the_pages_exist():
    """Whoever copies `make something` from README or docs finds that target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    # Only commands: at the start of a line of code, or between backticks.
    said = {name for page in PAGES for name in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert said - targets == set()
    assert {"tour", "test"} <= said


def test_the_links_in_the_pages_lead_somewhere():
    """Every relative link and picture in README and docs is a file."""
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_the_reference_names_what_exists():
    """Every `::: name` of the reference can be imported, so that a renamed module doesn't lose its page."""
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE):
            assert pkgutil.resolve_name(name).__doc__, f"{page.name}: {name}"


@pytest.mark.parametrize("container", PACKAGES)
def test_every_folder_has_its_layer(container: str):
    """Each module and folder stands in a layers contract that is exhaustive and counts every import."""
    settings = PYPROJECT["tool"]["importlinter"]
    assert settings["exclude_type_checking_imports"] is False
    ignored = {name for contract in settings["contracts"] for name in contract.get("ignore_imports", ())}
    assert ignored == {"httpkit -> httpkit_magics"}, "only the entry point of `%load_ext httpkit` goes upwards"
    (contract,) = [one for one in settings["contracts"] if one.get("containers") == [container]]
    assert contract["exhaustive"] is True
    layers = set(re.findall(r"\w+", " ".join(contract["layers"])))
    children = {
        path.stem
        for path in PACKAGES[container].iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }
    assert children - {"__init__", "__main__"} <= layers


def test_the_magics_use_only_public_names_of_the_client():
    """What the magics can do, every user of httpkit can: no module inside it, no private name."""
    bad = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(PACKAGES["httpkit_magics"].rglob("*.py"))
        for line, name in names_of_the_client(ast.parse(path.read_text(encoding="utf-8")))
        if not is_public(name)
    ]
    assert bad == []


def names_of_the_client(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the line and dotted name of everything under `httpkit` that a module imports or reads as an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("httpkit."))
        elif isinstance(node, ast.ImportFrom) and re.match(r"httpkit(\.|$)", node.module or ""):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "httpkit":
            yield node.lineno, f"httpkit.{node.attr}"


def is_public(name: str) -> bool:
    """Return whether `name` is `httpkit.X`, with X exported; a module counts only where it was exported by name."""
    _, _, rest = name.partition(".")
    if "." in rest or rest.startswith("_") or not hasattr(httpkit, rest):
        return False
    return not isinstance(getattr(httpkit, rest), types.ModuleType) or rest in getattr(httpkit, "__all__", ())


def test_the_check_of_names_sees_each_way_around_it():
    """A submodule, a private name and an unknown one are found, however they are written."""
    source = """
import httpkit.errors
from httpkit.values import abc
from httpkit import _private
def later():
    from httpkit import errors
    return httpkit.nothing
"""
    found = [name for _, name in names_of_the_client(ast.parse(source))]
    expected = ["httpkit.errors", "httpkit.values.abc", "httpkit._private", "httpkit.errors", "httpkit.nothing"]
    assert sorted(found) == sorted(expected)
    assert [name for name in found if is_public(name)] == []
