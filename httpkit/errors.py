"""Every exception of the client. The names and bases are aiohttp's, so that existing `except` clauses work.

ClientError
+-- ClientResponseError                 a response that was refused: status, message, headers, history
|   +-- ContentTypeError                json() of something else
|   +-- WSServerHandshakeError          the server did not upgrade to WebSocket
|   +-- ClientHttpProxyError            the proxy refused the tunnel
|   +-- TooManyRedirects
+-- ClientConnectionError
|   +-- ClientConnectionResetError      also ConnectionResetError
|   +-- ClientOSError                   also OSError
|   |   +-- ClientConnectorError        no connection: host, port, ssl, os_error
|   |       +-- ClientConnectorDNSError
|   |       +-- ClientProxyConnectionError
|   |       +-- UnixClientConnectorError
|   |       +-- ClientSSLError
|   |           +-- ClientConnectorSSLError          also ssl.SSLError
|   |           +-- ClientConnectorCertificateError  also ssl.CertificateError
|   +-- ServerConnectionError
|       +-- ServerDisconnectedError
|       +-- ServerTimeoutError          also TimeoutError
|       |   +-- ConnectionTimeoutError
|       |   +-- SocketTimeoutError
|       +-- ServerFingerprintMismatch
+-- ClientPayloadError                  the body is cut off, badly chunked or badly coded
|   +-- BodyTooLarge                    the body is larger than max_body_size
|   +-- EventStreamError                a line or event of an event stream exceeds its limit
+-- UploadAbortedError
+-- InvalidURL                          also ValueError: url, description
|   +-- InvalidUrlClientError
|       +-- InvalidUrlRedirectClientError
+-- RedirectClientError
+-- NonHttpUrlClientError
+-- NonHttpUrlRedirectClientError
HttpProcessingError                     what a decoder says; users get it as the cause of one of the above
+-- BadHttpMessage
+-- BadStatusLine
+-- InvalidHeader
+-- LineTooLong                     a limit of the head was exceeded
+-- PayloadEncodingError
+-- TransferEncodingError
+-- ContentLengthError
+-- ContentEncodingError
WSHandshakeError                        what the handshake's check says; users get WSServerHandshakeError
WebSocketError                          the peer broke the protocol or a limit: code, message; data of an ERROR message
WSMessageTypeError                      also TypeError: receive_str() of something else
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from httpkit.values.deprecation import warn
from httpkit.values.messages import ConnectionKey, RequestInfo

# Up to the last "@" of the authority (RFC 3986 section 3.2), well-formed or not.
_USERINFO = re.compile(r"//[^/?#]*@")


def without_userinfo(url: str) -> str:
    """Return `url` without the name and the password that it may carry: no secret belongs into a message."""
    return _USERINFO.sub("//", url, count=1)


class ClientError(Exception):
    """The base of everything that a request can fail with."""


class ClientResponseError(ClientError):
    """A response arrived and was refused.

    Attributes:
        request_info: what was asked.
        history: the responses that redirected here, oldest first.
        status: the status code; 0 where there was none, 400 where the response is malformed.
        message: why, in a few words.
        headers: the response's fields, where there were any.
    """

    def __init__(
        self,
        request_info: RequestInfo,
        history: tuple[Any, ...],
        *,
        code: int | None = None,
        status: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if code is not None:
            if status is not None:
                raise ValueError("both code and status arguments are provided; code is deprecated, use status instead")
            warn("code is deprecated, use status")
            status = code
        status = status or 0
        self.request_info = request_info
        self.status = status
        self.message = message
        self.headers = headers
        self.history = history
        super().__init__(request_info, history)

    @property
    def code(self) -> int:
        """The status; deprecated."""
        warn("code is deprecated, use status")
        return self.status

    @code.setter
    def code(self, value: int) -> None:
        warn("code is deprecated, use status")
        self.status = value

    def __str__(self) -> str:
        return f"{self.status}, message={self.message!r}, url={str(self.request_info.real_url)!r}"

    # Neither a view of a multidict nor a response of the history can be pickled: fields are copied, the history stays.
    def __reduce__(self) -> tuple[Any, ...]:
        headers = None if self.headers is None else list(self.headers.items())
        return _restored, (type(self), self.request_info, self.status, self.message, headers)

    def __repr__(self) -> str:
        args = f"{self.request_info!r}, {self.history!r}"
        if self.status != 0:
            args += f", status={self.status!r}"
        if self.message:
            args += f", message={self.message!r}"
        if self.headers is not None:
            args += f", headers={self.headers!r}"
        return f"{type(self).__name__}({args})"


def _restored(
    kind: type[ClientResponseError],
    request_info: RequestInfo,
    status: int,
    message: str,
    headers: list[tuple[str, str]] | None,
) -> ClientResponseError:
    fields = None if headers is None else CIMultiDictProxy(CIMultiDict(headers))
    return kind(request_info, (), status=status, message=message, headers=fields)


class ContentTypeError(ClientResponseError):
    """The body's media type is not the one that was asked for."""


