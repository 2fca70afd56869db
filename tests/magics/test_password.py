"""A password that the line leaves out."""

from __future__ import annotations

import getpass

import pytest
from IPython.core.error import StdinNotImplementedError, UsageError

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.password import VARIABLE, with_password
from httpkit_magics.record.redaction import VAULT


def test_it_is_asked_for_and_masked_from_then_on(monkeypatch):
    """The question names the user."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"pw for {prompt}")
    plan = with_password(parse_line("h.org -a ada"))
    assert plan.auth.secret == "pw for Password of ada: "
    assert plan.auth.secret not in VAULT.redactor.text(f"x {plan.auth.secret} y")
    assert "pw for" not in repr(plan)


def test_the_environment_answers_first(monkeypatch):
    """A notebook that runs by itself sets it."""
    monkeypatch.setenv(VARIABLE, "from-outside")
    assert with_password(parse_line("h.org -A digest -a ada")).auth.secret == "from-outside"


def test_where_nobody_can_be_asked_the_variable_is_named(monkeypatch):
    """At once, and not after a wait."""

    def refuse(_prompt):
        raise StdinNotImplementedError("no stdin")

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(getpass, "getpass", refuse)
    with pytest.raises(UsageError, match=VARIABLE):
        with_password(parse_line("h.org -a ada"))


@pytest.mark.parametrize("line", ["h.org", "h.org -a ada:pw", "h.org -A bearer -a token", "h.org -a ada --offline"])
def test_otherwise_nobody_is_asked(monkeypatch, line):
    """There is a password, or none is needed."""
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: pytest.fail("asked"))
    plan = parse_line(line)
    assert with_password(plan) == plan
