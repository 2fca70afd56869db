"""IPython magics and widgets for exploring HTTP, on top of httpkit."""

from __future__ import annotations

from typing import Any

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to `shell`: what `%load_ext httpkit_magics` calls. A second call changes nothing."""
    from httpkit_magics.extension import load  # noqa: PLC0415 - records and grammar are of use without IPython

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics out of `shell` and close what they hold: connections, the loop thread, the demo API."""
    from httpkit_magics.extension import unload  # noqa: PLC0415 - as above

    unload(shell)
