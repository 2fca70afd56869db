"""aiohttp's module names: what is looked up where, and when. Which names there are is in test_surface.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

import httpkit
from httpkit.client.aliases import ALIASES, SAME, install, names_of


def test_each_alias_is_a_module_with_a_name():
    """`httpkit.connector` is a module of that name, which import finds."""
    for name in (*ALIASES, *SAME):
        assert sys.modules[f"httpkit.{name}"] is getattr(httpkit, name)
    assert httpkit.connector.__name__ == "httpkit.connector"


def test_an_alias_imports_nothing_before_it_is_asked():
    """Naming a module is free; naming what is in it imports what holds it."""
    code = (
        "import sys, httpkit; httpkit.multipart; before = 'httpkit.client.multipart' in sys.modules; "
        "httpkit.multipart.MultipartReader; print(before, 'httpkit.client.multipart' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False True\n"


def test_private_names_stay_private():
    """An underscore is not looked up, and an unknown name is an AttributeError of the alias."""
    find = names_of("httpkit.connector", ("net.pool",))
    assert find("BaseConnector") is httpkit.BaseConnector
    for name in ("_UNSET", "__path__", "nothing_of_that_name"):
        with pytest.raises(AttributeError, match=f"module 'httpkit.connector' has no attribute '{name}'"):
            find(name)


def test_every_source_of_an_alias_exists():
    """A row that names a module which is gone fails here."""
    for name, module in install("httpkit").items():
        with pytest.raises(AttributeError):
            module.nothing_of_that_name  # noqa: B018 - asking for a name is the test; it imports every source
        assert module.__name__ in {f"httpkit.{name}", f"httpkit.{SAME.get(name)}"}
