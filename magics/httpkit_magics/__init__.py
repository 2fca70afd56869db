"""IPython magics and widgets for exploring HTTP, on top of httpkit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httpkit_magics.record.secrets import Secret

if TYPE_CHECKING:
    from httpkit_magics.twin import http

__all__ = ["Secret", "http", "load_ipython_extension", "secret", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    """Return `http`, which brings the client with it, when it is asked for.

    Raises:
        AttributeError: there is no such name.
    """
    if name == "http":
        from httpkit_magics.twin import http  # noqa: PLC0415 - records and grammar are of use without the client

        return http
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def secret(name: str, *, service: str = "httpkit") -> Secret:
    """Return the secret `name` from the environment, the keyring's `service` or a prompt.

    It shows as a mask; `reveal()` gives it.

    From then on its value is masked in every panel, repr and traceback of this process, in all of its spellings.

    Raises:
        SecretError: it is nowhere, and nobody can be asked; a ValueError.
    """
    from httpkit_magics.run.secret_sources import secret as find  # noqa: PLC0415 - it would bring the client with it

    return find(name, service=service)


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to `shell`: what `%load_ext httpkit_magics` calls. A second call changes nothing."""
    from httpkit_magics.extension import load  # noqa: PLC0415 - records and grammar are of use without IPython

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics out of `shell` and close what they hold: connections, the loop thread, the demo API."""
    from httpkit_magics.extension import unload  # noqa: PLC0415 - as above

    unload(shell)
