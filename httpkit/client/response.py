"""What came back: status, fields and body of a response, and everything that can be read out of them."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Callable, Generator
from functools import cached_property
from http.cookies import SimpleCookie
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from httpkit.client.options import LooseHeaders, pairs
from httpkit.client.request import ClientRequest
from httpkit.errors import (
    BodyTooLarge,
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    ContentEncodingError,
    ContentTypeError,
)
from httpkit.net.body import StreamReader
from httpkit.net.exchange import Carrier, Exchange
from httpkit.net.pool import Connection
from httpkit.net.response_connection import ResponseConnection
from httpkit.values import hdrs
from httpkit.values.charsets import find_charset
from httpkit.values.deprecation import warn
from httpkit.values.fields import MediaType, parse_media_type
from httpkit.values.messages import HttpVersion, HttpVersion11, RequestInfo, Timing
from httpkit.values.set_cookie import parse_set_cookie
from httpkit.wire.http1 import ResponseHead

if TYPE_CHECKING:  # 1 ms of import that few responses need
    from httpkit.values.disposition import ContentDisposition

# Enough to tell charsets apart; detection takes time that grows with the text.
DETECTION_SAMPLE = 2**16
# Registered media types that are JSON without saying so in a +json suffix.
_JSON_SUBTYPES = frozenset({"json", "rdap"})

CharsetResolver = Callable[["ClientResponse", bytes], str]
"""Names the charset of a body whose Content-Type names none."""


def detect_charset(_response: ClientResponse, body: bytes) -> str:
    """Return the charset of `body`: UTF-8 where it is valid UTF-8, else the likeliest for its first 64 KiB."""
    try:
        body.decode()
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # noqa: PLC0415 - 30 ms of import that few responses need

        best = from_bytes(body[:DETECTION_SAMPLE]).best()
        return "utf-8" if best is None else best.encoding
    return "utf-8"


class _Nothing:
    """Something to await that is done."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


_NOTHING = _Nothing()


