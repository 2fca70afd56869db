"""The options of `%http`: HTTPie's, by their names there, and what is ours, said at the option.

An option may stand anywhere, short ones together (`-fv`), a value attached (`--timeout=3`, `-oNAME`); `--` ends them.
`--no-OPTION` takes an option back, as in HTTPie.
"""

from __future__ import annotations

import difflib
import keyword
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from httpkit_magics.grammar.plan import LineError
from httpkit_magics.grammar.slots import Slots
from httpkit_magics.grammar.words import Word

BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
"""RFC 2046 section 5.1.1, without the blanks that it allows inside."""

SESSION = re.compile(r"[A-Za-z0-9_.-]+")
PROXY = re.compile(r"(?:(http|https|all):)?([a-z0-9]+://[^\s/]+/?)", re.IGNORECASE)
MOST_REDIRECTS = 1_000


class Option(NamedTuple):
    """An option: the setting that it changes, the name of its value (None for a flag), what a flag sets, what it does."""

    setting: str
    value: str | None
    flag: Any
    does: str


def _flag(setting: str, does: str, *, value: Any = True) -> Option:
    return Option(setting, None, value, does)


_JSON = _flag("kind", "send fields as JSON (the default)", value="json")
_FORM = _flag("kind", "send fields as a form, and files with them", value="form")
_MULTIPART = _flag("kind", "send a multipart body, also without a file", value="multipart")
_VERBOSE = _flag("verbose", "show the request too; twice: the timing too")
_HEADERS = _flag("show", "show the headers of the response only", value="h")
_BODY = _flag("show", "show the body of the response only", value="b")
_PRINT = Option("show", "WHAT", None, "show these: H B request, h b response, m timing")
_DOWNLOAD = _flag("download", "save the body to a file")
_CONTINUE = _flag("resume", "with -d -O FILE: load only what FILE doesn't have yet")
_OUTPUT = Option("output", "FILE", None, "the file for the body (ours; HTTPie's -o)")
_AUTH = Option("auth", "USER:PASSWORD", None, "user and password, or the token; a missing password is asked for")
_AUTH_TYPE = Option("scheme", "SCHEME", None, "basic (the default), bearer or digest")
_FOLLOW = _flag("follow", "follow redirects")
_STREAM = _flag("stream", "show the body while it arrives")
_COMPRESS = _flag("compress", "deflate the body where that makes it smaller; -xx always")
_QUIET = _flag("silent", "no panel, as ; at the end of the line")
_IGNORE_STDIN = _flag("ignored", "nothing: there is no stdin here")

OPTIONS = {
    "-j": _JSON,
    "--json": _JSON,
    "-f": _FORM,
    "--form": _FORM,
    "-m": _MULTIPART,
    "--multipart": _MULTIPART,
    "--boundary": Option("boundary", "BOUNDARY", None, "what separates the parts of a multipart body"),
    "--raw": Option("raw", "TEXT", None, "the body as it is"),
    "-x": _COMPRESS,
    "--compress": _COMPRESS,
    "-o": Option("name", "NAME", None, "bind the Record to a Python name (ours)"),
    "-O": _OUTPUT,
    "--output": _OUTPUT,
    "-d": _DOWNLOAD,
    "--download": _DOWNLOAD,
    "-c": _CONTINUE,
    "--continue": _CONTINUE,
    "-v": _VERBOSE,
    "--verbose": _VERBOSE,
    "-h": _HEADERS,
    "--headers": _HEADERS,
    "-b": _BODY,
    "--body": _BODY,
    "--meta": _flag("show", "show the timing only", value="m"),
    "-p": _PRINT,
    "--print": _PRINT,
    "-q": _QUIET,
    "--quiet": _QUIET,
    "-S": _STREAM,
    "--stream": _STREAM,
    "-a": _AUTH,
    "--auth": _AUTH,
    "-A": _AUTH_TYPE,
    "--auth-type": _AUTH_TYPE,
    "--session": Option("session", "SESSION", None, "use and keep headers, auth and cookies under a name"),
    "--session-read-only": Option("read_only", "SESSION", None, "use what is kept under a name, and keep nothing"),
    "-F": _FOLLOW,
    "--follow": _FOLLOW,
    "--max-redirects": Option("max_redirects", "NUMBER", None, "redirects that are followed at most"),
    "--timeout": Option("timeout", "SECONDS", None, "limit for the whole request; 0 is no limit"),
    "--check-status": _flag("check_status", "make a status of 400 and more an error"),
    "--check": _flag("check", "make a failed assertion, or no response, an error (ours)"),
    "--offline": _flag("offline", "show the request and send nothing"),
    "--proxy": Option("proxy", "PROXY", None, "http:URL, https:URL, or a URL for both"),
    "--verify": Option("verify", "YES|NO|FILE", None, "whether certificates are verified, or those to trust"),
    "--cert": Option("cert", "FILE", None, "the client's certificate (PEM)"),
    "--cert-key": Option("cert_key", "FILE", None, "its private key, where it is in a file of its own"),
    "--cert-key-pass": Option("cert_key_pass", "TEXT", None, "the passphrase of the key"),
    "-I": _IGNORE_STDIN,
    "--ignore-stdin": _IGNORE_STDIN,
    "--ignore-netrc": _flag("ignored", "nothing: .netrc is not read"),
}
"""The options by the names that they are written with."""

