"""TLS: which context a request's `ssl` option means, how it is started, and certificates pinned by their fingerprint."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import sys
from asyncio import sslproto
from functools import lru_cache
from typing import Any

from httpkit.errors import ServerFingerprintMismatch

SSLOption = "ssl.SSLContext | bool | Fingerprint"
"""True verifies, False does not; a context or a fingerprint is used as it is."""


def _sha256(data: bytes) -> Any:
    from hashlib import sha256  # noqa: PLC0415 - 1 ms of import, for pinned certificates only

    return sha256(data)


class Fingerprint:
    """A certificate's SHA-256 digest; the connection is refused where the server shows another certificate."""

    HASHFUNC_BY_DIGESTLEN = {32: _sha256}  # noqa: RUF012 - aiohttp's name and shape

    def __init__(self, fingerprint: bytes) -> None:
        if len(fingerprint) in {16, 20}:
            raise ValueError("md5 and sha1 are insecure and not supported, use sha256")
        if len(fingerprint) not in self.HASHFUNC_BY_DIGESTLEN:
            raise ValueError(f"fingerprint must be 32 bytes (SHA-256), got {len(fingerprint)}")
        self._fingerprint = fingerprint

    @property
    def fingerprint(self) -> bytes:
        """The digest."""
        return self._fingerprint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and other.fingerprint == self._fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Compare with the certificate that the peer of `transport` showed; a plain connection has none to compare.

        Raises:
            ServerFingerprintMismatch: it is another one.
        """
        if not transport.get_extra_info("sslcontext"):
            return
        ssl_object = transport.get_extra_info("ssl_object")
        got = _sha256(ssl_object.getpeercert(binary_form=True)).digest()
        if got != self._fingerprint:
            host, port, *_ = transport.get_extra_info("peername")
            raise ServerFingerprintMismatch(self._fingerprint, got, host, port)


# asyncio's own transport of a TLS connection; uvloop has another.
_AsyncioTLS: Any = vars(sslproto).get("_SSLProtocolTransport", ())


@lru_cache(maxsize=2)
def _default_context(verified: bool) -> ssl.SSLContext:
    if verified:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.options |= ssl.OP_NO_COMPRESSION
        context.set_default_verify_paths()
    context.set_alpn_protocols(("http/1.1",))
    return context


def check_ssl_option(option: object) -> None:
    """Accept what `ssl=` takes.

    Raises:
        TypeError: anything but a bool, a context or a Fingerprint.
    """
    if not isinstance(option, (bool, ssl.SSLContext, Fingerprint)):
        raise TypeError(f"ssl should be SSLContext, Fingerprint, or bool, got {option!r} instead.")


def context_for(option: ssl.SSLContext | bool | Fingerprint) -> ssl.SSLContext:
    """Return the context that `option` means; a pinned certificate needs no authority to vouch for it."""
    if isinstance(option, ssl.SSLContext):
        return option
    return _default_context(option is True)


async def attach(
    loop: asyncio.AbstractEventLoop,
    carrier: socket.socket | asyncio.Transport,
    protocol: asyncio.BufferedProtocol,
    context: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
) -> None:
    """Make `protocol` the one that speaks over a socket, or over an open transport; with `context` over TLS on it.

    TLS on a transport that has TLS itself is TLS in TLS, which asyncio speaks since Python 3.11.

    Raises:
        OSError: the handshake failed, or the peer left.
    """
    if isinstance(carrier, socket.socket):
        await loop.create_connection(lambda: protocol, sock=carrier, ssl=context, server_hostname=server_hostname)
        return
    transport: asyncio.Transport | None = carrier
    if context is None:
        carrier.set_protocol(protocol)
    else:
        if sys.version_info < (3, 11, 8) and isinstance(carrier, _AsyncioTLS):
            # There, a failure of TLS in TLS is a TypeError of _force_close() (CPython issue 113214).
            vars(carrier)["_force_close"] = lambda _error: carrier.abort()
        transport = await loop.start_tls(carrier, protocol, context, server_hostname=server_hostname)
    if transport is None or transport.is_closing():
        # The protocol was told of the loss before it was told of the connection.
        raise ConnectionResetError(errno.ECONNRESET, "connection closed during the TLS handshake")
    protocol.connection_made(transport)


def drop(carrier: socket.socket | asyncio.Transport) -> None:
    """Close what `attach` could not be done with."""
    if isinstance(carrier, socket.socket):
        carrier.close()
    else:
        carrier.abort()
