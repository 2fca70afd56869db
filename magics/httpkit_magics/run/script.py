"""The steps of `%%ws`, one after the other: send, wait, capture, close. What was waited for becomes a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from httpkit_magics.grammar.check import Check
from httpkit_magics.grammar.script import Await, End, Pause, Say, Step, Take
from httpkit_magics.record.record import Failure
from httpkit_magics.record.transcript import Message
from httpkit_magics.record.units import count
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.run.conditions import part_of, verdict_of
from httpkit_magics.run.secret_sources import learnt
from httpkit_magics.run.streams import STEP, Feed, StreamClosed, StreamTimeout

Bind = Callable[[str, Any], None]
"""Gives a value a name in the notebook."""


class ScriptFailed(Exception):
    """A step could not be done; the message says why."""


def play(feed: Feed, steps: tuple[Step, ...], bind: Bind, timeout: float, look: Callable[[], None]) -> None:
    """Do the steps; each wait takes `timeout` seconds at most, and `look` is called while it does.

    A step that fails closes the stream, and the transcript says why.
    """
    heard: Message | None = None
    for step in steps:
        try:
            heard = _do(feed, step, heard, bind, timeout, look)
        except (StreamClosed, StreamTimeout, ScriptFailed, ValueError) as error:
            transcript = feed.transcript
            if transcript.failure is None:
                title = "Timed out" if isinstance(error, StreamTimeout) else "Script failed"
                kind = "timeout" if isinstance(error, StreamTimeout) else "other"
                sentence = f"{str(error)[:1].upper()}{str(error)[1:]}."
                feed.close()
                transcript.fail(Failure(kind, title, sentence, _hint(feed)), error)
            return


def _do(
    feed: Feed, step: Step, heard: Message | None, bind: Bind, timeout: float, look: Callable[[], None]
) -> Message | None:
    match step:
        case Say(text):
            feed.send(text, timeout)
        case Pause(seconds):
            _pause(feed, seconds, look)
        case Await(check):
            return _awaited(feed, check, timeout, look)
        case Take(name, check, is_secret):
            _capture(name, check, is_secret=is_secret, heard=heard, bind=bind)
        case End(code):
            feed.close(code)
    return heard


def _pause(feed: Feed, seconds: float, look: Callable[[], None]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not feed.wait_until_over(min(left, STEP)):
        look()


def _awaited(feed: Feed, check: Check, timeout: float, look: Callable[[], None]) -> Message:
    """Return the message that fits, and note the verdict."""
    until = time.monotonic() + timeout
    transcript = feed.transcript
    while True:
        try:
            message = feed.wait(check, min(STEP, max(until - time.monotonic(), 0)))
        except StreamTimeout:
            if time.monotonic() >= until:
                transcript.checks += (_missed(check, f"nothing came within {timeout:g} s"),)
                raise StreamTimeout(f"{check.subject} {check.claim}: no such message within {timeout:g} s") from None
            look()
        except StreamClosed:
            transcript.checks += (_missed(check, "the stream ended before"),)
            raise
        else:
            transcript.checks += (verdict_of(check, message),)
            return message


def _missed(check: Check, why: str) -> Verdict:
    return Verdict(
        check.subject, check.claim, passed=False, why=why, query=check.query.name, argument=check.query.argument
    )


def _capture(name: str, check: Check, *, is_secret: bool, heard: Message | None, bind: Bind) -> None:
    if heard is None:
        raise ScriptFailed(f"nothing to capture as {name}: no message was waited for")
    try:
        value = part_of(check, heard)
    except ValueError as error:
        raise ScriptFailed(f"nothing to capture as {name}: {error}") from error
    bind(name, learnt(value if isinstance(value, str) else str(value), name) if is_secret else value)


def _hint(feed: Feed) -> str:
    return f"{count(feed.received, 'message')} came; --timeout SECONDS allows more time for each wait."
