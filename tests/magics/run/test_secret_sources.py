"""Secrets from the process, the keyring and whoever types."""

from __future__ import annotations

import getpass
import sys
from types import ModuleType, SimpleNamespace

import pytest

from httpkit_magics.record.redaction import VAULT
from httpkit_magics.run import secret_sources
from httpkit_magics.run.secret_sources import SecretError, from_keyring, secret


@pytest.fixture
def ring(monkeypatch):
    """Return a keyring that holds what is put into it."""
    stored = {}
    module = ModuleType("keyring")
    module.get_password = lambda service, user: stored.get((service, user))
    module.errors = SimpleNamespace(KeyringError=RuntimeError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    return stored


def test_a_variable_of_the_process_comes_first(monkeypatch, ring):
    """And is masked from then on."""
    monkeypatch.setenv("CELL_SECRET", "from-process-1")
    ring["httpkit", "CELL_SECRET"] = "from-keyring-2"
    assert secret("CELL_SECRET").reveal() == "from-process-1"
    assert "from-process" not in VAULT.redactor.text("a from-process-1 b")


def test_the_keyring_comes_next(ring):
    """Under the service httpkit, or another."""
    ring["httpkit", "CELL_KEY"] = "from-keyring-3"
    ring["example.org", "ada"] = "from-keyring-4"
    assert secret("CELL_KEY").reveal() == "from-keyring-3"
    assert from_keyring("example.org", "ada").reveal() == "from-keyring-4"
    with pytest.raises(SecretError, match=r"keyring set example\.org bob"):
        from_keyring("example.org", "bob")


def test_then_somebody_is_asked(monkeypatch, ring):
    """Unseen; where nobody is, the variable to set is named."""
    assert ring == {}
    monkeypatch.setattr(secret_sources, "getpass", lambda question: f"typed for {question}")
    assert secret("CELL_NONE").reveal() == "typed for CELL_NONE: "

    def refuse(_question):
        raise EOFError

    monkeypatch.setattr(secret_sources, "getpass", refuse)
    with pytest.raises(SecretError, match="set the variable CELL_NONE"):
        secret("CELL_NONE")
    assert getpass.getpass is not refuse


def test_without_the_package_there_is_no_keyring(monkeypatch):
    """Asked for by name it says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretError, match="pip install keyring"):
        from_keyring("a", "b")


def test_a_keyring_that_fails_is_said(monkeypatch, ring):
    """It may be locked."""

    def locked(_service, _user):
        raise RuntimeError("it is locked")

    monkeypatch.setattr(sys.modules["keyring"], "get_password", locked)
    assert ring == {}
    with pytest.raises(SecretError, match="it is locked"):
        from_keyring("a", "b")
