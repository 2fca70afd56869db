"""`%ws URL [ITEM ...] [options]` and `%sse URL ...` -> a `StreamPlan`: the words of `%http`, and when the stream is to end.

Pure: no file, no network, no notebook.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from httpkit_magics.grammar.check import Check
from httpkit_magics.grammar.condition import parse_condition
from httpkit_magics.grammar.fields import JSON_HEADERS
from httpkit_magics.grammar.line import parse_words, slots_of
from httpkit_magics.grammar.options import OPTIONS, VALUES
from httpkit_magics.grammar.plan import LineError, Plan
from httpkit_magics.grammar.slots import Slots
from httpkit_magics.grammar.template import Resolve
from httpkit_magics.grammar.words import Word, split_words

Kind: TypeAlias = Literal["ws", "sse"]
"""A WebSocket or an event stream."""

TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A subprotocol (RFC 6455 section 4.1)."""

MOST_MESSAGES: Final = 10**9


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream to open.

    Attributes:
        kind: "ws" or "sse".
        request: the handshake, or the request whose response is the stream.
        count: messages after which it is closed; None is any number.
        until: what a message must be to be the last.
        seconds: how long it is listened to; None is any time.
        is_background: whether the cell goes on at once.
        protocols: the subprotocols to offer, preferred ones first.
        reconnect: whether to connect again when it ends early; None is as usual: events do, a WebSocket does not.
    """

    kind: Kind
    request: Plan
    count: int | None = None
    until: Check | None = None
    seconds: float | None = None
    is_background: bool = False
    protocols: tuple[str, ...] = ()
    reconnect: bool | None = None

    @property
    def has_end(self) -> bool:
        """Whether it says itself when it is over."""
        return self.count is not None or self.until is not None or self.seconds is not None


def parse_stream(line: str, kind: Kind, resolve: Resolve | None = None) -> StreamPlan:
    """Return the stream that the line of `%ws` or `%sse` asks for, its placeholders filled in as by `parse_line`.

    Raises:
        LineError: the line can't be understood; it says what was expected, and where.
    """
    with slots_of(line, resolve) as slots:
        own: dict[str, Any] = {}
        rest = list(_without_own(slots, kind, own))
        return StreamPlan(kind, _request(slots, kind, rest), **own)


def _request(slots: Slots, kind: Kind, words: list[Word]) -> Plan:
    line = slots.line
    plan = parse_words(line, words, slots)
    # Of a line with fields `%http` says that JSON is wanted; here events are.
    plan = dataclasses.replace(plan, headers=tuple(pair for pair in plan.headers if pair != JSON_HEADERS[0]))
    for name, option in _NOT_HERE.items():
        if getattr(plan, name):
            raise LineError(f"{option} has no meaning for a stream; %{kind}? shows what has", line)
    if kind == "ws":
        if plan.method != "GET" or plan.body is not None:
            message = (
                "a WebSocket begins with GET and has no body; expected %ws URL [Header:value] [q==v], messages in %%ws"
            )
            raise LineError(message, line)
        if plan.auth is not None and plan.auth.scheme == "digest":
            raise LineError("a handshake can't answer a Digest challenge; expected basic or bearer", line)
    return plan


_NOT_HERE: Final = {
    "download": "-d",
    "output": "-O",
    "resume": "-c",
    "offline": "--offline",
    "check_status": "--check-status",
    "show": "an option that chooses what is shown",
    "stream": "--stream",
    "compress": "-x",
}
"""The parts of a plan that mean nothing here, by the option that sets them."""


def _without_own(slots: Slots, kind: str, own: dict[str, Any]) -> Iterator[Word]:
    """Yield the words that `%http` understands too; put into `own` what the others say."""
    line = slots.line
    words = iter(_apart(split_words(line)))
    for word in words:
        if word.text == "--":
            yield word
            yield from words
            return
        name, equals, attached = word.text.partition("=")
        option = OWN.get(name)
        if option is None or (kind not in option.kinds):
            _suggest(line, kind, word, name)
            yield word
            following = OPTIONS.get(word.text)
            if following is not None and following.value is not None and (value := next(words, None)) is not None:
                yield value
            continue
        if option.read is None:
            if equals:
                raise LineError(f"{name} takes no value", line, word.start, word.end)
            own[option.field] = option.flag
            continue
        value = Word(attached, word.start, word.end) if equals else next(words, None)
        _store(slots, name, option, value, own)


def _apart(words: list[Word]) -> list[Word]:
    """Take the `;` that silences a cell off an option or its value at the end of the line."""
    if not words or not words[-1].text.endswith(";") or words[-1].text == ";":
        return words
    *before, last = words
    option = OWN.get(before[-1].text) if before else None
    if not last.text.startswith("--") and (option is None or option.read is None):
        return words
    return [*before, Word(last.text[:-1], last.start, last.end - 1), Word(";", last.end - 1, last.end)]


def _store(slots: Slots, name: str, option: Own, value: Word | None, own: dict[str, Any]) -> None:
    line = slots.line
    if value is None or not value.text or option.read is None:
        raise LineError(f"missing value of {name}; expected {name} {option.value}", line, len(line))
    text = slots.fill(value.text)
    try:
        read = option.read(text)
    except LineError as error:
        raise LineError(f"{name}: {error.message}", line, value.start, value.end) from None
    except ValueError as error:
        raise LineError(f"{name} is {value.text!r}; expected {error}", line, value.start, value.end) from None
    own[option.field] = (*own.get(option.field, ()), read) if option.field == "protocols" else read


def _suggest(line: str, kind: str, word: Word, name: str) -> None:
    """Refuse an option that nobody knows and that is nearly one of ours."""
    if not name.startswith("--") or name in OPTIONS or f"--{name[5:]}" in OPTIONS:
        return
    near = difflib.get_close_matches(
        name, [own for own, option in OWN.items() if kind in option.kinds], n=1, cutoff=0.6
    )
    if near and not difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.85):
        raise LineError(f"unknown option {name}; did you mean {near[0]}?", line, word.start, word.end)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MOST_MESSAGES):
        raise ValueError(f"a number of messages from 1 to {MOST_MESSAGES}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(VALUES["SECONDS"](text.removesuffix("s")))
    if not seconds:
        raise ValueError("seconds, such as 2.5")
    return seconds


def _protocol(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise ValueError("the name of a subprotocol, such as chat.v2; --protocol may be repeated")
    return text


@dataclass(frozen=True, slots=True)
class Own:
    """An option of streams: what it sets, in which magics, how its value is called and read, or what a flag sets."""

    field: str
    kinds: tuple[str, ...] = ("ws", "sse")
    value: str = ""
    read: Callable[[str], Any] | None = None
    flag: Any = True


OWN: Final = {
    "--count": Own("count", value="NUMBER", read=_number),
    "--until": Own("until", value="CONDITION", read=parse_condition),
    "--for": Own("seconds", value="SECONDS", read=_seconds),
    "--bg": Own("is_background"),
    "--protocol": Own("protocols", kinds=("ws",), value="NAME", read=_protocol),
    "--reconnect": Own("reconnect"),
    "--no-reconnect": Own("reconnect", flag=False),
}
"""The options that streams have besides those of `%http`."""