NOT_TAKEN = {
    "--pretty": "a panel is always laid out",
    "--style": "a panel has the notebook's colours",
    "-s": "a panel has the notebook's colours",
    "--sorted": "fields are shown in the order they came",
    "--unsorted": "that is always so here",
    "--format-options": "a panel is always laid out",
    "--all": "a panel always lists the redirects",
    "--history-print": "a panel always lists the redirects",
    "-P": "a panel always lists the redirects",
    "--response-charset": "r.content.decode(charset) decodes the body",
    "--response-mime": "r.text and r.json() read the body whatever its type",
    "--chunked": "the body is in memory, so its length is known",
    "--path-as-is": "dot segments are always removed",
    "--max-headers": "the client's limit holds",
    "--default-scheme": "write http:// or https:// before the host",
    "--ssl": "the client's TLS versions are used",
    "--ciphers": "the client's ciphers are used",
    "--help": "%http? shows it",
    "--manual": "%http? shows it",
    "--version": "httpkit.__version__ says it",
    "--traceback": "r.error is the exception",
    "--debug": "r.error is the exception",
}
"""Options of HTTPie that mean nothing here, and why."""

COUNTED = frozenset({"verbose", "compress"})
FILLED_LATER = frozenset({"auth", "raw"})
"""What is taken apart, or known for what it is, before its placeholders are filled in."""


@dataclass(slots=True)
class Settings:
    """The settings that a line's options add up to, and the word that set each."""

    line: str
    slots: Slots
    values: dict[str, Any] = field(default_factory=dict)
    words: dict[str, Word] = field(default_factory=dict)
    taken_back: set[str] = field(default_factory=set)

    def get(self, setting: str, default: Any = None) -> Any:
        """Return the value of `setting`, or `default` where no option sets it."""
        return self.values.get(setting, default)

    def refuse(self, setting: str, message: str) -> NoReturn:
        """Refuse the option that set `setting`.

        Raises:
            LineError: always.
        """
        word = self.words[setting]
        raise LineError(message, self.line, word.start, word.end)

    def store(self, setting: str, value: Any, word: Word) -> None:
        """Let `setting` be `value`; the last option wins, flags that count are counted, proxies collected."""
        if setting in COUNTED:
            value = min(self.get(setting, 0) + 1, 2)
        elif setting == "proxy":
            value = (*self.get(setting, ()), value)
        self.values[setting] = value
        self.words[setting] = word


def split_options(line: str, words: list[Word], slots: Slots) -> tuple[Settings, list[Word]]:
    """Return what the options among `words` set, and the words that are no options.

    Raises:
        LineError: an option is unknown, or its value missing or malformed.
        PlaceError: a placeholder in a value has none.
    """
    settings = Settings(line, slots)
    operands: list[Word] = []
    queue = iter(words)
    for word in queue:
        if word.text == "--":
            operands += queue
        elif word.text.startswith("-") and word.text != "-":
            _read(word, queue, settings)
        else:
            operands.append(word)
    for setting in settings.taken_back:
        settings.values.pop(setting, None)
    return settings, operands


