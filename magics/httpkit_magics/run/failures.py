"""What went wrong, in words: the client's exceptions -> a `Failure` with one sentence and what to try.

`EXPLANATIONS` is read from the top, so the special stands before the general. A sentence names the host, never userinfo
or a query: they may hold credentials.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpkit
from httpkit_magics.record.record import Failure
from httpkit_magics.run.download import DownloadError
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.settings import Settings
from httpkit_magics.run.trust import TrustError

LONGEST_REASON = 200
"""Characters of a foreign message that are repeated."""

UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
USERINFO = re.compile(r"[^/?#]*@")
QUERY = re.compile(r"[?#].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a failure is explained from: the URL, what was set for the request, and how far it came."""

    url: str
    settings: Settings
    progress: Underway

    @property
    def where(self) -> str:
        """The host and port of the current hop, without userinfo."""
        return urlsplit(self.progress.url).netloc.rpartition("@")[2]

    @property
    def host(self) -> str:
        """The host alone."""
        return re.sub(r":\d*\Z", "", self.where)


Explain = Callable[[BaseException, Attempt], Failure]


def explain(error: BaseException, attempt: Attempt) -> Failure:
    """Return what `error` means, for people."""
    for kind, words in EXPLANATIONS:
        if isinstance(error, kind):
            return words(error, attempt)
    reason = _reason(error)
    return Failure("other", "Failed", f"The request to {attempt.where} failed: {reason}.")


def _reason(error: BaseException | None) -> str:
    """Return the message of `error` on one line, cut; its type's name where there is none."""
    text = " ".join(str(getattr(error, "message", "") or error).split()) or type(error).__name__
    text = text.rstrip(".")
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."


def _cancelled(_error: BaseException, attempt: Attempt) -> Failure:
    return Failure("cancelled", "Cancelled", f"The request to {attempt.where} was cancelled {_stage(attempt)}.")


def _stage(attempt: Attempt) -> str:
    progress = attempt.progress
    match progress.stage:
        case "resolving":
            return f"while the name {attempt.host} was being resolved"
        case "sent":
            return "while waiting for the response"
        case "receiving":
            total = f" of {progress.expected}" if progress.expected is not None else ""
            return f"after {progress.received}{total} bytes of the body"
        case stage:
            return f"while {'waiting for a connection' if stage == 'queued' else stage}"


def _timeout(_error: BaseException, attempt: Attempt) -> Failure:
    limit = attempt.settings.timeout
    seconds = f"{limit:g} s"
    connecting = attempt.progress.stage in ("queued", "resolving", "connecting")
    hint = "Is the host reachable from here, and the port right?" if connecting else ""
    more = f"--timeout {max(limit * 4, 1):g} allows more, --timeout 0 any time."
    return Failure(
        "timeout",
        "Timed out",
        f"{attempt.where} took longer than {seconds}: the time ran out {_stage(attempt)}.",
        f"{hint} {more}".strip(),
    )


def _unresolved(_error: BaseException, attempt: Attempt) -> Failure:
    hint = "Check the spelling, and whether this machine has a network and DNS."
    if "." not in attempt.host:
        hint = f"Is {attempt.host} a method or an item? A host on this machine is written localhost:PORT or :PORT."
    return Failure("dns", "Unknown host", f"No address was found for the name {attempt.host}.", hint)


def _no_connection(error: BaseException, attempt: Attempt) -> Failure:
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None)
    if isinstance(cause, socket.gaierror):
        return _unresolved(error, attempt)
    if isinstance(cause, ConnectionRefusedError) or number == errno.ECONNREFUSED:
        return Failure(
            "refused",
            "Connection refused",
            f"Nothing accepts connections at {attempt.where}.",
            "Is the server running, and is the port right?",
        )
    if number in UNREACHABLE:
        return Failure("refused", "Unreachable", f"There is no route to {attempt.where}.", "Check the network or VPN.")
    reason = _reason(cause if str(cause) else error)
    return Failure(
        "refused", "Cannot connect", f"No connection to {attempt.where}: {reason}.", "Is the server running there?"
    )


def _proxy(error: BaseException, attempt: Attempt) -> Failure:
    host, port = getattr(error, "host", "?"), getattr(error, "port", "?")
    reason = _reason(getattr(error, "os_error", error))
    return Failure(
        "refused", "Proxy unreachable", f"No connection to the proxy {host}:{port} for {attempt.where}: {reason}."
    )


def _certificate(error: BaseException, attempt: Attempt) -> Failure:
    cause = getattr(error, "certificate_error", error)
    reason = getattr(cause, "verify_message", "") or _reason(cause)
    if "self-signed" in reason or "self signed" in reason or "local issuer" in reason:
        hint = '%config HttpKit.verify = "ca.pem" trusts the authorities in that file'
    elif "expired" in reason or "not yet valid" in reason:
        hint = "Is this machine's clock right"
    else:
        hint = "Is this the host that was meant"
    return Failure(
        "tls",
        "Certificate refused",
        f"The certificate of {attempt.where} was refused: {reason.rstrip('.')}.",
        f"{hint}; %config HttpKit.verify = False skips the check.",
    )


def _tls(error: BaseException, attempt: Attempt) -> Failure:
    cause = getattr(error, "os_error", error)
    reason = (getattr(cause, "reason", None) or _reason(cause)).replace("_", " ").lower()
    hint = "It may ask for a TLS version or a client certificate that this side doesn't offer."
    if "wrong version number" in reason or "record layer failure" in reason or "http request" in reason:
        hint = f"The server may speak plain HTTP there: try http://{attempt.where}."
    return Failure("tls", "TLS failed", f"No TLS connection to {attempt.where}: {reason}.", hint)


