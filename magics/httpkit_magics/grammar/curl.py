"""Command lines of curl, as browsers copy them and people write them -> Plans.

Pure: no file is read and no shell runs. The words come from `shell_words` or `cmd_words`, what an option means from
`curl_options`. What differs from curl is in docs/how-to/curl.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from httpkit_magics.grammar.cmd_words import is_cmd, split_cmd_commands
from httpkit_magics.grammar.curl_data import DATA_OPTIONS, Datum
from httpkit_magics.grammar.curl_options import Option, long_option, short_option
from httpkit_magics.grammar.curl_request import Operation
from httpkit_magics.grammar.place import CellError, PlaceError
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.grammar.shell_words import split_commands
from httpkit_magics.grammar.words import Word

MAX_COMMAND: Final = 4 * 1024 * 1024
"""Characters of what is pasted. Bodies that are larger come from a file: `--data-binary @file`."""

_FOREIGN: Final = re.compile(
    r"\s*(fetch\(|await fetch\(|\$\w+ *=|Invoke-\w+|iwr\b|irm\b|wget\b|http\b|https\b)", re.IGNORECASE
)
_BACKTICK: Final = re.compile(r"`[ \t]*\r?\n")
_POWERSHELL: Final = "this is for PowerShell; expected what a browser's Copy as cURL (bash) or (cmd) gives"


@dataclass(frozen=True, slots=True)
class Commands:
    """What a text of curl commands asks for.

    Attributes:
        plans: the requests, in order.
        notes: what was asked for and has no effect here, in words.
    """

    plans: tuple[Plan, ...]
    notes: tuple[str, ...] = ()


def parse_curl(text: str, variables: Mapping[str, str] | None = None) -> Commands:
    """Return the requests of the curl commands in `text`; the word `curl` may be left out of a single one.

    `variables` are what `$NAME` stands for in bash's words.

    Raises:
        CellError: the text can't be understood; it says where, and what was expected.
    """
    try:
        return _parse(text, variables or {})
    except PlaceError as error:
        raise CellError(text, error) from None


def _parse(text: str, variables: Mapping[str, str]) -> Commands:
    if len(text) > MAX_COMMAND:
        raise PlaceError(f"the text exceeds {MAX_COMMAND} characters (MAX_COMMAND); put the body into a file", 0, 0)
    _refuse_foreign(text)
    bare = _without_semicolon(text)
    commands = split_cmd_commands(bare) if is_cmd(bare) else split_commands(bare, variables)
    plans: list[Plan] = []
    notes: dict[str, None] = {}
    for number, words in enumerate(commands):
        for operation in _operations(_arguments(words, is_first=number == 0), notes):
            plans += operation.plans()
            notes.update(dict.fromkeys(operation.notes))
    if not plans:
        raise PlaceError("missing URL; expected curl [OPTIONS] URL", len(bare), len(bare))
    if len(bare) != len(text):
        plans = [replace(plan, silent=True) for plan in plans]
    return Commands(tuple(plans), tuple(notes))


def _without_semicolon(text: str) -> str:
    """Return `text` without the `;` at its end that keeps a panel hidden; one that is escaped stays."""
    end = text.rstrip()
    return end[:-1] if end.endswith(";") and end[-2:-1] not in ("\\", "^") else text


def _refuse_foreign(text: str) -> None:
    """Refuse what browsers copy for others.

    Raises:
        PlaceError: it is for PowerShell, or JavaScript.
    """
    if found := _FOREIGN.match(text):
        start, end = found.span(1)
        if found[1].endswith("("):
            raise PlaceError(
                "this is JavaScript; expected what a browser's Copy as cURL (bash) or (cmd) gives", start, end
            )
        if found[1].lower() in ("wget", "http", "https"):
            if not text[end:].startswith((":", ".")):
                raise PlaceError(f"{found[1]} is another program; expected a command of curl", start, end)
        else:
            raise PlaceError(_POWERSHELL, start, end)
    if found := _BACKTICK.search(text):
        before = text[: found.start()]
        if before.count("'") % 2 == 0 and before.count('"') % 2 == 0:
            raise PlaceError(f"` continues a line in PowerShell; {_POWERSHELL}", found.start(), found.start() + 1)


def _arguments(words: list[Word], *, is_first: bool) -> list[Word]:
    """Return the words after `curl`; a prompt before it is skipped.

    Raises:
        PlaceError: a command after the first is none of curl's.
    """
    rest = words[1:] if words[0].text in ("$", ">", "%") and len(words) > 1 else words
    if re.split(r"[\\/]", rest[0].text)[-1].lower() in ("curl", "curl.exe") and "://" not in rest[0].text:
        return rest[1:]
    if is_first:
        return words
    raise PlaceError(
        f"{words[0].text[:40]!r} is no command of curl; expected curl, or \\ at the end of the line before",
        words[0].start,
        words[0].end,
    )


def _operations(words: list[Word], notes: dict[str, None]) -> list[Operation]:
    """Return what stands before, between and after --next."""
    reader = _Arguments(words, notes)
    reader.read()
    return reader.operations


@dataclass
class _Arguments:
    """Reads the words of one command, as curl's getparameter does."""

    words: list[Word]
    notes: dict[str, None]
    operations: list[Operation] = field(default_factory=lambda: [Operation()])
    at: int = 0

    def read(self) -> None:
        """Read all words."""
        is_option = True
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if is_option and word.text == "--":
                is_option = False
            elif is_option and word.text.startswith("--"):
                option, is_on = long_option(word)
                self._take(option, word, None, is_on=is_on)
            elif is_option and word.text.startswith("-") and word.text != "-":
                self._read_letters(word)
            else:
                self.operations[-1].urls.append(word)
        if not self.operations[-1].urls:
            end = self.words[-1].end if self.words else 0
            raise PlaceError("missing URL; expected curl [OPTIONS] URL", end, end)

    def _read_letters(self, word: Word) -> None:
        for place, letter in enumerate(word.text[1:], 1):
            option = short_option(letter, word)
            if option.value is not None:
                self._take(option, word, word.text[place + 1 :])
                return
            self._take(option, word, None)

    def _take(self, option: Option, word: Word, attached: str | None, *, is_on: bool = True) -> None:
        """Take one option, with its value where it has one."""
        value = word
        if option.value is not None:
            if attached:
                value = Word(attached, word.start, word.end)
            elif self.at < len(self.words):
                value = self.words[self.at]
                self.at += 1
            else:
                raise PlaceError(f"{word.text} needs a value; expected {option.value}", word.start, word.end)
        if option.kind == "refused" and is_on:
            raise PlaceError(f"{option.written} can't be done here: {option.does}", word.start, word.end)
        if option.kind == "noted" and is_on:
            self.notes[f"{option.written} has no effect here: {option.does}"] = None
        if option.kind == "honoured":
            self._store(option, value, word, is_on=is_on)

    def _store(self, option: Option, value: Word, word: Word, *, is_on: bool) -> None:
        operation = self.operations[-1]
        if option.name == "next":
            if not operation.urls:
                raise PlaceError("no URL before --next; expected one", word.start, word.end)
            self.operations.append(Operation())
        elif option.name == "url":
            operation.urls.append(value)
        elif option.value is None:
            if is_on:
                operation.flags[option.name] = word
            else:
                operation.flags.pop(option.name, None)
        elif option.name in DATA_OPTIONS:
            operation.data.append(Datum(option.name, value))
        elif option.name in ("form", "form-string"):
            operation.forms.append(Datum(option.name, value))
        else:
            operation.values.setdefault(option.name, []).append(value)