class WSServerHandshakeError(ClientResponseError):
    """The server did not accept the WebSocket handshake (RFC 6455 section 4.1)."""


class ClientHttpProxyError(ClientResponseError):
    """The proxy answered CONNECT with something other than 200 (RFC 9110 section 9.3.6)."""


class TooManyRedirects(ClientResponseError):
    """More redirects than `max_redirects` allows; `history` holds them."""


class ClientConnectionError(ClientError):
    """The connection could not be made, or did not last."""


class ClientConnectionResetError(ClientConnectionError, ConnectionResetError):
    """The connection was closed while it was written to."""


class ClientOSError(ClientConnectionError, OSError):
    """The operating system refused: `errno` and `strerror` say what."""


class ClientConnectorError(ClientOSError):
    """No connection could be made to `host` and `port`; `os_error` is the reason."""

    def __init__(self, connection_key: ConnectionKey, os_error: OSError) -> None:
        self._conn_key = connection_key
        self._os_error = os_error
        super().__init__(os_error.errno, os_error.strerror)
        self.args = (connection_key, os_error)

    @property
    def os_error(self) -> OSError:
        """What the operating system said."""
        return self._os_error

    @property
    def host(self) -> str:
        """The host that was asked for."""
        return self._conn_key.host

    @property
    def port(self) -> int | None:
        """The port that was asked for."""
        return self._conn_key.port

    @property
    def ssl(self) -> Any:
        """The `ssl` option of the request."""
        return self._conn_key.ssl

    def __str__(self) -> str:
        verify = "default" if self.ssl is True else self.ssl
        return f"Cannot connect to host {self.host}:{self.port} ssl:{verify} [{self.strerror or self._os_error}]"

    # OSError has a __reduce__ of its own, which would take (errno, strerror) for the constructor's arguments.
    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._conn_key, self._os_error)


class ClientConnectorDNSError(ClientConnectorError):
    """The host name could not be resolved."""


class ClientProxyConnectionError(ClientConnectorError):
    """No connection could be made to the proxy."""


class UnixClientConnectorError(ClientConnectorError):
    """No connection could be made to the Unix socket at `path`."""

    def __init__(self, path: str, connection_key: ConnectionKey, os_error: OSError) -> None:
        self._path = path
        super().__init__(connection_key, os_error)

    @property
    def path(self) -> str:
        """The socket's path."""
        return self._path

    def __str__(self) -> str:
        verify = "default" if self.ssl is True else self.ssl
        return f"Cannot connect to unix socket {self._path} ssl:{verify} [{self.strerror or self._os_error}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._conn_key, self._os_error)


class ClientSSLError(ClientConnectorError):
    """TLS could not be established."""


class ClientConnectorSSLError(ClientSSLError, ssl.SSLError):
    """The TLS handshake failed."""


class ClientConnectorCertificateError(ClientSSLError, ssl.CertificateError):
    """The server's certificate was refused; `certificate_error` says why."""

    def __init__(self, connection_key: ConnectionKey, certificate_error: Exception) -> None:
        self._certificate_error = certificate_error
        os_error = certificate_error if isinstance(certificate_error, OSError) else OSError(str(certificate_error))
        super().__init__(connection_key, os_error)
        self.args = (connection_key, certificate_error)

    @property
    def certificate_error(self) -> Exception:
        """What the verification said."""
        return self._certificate_error

    def __str__(self) -> str:
        return (
            f"Cannot connect to host {self.host}:{self.port} ssl:{self.ssl} "
            f"[{type(self._certificate_error).__name__}: {self._certificate_error.args}]"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._conn_key, self._certificate_error)


class ServerConnectionError(ClientConnectionError):
    """The server broke the connection off, or kept it silent."""


