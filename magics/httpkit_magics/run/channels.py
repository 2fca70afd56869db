"""What receives a stream, on the loop thread: a WebSocket or events, written into a `Transcript` message by message."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import httpkit
from httpkit_magics.grammar.message import Message as Sent
from httpkit_magics.grammar.stream import StreamPlan
from httpkit_magics.grammar.target import TargetError, complete_target
from httpkit_magics.record.record import Failure, Fields, SentRequest
from httpkit_magics.record.transcript import Message, Transcript
from httpkit_magics.record.units import count
from httpkit_magics.run.execute import FAILURES, HOST, Resources
from httpkit_magics.run.failures import Attempt, explain
from httpkit_magics.run.files import composed
from httpkit_magics.run.masking import masked
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.request import request_options, split_userinfo, with_query
from httpkit_magics.run.sessions import Session
from httpkit_magics.run.settings import Settings

HEARTBEAT = 30.0
"""Seconds of silence after which a WebSocket is asked whether it is still there."""

CLOSE_TIMEOUT = 2.0
"""Seconds that a peer may take to answer a close frame."""

Stop = Callable[[Message], bool] | None
"""Says whether a received message is the last one; None where none is."""


class Channel(Protocol):
    """Carries one stream. Whoever cancels `run` ends it in good order; `code` is what a WebSocket is then closed with."""

    code: int

    async def run(self) -> None:
        """Receive until the end."""

    async def send(self, data: str | bytes, /) -> None:
        """Send a message."""


class Opening:
    """What both kinds of stream are opened from."""

    def __init__(self, resources: Resources, plan: StreamPlan, settings: Settings, transcript: Transcript) -> None:
        self.resources = resources
        self.plan = plan
        self.request = plan.request
        self.settings = settings.over(plan.request)
        self.transcript = transcript
        self.progress = Underway(plan.request.method, plan.request.target)
        self.progress.stage = "connecting"
        self.message = Sent()
        self.url = plan.request.target

    @asynccontextmanager
    async def session(self) -> AsyncIterator[tuple[Session, dict[str, Any]]]:
        """Give the session that the stream runs in, and the options of its request."""
        request = self.request
        typed = complete_target(request.target, self.settings.base_url)
        if self.plan.kind == "ws":
            typed = f"ws{typed[4:]}" if typed.startswith(("http:", "https:")) else typed
        self.url, named = split_userinfo(typed)
        self.progress.url = self.url
        found = HOST.match(self.url)
        async with self.resources.sessions.take(request, found[1].lower() if found else "") as session:
            auth = request.auth or named or session.auth
            message = session.filled(await composed(dataclasses.replace(request, auth=auth), self.settings.max_body))
            self.message = message if request.session is None else session.keep(message, auth, self.url)
            self.note(SentRequest(request.method, str(with_query(self.url, self.message.query)), self._fields()))
            scheme = self.url.partition(":")[0].lower().replace("ws", "http")
            options = request_options(request, self.message, self.settings, self.progress, scheme)
            options["ssl"] = self.resources.trust.context(self.settings.verify, request.certificate)
            if auth is not None and auth.scheme == "digest":
                options["middlewares"] = (session.digest(auth),)
            yield session, options

    def _fields(self) -> Fields:
        return Fields((name, value) for name, value in self.message.headers if value is not None)

    def note(self, request: SentRequest) -> None:
        """Say what was asked."""
        self.transcript.ask(dataclasses.replace(request, body=self.message.body))

    def opened(self, info: httpkit.RequestInfo) -> None:
        """Note that a connection is there."""
        self.note(SentRequest(info.method, str(info.url), Fields(info.headers.items())))
        self.transcript.connections += 1
        self.transcript.note("live")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what a stream may end with into words in its transcript."""
        transcript = self.transcript
        try:
            yield
        except TargetError as error:
            sentence, _, hint = str(error).partition("; ")
            transcript.fail(Failure("url", "Bad URL", f"{sentence}.", hint), error)
        except asyncio.CancelledError:
            transcript.is_stopped = True
        except FAILURES as error:
            if isinstance(error, httpkit.ClientResponseError):
                info = error.request_info
                self.note(SentRequest(info.method, str(info.url), Fields(info.headers.items())))
            transcript.fail(self._words(error), masked(error))

    def _words(self, error: BaseException) -> Failure:
        attempt = Attempt(self.url, self.settings, self.progress)
        if isinstance(error, httpkit.ContentTypeError):
            found = (error.headers or {}).get("Content-Type", "no Content-Type")
            sentence = f"{attempt.where} answered with {found!r:.80}, which is no text/event-stream."
            return Failure("malformed", "No event stream", sentence, "%http shows what it is, --stream while it comes.")
        if isinstance(error, httpkit.ClientResponseError) and 100 <= (error.status or 0) <= 599:
            sentence = f"{attempt.where} answered with {error.status}, and opened no stream."
            if isinstance(error, httpkit.WSServerHandshakeError) and error.status == 101:
                sentence = f"{attempt.where} answered the handshake wrongly: {error.message}."
            return Failure("other", f"Refused, {error.status}", sentence, "%http shows the whole response.")
        if isinstance(error, httpkit.EventStreamError):
            return Failure("body", "Event too large", f"{attempt.where} sent what is no event to keep: {error}.")
        if isinstance(error, httpkit.ClientPayloadError) and self.transcript.connections:
            sentence = f"{attempt.where} broke the stream off after {count(self.transcript.received, 'message')}."
            hint = "What came before is kept. A GET without --no-reconnect goes on after its last event."
            return Failure("body", "Broken off", sentence, hint)
        failure = explain(error, attempt)
        if isinstance(error, TimeoutError) and self.transcript.connections:
            return dataclasses.replace(failure, sentence=f"{attempt.where} was silent for too long.", hint="")
        return failure