def _read(word: Word, queue: Iterator[Word], settings: Settings) -> None:
    """Read the option or the short options of `word`."""
    if word.text == "--no-follow":  # ours: following is configuration, so that there is something to switch off
        settings.store("follow", False, word)
        return
    if word.text.startswith("--no-"):
        option = _known(f"--{word.text[5:]}", word, settings)
        settings.taken_back.add(option.setting)
        return
    if word.text.startswith("--"):
        name, equals, value = word.text.partition("=")
        option = _known(name, word, settings)
        if option.value is None and equals:
            raise LineError(f"{name} takes no value", settings.line, word.start, word.end)
        _take(name, option, value if equals else None, word, queue, settings)
        return
    letters = word.text[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        option = _known(name, word, settings)
        attached = None
        if option.value is not None and letters:
            attached, letters = letters.removeprefix("="), ""
        _take(name, option, attached, word, queue, settings)


def _take(
    name: str, option: Option, attached: str | None, word: Word, queue: Iterator[Word], settings: Settings
) -> None:
    if option.value is None:
        settings.store(option.setting, option.flag, word)
        return
    value = Word(attached, word.start, word.end) if attached is not None else next(queue, None)
    end = len(settings.line)
    if value is None or (not value.text and option.value != "TEXT") or (attached is None and value.text in OPTIONS):
        where = value or Word("", end, end)
        message = f"missing value of {name}; expected {name} {option.value}"
        raise LineError(message, settings.line, where.start, where.end)
    check = VALUES.get(option.value)
    text = value.text if option.setting in FILLED_LATER else settings.slots.fill(value.text)
    try:
        settings.store(option.setting, check(text) if check else text, value)
    except ValueError as error:
        message = f"{name} is {value.text!r}; expected {error}"
        raise LineError(message, settings.line, value.start, value.end) from None


def _known(name: str, word: Word, settings: Settings) -> Option:
    option = OPTIONS.get(name)
    if option is not None:
        return option
    if name in NOT_TAKEN:
        hint = f"{name} is HTTPie's and has no meaning here: {NOT_TAKEN[name]}"
    else:
        near = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.6)
        known = f"did you mean {near[0]}?" if near else "expected one of those that %http? shows, or -- before an item"
        hint = f"unknown option {name}; {known}"
    raise LineError(hint, settings.line, word.start, word.end)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError("seconds, such as 2.5, or 0 for no limit")
    return seconds


def _python_name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise ValueError("a Python name, such as r; a file is -O FILE")
    return text


def _redirects(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_REDIRECTS):
        raise ValueError(f"a number from 1 to {MOST_REDIRECTS}")
    return int(text)


def _what(text: str) -> str:
    if not set(text) <= set("HBhbm"):
        raise ValueError("letters of HBhbm: H and B for the request, h and b for the response, m for the timing")
    return text


def _scheme(text: str) -> str:
    if text not in ("basic", "bearer", "digest"):
        raise ValueError("basic, bearer or digest")
    return text


def _session(text: str) -> str:
    if not SESSION.fullmatch(text):
        raise ValueError("a name of letters, digits and _ . - (sessions are in memory, not in files)")
    return text


def _verify(text: str) -> bool | str:
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)


def _proxy(text: str) -> tuple[str, str]:
    found = PROXY.fullmatch(text)
    if found is None:
        raise ValueError("a URL, such as http://proxy:3128, or http:URL or https:URL for one scheme")
    return (found[1] or "all").lower(), found[2]


def _boundary(text: str) -> str:
    if not BOUNDARY.fullmatch(text):
        raise ValueError("1 to 70 letters, digits or '()+_,-./:=? (RFC 2046 section 5.1.1)")
    return text


VALUES: dict[str, Callable[[str], Any]] = {
    "NAME": _python_name,
    "SESSION": _session,
    "BOUNDARY": _boundary,
    "SECONDS": _seconds,
    "NUMBER": _redirects,
    "WHAT": _what,
    "SCHEME": _scheme,
    "PROXY": _proxy,
    "YES|NO|FILE": _verify,
}
"""How the text of a value is read, by the value's name; the error says what was expected. Other values are text."""
