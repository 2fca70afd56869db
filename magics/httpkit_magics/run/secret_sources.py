"""From where a `Secret` comes that is in no notebook: a variable of the process, the keyring, or whoever sits there."""

from __future__ import annotations

import importlib
import os
from getpass import getpass

from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import Secret

SERVICE = "httpkit"
"""The service under which `secret()` looks a name up in the keyring."""


class SecretError(ValueError):
    """A secret that is nowhere; the message says what to set."""


def secret(name: str, *, service: str = SERVICE) -> Secret:
    """Return the secret `name`: the variable of the process, else the keyring's, else what is typed when asked.

    Raises:
        SecretError: it is in neither, and nobody can be asked.
    """
    text = os.environ.get(name)
    if text is None:
        found = _in_keyring(service, name)
        text = found if found is not None else _typed(name)
    return learnt(text, name)


def learnt(text: str, name: str = "") -> Secret:
    """Return `text` as a Secret that is masked from now on wherever something is shown."""
    made = Secret(text, name)
    VAULT.learn(made)
    return made


def from_keyring(service: str, user: str) -> Secret:
    """Return what the keyring has for `user` of `service`.

    Raises:
        SecretError: there is nothing, or no keyring.
    """
    text = _in_keyring(service, user, needed=True)
    if text is None:
        raise SecretError(
            f"the keyring has nothing for {user!r} of {service!r}; keyring set {service} {user} puts it in"
        )
    return learnt(text, user)


def _in_keyring(service: str, user: str, *, needed: bool = False) -> str | None:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        if needed:
            raise SecretError("the package keyring is not installed: pip install keyring") from None
        return None
    try:
        text: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        if needed:
            raise SecretError(f"the keyring can't be read: {error}") from error
        return None
    return text


def _typed(name: str) -> str:
    try:
        return getpass(f"{name}: ")
    except (EOFError, NotImplementedError, OSError) as error:
        # StdinNotImplementedError of IPython is a NotImplementedError.
        raise SecretError(f"{name} is not set, and input isn't allowed here; set the variable {name}") from error