class WebSocket:
    """A WebSocket, opened again where the plan says so."""

    def __init__(self, opening: Opening, is_last: Stop) -> None:
        self.code = 1000
        self._opening = opening
        self._transcript = opening.transcript
        self._is_last = is_last
        self._socket: httpkit.ClientWebSocketResponse | None = None

    async def run(self) -> None:
        """Receive until the peer closes, or the plan's end."""
        with self._opening.explained():
            async with self._opening.session() as (session, options):
                await self._run(session, self._options(options))

    async def _run(self, session: Session, options: dict[str, Any]) -> None:
        url = with_query(self._opening.url, self._opening.message.query)
        if not self._opening.plan.reconnect:
            async with asyncio.timeout(self._opening.settings.timeout or None):
                socket = await session.client.ws_connect(url, **options)
            await self._carry(socket)
            return
        seen = self._transcript

        def should_retry(error: Exception) -> bool:
            return seen.connections > 0 and httpkit.is_passing(error)

        async with session.client.ws_reconnect(url, should_retry=should_retry, **options) as sockets:
            async for socket in sockets:
                if await self._carry(socket):
                    return
                seen.note("reconnecting")

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {name: options[name] for name in ("headers", "ssl", "proxy") if name in options}
        timeout = httpkit.ClientWSTimeout(ws_close=CLOSE_TIMEOUT)
        return {**kept, "timeout": timeout, "heartbeat": HEARTBEAT, "protocols": self._opening.plan.protocols}

    async def _carry(self, socket: httpkit.ClientWebSocketResponse) -> bool:
        """Receive from one connection until its end; return whether the stream is to end with it."""
        transcript, is_last, kinds = self._transcript, self._is_last, _KINDS
        self._opening.opened(socket.response.request_info)
        transcript.subprotocol = socket.protocol or ""
        self._socket = socket
        try:
            (await socket.ping()).add_done_callback(self._answered)
            while True:
                received = await socket.receive()
                kind = kinds.get(received.type)
                if kind is None:
                    self._ended(socket, received)
                    return False
                message = transcript.add("in", kind, received.data)
                if is_last is not None and is_last(message):
                    await self._close(socket)
                    return True
        except asyncio.CancelledError:
            await self._close(socket)
            raise
        finally:
            self._socket = None
            transcript.latency = socket.latency or transcript.latency

    def _answered(self, ping: asyncio.Future[float]) -> None:
        if not ping.cancelled() and ping.exception() is None:
            self._transcript.latency = ping.result()

    async def _close(self, socket: httpkit.ClientWebSocketResponse) -> None:
        await socket.close(code=self.code)
        self._transcript.close_code = self.code
        self._transcript.add("out", "close", str(self.code))

    def _ended(self, socket: httpkit.ClientWebSocketResponse, message: Any) -> None:
        """Note how the peer, or the network, ended it."""
        transcript = self._transcript
        transcript.close_code = socket.close_code
        if message.type is httpkit.WSMsgType.CLOSE:
            transcript.close_reason = message.extra or ""
            transcript.add("in", "close", f"{socket.close_code} {message.extra or ''}".rstrip())
        elif message.type is httpkit.WSMsgType.ERROR:
            transcript.add("in", "error", str(message.data))
        else:
            transcript.add("in", "error", "the connection was lost, no close frame came")

    async def send(self, data: str | bytes) -> None:
        """Send a message.

        Raises:
            ConnectionError: there is no connection.
        """
        socket = self._socket
        if socket is None or socket.closed:
            raise ConnectionError(f"the stream is {self._transcript.said}: nothing can be sent")
        await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))
        self._transcript.add("out", "text" if isinstance(data, str) else "binary", data)


_KINDS = {httpkit.WSMsgType.TEXT: "text", httpkit.WSMsgType.BINARY: "binary"}


class Events:
    """The events of a response, asked for again where they break off."""

    def __init__(self, opening: Opening, is_last: Stop) -> None:
        self.code = 1000
        self._opening = opening
        self._transcript = opening.transcript
        self._is_last = is_last

    async def run(self) -> None:
        """Receive until there are no more, or the plan's end."""
        with self._opening.explained():
            async with self._opening.session() as (session, options):
                await self._run(session, options)

    async def _run(self, session: Session, options: dict[str, Any]) -> None:
        opening, transcript = self._opening, self._transcript
        url = with_query(opening.url, opening.message.query)
        names = ("headers", "skip_auto_headers", "data", "ssl", "proxy", "middlewares", "trace_request_ctx")
        kept = {name: options[name] for name in names if name in options}
        source = session.client.sse(
            url,
            method=opening.request.method,
            reconnect=opening.plan.reconnect,
            should_retry=lambda error: transcript.connections > 0 and httpkit.is_passing(error),
            **kept,
        )
        try:
            async with asyncio.timeout(opening.settings.timeout or None):
                await source.__aenter__()
            self._note(source)
            async for event in source:
                if source.connections != transcript.connections:
                    self._note(source)
                message = transcript.add("in", "event", event.data, event.event, event.id)
                if self._is_last is not None and self._is_last(message):
                    transcript.is_stopped = True
                    return
        finally:
            source.close()

    def _note(self, source: httpkit.EventSource) -> None:
        if source.response is not None:
            self._opening.opened(source.response.request_info)
        self._transcript.connections = source.connections

    async def send(self, _data: str | bytes) -> None:
        """Refuse.

        Raises:
            ConnectionError: always; events come, nothing goes.
        """
        raise ConnectionError("events come from the server only; a WebSocket (%ws) takes messages")
