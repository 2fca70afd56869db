"""What is sent: method, URL, fields and body, assembled from the options of a call (RFC 9110 section 3.4).

A plain GET touches next to nothing here: its URL, its connection key and its default fields are a `Target` that the
session remembers.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http.cookies import Morsel, SimpleCookie
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeGuard
from weakref import ref

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL, Query

from httpkit.client.auth import BasicAuth
from httpkit.client.options import LooseHeaders, Settings, pairs
from httpkit.net.exchange import Exchange
from httpkit.net.pool import Connection
from httpkit.net.proxy import TUNNELLED_SCHEMES, forwarded_fields, is_forwarded
from httpkit.values import hdrs
from httpkit.values.abc import AbstractStreamWriter, LooseCookies
from httpkit.values.deprecation import warn
from httpkit.values.messages import ConnectionKey, HttpVersion, HttpVersion11, RequestInfo, Timing
from httpkit.values.set_cookie import encode_cookies, parse_cookie
from httpkit.values.version import USER_AGENT
from httpkit.wire.codings import accept_encoding
from httpkit.wire.http1 import LAST_CHUNK, TOKEN

if TYPE_CHECKING:  # 3 ms of import, for requests with a body only
    from httpkit.client.payload import BytesPayload, Payload
    from httpkit.client.upload import UploadTracker

_METHOD = re.compile(TOKEN)
_VERSION = re.compile(r"([0-9])\.([0-9])")
_CONTENT_LENGTH = re.compile(r"[0-9]+")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
TLS_SCHEMES = frozenset({"https", "wss"})
# A body of at most this many bytes goes out in one write with its head.
ONE_WRITE = 2**16


def host_field(url: URL) -> str:
    """Return the value of `Host` for `url` (RFC 9110 section 7.2)."""
    host = url.host_subcomponent or ""
    host = host.rstrip(".") if host.endswith(".") else host
    return host if url.is_default_port() or url.explicit_port is None else f"{host}:{url.explicit_port}"


def connection_key(url: URL) -> ConnectionKey:
    """Return what a request for `url` must share with its connection, with default TLS and no proxy."""
    return ConnectionKey(url.raw_host or "", url.port, url.scheme in TLS_SCHEMES, True, None, None, None, None)


class Target:
    """A URL, and what follows from it alone.

    Attributes:
        original_url: as it was asked for.
        url: without its fragment and userinfo.
        path: the request target in origin form (RFC 9112 section 3.2.1).
        headers: the session's default fields with `Host`; None until a request without options needs them.
    """

    __slots__ = ("auth", "headers", "key", "original_url", "path", "url")

    def __init__(self, url: URL) -> None:
        self.auth = BasicAuth.from_url(url, encoding="utf-8")
        self.original_url = url if self.auth is None else url.with_user(None)
        self.url = self.original_url.with_fragment(None) if url.raw_fragment else self.original_url
        self.key = connection_key(url)
        self.path = url.raw_path_qs or "/"
        self.headers: CIMultiDict[str] | None = None


class _DefaultHeaders:
    """Fields that are worked out when they are first asked for: which codings we decode takes an import to know."""

    _headers: dict[str, str] | None = None

    def __get__(self, request: ClientRequest | None, owner: type[ClientRequest]) -> dict[str, str]:
        if self._headers is None:
            self._headers = {hdrs.ACCEPT: "*/*", hdrs.ACCEPT_ENCODING: accept_encoding()}
        return self._headers


class ClientRequest:
    """A request on its way to a connection; middlewares may read and change it.

    Attributes:
        method: the method, in upper case.
        original_url: the URL as it was asked for.
        url: the URL without its fragment.
        headers: the fields, mutable until the request is sent.
        chunked: whether the body is framed in the chunked coding.
        compress: the content coding of the body.
        connection_key: what the request must share with its connection.
        payload: what writes the body; None without one.
        timing: the clock marks of the request.
    """

    GET_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
    POST_METHODS = frozenset({"PATCH", "POST", "PUT"})
    ALL_METHODS = GET_METHODS | POST_METHODS | frozenset({"DELETE"})
    DEFAULT_HEADERS = _DefaultHeaders()

    method: str
    original_url: URL
    url: URL
    headers: CIMultiDict[str]
    connection_key: ConnectionKey
    session: Any
    loop: asyncio.AbstractEventLoop
    timing: Timing
    # What is not used is not set: a plain GET sets a third of this.
    auth: BasicAuth | None = None
    chunked: bool | None = None
    compress: str | bool | None = None
    length: int | None = None
    proxy: URL | None = None
    proxy_auth: BasicAuth | None = None
    proxy_headers: CIMultiDict[str] | None = None
    response_class: type[Any] | None = None
    upload_tracker: UploadTracker | None = None
    server_hostname: str | None = None
    version: HttpVersion = HttpVersion11
    settings: Settings | None = None
    traces: Sequence[Any] = ()
    exchange: Exchange | None = None
    response_ref: Callable[[], Any] | None = None
    deadline: float = 0.0
    history: tuple[Any, ...] = ()
    payload: Payload | None = None
    _expects_continue = False
    _is_over = False
    _skip_auto_headers: CIMultiDict[None] | None = None
    _ssl: Any = True

    def __init__(
        self,
        method: str,
        url: URL,
        *,
        params: Query = None,
        headers: LooseHeaders | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        data: Any = None,
        cookies: LooseCookies | None = None,
        auth: BasicAuth | None = None,
        version: HttpVersion | str = HttpVersion11,
        compress: str | bool | None = None,
        chunked: bool | None = None,
        expect100: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        response_class: type[Any] | None = None,
        proxy: URL | None = None,
        proxy_auth: BasicAuth | None = None,
        session: Any = None,
        ssl: Any = True,
        proxy_headers: LooseHeaders | None = None,
        traces: Sequence[Any] = (),
        server_hostname: str | None = None,
        target: Target | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self.session = session
        self.response_class = response_class or self.response_class
        self.timing = timing or Timing(monotonic())
        if method not in self.ALL_METHODS:
            method = _checked_method(method)
        self.method = method
        if target is not None and target.headers is not None:
            self.original_url = target.original_url
            self.url = target.url
            self.connection_key = target.key
            self.headers = target.headers.copy()
        else:
            self.original_url = url.extend_query(params) if params else url
            self.url = self.original_url.with_fragment(None) if url.raw_fragment else self.original_url
            self.headers = CIMultiDict()
            self.update_version(version)
            self.update_host(url)
            self.update_headers(headers)
            self.update_auto_headers(skip_auto_headers)
            self._update_key()
        if traces:
            self.traces = traces
        if ssl is not True or server_hostname is not None:
            self._ssl = ssl
            self.server_hostname = server_hostname
            self._update_key()
        if cookies:
            self.update_cookies(cookies)
        if auth is not None:
            self.update_auth(auth)
        if proxy is not None:
            self.update_proxy(proxy, proxy_auth, proxy_headers)
        if data is not None or method not in self.GET_METHODS:
            self.chunked = chunked
            self.compress = compress
            self.update_content_encoding(data)
            self.update_body_from_data(data)
            self.update_transfer_encoding()
        if expect100 or hdrs.EXPECT in self.headers:
            self.update_expect_continue(expect100)

    # -- parts --------------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The URL's host, encoded."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int | None:
        """The URL's port; its scheme's where it names none."""
        return self.url.port

    @property
    def ssl(self) -> Any:
        """The `ssl` option."""
        return self._ssl

    @property
    def skip_auto_headers(self) -> CIMultiDict[None]:
        """The fields that are not filled in."""
        return self._skip_auto_headers or CIMultiDict()

    def is_ssl(self) -> bool:
        """Return whether the request goes over TLS."""
        return self.url.scheme in TLS_SCHEMES

    def _update_key(self) -> None:
        headers = self.proxy_headers
        self.connection_key = ConnectionKey(
            self.host,
            self.port,
            self.is_ssl(),
            self._ssl,
            self.proxy,
            self.proxy_auth,
            hash(tuple(headers.items())) if headers else None,
            self.server_hostname,
            self.proxy is not None and self.url.scheme in TUNNELLED_SCHEMES,
        )

    @property
    def request_info(self) -> RequestInfo:
        """What is asked, as values."""
        return RequestInfo(self.url, self.method, CIMultiDictProxy(self.headers), self.original_url)

    @property
    def response(self) -> Any:
        """The response, as long as somebody else has it too; each would keep the other from being freed at once."""
        return None if self.response_ref is None else self.response_ref()

    @response.setter
    def response(self, response: Any) -> None:
        self.response_ref = None if response is None else ref(response)

    @property
    def body(self) -> Payload | Literal[b""]:
        """The body; empty bytes where there is none. Setting it is deprecated: `update_body` closes the old one."""
        return self.payload or b""

    @body.setter
    def body(self, value: Any) -> None:
        warn("setting ClientRequest.body is deprecated, use await request.update_body(body)")
        old = self.payload
        if old is not None and not old.autoclose and old is not value:
            warnings.warn(
                "the old body is not closed, use await request.update_body(body)", ResourceWarning, stacklevel=2
            )
        self._replace_body(value)

    # -- head ---------------------------------------------------------------------------------------------------

    def update_host(self, url: URL) -> None:
        """Check that `url` names a host."""
        if not url.raw_host:
            raise ValueError(f"no host in URL {url}")

    def update_version(self, version: HttpVersion | str) -> None:
        """Use `version`, a pair or a text such as "1.1".

        Raises:
            ValueError: not a version.
        """
        if isinstance(version, str):
            match = _VERSION.fullmatch(version)
            if match is None:
                raise ValueError(f"Can not parse http version number: {version!r}")
            version = HttpVersion(int(match[1]), int(match[2]))
        self.version = version

    def update_headers(self, headers: LooseHeaders | None) -> None:
        """Begin the fields with `Host` and the given ones; a given name replaces, its repeats stay."""
        self.headers = CIMultiDict({hdrs.HOST: host_field(self.url)})
        for name, value in pairs(headers):
            if name.lower() == "host":
                self.headers[name] = value
            else:
                self.headers.add(name, value)

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Fill in the fields that a request has by default."""
        skipped: CIMultiDict[None] = CIMultiDict((name, None) for name in sorted(skip_auto_headers or ()))
        if skipped:
            self._skip_auto_headers = skipped
        for name, value in self.DEFAULT_HEADERS.items():
            if name not in self.headers and name not in skipped:
                self.headers[name] = value
        if hdrs.USER_AGENT not in self.headers and hdrs.USER_AGENT not in skipped:
            self.headers[hdrs.USER_AGENT] = USER_AGENT

    def update_cookies(self, cookies: LooseCookies | None) -> None:
        """Add `cookies` to those that a `Cookie` field names already."""
        if not cookies:
            return
        found = parse_cookie(self.headers.pop(hdrs.COOKIE, ""))
        merged = dict(found)
        for name, value in cookies.items() if isinstance(cookies, Mapping) else cookies:
            merged[name] = value if isinstance(value, Morsel) else SimpleCookie({name: str(value)})[name]
        self.headers[hdrs.COOKIE] = encode_cookies(merged.values())

    def update_auth(self, auth: BasicAuth | None, trust_env: bool = False) -> None:
        """Use `auth`, unless there is none."""
        del trust_env  # the session asks netrc, which needs a thread
        if auth is None:
            return
        if not isinstance(auth, tuple) or not hasattr(auth, "encode"):
            raise TypeError("BasicAuth() tuple is required instead")
        self.auth = auth
        self.headers[hdrs.AUTHORIZATION] = auth.encode()

    def update_proxy(
        self, proxy: URL | None, proxy_auth: BasicAuth | None = None, proxy_headers: LooseHeaders | None = None
    ) -> None:
        """Go through `proxy`; its fields and credentials mean nothing without one.

        Raises:
            ValueError: `proxy_auth` is not a `BasicAuth`.
        """
        self.proxy = proxy
        self.proxy_auth = self.proxy_headers = None
        self._update_key()
        if proxy is None:
            return
        if proxy_auth is not None and not isinstance(proxy_auth, BasicAuth):
            raise ValueError("proxy_auth must be None or BasicAuth() tuple")
        self.proxy_auth = proxy_auth
        self.proxy_headers = CIMultiDict(proxy_headers) if proxy_headers else None
        self._update_key()

    def update_expect_continue(self, expect: bool = False) -> None:
        """Hold the body back until the server asks for it (RFC 9110 section 10.1.1)."""
        if expect:
            self.headers[hdrs.EXPECT] = "100-continue"
        self._expects_continue = expect or self.headers.get(hdrs.EXPECT, "").lower() == "100-continue"

    # -- body ---------------------------------------------------------------------------------------------------

    def update_content_encoding(self, data: Any) -> None:
        """Note the content coding that `compress` asks for.

        Raises:
            ValueError: the fields name one already.
        """
        if not data:
            self.compress = None
            return
        if self.headers.get(hdrs.CONTENT_ENCODING):
            if self.compress:
                raise ValueError("compress can not be set if Content-Encoding header is set")
        elif self.compress:
            self.compress = self.compress if isinstance(self.compress, str) else "deflate"
            self.headers[hdrs.CONTENT_ENCODING] = self.compress
            self.chunked = True

    def update_transfer_encoding(self) -> None:
        """Choose how the body is framed (RFC 9112 section 6).

        Raises:
            ValueError: `chunked` contradicts the fields.
        """
        headers = self.headers
        if hdrs.TRANSFER_ENCODING in headers:
            coding = ",".join(headers.getall(hdrs.TRANSFER_ENCODING)).lower()
            if self.chunked:
                raise ValueError("chunked can not be set if Transfer-Encoding: chunked header is set")
            if coding.rpartition(",")[2].strip(" \t") != "chunked":
                raise ValueError(f"Transfer-Encoding must end with chunked (RFC 9112 section 6.1), got {coding[:64]!r}")
            if hdrs.CONTENT_LENGTH in headers:
                raise ValueError("Content-Length can not be set if Transfer-Encoding header is set")
            self.chunked = True
        elif self.chunked:
            if hdrs.CONTENT_LENGTH in headers:
                raise ValueError("chunked can not be set if Content-Length header is set")
            headers[hdrs.TRANSFER_ENCODING] = "chunked"
        elif hdrs.CONTENT_LENGTH not in headers and (self.payload is not None or self.method not in self.GET_METHODS):
            headers[hdrs.CONTENT_LENGTH] = str(self.payload.size if self.payload is not None else 0)
        self.length = self._content_length()

    def _content_length(self) -> int | None:
        values = self.headers.getall(hdrs.CONTENT_LENGTH, ())
        if not values:
            return None
        value = ", ".join(values)
        if not _CONTENT_LENGTH.fullmatch(value):
            raise ValueError(f"Invalid Content-Length header: {value}")
        return int(value)

    def update_body_from_data(self, body: Any) -> None:
        """Take `body`: a payload, a form, or anything that the payload registry knows.

        Raises:
            TypeError: none of these.
        """
        if body is None:
            self.payload = None
            return
        self.payload = payload = as_payload(body)
        headers = self.headers
        if not self.chunked and hdrs.CONTENT_LENGTH not in headers:
            if payload.size is None:
                self.chunked = True
            else:
                headers[hdrs.CONTENT_LENGTH] = str(payload.size)
        skipped = self._skip_auto_headers
        for name, value in payload.headers.items():
            if name not in headers and (skipped is None or name not in skipped):
                headers[name] = value

    async def update_body(self, body: Any) -> None:
        """Send `body` instead; the old one is closed, its length and framing are forgotten."""
        if self.payload is not None and self.payload is not body:
            await self.payload.close()
        self._replace_body(body)

    def _replace_body(self, body: Any) -> None:
        for name in (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING):
            self.headers.pop(name, None)
        if body is None and hdrs.CONTENT_TYPE in self.headers:
            del self.headers[hdrs.CONTENT_TYPE]
        self.chunked = None
        self.update_body_from_data(body)
        self.update_transfer_encoding()

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: object = None, content_length: int | None = None
    ) -> None:
        """Write the body to `writer`."""
        del conn  # kept for subclasses written for aiohttp
        if self.payload is not None:
            await self.payload.write_with_length(writer, content_length)

    # -- sending ------------------------------------------------------------------------------------------------

    def make_exchange(self) -> Exchange:
        """Return what a connection performs for this request."""
        headers = self.headers
        path = self.url.raw_path_qs or "/"
        if self.proxy is not None:
            path, headers = self._by_proxy(self.proxy, path)
        exchange = Exchange(self.loop, self.method, path, self.version, headers, self.timing)
        if hdrs.CONNECTION in headers:
            exchange.is_last = "close" in headers[hdrs.CONNECTION].lower()
        body = self.payload
        if body is not None:
            if self._is_one_write(body):
                exchange.body = bytes(body.value)
            else:
                exchange.write_body = self._write_body
                if self.traces:
                    exchange.on_chunk_sent = self._tell_chunk
                exchange.chunked = bool(self.chunked)
                exchange.compress = self.compress if isinstance(self.compress, str) else None
                exchange.length = self.length
                exchange.expect_continue = self._expects_continue
        elif hdrs.CONTENT_LENGTH in headers or hdrs.TRANSFER_ENCODING in headers:
            self._frame_nothing(exchange)
        if self.upload_tracker is not None:
            exchange.write_body = self.upload_tracker.begin_attempt(exchange.write_body)
        self.exchange = exchange
        return exchange

    def _by_proxy(self, proxy: URL, path: str) -> tuple[str, CIMultiDict[str]]:
        """Return the target and the fields of a request through `proxy`; the request keeps its own.

        Credentials for the proxy are in no request that goes to the origin (urllib3's CVE-2024-37891).
        """
        if is_forwarded(proxy, self.url):
            fields = self.headers.copy()
            fields.update(forwarded_fields(self.proxy_auth, self.proxy_headers))
            # The absolute form (RFC 9112 section 3.2.2).
            return f"http://{host_field(self.url)}{path}", fields
        if hdrs.PROXY_AUTHORIZATION not in self.headers:
            return path, self.headers
        fields = self.headers.copy()
        fields.popall(hdrs.PROXY_AUTHORIZATION)
        return path, fields

    def _frame_nothing(self, exchange: Exchange) -> None:
        """End the body that the fields announce, although there is none."""
        if hdrs.TRANSFER_ENCODING in self.headers:
            if not self.chunked:
                self.update_transfer_encoding()
            exchange.body = LAST_CHUNK
        elif self._content_length():
            # The server waits for bytes that will not come, and would take the next request for them.
            exchange.is_last = True

    async def _tell_chunk(self, chunk: bytes) -> None:
        for trace in self.traces:
            await trace.send_request_chunk_sent(self.method, self.url, chunk)

    def _is_one_write(self, body: Payload) -> TypeGuard[BytesPayload]:
        """Return whether `body` is small, at hand, and sent as it is."""
        from httpkit.client.payload import BytesPayload  # noqa: PLC0415 - loaded with the body

        return (
            isinstance(body, BytesPayload)
            and type(body).write_with_length is BytesPayload.write_with_length
            and type(self).write_bytes is ClientRequest.write_bytes
            and not self.compress
            and not self.chunked
            and not self._expects_continue
            and self.upload_tracker is None
            and self.length == len(body.value) <= ONE_WRITE
        )

    async def _write_body(self, writer: AbstractStreamWriter) -> None:
        try:
            await self.write_bytes(writer, None, self.length)
        finally:
            if self._is_over and self.payload is not None:
                await self.payload.close()

    async def send(self, conn: Connection) -> Any:
        """Send the request on `conn`, which the response gives back from then on; return the response.

        Raises:
            ClientConnectionError: no answer.
            HttpProcessingError: a malformed one.
        """
        exchange = self.make_exchange()
        try:
            await conn.detach().perform(exchange)
        except BaseException:
            exchange.abandon()
            raise
        # Only a weak reference stays here: the caller has the response.
        self.response = response = None if self.response_class is None else self.response_class(self, exchange)
        return response

    def end_body(self) -> Awaitable[None] | None:
        """Close the body, at the end of its upload where that is still on; return what closes it now, or None."""
        if self.payload is None:
            return None
        upload = None if self.exchange is None else self.exchange.upload
        if upload is None or upload.done():
            return self.payload.close()
        # An upload that was cancelled still runs to its end, and a file is not closed while a thread reads it.
        self._is_over = True
        return None

    async def wait_upload(self) -> None:
        """Wait until the body is sent or given up, so that nothing else reads it."""
        upload = None if self.exchange is None else self.exchange.upload
        if upload is not None and not upload.done():
            await asyncio.wait((upload,))

    async def close(self) -> None:
        """Wait until the body is sent or given up, and close it."""
        await self.wait_upload()
        if self.payload is not None:
            await self.payload.close()

    def terminate(self) -> None:
        """Give the request up."""
        if self.exchange is not None:
            self.exchange.abandon()


def as_payload(body: Any) -> Payload:
    """Return what writes `body`.

    Raises:
        TypeError: it is nothing that can be sent.
    """
    from httpkit.client.payload import BytesPayload  # noqa: PLC0415 - for requests with a body only
    from httpkit.client.payload_registry import PAYLOAD_REGISTRY, LookupError  # noqa: A004, PLC0415 - aiohttp's name

    if type(body) is bytes:
        return BytesPayload(body)
    try:
        return PAYLOAD_REGISTRY.get(body, disposition=None)
    except LookupError:
        from httpkit.client.formdata import FormData  # noqa: PLC0415 - 5 ms of import for forms only

        form = body if isinstance(body, FormData) else FormData(body)
        return form()


def _checked_method(method: str) -> str:
    """Return `method` in upper case.

    Raises:
        ValueError: not a token (RFC 9110 section 9.1).
    """
    if not _METHOD.fullmatch(method):
        raise ValueError(f"Method cannot contain non-token characters {method!r}")
    return method.upper()
