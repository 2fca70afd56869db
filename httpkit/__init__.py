"""A complete asyncio HTTP and WebSocket client with the API of aiohttp's client.

What a plain request needs is imported here; the rest when its name is first asked for, because it is a third of the time
that the import takes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from httpkit.client.aliases import install
from httpkit.client.auth import BasicAuth, encode_basic_auth
from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.session import ClientSession
from httpkit.client.state import Handler as ClientHandlerType
from httpkit.client.state import Middleware as ClientMiddlewareType
from httpkit.errors import (
    BodyTooLarge,
    ClientConnectionError,
    ClientConnectionResetError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponseError,
    ClientSSLError,
    ConnectionTimeoutError,
    ContentTypeError,
    EventStreamError,
    InvalidURL,
    InvalidUrlClientError,
    InvalidUrlRedirectClientError,
    NonHttpUrlClientError,
    NonHttpUrlRedirectClientError,
    RedirectClientError,
    ServerConnectionError,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
    ServerTimeoutError,
    SocketTimeoutError,
    TooManyRedirects,
    UnixClientConnectorError,
    UploadAbortedError,
    WebSocketError,
    WSMessageTypeError,
    WSServerHandshakeError,
)
from httpkit.net.body import EMPTY_PAYLOAD, EofStream, StreamReader
from httpkit.net.connectors import TCPConnector
from httpkit.net.dial import AddrInfoType, SocketFactoryType
from httpkit.net.pool import BaseConnector, Connection
from httpkit.net.resolver import AsyncResolver, DefaultResolver, ThreadedResolver
from httpkit.net.tls import Fingerprint
from httpkit.values.cookies import CookieJar, DummyCookieJar
from httpkit.values.messages import (
    ClientTimeout,
    ConnectionKey,
    HttpVersion,
    HttpVersion10,
    HttpVersion11,
    RequestInfo,
    Timing,
)
from httpkit.values.version import VERSION
from httpkit.wire.codings import set_zlib_backend

if TYPE_CHECKING:
    from httpkit.client.backoff import Backoff, is_passing
    from httpkit.client.cache import CacheMiddleware, MemoryStore
    from httpkit.client.digest import DigestAuthMiddleware
    from httpkit.client.events import EventSource
    from httpkit.client.formdata import FormData
    from httpkit.client.multipart import BodyPartReader, MultipartReader, MultipartWriter
    from httpkit.client.one_shot import request
    from httpkit.client.payload import (
        AsyncIterablePayload,
        BytesPayload,
        JsonBytesPayload,
        JsonPayload,
        Payload,
        StringIOPayload,
        StringPayload,
    )
    from httpkit.client.payload_files import BufferedReaderPayload, BytesIOPayload, IOBasePayload, TextIOPayload
    from httpkit.client.payload_registry import PAYLOAD_REGISTRY, get_payload, payload_type
    from httpkit.client.ratelimit import RateLimitMiddleware
    from httpkit.client.reconnect import WebSocketReconnect
    from httpkit.client.retry import RetryMiddleware
    from httpkit.client.tracing import (
        TraceConfig,
        TraceConnectionCreateEndParams,
        TraceConnectionCreateStartParams,
        TraceConnectionQueuedEndParams,
        TraceConnectionQueuedStartParams,
        TraceConnectionReuseconnParams,
        TraceDnsCacheHitParams,
        TraceDnsCacheMissParams,
        TraceDnsResolveHostEndParams,
        TraceDnsResolveHostStartParams,
        TraceRequestChunkSentParams,
        TraceRequestEndParams,
        TraceRequestExceptionParams,
        TraceRequestHeadersSentParams,
        TraceRequestRedirectParams,
        TraceRequestStartParams,
        TraceResponseChunkReceivedParams,
    )
    from httpkit.client.upload import UploadTracker
    from httpkit.client.websocket import ClientWebSocketResponse
    from httpkit.net.data_queue import DataQueue
    from httpkit.net.path_connectors import NamedPipeConnector, UnixConnector
    from httpkit.values import abc, hdrs
    from httpkit.values.disposition import (
        BadContentDispositionHeader,
        BadContentDispositionParam,
        ContentDisposition,
        content_disposition_filename,
        parse_content_disposition,
    )
    from httpkit.values.etags import ETag
    from httpkit.values.eventstream import ServerSentEvent
    from httpkit.values.websocket import (
        ClientWSTimeout,
        WSCloseCode,
        WSMessage,
        WSMessageTextBytes,
        WSMsgType,
    )

__all__ = (
    "EMPTY_PAYLOAD",
    "PAYLOAD_REGISTRY",
    "AddrInfoType",
    "AsyncIterablePayload",
    "AsyncResolver",
    "Backoff",
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BaseConnector",
    "BasicAuth",
    "BodyPartReader",
    "BodyTooLarge",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "CacheMiddleware",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientConnectorCertificateError",
    "ClientConnectorDNSError",
    "ClientConnectorError",
    "ClientConnectorSSLError",
    "ClientError",
    "ClientHandlerType",
    "ClientHttpProxyError",
    "ClientMiddlewareType",
    "ClientOSError",
    "ClientPayloadError",
    "ClientProxyConnectionError",
    "ClientRequest",
    "ClientResponse",
    "ClientResponseError",
    "ClientSSLError",
    "ClientSession",
    "ClientTimeout",
    "ClientWSTimeout",
    "ClientWebSocketResponse",
    "Connection",
    "ConnectionKey",
    "ConnectionTimeoutError",
    "ContentDisposition",
    "ContentTypeError",
    "CookieJar",
    "DataQueue",
    "DefaultResolver",
    "DigestAuthMiddleware",
    "DummyCookieJar",
    "ETag",
    "EofStream",
    "EventSource",
    "EventStreamError",
    "Fingerprint",
    "FormData",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "IOBasePayload",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "JsonBytesPayload",
    "JsonPayload",
    "MemoryStore",
    "MultipartReader",
    "MultipartWriter",
    "NamedPipeConnector",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "Payload",
    "RateLimitMiddleware",
    "RedirectClientError",
    "RequestInfo",
    "RetryMiddleware",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
    "ServerSentEvent",
    "ServerTimeoutError",
    "SocketFactoryType",
    "SocketTimeoutError",
    "StreamReader",
    "StringIOPayload",
    "StringPayload",
    "TCPConnector",
    "TextIOPayload",
    "ThreadedResolver",
    "Timing",
    "TooManyRedirects",
    "TraceConfig",
    "TraceConnectionCreateEndParams",
    "TraceConnectionCreateStartParams",
    "TraceConnectionQueuedEndParams",
    "TraceConnectionQueuedStartParams",
    "TraceConnectionReuseconnParams",
    "TraceDnsCacheHitParams",
    "TraceDnsCacheMissParams",
    "TraceDnsResolveHostEndParams",
    "TraceDnsResolveHostStartParams",
    "TraceRequestChunkSentParams",
    "TraceRequestEndParams",
    "TraceRequestExceptionParams",
    "TraceRequestHeadersSentParams",
    "TraceRequestRedirectParams",
    "TraceRequestStartParams",
    "TraceResponseChunkReceivedParams",
    "UnixClientConnectorError",
    "UnixConnector",
    "UploadAbortedError",
    "UploadTracker",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WSServerHandshakeError",
    "WebSocketError",
    "WebSocketReconnect",
    "abc",
    "content_disposition_filename",
    "encode_basic_auth",
    "get_payload",
    "hdrs",
    "is_passing",
    "parse_content_disposition",
    "payload_type",
    "request",
    "set_zlib_backend",
)

__version__ = VERSION

# The modules of the names above that are imported on demand (PEP 562).
_LATER = {
    "httpkit.client.cache": ("CacheMiddleware", "MemoryStore"),
    "httpkit.client.digest": ("DigestAuthMiddleware",),
    "httpkit.client.backoff": ("Backoff", "is_passing"),
    "httpkit.client.events": ("EventSource",),
    "httpkit.client.formdata": ("FormData",),
    "httpkit.client.multipart": ("BodyPartReader", "MultipartReader", "MultipartWriter"),
    "httpkit.client.one_shot": ("request",),
    "httpkit.client.payload": (
        "AsyncIterablePayload",
        "BytesPayload",
        "JsonBytesPayload",
        "JsonPayload",
        "Payload",
        "StringIOPayload",
        "StringPayload",
    ),
    "httpkit.client.payload_files": ("BufferedReaderPayload", "BytesIOPayload", "IOBasePayload", "TextIOPayload"),
    "httpkit.client.payload_registry": ("PAYLOAD_REGISTRY", "get_payload", "payload_type"),
    "httpkit.client.ratelimit": ("RateLimitMiddleware",),
    "httpkit.client.retry": ("RetryMiddleware",),
    "httpkit.client.tracing": tuple(name for name in __all__ if name.startswith("Trace")),
    "httpkit.client.upload": ("UploadTracker",),
    "httpkit.net.data_queue": ("DataQueue",),
    "httpkit.net.path_connectors": ("NamedPipeConnector", "UnixConnector"),
    "httpkit.client.reconnect": ("WebSocketReconnect",),
    "httpkit.client.websocket": ("ClientWebSocketResponse",),
    "httpkit.values.disposition": (
        "BadContentDispositionHeader",
        "BadContentDispositionParam",
        "ContentDisposition",
        "content_disposition_filename",
        "parse_content_disposition",
    ),
    "httpkit.values.etags": ("ETag",),
    "httpkit.values.eventstream": ("ServerSentEvent",),
    "httpkit.values.websocket": ("ClientWSTimeout", "WSCloseCode", "WSMessage", "WSMessageTextBytes", "WSMsgType"),
}
# aiohttp's module names, such as httpkit.connector.
globals().update(install(__name__))
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what `name` needs, and remember it.

    Raises:
        AttributeError: there is no such name.
    """
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Load the magics: what `%load_ext httpkit` calls.

    Raises:
        ImportError: the packages that a notebook needs are missing; the message says how to install them.
    """
    try:
        from httpkit_magics import load_ipython_extension as load  # noqa: PLC0415 - the client works without IPython
    except ImportError as error:
        raise ImportError(
            f'the magics need more packages: pip install "jupyter-httpkit[notebook]" ({error})'
        ) from error
    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Unload the magics: what `%unload_ext httpkit` calls."""
    from httpkit_magics import unload_ipython_extension as unload  # noqa: PLC0415 - loaded before, or not to be unloaded

    unload(ipython)
