"""Plan -> Record: one request from its start to a Record, whatever happens on the way."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import re
import time
from datetime import UTC, datetime

import httpkit
from httpkit_magics.grammar.message import Message
from httpkit_magics.grammar.plan import Auth, Plan
from httpkit_magics.grammar.target import TargetError, complete_target
from httpkit_magics.record.credentials import credentials_of
from httpkit_magics.record.record import Failure, Fields, Record, SavedFile, SentRequest
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.saving import save
from httpkit_magics.run.charset import charset_of
from httpkit_magics.run.download import Download, DownloadError
from httpkit_magics.run.failures import Attempt, explain
from httpkit_magics.run.files import composed
from httpkit_magics.run.masking import masked
from httpkit_magics.run.offline import Unsent, unsent
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.request import request_options, split_userinfo, with_query
from httpkit_magics.run.response import connection_of, hops_of, links_of, parse_cookie, phases_of
from httpkit_magics.run.retry import retrying
from httpkit_magics.run.sessions import Session, Sessions
from httpkit_magics.run.settings import Settings
from httpkit_magics.run.trust import Trust

FAILURES = (httpkit.ClientError, OSError, ValueError, asyncio.CancelledError)
"""What a request may end with; anything else is a fault of ours, and shows its traceback."""

HOST = re.compile(r"[^:/?#]+://([^/?#]*)")


class Resources:
    """What requests share: sessions with their connections, TLS contexts, and what is known of half-loaded files."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.trust = Trust()
        self.validators: dict[str, str] = {}


async def execute(resources: Resources, plan: Plan, settings: Settings, progress: Underway) -> Record:
    """Make the request that `plan` asks for and return its Record; a failure is in the Record.

    A cancelled request gives a Record too.
    """
    started, began = datetime.now(UTC), time.perf_counter()
    record = await Execution(resources, plan, settings.over(plan), progress).run()
    record.started, record.elapsed = started, time.perf_counter() - began
    record.name, record.show, record.attempts = plan.name, plan.show, max(progress.attempts, 1)
    VAULT.hear(credentials_of(record.request))
    record.error = record.error and masked(record.error)
    return record


