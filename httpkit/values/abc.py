"""Interfaces that users may implement: a resolver, a cookie jar, the writer that a payload writes to.

They are aiohttp's, so that a class written for it fits. The client calls nothing else of what it is given.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from http.cookies import BaseCookie, Morsel, SimpleCookie
from types import MappingProxyType
from typing import Any, TypedDict

from multidict import CIMultiDict
from yarl import URL

from httpkit.values.set_cookie import parse_set_cookie

LooseCookies = (
    Mapping[str, "str | BaseCookie[str] | Morsel[Any]"]
    | Iterable[tuple[str, "str | BaseCookie[str] | Morsel[Any]"]]
    | BaseCookie[str]
)
"""What `cookies=` takes: a mapping, pairs, or a `SimpleCookie`."""


class ResolveResult(TypedDict):
    """One address of a host: the arguments of a connect call."""

    hostname: str
    host: str
    port: int
    family: int
    proto: int
    flags: int


class AbstractResolver(ABC):
    """Turns host names into addresses."""

    @abstractmethod
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`, best first.

        Raises:
            OSError: the name can't be resolved.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back what the resolver holds."""


class AbstractCookieJar(Sized, Iterable[Morsel[str]]):
    """Stores cookies and chooses those that a request carries."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Take no notice of `loop`: a jar is plain data, and the argument is kept for classes written for aiohttp."""

    @property
    @abstractmethod
    def unsafe(self) -> bool:
        """Whether hosts that are IP addresses have cookies too."""

    @property
    @abstractmethod
    def quote_cookie(self) -> bool:
        """Whether values with special characters are sent quoted."""

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """Origins that get Secure cookies without TLS."""
        return frozenset()

    @property
    @abstractmethod
    def cookies(self) -> MappingProxyType[tuple[str, str], SimpleCookie]:
        """The cookies by (domain, path)."""

    @property
    @abstractmethod
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """The (domain, path, name) of cookies that were set without a Domain attribute."""

    @abstractmethod
    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Remove all cookies, or those for which `predicate` is true."""

    @abstractmethod
    def clear_domain(self, domain: str) -> None:
        """Remove the cookies of `domain` and its subdomains."""

    @abstractmethod
    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008 - URLs don't change
        """Store `cookies` as if a response from `response_url` had set them."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Store the cookies of raw `Set-Cookie` values."""
        cookies = parse_set_cookie(headers)
        if cookies:
            self.update_cookies(cookies, response_url)

    @abstractmethod
    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        """Return the cookies that a request for `request_url` carries."""


class AbstractStreamWriter(ABC):
    """What a payload writes its bytes to.

    Attributes:
        buffer_size: bytes accepted since the last drain.
        output_size: bytes given to the transport so far.
        length: bytes of body that may still be written; None is no limit.
        on_body_write: called with the size of each accepted chunk and with `output_size`.
    """

    buffer_size: int = 0
    output_size: int = 0
    length: int | None = 0
    on_body_write: Callable[[int, int], None] | None = None

    @property
    def transport(self) -> asyncio.WriteTransport | None:
        """The transport below, if there is one."""
        return None

    @abstractmethod
    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write `chunk`, waiting while the transport's buffer is full."""

    @abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """Write the last `chunk` and end the body."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until the transport's buffer has room."""

    @abstractmethod
    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what is written from now on."""

    @abstractmethod
    def enable_chunking(self) -> None:
        """Send the body in the chunked coding (RFC 9112 section 7.1)."""

    @abstractmethod
    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Write a message's head."""

    def send_headers(self) -> None:  # noqa: B027 - optional on purpose
        """Send a head that was kept back to go out with the first bytes of the body; nothing is kept back by default."""