class ServerDisconnectedError(ServerConnectionError):
    """The server closed the connection before its response was complete."""

    def __init__(self, message: Any = None) -> None:
        self.message = "Server disconnected" if message is None else message
        super().__init__(self.message)


class ServerTimeoutError(ServerConnectionError, asyncio.TimeoutError):
    """The server took longer than a limit of `ClientTimeout` allows."""


class ConnectionTimeoutError(ServerTimeoutError):
    """Connecting took longer than `connect` or `sock_connect` allows."""


class SocketTimeoutError(ServerTimeoutError):
    """No bytes arrived for longer than `sock_read` allows."""


class ServerFingerprintMismatch(ServerConnectionError):
    """The server's certificate is not the pinned one."""

    def __init__(self, expected: bytes, got: bytes, host: str, port: int) -> None:
        self.expected = expected
        self.got = got
        self.host = host
        self.port = port
        super().__init__(expected, got, host, port)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} expected={self.expected!r} got={self.got!r} host={self.host!r} port={self.port!r}>"
        )


class ClientPayloadError(ClientError):
    """The body is cut off, badly chunked or badly coded."""


class BodyTooLarge(ClientPayloadError):
    """The decoded body is larger than `max_body_size` allows."""


class EventStreamError(ClientPayloadError):
    """A line or an event of a `text/event-stream` exceeds its limit."""


class UploadAbortedError(ClientError):
    """The request ended before its body was sent."""


class InvalidURL(ClientError, ValueError):
    """The URL can't be used; `url` is the URL, `description` the reason."""

    def __init__(self, url: URL | str, description: str | None = None) -> None:
        self._url = url
        self._description = description
        super().__init__(*((url,) if description is None else (url, description)))

    @property
    def url(self) -> URL | str:
        """The URL as it was given."""
        return self._url

    @property
    def description(self) -> str | None:
        """Why it was refused."""
        return self._description

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        url = without_userinfo(str(self._url))
        return url if self._description is None else f"{url} - {self._description}"


class InvalidUrlClientError(InvalidURL):
    """The request's URL has no host, or can't be parsed."""


class RedirectClientError(ClientError):
    """A redirect can't be followed."""


class NonHttpUrlClientError(ClientError):
    """The URL's scheme is not one that the connector speaks."""

    def __str__(self) -> str:
        return " ".join(without_userinfo(str(argument)) for argument in self.args)


class InvalidUrlRedirectClientError(InvalidUrlClientError, RedirectClientError):
    """A redirect's target can't be parsed, or has no host."""


class NonHttpUrlRedirectClientError(NonHttpUrlClientError, RedirectClientError):
    """A redirect leads to a scheme that the connector doesn't speak."""


class HttpProcessingError(Exception):
    """A message that a decoder refused.

    Attributes:
        code: the status that a server would answer with; 400 for what a peer did wrong.
        message: the fact, the number, the limit and its option.
    """

    code = 400
    message = ""

    def __init__(self, message: str = "", *, code: int | None = None) -> None:
        if code is not None:
            self.code = code
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return self.message


class BadHttpMessage(HttpProcessingError):
    """The bytes are not an HTTP message (RFC 9112)."""


class BadStatusLine(BadHttpMessage):
    """The status line is malformed (RFC 9112 section 4)."""


class InvalidHeader(BadHttpMessage):
    """A field line is malformed (RFC 9112 section 5)."""


class LineTooLong(BadHttpMessage):
    """A line, a field or the number of fields exceeds its limit."""


class PayloadEncodingError(BadHttpMessage):
    """The body's framing or coding is malformed."""


class TransferEncodingError(PayloadEncodingError):
    """The chunked coding is malformed or cut off (RFC 9112 section 7.1)."""


class ContentLengthError(PayloadEncodingError):
    """The connection closed before `Content-Length` bytes had arrived."""


class ContentEncodingError(PayloadEncodingError):
    """The content coding is malformed, cut off or can't be decoded here (RFC 9110 section 8.4)."""


class WSHandshakeError(Exception):
    """A response does not complete the WebSocket handshake (RFC 6455 section 4.1)."""


class WebSocketError(Exception):
    """The peer broke the WebSocket protocol, or a limit of this side.

    Attributes:
        code: the close code that answers it: 1002, 1007 or 1009 (RFC 6455 section 7.4.1).
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(code, message)

    def __str__(self) -> str:
        return str(self.args[1])


class WSMessageTypeError(TypeError):
    """The message that arrived has not the type that was asked for."""