def _fingerprint(_error: BaseException, attempt: Attempt) -> Failure:
    return Failure("tls", "Certificate refused", f"The certificate of {attempt.where} is not the pinned one.")


def _disconnected(_error: BaseException, attempt: Attempt) -> Failure:
    return Failure(
        "malformed",
        "No response",
        f"{attempt.where} closed the connection without a complete response.",
        "The server may have crashed, or it speaks another protocol (https instead of http?).",
    )


def _redirects(_error: BaseException, attempt: Attempt) -> Failure:
    limit = attempt.settings.max_redirects
    return Failure(
        "redirects",
        "Too many redirects",
        f"{attempt.where} redirected {limit} times without an end (max_redirects).",
        "--no-follow shows the first one; a missing cookie often makes a loop.",
    )


def _bad_redirect(error: BaseException, attempt: Attempt) -> Failure:
    target = _shown(str(error).partition(" - ")[0])
    return Failure(
        "redirects",
        "Bad redirect",
        f"{attempt.where} redirects to {target!r}, which is no http or https URL.",
        "--no-follow shows the redirect itself.",
    )


def _bad_url(error: BaseException, attempt: Attempt) -> Failure:
    described = getattr(error, "description", None) or _url_fault(error.__cause__, attempt.url)
    described = described[:1].lower() + described[1:]
    return Failure(
        "url", "Bad URL", f"{_shown(attempt.url)!r} is no URL to ask: {described}.", "Expected https://host/path."
    )


def _url_fault(cause: BaseException | None, url: str) -> str:
    if cause is not None and str(cause):
        return _reason(cause)
    return "it can't be parsed" if urlsplit(url).netloc else "it has no host"


def _scheme(_error: BaseException, attempt: Attempt) -> Failure:
    scheme = attempt.url.partition(":")[0]
    return Failure(
        "url", "Unsupported scheme", f"{scheme!r} is no scheme that is spoken here.", "Expected http:// or https://."
    )


def _too_large(error: BaseException, _attempt: Attempt) -> Failure:
    return Failure(
        "body",
        "Body too large",
        f"{_reason(error)[:1].upper()}{_reason(error)[1:]}.",
        "%config HttpKit.max_body = 1_000_000_000 keeps more of it; the Record holds what came before.",
    )


def _cut_body(error: BaseException, attempt: Attempt) -> Failure:
    got = attempt.progress.received
    cause = error.__cause__ or error
    if "encoding" in type(cause).__name__.lower() and "transfer" not in type(cause).__name__.lower():
        return Failure(
            "body",
            "Body unreadable",
            f"The body from {attempt.where} can't be decoded after {got} bytes: {_reason(cause)}.",
            "Accept-Encoding:identity asks for it uncompressed.",
        )
    return Failure(
        "body",
        "Body cut off",
        f"The body from {attempt.where} is not complete, {got} bytes were read: {_reason(cause)}.",
        "The Record holds what arrived; try again.",
    )


def _malformed(error: BaseException, attempt: Attempt) -> Failure:
    hint = "The server, or a proxy before it, breaks the rules of HTTP/1.1 (RFC 9112): it is to be mended there."
    if type(error.__cause__).__name__ == "BadStatusLine":
        hint = "Is this an HTTP server? http and https have different ports."
    return Failure(
        "malformed",
        "Malformed response",
        f"{attempt.where} answered with something that is no valid HTTP response: {_reason(error)}.",
        hint,
    )


def _trust(error: BaseException, _attempt: Attempt) -> Failure:
    return Failure(
        "tls",
        "No certificates",
        f"The file of certificates {_reason(error)}.",
        "Expected certificates or a key in PEM.",
    )


def _unsaved(error: BaseException, _attempt: Attempt) -> Failure:
    return Failure("file", "Not saved", f"{_reason(error)[:1].upper()}{_reason(error)[1:]}.")


def _refused_value(error: BaseException, _attempt: Attempt) -> Failure:
    return Failure("other", "Can't be sent", f"The request can't be sent: {_reason(error)}.")


def _shown(url: str) -> str:
    """Return `url` without userinfo and query, cut."""
    scheme, mark, rest = QUERY.sub("", url).rpartition("//")
    shown = f"{scheme}{mark}{USERINFO.sub('', rest, count=1)}"
    return shown if len(shown) <= LONGEST_REASON else f"{shown[:LONGEST_REASON]}..."


EXPLANATIONS: tuple[tuple[type[BaseException], Explain], ...] = (
    (asyncio.CancelledError, _cancelled),
    (httpkit.TooManyRedirects, _redirects),
    (httpkit.InvalidUrlRedirectClientError, _bad_redirect),
    (httpkit.NonHttpUrlRedirectClientError, _bad_redirect),
    (httpkit.InvalidURL, _bad_url),
    (httpkit.NonHttpUrlClientError, _scheme),
    (httpkit.ClientConnectorDNSError, _unresolved),
    (httpkit.ClientProxyConnectionError, _proxy),
    (httpkit.ClientConnectorCertificateError, _certificate),
    (httpkit.ClientSSLError, _tls),
    (httpkit.ServerFingerprintMismatch, _fingerprint),
    (httpkit.ClientConnectorError, _no_connection),
    (httpkit.BodyTooLarge, _too_large),
    (httpkit.ClientPayloadError, _cut_body),
    (httpkit.ServerTimeoutError, _timeout),
    (httpkit.ServerConnectionError, _disconnected),
    (ConnectionResetError, _disconnected),
    (TimeoutError, _timeout),
    (ssl.SSLError, _tls),
    (httpkit.ClientOSError, _disconnected),
    (httpkit.ClientResponseError, _malformed),
    (TrustError, _trust),
    (DownloadError, _unsaved),
    (ValueError, _refused_value),
)
"""An exception's type and the words for it; the first that fits is taken."""
