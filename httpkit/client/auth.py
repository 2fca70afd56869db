"""Basic authentication (RFC 7617): credentials <-> field value."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple, Self

from yarl import URL


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """Return the value of `Authorization` for `login` and `password` (RFC 7617 section 2).

    Raises:
        ValueError: the login has a colon, which would end it.
    """
    if ":" in login:
        raise ValueError('A ":" is not allowed in login (RFC 1945#section-11.1)')
    credentials = f"{login}:{password}".encode(encoding)
    return f"Basic {base64.b64encode(credentials).decode('ascii')}"


class _BasicAuth(NamedTuple):
    login: str
    password: str = ""
    encoding: str = "latin1"


class BasicAuth(_BasicAuth):
    """A login and its password."""

    __slots__ = ()

    def __new__(cls, login: str, password: str = "", encoding: str = "latin1") -> Self:
        """Check the parts.

        Raises:
            ValueError: one of them is None, or the login has a colon.
        """
        if login is None:
            raise ValueError("None is not allowed as login value")
        if password is None:
            raise ValueError("None is not allowed as password value")
        if ":" in login:
            raise ValueError('A ":" is not allowed in login (RFC 1945#section-11.1)')
        return super().__new__(cls, login, password, encoding)

    def __repr__(self) -> str:
        return f"BasicAuth(login={self.login!r}, password='••••••', encoding={self.encoding!r})"

    @classmethod
    def decode(cls, auth_header: str, encoding: str = "latin1") -> Self:
        """Return the credentials of an `Authorization` value.

        Raises:
            ValueError: not the Basic scheme, not base64, or no colon in it.
        """
        scheme, _, coded = auth_header.partition(" ")
        if not coded:
            raise ValueError("Could not parse authorization header.")
        if scheme.lower() != "basic":
            raise ValueError(f"Unknown authorization method {scheme}")
        try:
            decoded = base64.b64decode(coded.encode("ascii"), validate=True).decode(encoding)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise ValueError("Invalid base64 encoding.") from error
        login, colon, password = decoded.partition(":")
        if not colon:
            raise ValueError("Invalid credentials.")
        return cls(login, password, encoding=encoding)

    @classmethod
    def from_url(cls, url: URL, *, encoding: str = "latin1") -> Self | None:
        """Return the userinfo of `url`, or None where it has none.

        Raises:
            TypeError: not a URL.
        """
        if not isinstance(url, URL):
            raise TypeError("url should be yarl.URL instance")
        if url.raw_user is None and url.raw_password is None:
            return None
        return cls(url.user or "", url.password or "", encoding=encoding)

    def encode(self) -> str:
        """Return the value of `Authorization`."""
        return encode_basic_auth(self.login, self.password, self.encoding)
