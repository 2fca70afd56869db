"""Whom a request trusts, and as whom it connects: `verify` and a certificate -> what the client takes as `ssl`."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from httpkit_magics.grammar.plan import Certificate

MOST = 20
"""Contexts that are kept, so that their connections are reused; one holds a few hundred kilobytes."""


class TrustError(ValueError):
    """A file of certificates that can't be used; the message names it."""


class Trust:
    """Makes TLS contexts, and keeps each for as long as its files don't change."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], ssl.SSLContext] = {}

    def context(self, verify: bool | str, certificate: Certificate | None) -> Any:
        """Return what the client takes as `ssl`.

        Raises:
            TrustError: a file can't be read, or holds nothing that fits.
        """
        if isinstance(verify, bool) and certificate is None:
            return verify
        key: tuple[Any, ...] = (_stamp(verify) if isinstance(verify, str) else verify,)
        if certificate is not None:
            key += (certificate.password, _stamp(certificate.path), _stamp(certificate.key_path or certificate.path))
        if key not in self._made:
            while len(self._made) >= MOST:
                self._made.pop(next(iter(self._made)))
            self._made[key] = _made(verify, certificate)
        return self._made[key]


def _made(verify: bool | str, certificate: Certificate | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=_place(verify) if isinstance(verify, str) else None)
    except OSError as error:
        raise TrustError(f"{str(verify)!r} can't be used: {_reason(error)}") from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        key_path = _place(certificate.key_path) if certificate.key_path else None
        # Empty and not None: without a password OpenSSL would ask for it on the terminal, and wait.
        try:
            context.load_cert_chain(_place(certificate.path), key_path, certificate.password or "")
        except (OSError, ValueError) as error:
            raise TrustError(f"{certificate.path!r} can't be used: {_reason(error)}") from error
    return context


def _place(path: str) -> str:
    return str(Path(path).expanduser())


def _stamp(path: str) -> tuple[str, int]:
    """Return what changes when the file does."""
    place = Path(path).expanduser()
    try:
        return str(place), place.stat().st_mtime_ns
    except (OSError, ValueError) as error:
        raise TrustError(f"{path!r} can't be used: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
