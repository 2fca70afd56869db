"""`# @name login`, `# @ref login`, `# @prompt user`: what a request says about itself in comments that other tools skip."""

from __future__ import annotations

import dataclasses
import difflib
import keyword
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import Capture

MAX_RETRIES: Final = 20
"""Of `# @retry`; their waits double, so 20 of them are no test of patience but of life."""

_COMMENT: Final = re.compile(r"\s*(?:#(?!##)|//)")
_DIRECTIVE: Final = re.compile(r"\s*(?:#|//)\s*@([A-Za-z][\w-]*)(?:[ \t]+(\S.*))?\Z")
_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z")
_CAPTURE: Final = re.compile(r"([^\s=]+)\s*=\s*(\S.*)\Z")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


NOWHERE: Final = Piece("", 0)


class Prompt(NamedTuple):
    """A value that is asked for: its name, and the question."""

    name: str
    question: str
    place: Piece


class Ref(NamedTuple):
    """A request that runs first; `always` where it runs though it has run before."""

    name: str
    always: bool
    place: Piece


class Directive(NamedTuple):
    """A directive that was understood: the field of `Directives` that it fills, and with what."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Directives:
    """What the directives of one request say.

    Attributes:
        name: the name that later requests know it by.
        note: the question that is asked before it is sent; None is no question.
        follow: whether redirects are followed; None is what the line or the configuration says.
        cookie_jar: whether cookies are sent from the jar and kept in it.
        verify: whether certificates are verified; None is what the line or the configuration says.
        timeout: seconds for the whole request; None is what the line or the configuration says.
        retries: how often it is tried again.
        is_disabled: whether it is not sent at all.
        refs: the requests that run first.
        prompts: the values that are asked for.
        captures: the values of the response that get names, and where each stands.
        first: where the first directive stands.
    """

    name: Piece | None = None
    note: str | None = None
    follow: bool | None = None
    cookie_jar: bool = True
    verify: bool | None = None
    timeout: float | None = None
    retries: int = 0
    is_disabled: bool = False
    refs: tuple[Ref, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    captures: tuple[tuple[Capture, Piece], ...] = ()
    first: Piece = NOWHERE

    def with_directive(self, directive: Directive, place: Piece) -> Directives:
        """Return these and one more.

        Raises:
            PlaceError: the request has a name already.
        """
        value = directive.value
        before = getattr(self, directive.field)
        if isinstance(before, tuple) and not isinstance(before, Piece):
            value = (*before, value)
        elif directive.field == "name" and before is not None:
            raise PlaceError.at(f"the request is named {before.text!r} already; expected one @name", place)
        first = place if self == Directives() else self.first
        return dataclasses.replace(self, first=first, **{directive.field: value})


def is_comment(line: Piece) -> bool:
    """Return whether a line is a comment: it starts with `#` or `//`."""
    return _COMMENT.match(line.text) is not None


def directive_of(line: Piece, title: str) -> tuple[Directive | None, str]:
    """Return the directive that a comment is, and a hint where it may be meant as one; `title` is that of the block.

    Raises:
        PlaceError: the directive lacks something, or it is one that isn't known here and would change what is sent.
    """
    found = _DIRECTIVE.match(line.text.rstrip())
    if not found:
        return None, ""
    # httpYac takes noRedirect and no-redirect for the same.
    name = found[1] if found[1] in KNOWN else _CAMEL.sub("-", found[1]).lower()
    place = line.part(found.start(1) - 1, found.end(1))
    if name in KNOWN:
        argument = line.part(found.start(2), found.end(2)) if found[2] else Piece("", place.end)
        return KNOWN[name](argument, title), ""
    near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.7)
    hint = f"did you mean @{near[0]}?" if near else f"expected one of {', '.join('@' + each for each in KNOWN)}"
    if name in REFUSED:
        raise PlaceError.at(f"@{found[1]} is not known; {hint}", place)
    return None, f"@{found[1]} is not known and stays a comment; {hint}" if near and name not in SHOWN else ""


def _flag(field: str, value: Any) -> Callable[[Piece, str], Directive]:
    return lambda _argument, _title: Directive(field, value)


def _name(argument: Piece, title: str) -> Directive:
    if not argument.text and title:
        argument = Piece(title, argument.start)
    return Directive("name", Piece(_identifier(argument, "@name login"), argument.start))


def _identifier(argument: Piece, example: str) -> str:
    if not _NAME.match(argument.text) or keyword.iskeyword(argument.text):
        raise PlaceError.at(
            f"{argument.text!r} is no name; expected letters, digits and _, such as {example}", argument
        )
    return argument.text


def _note(argument: Piece, _title: str) -> Directive:
    return Directive("note", argument.text)


def _ref(always: bool) -> Callable[[Piece, str], Directive]:
    example = "@forceRef login" if always else "@ref login"
    return lambda argument, _title: Directive("refs", Ref(_identifier(argument, example), always, argument))


def _prompt(argument: Piece, _title: str) -> Directive:
    name, _, question = argument.text.partition(" ")
    place = argument.part(0, len(name))
    return Directive("prompts", Prompt(_identifier(place, "@prompt user Your name"), question.strip(), place))


def _capture(argument: Piece, _title: str) -> Directive:
    found = _CAPTURE.match(argument.text)
    if not found:
        raise PlaceError.at(
            f'{argument.text!r} is no capture; expected NAME = QUERY, such as @capture token = jsonpath "$.token" secret',
            argument,
        )
    name = _identifier(argument.part(0, found.end(1)), '@capture token = jsonpath "$.token"')
    query, _, last = found[2].rpartition(" ")
    is_secret = last == "secret" and bool(query.strip())
    text = query.strip() if is_secret else found[2]
    return Directive("captures", (Capture(name, text, is_secret), Piece(text, argument.start + found.start(2))))


def _retry(argument: Piece, _title: str) -> Directive:
    if not argument.text.isascii() or not argument.text.isdecimal() or not 1 <= int(argument.text[:9]) <= MAX_RETRIES:
        raise PlaceError.at(f"{argument.text!r} is wrong; expected 1 to {MAX_RETRIES}, such as @retry 3", argument)
    return Directive("retries", int(argument.text))


def _timeout(argument: Piece, _title: str) -> Directive:
    number, _, unit = argument.text.partition(" ")
    scale = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0}.get(unit.strip(), math.nan)
    try:
        seconds = float(number) * scale
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise PlaceError.at(f"{argument.text!r} is no time; expected seconds, such as @timeout 2.5", argument)
    return Directive("timeout", seconds)


KNOWN: Final[dict[str, Callable[[Piece, str], Directive]]] = {
    "name": _name,
    "prompt": _prompt,
    "note": _note,
    "no-redirect": _flag("follow", value=False),
    "no-cookie-jar": _flag("cookie_jar", value=False),
    "no-reject-unauthorized": _flag("verify", value=False),
    "ref": _ref(always=False),
    "force-ref": _ref(always=True),
    "capture": _capture,
    "retry": _retry,
    "timeout": _timeout,
    "disabled": _flag("is_disabled", value=True),
}
"""The directives, in the order in which they are named; the reader of each gets its argument and the block's title."""

REFUSED: Final = frozenset(("paginate", "each", "loop", "import", "proxy", "sleep", "ratelimit", "jwt", "save"))
"""Directives of other tools, and ones to come, without which a request would not do what its author wanted."""

SHOWN: Final = frozenset(
    (
        "title", "description", "debug", "verbose", "tag", "no-log", "no-response-view", "no-streaming-log",
        "no-auto-encoding", "no-client-cert", "response-ref", "inject-variables", "extension", "language",
        "keep-streaming", "open-with", "use-os-credentials",
    )
)  # fmt: skip
"""Directives of other tools that change only what those show."""