class ClientResponse:
    """A response. Its head is in; its body may still be arriving.

    Attributes:
        method: the request's method.
        status: the status code (RFC 9110 section 15).
        reason: the reason phrase; may be empty.
        version: the HTTP version of the response.
        history: the responses that redirected here, oldest first.
    """

    method: str
    status: int
    reason: str | None
    version: HttpVersion | None
    headers: CIMultiDictProxy[str]
    history: tuple[ClientResponse, ...]
    _body: bytes | None = None
    _released = False
    _in_context = False
    _cookies: SimpleCookie | None = None

    def __init__(self, request: ClientRequest, exchange: Exchange) -> None:
        head = exchange.head
        assert head is not None  # noqa: S101 - a response is made when its head is in
        self._request = request
        self._exchange = exchange
        self.method = request.method
        self.status = head.status
        self.reason = head.reason
        self.version = head.version
        self.headers = head.headers
        self.history = request.history
        if not exchange.ended:
            exchange.abandon_with(self)

    @classmethod
    def from_values(
        cls,
        request: ClientRequest,
        *,
        status: int,
        reason: str = "",
        headers: LooseHeaders | None = None,
        body: bytes = b"",
        version: HttpVersion = HttpVersion11,
        trailers: CIMultiDictProxy[str] | None = None,
        is_coded: bool = False,
    ) -> Self:
        """Return a complete response to `request` that no server sent: for a middleware that answers by itself.

        `body` is the content as `read()` shall give it; with `is_coded` it is still in the codings that
        `Content-Encoding` names.
        """
        exchange = Exchange(request.loop, request.method, "", request.version, request.headers, request.timing)
        exchange.auto_decompress = is_coded
        exchange.arrive(ResponseHead(version, status, reason, pairs(headers)), body, trailers, [])
        return cls(request, exchange)

    def __repr__(self) -> str:
        url = str(self.url).encode("ascii", "backslashreplace").decode("ascii")
        reason = (self.reason or "").encode("ascii", "backslashreplace").decode("ascii")
        return f"<ClientResponse({url}) [{self.status} {reason}]>\n{self.headers}\n"

    # -- head ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> URL:
        """The URL that answered, without its fragment."""
        return self._request.url

    @property
    def real_url(self) -> URL:
        """The URL that answered, with its fragment."""
        return self._request.original_url

    @property
    def url_obj(self) -> URL:
        """The URL that answered; deprecated."""
        warn("ClientResponse.url_obj is deprecated, use ClientResponse.url")
        return self.url

    @property
    def host(self) -> str:
        """The host that answered."""
        return self._request.url.host or ""

    @property
    def request(self) -> ClientRequest:
        """The request that was answered."""
        return self._request

    @property
    def request_info(self) -> RequestInfo:
        """What was asked."""
        return self._request.request_info

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as bytes, in the order and case they came."""
        head = self._exchange.head
        return () if head is None else head.raw_headers

    @property
    def trailers(self) -> CIMultiDictProxy[str] | None:
        """The fields that followed a chunked body, once it is read (RFC 9112 section 7.1.2)."""
        return self._exchange.trailers

    @property
    def timing(self) -> Timing:
        """The clock marks of the exchange."""
        return self._exchange.timing

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that the response sets."""
        if self._cookies is None:
            self._cookies = SimpleCookie()
            for name, morsel in parse_set_cookie(self.headers.getall(hdrs.SET_COOKIE, ())):
                dict.__setitem__(self._cookies, name, morsel)
        return self._cookies

    @cookies.setter
    def cookies(self, cookies: SimpleCookie) -> None:
        self._cookies = cookies

    @property
    def _media_type(self) -> MediaType:
        # Not a cached property: Python 3.11 takes a lock for that, and the parser remembers what it has parsed.
        return parse_media_type(self.headers.get(hdrs.CONTENT_TYPE))

    @property
    def content_type(self) -> str:
        """The media type without its parameters; `application/octet-stream` where none is named."""
        return str(self._media_type.type)

    @property
    def charset(self) -> str | None:
        """The `charset` parameter of Content-Type, or None."""
        return self._media_type.charset

    @property
    def content_length(self) -> int | None:
        """The number that `Content-Length` names, or None."""
        value = self.headers.get(hdrs.CONTENT_LENGTH)
        return None if value is None else int(value.partition(",")[0])

    @cached_property
    def content_disposition(self) -> ContentDisposition | None:
        """The `Content-Disposition` field, parsed (RFC 6266), or None."""
        raw = self.headers.get(hdrs.CONTENT_DISPOSITION)
        if raw is None:
            return None
        from httpkit.values import disposition  # noqa: PLC0415 - 1 ms of import that few responses need

        kind, parameters = disposition.parse_content_disposition(raw)
        filename = disposition.content_disposition_filename(parameters)
        return disposition.ContentDisposition(kind, MappingProxyType(parameters), filename)

    @cached_property
    def links(self) -> MultiDictProxy[MultiDictProxy[str | URL]]:
        """The links of the `Link` fields (RFC 8288) by relation, each with its parameters and an absolute `url`."""
        from httpkit.values.links import parse_links  # noqa: PLC0415 - 1 ms of import that few responses need

        links: MultiDict[MultiDictProxy[str | URL]] = MultiDict()
        for link in parse_links(", ".join(self.headers.getall(hdrs.LINK, ()))):
            try:
                url = self.url.join(URL(link.target))
            except ValueError:
                continue
            facts: MultiDict[str | URL] = MultiDict(link.parameters)
            facts["url"] = url
            links.add(link.rel or link.target, MultiDictProxy(facts))
        return MultiDictProxy(links)

    def raise_for_status(self) -> None:
        """Do nothing below 400.

        Raises:
            ClientResponseError: the status is 400 or more; outside `async with` the response is released first.
        """
        if self.status >= 400:
            if not self._in_context:
                self.release()
            raise ClientResponseError(
                self.request_info,
                self.history,
                status=self.status,
                message=self.reason or "",
                headers=self.headers,
            )

    # -- body ---------------------------------------------------------------------------------------------------

    @cached_property
    def content(self) -> StreamReader:
        """The body as a stream.

        Raises:
            ClientPayloadError: its content coding can't be decoded here.
        """
        try:
            stream = self._exchange.reader()
        except ContentEncodingError as error:
            self.close()
            raise ClientPayloadError(str(error)) from error
        if self._released and stream.exception() is None:
            stream.set_exception(ClientConnectionError("Connection closed"))
        return stream

    async def read(self) -> bytes:
        """Return the whole body, decoded from its content coding.

        Raises:
            ClientPayloadError: the body is cut off or malformed.
            BodyTooLarge: it is larger than `max_body_size`.
            ClientConnectionError: the response was released.
        """
        if self._released:
            raise ClientConnectionError("Connection closed")
        if self._body is None:
            exchange = self._exchange
            settings = self._request.settings
            limit = None if settings is None else settings.max_body_size
            if (
                exchange.content is not None
                and limit is None
                and not exchange.is_coded
                and "content" not in self.__dict__
            ):
                self._body = exchange.content
            else:
                self._body = await self._read_stream(limit)
            for trace in self._request.traces:
                await trace.send_response_chunk_received(self.method, self.url, self._body)
        return self._body

    async def _read_stream(self, limit: int | None) -> bytes:
        content = self.content
        pieces: list[bytes] = []
        left = limit
        try:
            while piece := await content.readany():
                pieces.append(piece)
                left = _left(left, piece, limit)
        except BaseException:
            self.close()
            raise
        return b"".join(pieces)

    def get_encoding(self) -> str:
        """Return the charset of the body, as a name that `bytes.decode` takes.

        It is that of Content-Type; UTF-8 for JSON (RFC 8259 section 8.1); else what the session's
        `fallback_charset_resolver` says.

        Raises:
            RuntimeError: the body must be read first.
        """
        media_type = self._media_type
        charset = media_type.parameters.get("charset")
        if charset and (codec := find_charset(charset)) is not None:
            return codec
        if media_type.type.startswith("application/") and (
            media_type.type.partition("/")[2] in _JSON_SUBTYPES or media_type.type.endswith("+json")
        ):
            return "utf-8"
        if self._body is None:
            raise RuntimeError("Cannot compute fallback encoding of a not yet read body")
        settings = self._request.settings
        resolver = detect_charset if settings is None else settings.fallback_charset_resolver
        return "utf-8" if resolver is None else resolver(self, self._body)

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the body as text.

        Raises:
            UnicodeDecodeError: the body is not in its charset, and `errors` is strict.
        """
        body = await self.read() if self._body is None else self._body
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json_module.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """Return the body parsed as JSON; None where it is blank.

        Raises:
            ContentTypeError: the media type is not `content_type`; None takes any.
            ValueError: the body is not JSON.
        """
        body = await self.read() if self._body is None else self._body
        if content_type and self._media_type.type != content_type and not self._is_type(content_type):
            raise ContentTypeError(
                self.request_info,
                self.history,
                status=self.status,
                message=f"Attempt to decode JSON with unexpected mimetype: {self.headers.get(hdrs.CONTENT_TYPE, '')}",
                headers=self.headers,
            )
        stripped = body.strip()
        return loads(stripped.decode(encoding or self.get_encoding())) if stripped else None

    def _is_type(self, expected: str) -> bool:
        """Return whether the media type is the expected one; any `application/*+json` is JSON."""
        found = self.headers.get(hdrs.CONTENT_TYPE, "").lower()
        if expected != "application/json":
            return expected in found
        kind = self._media_type.type
        return kind == expected or (kind.startswith("application/") and kind.endswith("+json"))

    # -- the end ------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the response is complete or was given up."""
        return self._released or self._exchange.ended

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows, such as `peername` or `ssl_object`, while the connection lasts."""
        carrier = self._exchange.carrier
        return default if carrier is None else carrier.get_extra_info(name, default)

    @property
    def connection(self) -> Connection | None:
        """The connection that the body is arriving on; None once the last byte is in."""
        exchange = self._exchange
        return None if exchange.ended or exchange.carrier is None else ResponseConnection(exchange)

    @property
    def output_size(self) -> int:
        """Bytes of request body sent so far, with their framing; deprecated."""
        warn("ClientResponse.output_size is deprecated, use UploadTracker")
        writer = self._exchange.writer
        return len(self._exchange.body) if writer is None else writer.output_size

    @property
    def upload_complete(self) -> asyncio.Future[None]:
        """Done when the request's body is sent; deprecated."""
        warn("ClientResponse.upload_complete is deprecated, use UploadTracker")
        upload = self._exchange.upload
        if upload is not None:
            return upload
        done: asyncio.Future[None] = self._request.loop.create_future()
        done.set_result(None)
        return done

    async def start(self, connection: Connection | None) -> Self:
        """Return the response: its head is in already. For code that sends requests by hand."""
        del connection
        return self

    @property
    def carrier(self) -> Carrier | None:
        """The connection that the answer came over; None once it was given up. After 101 it may be taken over."""
        return self._exchange.carrier

    def close(self) -> None:
        """Give the response up; its connection closes unless the body is complete."""
        self._let_go()
        self._exchange.abandon()

    def release(self) -> Any:
        """Give the connection back; it closes where the body is not complete. The result may be awaited, or not."""
        self._let_go()
        # After 101 nobody can read the connection who hasn't taken it over.
        if not self._exchange.ended or self._exchange.upload is not None or self.status == 101:
            self._exchange.abandon()
        return _NOTHING

    def _let_go(self) -> None:
        if not self._released:
            self._released = True
            if "content" in self.__dict__ and self.content.exception() is None:
                self.content.set_exception(ClientConnectionError("Connection closed"))

    async def wait_for_close(self) -> None:
        """Wait until the request's body is sent, and release the response."""
        upload = self._exchange.upload
        if upload is not None:
            await asyncio.wait((upload,))
        self.release()

    def enter(self) -> None:
        """Note that `async with` will release the response."""
        self._in_context = True

    def leave(self) -> None:
        """Release the response at the end of `async with`."""
        self._in_context = False
        self.release()

    async def __aenter__(self) -> Self:
        self.enter()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()


def _left(left: int | None, piece: bytes, limit: int | None) -> int | None:
    """Return how many bytes of body may follow `piece`.

    Raises:
        BodyTooLarge: it is too long already.
    """
    if left is None:
        return None
    if len(piece) > left:
        raise BodyTooLarge(f"body exceeds {limit} bytes (max_body_size)")
    return left - len(piece)


# A request that is sent by hand answers with one of these.
ClientRequest.response_class = ClientResponse
