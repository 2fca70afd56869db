"""A password that the line leaves out (`-a ada`) is asked for, where somebody can be asked."""

from __future__ import annotations

import dataclasses
import getpass
import os

from IPython.core.error import UsageError

from httpkit_magics.grammar.plan import Plan
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import Secret

VARIABLE = "HTTPKIT_PASSWORD"
"""The environment variable that answers instead: where a notebook runs by itself, nobody can be asked."""


def with_password(plan: Plan) -> Plan:
    """Return `plan` with the password that it needs; from now on it is masked wherever it would be shown.

    Raises:
        UsageError: nobody can be asked, and the variable isn't set.
    """
    auth = plan.auth
    if auth is None or plan.offline:
        return plan
    secret = auth.secret
    if secret is None:
        secret = os.environ.get(VARIABLE)
    if secret is None:
        try:
            # ipykernel has its own in this place, which asks in the notebook.
            secret = getpass.getpass(f"Password of {auth.user}: ")
        except (NotImplementedError, EOFError, OSError):
            message = f"-a {auth.user} has no password, and nobody can be asked here; set {VARIABLE} in the environment"
            raise UsageError(f"%http: {message}") from None
    if secret:
        VAULT.learn(Secret(secret))
    return dataclasses.replace(plan, auth=dataclasses.replace(auth, secret=secret))
