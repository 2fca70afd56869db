"""The cell of `%%ws` -> its steps: messages, and between them lines of `===` that say what to wait for.

{"op": "subscribe", "channel": "trades"}
=== wait jsonpath "$.type" == "subscribed"
=== capture id = jsonpath "$.id"
{"op": "ping"}
=== wait 2s
=== close 1000
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from httpkit_magics.grammar.check import Check
from httpkit_magics.grammar.condition import parse_condition
from httpkit_magics.grammar.place import CellError, Piece, PlaceError, lines_of
from httpkit_magics.grammar.plan import LineError

MAX_CELL: Final = 1_000_000
"""Characters of a cell."""

_MARK: Final = re.compile(r"={3,}(?:\s+(\w+)\s*(.*))?\s*")
_LASTING: Final = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(ms|s)")
_CAPTURE: Final = re.compile(r"([^\W\d]\w*)\s*=\s*(.+?)(\s+secret)?\s*")
EXPECTED: Final = "===, === wait CONDITION, === wait 2s, === capture NAME = QUERY or === close [CODE]"


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message, `start` characters from the start of the cell, once its placeholders are filled."""

    text: str
    start: int = 0

    @property
    def piece(self) -> Piece:
        """The message, as a piece of its cell."""
        return Piece(self.text, self.start)


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for a message that fits the condition."""

    check: Check


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait some seconds, whatever comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Take:
    """Give a part of the message that was waited for a name in the notebook."""

    name: str
    check: Check
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Close the WebSocket."""

    code: int = 1000


Step: TypeAlias = Say | Await | Pause | Take | End


def parse_script(text: str) -> tuple[Step, ...]:
    """Return the steps of a cell, in order.

    Raises:
        CellError: a line can't be understood; it points at the place.
    """
    text = text.replace("\r\n", "\n")
    if len(text) > MAX_CELL:
        raise CellError(text[:80], PlaceError(f"the cell has more than {MAX_CELL} characters", 0, 80))
    steps: list[Step] = []
    message: list[Piece] = []
    for line in lines_of(text):
        mark = _MARK.fullmatch(line.text)
        if mark is None and line.text.startswith("==="):
            raise CellError(text, PlaceError.at(f"{line.text[:40]!r} is no step; expected {EXPECTED}", line))
        if mark is None:
            message.append(line)
            continue
        _say(message, steps)
        if mark[1] is not None:
            try:
                steps.append(_step(mark[1], line.part(mark.start(2), mark.end(2)), line, steps))
            except PlaceError as error:
                raise CellError(text, error) from None
    _say(message, steps)
    return tuple(steps)


def _say(message: list[Piece], steps: list[Step]) -> None:
    """Add the message that the lines so far are; blank lines around it are no part of it."""
    text = "\n".join(line.text for line in message)
    if text.strip():
        before = len(text) - len(text.lstrip("\n"))
        steps.append(Say(text.strip("\n"), message[0].start + before))
    message.clear()


def _step(word: str, argument: Piece, line: Piece, before: list[Step]) -> Step:
    match word:
        case "wait":
            if lasting := _LASTING.fullmatch(argument.text.strip()):
                return Pause(float(lasting[1]) / (1000 if lasting[2] == "ms" else 1))
            return Await(_condition(argument))
        case "capture":
            return _capture(argument, line, before)
        case "close":
            code = argument.text.strip() or "1000"
            if not re.fullmatch(r"1000|[34]\d{3}", code):
                raise PlaceError.at(f"{code[:20]!r} can't be sent; expected 1000, or 3000 to 4999", argument)
            return End(int(code))
        case _:
            raise PlaceError.at(f"unknown step {word!r}; expected {EXPECTED}", line)


def _capture(argument: Piece, line: Piece, before: list[Step]) -> Take:
    found = _CAPTURE.fullmatch(argument.text)
    if found is None:
        raise PlaceError.at('expected === capture NAME = QUERY, such as === capture id = jsonpath "$.id"', line)
    if not any(isinstance(step, Await) for step in before):
        raise PlaceError.at("nothing was waited for; expected === wait CONDITION before a capture", line)
    return Take(found[1], _condition(argument.part(found.start(2), found.end(2))), found[3] is not None)


def _condition(piece: Piece) -> Check:
    try:
        return parse_condition(piece.text)
    except LineError as error:
        start = piece.start + min(error.start, len(piece.text))
        raise PlaceError(error.message, start, max(piece.start + error.end, start + 1)) from None
