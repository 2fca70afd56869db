r"""A pasted command line of Windows' cmd.exe -> its words, as the program gets them.

Two readers follow each other: cmd.exe takes `^` away and ends commands, then the C runtime splits words by its rules for
quotes and backslashes ("Parsing C++ command-line arguments"). To the runtime a backslash counts before a quote only. But
browsers double every backslash in what they put between `^"`, so there two are one: the request is the browser's.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.words import Word

# What bash would not look into, and what is nothing to cmd.exe.
_SKIPPED: Final = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^'\"\\^]+", re.DOTALL)
_MARK: Final = re.compile(r"(?<=\s)\^\"|\^[ \t]*\r?\n")
_VARIABLE: Final = re.compile(r"%([A-Za-z_]\w*)%")
_OPERATORS: Final = "&|<>"


def is_cmd(text: str) -> bool:
    """Return whether `text` is written for cmd.exe: `^"` opens a word, or `^` continues a line, outside of bash's quotes."""
    at = 0
    while at < len(text):
        if _MARK.match(text, at):
            return True
        skipped = _SKIPPED.match(text, at)
        at = skipped.end() if skipped else at + 1
    return False


def split_cmd_commands(text: str) -> list[list[Word]]:
    """Return the words of each command of `text`: a line, or what stands between two `&`.

    Raises:
        PlaceError: a quote is not closed, or another program would get the output.
    """
    commands = [_words(characters, len(text)) for characters in _commands(text)]
    return [words for words in commands if words]


class _Character(NamedTuple):
    """A character that is left, where it stood, and whether a `^` stood before it."""

    text: str
    place: int
    is_escaped: bool = False


def _commands(text: str) -> list[list[_Character]]:
    """Read as cmd.exe does: `^` takes the meaning of the next character away, outside of quotes."""
    commands: list[list[_Character]] = [[]]
    is_quoted = False
    at = 0
    while at < len(text):
        character = text[at]
        if character == "^" and not is_quoted:
            # A line that ends in ^ goes on, and the first character of the next has no meaning.
            at += 1 + (2 if text.startswith("\r\n", at + 1) else text.startswith("\n", at + 1))
            if text.startswith("\r\n", at):
                at += 1
            if at < len(text):
                commands[-1].append(_Character(text[at], at, is_escaped=True))
        elif character in "\r\n":
            is_quoted = False
            commands.append([])
        elif character in _OPERATORS and not is_quoted:
            if character != "&":
                raise PlaceError(f"{character!r} is not for curl; expected the curl command alone", at, at + 1)
            commands.append([])
        else:
            if variable := _VARIABLE.match(text, at):
                raise PlaceError(f"{variable[0]} is a variable of cmd.exe; expected its value", at, variable.end())
            is_quoted ^= character == '"'
            commands[-1].append(_Character(character, at))
        at += 1
    return commands


def _words(characters: list[_Character], end: int) -> list[Word]:
    """Split at blanks outside of quotes."""
    words: list[Word] = []
    at = 0
    while at < len(characters):
        if characters[at].text in " \t":
            at += 1
            continue
        start = characters[at].place - characters[at].is_escaped
        text, at = _word(characters, at, end)
        words.append(Word(text, start, characters[at - 1].place + 1))
    return words


def _word(characters: list[_Character], at: int, end: int) -> tuple[str, int]:
    """Return the word at `at`, and where it ends. Two quotes within quotes are one that is meant."""
    parts: list[str] = []
    opened: _Character | None = None
    while at < len(characters):
        character = characters[at]
        if character.text in " \t" and opened is None:
            break
        if character.text == "\\":
            text, at = _backslashes(characters, at, is_doubled=opened is not None and opened.is_escaped)
            parts.append(text)
            continue
        if character.text != '"':
            parts.append(character.text)
        elif opened is None:
            opened = character
        elif _is_quote(characters, at + 1):
            parts.append('"')
            at += 1
        else:
            opened = None
        at += 1
    if opened is not None:
        raise PlaceError('unclosed quote: expected another "', opened.place, end)
    return "".join(parts), at


def _backslashes(characters: list[_Character], at: int, *, is_doubled: bool) -> tuple[str, int]:
    """Return what the backslashes at `at` mean, and where to go on: the last of an odd number escapes a quote."""
    first = at
    while at < len(characters) and characters[at].text == "\\":
        at += 1
    count = at - first
    if not _is_quote(characters, at):
        return "\\" * (-(-count // 2) if is_doubled else count), at
    return "\\" * (count // 2) + '"' * (count % 2), at + count % 2


def _is_quote(characters: list[_Character], at: int) -> bool:
    return at < len(characters) and characters[at].text == '"'
