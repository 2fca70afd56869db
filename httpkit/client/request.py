"""What is sent: a head with its body, and how the two go to a connection (RFC 9112 section 6).

A plain GET touches next to nothing here: its URL, its connection key and its default fields are a `Target` that the
session remembers.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeGuard
from weakref import ref

from multidict import CIMultiDict
from yarl import URL, Query

from httpkit.client.auth import BasicAuth
from httpkit.client.options import LooseHeaders
from httpkit.client.request_head import RequestHead
from httpkit.client.target import Target, host_field
from httpkit.net.exchange import Exchange
from httpkit.net.pool import Connection
from httpkit.net.proxy import forwarded_fields, is_forwarded
from httpkit.values import hdrs
from httpkit.values.abc import AbstractStreamWriter, LooseCookies
from httpkit.values.deprecation import warn
from httpkit.values.messages import HttpVersion, HttpVersion11, Timing
from httpkit.wire.http1_grammar import TOKEN
from httpkit.wire.http1_request import LAST_CHUNK

if TYPE_CHECKING:  # 3 ms of import, for requests with a body only
    from httpkit.client.payload import BytesPayload, Payload
    from httpkit.client.upload import UploadTracker

_METHOD = re.compile(TOKEN)
_CONTENT_LENGTH = re.compile(r"[0-9]+")
# A body of at most this many bytes goes out in one write with its head.
ONE_WRITE = 2**16


class ClientRequest(RequestHead):
    """A request on its way to a connection; middlewares may read and change it.

    Attributes:
        chunked: whether the body is framed in the chunked coding.
        compress: the content coding of the body.
        payload: what writes the body; None without one.
        upload_tracker: who is told how far the body is.
    """

    chunked: bool | None = None
    compress: str | bool | None = None
    length: int | None = None
    response_class: type[Any] | None = None
    upload_tracker: UploadTracker | None = None
    exchange: Exchange | None = None
    response_ref: Callable[[], Any] | None = None
    payload: Payload | None = None
    _is_over = False

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
        # Asked in any case: a multipart body whose parts were changed meanwhile is refused before anything is sent.
        size = payload.size
        if not self.chunked and hdrs.CONTENT_LENGTH not in headers:
            if size is None:
                self.chunked = True
            else:
                headers[hdrs.CONTENT_LENGTH] = str(size)
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
        if self.exchange is not None:
            # A retry, the client's or a middleware's: the wait before it is no part of sending.
            self.timing = self.timing.again(monotonic())
        if self.method in self.POST_METHODS and hdrs.CONTENT_TYPE not in headers:
            self._fill_in_type()
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

    def _fill_in_type(self) -> None:
        """Say that the body is bytes, unless that is not wanted; as late as this, so that a middleware may say better."""
        if self._skip_auto_headers is None or hdrs.CONTENT_TYPE not in self._skip_auto_headers:
            self.headers[hdrs.CONTENT_TYPE] = "application/octet-stream"

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
            type(body).write_with_length is BytesPayload.write_with_length
            and type(self).write_bytes is ClientRequest.write_bytes
            and not self.compress
            and not self.chunked
            and not self._expects_continue
            and self.upload_tracker is None
            and self.length == len(body.value) <= ONE_WRITE  # type: ignore[attr-defined]  # bytes, by its method
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
    from httpkit.client.payload import BytesPayload, Payload  # noqa: PLC0415 - for requests with a body only
    from httpkit.client.payload_registry import PAYLOAD_REGISTRY, LookupError  # noqa: A004, PLC0415 - aiohttp's name

    if type(body) is bytes:
        return BytesPayload(body)
    # isinstance() of an abstract class is a call.
    if Payload in type(body).__mro__:
        payload: Payload = body
        return payload
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
