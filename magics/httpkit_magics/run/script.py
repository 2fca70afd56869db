"""The steps of `%%ws`, one after the other: send, wait, capture, close. What was waited for becomes a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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


class ScriptFailed(Exception):
    """A step could not be done; the message says why."""


@dataclass(frozen=True)
class Stage:
    """Where a script is played.

    Attributes:
        feed: the stream.
        bind: gives what was captured a name in the notebook.
        fill: fills the placeholders of a message.
        timeout: seconds that each wait may take.
        look: called while something is waited for, at least ten times a second.
    """

    feed: Feed
    bind: Callable[[str, Any], None]
    fill: Callable[[Say], str]
    timeout: float
    look: Callable[[], None]


def play(stage: Stage, steps: tuple[Step, ...]) -> None:
    """Do the steps. One that fails closes the stream, and the transcript says why."""
    feed, heard = stage.feed, None
    for step in steps:
        try:
            heard = _do(stage, step, heard)
        except (StreamClosed, StreamTimeout, ScriptFailed, ValueError) as error:
            transcript = feed.transcript
            if transcript.failure is None:
                title = "Timed out" if isinstance(error, StreamTimeout) else "Script failed"
                kind = "timeout" if isinstance(error, StreamTimeout) else "other"
                sentence = f"{str(error)[:1].upper()}{str(error)[1:]}."
                feed.close()
                transcript.fail(Failure(kind, title, sentence, _hint(feed)), error)
            return


def _do(stage: Stage, step: Step, heard: Message | None) -> Message | None:
    """Do one step; return the message that was waited for last."""
    match step:
        case Say():
            stage.feed.send(stage.fill(step), stage.timeout)
        case Pause(seconds):
            _pause(stage, seconds)
        case Await(check):
            return _awaited(stage, check)
        case Take():
            _capture(stage, step, heard)
        case End(code):
            stage.feed.close(code)
    return heard


def _pause(stage: Stage, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not stage.feed.wait_until_over(min(left, STEP)):
        stage.look()


def _awaited(stage: Stage, check: Check) -> Message:
    """Return the message that fits, and note the verdict."""
    timeout, transcript = stage.timeout, stage.feed.transcript
    until = time.monotonic() + timeout
    while True:
        try:
            message = stage.feed.wait(check, min(STEP, max(until - time.monotonic(), 0)))
        except StreamTimeout:
            if time.monotonic() >= until:
                transcript.checks += (_missed(check, f"nothing came within {timeout:g} s"),)
                asked = f"{check.subject} {check.claim}"
                raise StreamTimeout(f"{asked}: no such message within {timeout:g} s") from None
            stage.look()
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


def _capture(stage: Stage, step: Take, heard: Message | None) -> None:
    name = step.name
    if heard is None:
        raise ScriptFailed(f"nothing to capture as {name}: no message was waited for")
    try:
        value = part_of(step.check, heard)
    except ValueError as error:
        raise ScriptFailed(f"nothing to capture as {name}: {error}") from error
    stage.bind(name, learnt(value if isinstance(value, str) else str(value), name) if step.is_secret else value)


def _hint(feed: Feed) -> str:
    return f"{count(feed.received, 'message')} came; --timeout SECONDS allows more time for each wait."