class Execution:
    """One request in hand: what was asked, and what has become of it so far."""

    def __init__(self, resources: Resources, plan: Plan, settings: Settings, progress: Underway) -> None:
        self._resources = resources
        self._plan = plan
        self._settings = settings
        self._progress = progress
        self._message = Message()
        self._download: Download | None = None

    async def run(self) -> Record:
        """Return the Record."""
        plan = self._plan
        try:
            url = complete_target(plan.target, self._settings.base_url)
        except TargetError as error:
            sentence, _, hint = str(error).partition("; ")
            failure = Failure("url", "Bad URL", f"{sentence}.", hint)
            return Record(self._asked(plan.target), plan.target, failure=failure, error=error)
        url, named = split_userinfo(url, is_encoded=plan.is_encoded)
        self._progress.url = url
        attempt = Attempt(url, self._settings, self._progress)
        try:
            return await self._sent(url, named, attempt)
        except Unsent as unsent_:
            sent = self._as_sent(unsent_.request)
            return Record(sent, sent.url, is_offline=True)
        except FAILURES as error:
            return self._failed(error, attempt)

    async def _sent(self, url: str, named: Auth | None, attempt: Attempt) -> Record:
        """Send the request and return the Record of its response."""
        found = HOST.match(url)
        async with self._resources.sessions.take(self._plan, found[1].lower() if found else "") as session:
            return await self._sent_in(session, url, named, attempt)

    async def _sent_in(self, session: Session, url: str, named: Auth | None, attempt: Attempt) -> Record:
        plan, settings, progress = self._plan, self._settings, self._progress
        auth = plan.auth or named or session.auth
        self._message = message = await composed(dataclasses.replace(plan, auth=auth), settings.max_body)
        message = session.filled(message)
        if plan.session is not None:
            message = session.keep(message, auth, url)
        if plan.download:
            self._download = Download(plan, url, self._resources.validators)
            message = message.with_headers(self._download.headers())
        self._message = message
        options = request_options(plan, message, settings, progress, url.partition(":")[0].lower())
        options["ssl"] = self._resources.trust.context(settings.verify, plan.certificate)
        if plan.offline:
            options["middlewares"] = (unsent,)
        elif auth is not None and auth.scheme == "digest":
            options["middlewares"] = (*retrying(plan, progress), session.digest(auth))
        elif plan.retries:
            options["middlewares"] = retrying(plan, progress)
        target = with_query(url, message.query, is_encoded=plan.is_encoded)
        async with session.client.request(plan.method, target, **options) as response:
            return await self._received(response, attempt)

    async def _received(self, response: httpkit.ClientResponse, attempt: Attempt) -> Record:
        """Take the body and return the whole Record; what arrived is kept where the body fails."""
        error: BaseException | None = None
        self._progress.url = str(response.url)
        tls, peer = connection_of(response)
        # A BytesIO gives its buffer away; bytes(bytearray()) and b"".join() hold a body twice.
        body = io.BytesIO()
        try:
            if self._download is not None and self._download.takes(response):
                await self._download.save(response, self._progress)
            else:
                await self._read(response, body)
        except FAILURES as caught:
            error = caught
        content = body.getvalue()
        body.close()
        saved = None if self._download is None else self._download.saved
        if error is None and self._plan.output is not None and self._download is None:
            saved, error = self._written(response, content)
        return Record(
            self._as_sent(response.request_info),
            str(response.url),
            status=response.status,
            reason=response.reason or "",
            http_version=f"{response.version.major}.{response.version.minor}" if response.version else "",
            headers=Fields(response.headers.items()),
            content=content,
            encoding=charset_of(response.content_type, response.charset, content),
            received=response.content.total_raw_bytes,
            phases=phases_of(response.timing),
            cookies=tuple(parse_cookie(line) for line in response.headers.getall("Set-Cookie", ())),
            links=links_of(response),
            redirects=hops_of(response.history),
            tls=tls,
            peer=peer,
            failure=explain(error, dataclasses.replace(attempt, url=self._progress.url)) if error else None,
            error=error,
            saved=saved,
        )

    async def _read(self, response: httpkit.ClientResponse, body: io.BytesIO) -> None:
        """Read the body into `body`.

        Raises:
            BodyTooLarge: it is longer than the settings allow.
        """
        progress, limit = self._progress, self._settings.max_body
        progress.stage = "receiving"
        if "Content-Encoding" not in response.headers:
            progress.expected = response.content_length
        async for chunk in response.content.iter_any():
            body.write(chunk)
            if self._plan.stream:
                progress.see(chunk)
            progress.received = body.tell()
            if progress.received > limit:
                body.truncate(limit)
                raise httpkit.BodyTooLarge(f"the body exceeds {limit} bytes (max_body)")

    def _written(
        self, response: httpkit.ClientResponse, content: bytes
    ) -> tuple[SavedFile | None, BaseException | None]:
        """Write the body to the file that the plan names as well."""
        try:
            path = save(content, self._plan.output or ".", str(response.url), response.headers.get("Content-Type", ""))
        except OSError as error:
            return None, DownloadError(f"{self._plan.output} can't be written: {error.strerror or error}")
        return SavedFile(path, len(content), 0, len(content)), None

    def _failed(self, error: BaseException, attempt: Attempt) -> Record:
        """Return the Record of a request that got no response."""
        info = getattr(error, "request_info", None)
        return Record(
            self._asked(self._progress.url) if info is None else self._as_sent(info),
            self._progress.url,
            redirects=hops_of(getattr(error, "history", ())),
            failure=explain(error, attempt),
            error=error,
        )

    def _asked(self, url: str) -> SentRequest:
        fields = Fields((name, value) for name, value in self._message.headers if value is not None)
        return SentRequest(self._plan.method, url, fields, self._message.body)

    def _as_sent(self, info: httpkit.RequestInfo) -> SentRequest:
        # A redirect that turned POST into GET left the body out (RFC 9110 section 15.4).
        body = self._message.body if info.method == self._plan.method else None
        return SentRequest(info.method, str(info.url), Fields(info.headers.items()), body)
