"""A private HTTP cache (RFC 9111) as a middleware, in memory and bounded.

A response that may be kept is read whole before it is passed on; all others stream through untouched. What was kept is
given to requests of the same credentials only, fresh without asking the server, else after a 304. `Cache-Status`
(RFC 9211) on a response says which it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from time import time

from multidict import CIMultiDict
from yarl import URL

from httpkit.client.request import ClientRequest
from httpkit.client.response import ClientResponse
from httpkit.client.state import Handler
from httpkit.errors import ClientConnectionError
from httpkit.values import hdrs
from httpkit.values.caching import (
    StoredResponse,
    may_be_stored,
    parse_cache_control,
    selecting_fields,
    storable_fields,
)

MAX_BYTES = 64 * 2**20
MAX_ENTRY_BYTES = 8 * 2**20
MAX_ENTRIES = 1000
# Representations of one URL that are kept; a server that varies on more, varies on everything.
MAX_VARIANTS = 8

# What makes a request more than "give me the representation": passed through.
_CONDITIONS = frozenset({
    hdrs.IF_MATCH, hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE, hdrs.IF_UNMODIFIED_SINCE, hdrs.IF_RANGE, hdrs.RANGE,
    hdrs.UPGRADE,
})  # fmt: skip
_CACHE_STATUS = "Cache-Status"
# RFC 9110 section 9.2.1: methods that change nothing, so that what is kept stays true.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class MemoryStore:
    """Responses by URL, the least recently used dropped first.

    Args:
        max_bytes: bytes of all responses together.
        max_entries: URLs.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._entries: OrderedDict[str, list[StoredResponse]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes that are in use, about."""
        return self._size

    def get(self, url: str, headers: CIMultiDict[str]) -> StoredResponse | None:
        """Return the response that a request with these fields selects, the newest of several."""
        variants = self._entries.get(url)
        if variants is None:
            return None
        self._entries.move_to_end(url)
        return next((stored for stored in reversed(variants) if stored.matches(headers)), None)

    def put(self, url: str, stored: StoredResponse) -> None:
        """Keep `stored`, instead of what the same request fields selected before."""
        variants = self._entries.pop(url, [])
        self._size -= sum(variant.size for variant in variants)
        variants = [variant for variant in variants if variant.selecting != stored.selecting]
        self._entries[url] = variants = [*variants[1 - MAX_VARIANTS :], stored]
        self._size += sum(variant.size for variant in variants)
        while self._entries and (len(self._entries) > self._max_entries or self._size > self._max_bytes):
            self.discard(next(iter(self._entries)))

    def discard(self, url: str) -> None:
        """Forget all responses of one URL."""
        self._size -= sum(variant.size for variant in self._entries.pop(url, ()))

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._size = 0


class CacheMiddleware:
    """Answers GET requests from memory where RFC 9111 allows it.

    Args:
        store: where responses are kept; a `MemoryStore` of its own by default. Its owner is one user.
        max_entry_size: bytes of a decoded body that is kept; a larger one streams on.
        vary_on: request fields that choose a response whether `Vary` names them or not. Without the two defaults, one
            session that speaks for several users would give one of them what another was sent.
        clock: the time of day, in seconds since the epoch.
    """

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        max_entry_size: int = MAX_ENTRY_BYTES,
        vary_on: Iterable[str] = (hdrs.AUTHORIZATION, hdrs.COOKIE),
        clock: Callable[[], float] = time,
    ) -> None:
        self.store = MemoryStore() if store is None else store
        self._max_entry_size = max_entry_size
        self._vary_on = tuple(vary_on)
        self._clock = clock

    async def __call__(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        """Answer `request` from memory, or from the server."""
        if not _is_plain(request):
            response = await handler(request)
            if request.method not in _SAFE_METHODS and response.status < 400:
                self._invalidate(request, response)
            return response
        directives = parse_cache_control(", ".join(request.headers.getall(hdrs.CACHE_CONTROL, ())))
        if not directives and "no-cache" in request.headers.get(hdrs.PRAGMA, "").lower():
            directives = {"no-cache": None}
        if "no-store" in directives:
            return await handler(request)
        # Further inside, somebody may sign the request: what selects a response is what it was asked with.
        headers = request.headers.copy()
        now = self._clock()
        stored = self.store.get(_name(request.url), headers)
        if stored is not None and stored.may_be_used(directives, now):
            left = stored.lifetime() - stored.age(now)
            return _answer(request, stored, now, f"httpkit; hit; ttl={left:.0f}")
        if "only-if-cached" in directives:
            fields = [(_CACHE_STATUS, "httpkit; fwd=miss; detail=only-if-cached")]
            return ClientResponse.from_values(request, status=504, reason="Gateway Timeout", headers=fields)
        if stored is not None and stored.validators():
            return await self._revalidate(request, handler, headers, stored)
        return await self._fetch(request, handler, headers)

    async def _fetch(self, request: ClientRequest, handler: Handler, headers: CIMultiDict[str]) -> ClientResponse:
        requested = self._clock()
        response = await handler(request)
        return await self._keep(request, response, headers, requested)

    async def _revalidate(
        self, request: ClientRequest, handler: Handler, headers: CIMultiDict[str], stored: StoredResponse
    ) -> ClientResponse:
        """Ask whether `stored` is still current (RFC 9111 section 4.3)."""
        requested = self._clock()
        validators = stored.validators()
        request.headers.update(validators)
        try:
            response = await handler(request)
        except ClientConnectionError:
            if stored.may_stand_in(self._clock()):
                return _answer(request, stored, self._clock(), "httpkit; hit; fwd=stale; detail=stale-if-error")
            raise
        finally:
            for name in validators:
                request.headers.popall(name, None)
        now = self._clock()
        if response.status >= 500 and stored.may_stand_in(now):
            response.release()
            return _answer(request, stored, now, "httpkit; hit; fwd=stale; detail=stale-if-error")
        if response.status != 304:
            return await self._keep(request, response, headers, requested)
        response.release()
        if not stored.is_confirmed_by(response.headers):
            # It spoke of a response that is not here: ask for the whole.
            self.store.discard(_name(request.url))
            return await self._fetch(request, handler, headers)
        fresh = stored.refreshed(response.headers, requested, now)
        self.store.put(_name(request.url), fresh)
        return _answer(request, fresh, now, "httpkit; hit; fwd=stale; fwd-status=304")

    async def _keep(
        self, request: ClientRequest, response: ClientResponse, headers: CIMultiDict[str], requested: float
    ) -> ClientResponse:
        """Return `response`, from values if it may be kept and is not too large."""
        if not may_be_stored(response.status, response.headers):
            return response
        body = await self._read(response)
        if body is None:
            return response
        now = self._clock()
        stored = StoredResponse(
            response.status,
            response.reason or "",
            response.version or request.version,
            storable_fields(response.headers),
            body,
            selecting_fields(headers, response.headers, self._vary_on),
            requested,
            now,
        )
        self.store.put(_name(request.url), stored)
        fields = [*response.headers.items(), (_CACHE_STATUS, "httpkit; fwd=miss; stored")]
        trailers = response.trailers
        response.release()
        return type(response).from_values(
            request,
            status=stored.status,
            reason=stored.reason,
            headers=fields,
            body=body,
            version=stored.version,
            trailers=trailers,
        )

    async def _read(self, response: ClientResponse) -> bytes | None:
        """Return the whole body, or None where it is too large; all of it is still to be read then."""
        if (response.content_length or 0) > self._max_entry_size:
            return None
        pieces, size = [], 0
        content = response.content
        try:
            while piece := await content.readany():
                pieces.append(piece)
                size += len(piece)
                if size > self._max_entry_size:
                    content.put_back(b"".join(pieces))
                    return None
        except BaseException:
            response.close()
            raise
        return b"".join(pieces)

    def _invalidate(self, request: ClientRequest, response: ClientResponse) -> None:
        """Forget what the request has changed (RFC 9111 section 4.4)."""
        self.store.discard(_name(request.url))
        for name in (hdrs.LOCATION, hdrs.CONTENT_LOCATION):
            value = response.headers.get(name)
            if value is None:
                continue
            try:
                url = request.url.join(URL(value))
                if url.origin() == request.url.origin():
                    self.store.discard(_name(url))
            except ValueError:
                continue


def _name(url: URL) -> str:
    """Return what a response is kept under: the URL without its fragment, `http://host` and `http://host/` being one."""
    return f"{url.origin()}{url.raw_path_qs or '/'}"


def _is_plain(request: ClientRequest) -> bool:
    """Return whether the request asks for a representation and nothing else."""
    settings = request.settings
    return (
        request.method == hdrs.METH_GET
        and not request.body
        and (settings is None or settings.auto_decompress)
        and _CONDITIONS.isdisjoint(request.headers)
    )


def _answer(request: ClientRequest, stored: StoredResponse, now: float, status: str) -> ClientResponse:
    headers = stored.headers.copy()
    headers["Age"] = f"{stored.age(now):.0f}"
    headers.add(_CACHE_STATUS, status)
    return ClientResponse.from_values(
        request,
        status=stored.status,
        reason=stored.reason,
        headers=headers,
        body=stored.body,
        version=stored.version,
    )
