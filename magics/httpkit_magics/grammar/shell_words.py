"""A pasted bash command line -> its words, as bash would hand them to the program (POSIX shell, section 2.2 and 2.3).

No shell runs: quotes, `$'...'`, continued lines and variables are read, what would start another program is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.words import Word

# A backslash at the very end continues a line that wasn't copied.
_CONTINUED: Final = re.compile(r"\\(?:\r?\n|\Z)")
_BLANK: Final = re.compile(r"(?:[ \t]|\\(?:\r?\n|\Z))+")
_COMMENT: Final = re.compile(r"#[^\n]*")
_PLAIN: Final = re.compile(r"[^\s'\"\\$`|&;<>()]+")
_SINGLE: Final = re.compile(r"'([^']*)'")
_DOUBLE: Final = re.compile(r'\$?"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ANSI: Final = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_NAME: Final = r"\$(?:([A-Za-z_][A-Za-z0-9_]*|[0-9#!?$@*-])|\{([A-Za-z_][A-Za-z0-9_]*)\})"
_VARIABLE: Final = re.compile(_NAME)
_IN_DOUBLE: Final = re.compile(rf'\\(["\\$`])|\\(\r?\n)|{_NAME}|(\$[({{]|`)')
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.DOTALL
)
_LETTERS: Final = {"a": "\a", "b": "\b", "e": "\33", "E": "\33", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OPERATOR: Final = re.compile(r"[|&;<>()]+")

_PIPE: Final = "another program would get the output; expected the curl command alone, and Python on its Record"
_REDIRECTION: Final = "the shell would change where output goes; expected -o FILE of curl, or nothing"
_REFUSED: Final = {
    "|": _PIPE,
    "<": "the shell would read a file; expected -d @FILE, --data-binary @FILE or -T FILE",
    ">": _REDIRECTION,
    "&": "the shell would run this in the background; expected quotes around a URL with &",
    "(": "the shell would start another shell; expected the curl command alone",
    ")": "the shell would start another shell; expected the curl command alone",
}
_SUBSTITUTION: Final = "the shell would run another program here; expected its output as text, or a variable"


def split_commands(text: str, variables: Mapping[str, str]) -> list[list[Word]]:
    """Return the words of each command of `text`: a line, or what stands between two `;`.

    `variables` are what `$NAME` and `${NAME}` stand for.

    Raises:
        PlaceError: a quote is not closed, a variable not set, or another program would run.
    """
    reader = _Reader(text, variables)
    reader.read()
    return [command for command in reader.commands if command]


class _Reader:
    """Reads a text from its start to its end; `commands` are those that were found."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self.commands: list[list[Word]] = [[]]
        self._text = text
        self._variables = variables
        self._at = 0

    def read(self) -> None:
        """Read all commands."""
        text = self._text
        while self._at < len(text):
            if skipped := _BLANK.match(text, self._at) or _COMMENT.match(text, self._at):
                self._at = skipped.end()
            elif text[self._at].isspace():
                self._at += 1
                self.commands.append([])
            elif operator := _OPERATOR.match(text, self._at):
                self._end_command(operator[0])
            else:
                self.commands[-1].append(self._word())

    def _end_command(self, operator: str) -> None:
        """Go on to the next command after a `;`."""
        if operator != ";":
            meant = operator.strip(";")
            message = _REFUSED[meant[0]] if meant and meant not in ("&&", "||") else "expected one command a line"
            raise PlaceError(f"{operator!r} is not for curl: {message}", self._at, self._at + len(operator))
        self._at += 1
        self.commands.append([])

    def _word(self) -> Word:
        start = self._at
        parts: list[str] = []
        while self._at < len(self._text) and not self._text[self._at].isspace():
            if operator := _OPERATOR.match(self._text, self._at):
                if not self._is_inside(operator):
                    break
                parts.append(operator[0])
                self._at = operator.end()
            else:
                parts.append(self._part())
        return Word("".join(parts), start, self._at)

    def _is_inside(self, operator: re.Match[str]) -> bool:
        """Return whether `&`, `;` or a bracket stands within a word. There is no shell here, so `?a=1&b=2` may stay bare."""
        end = operator.end()
        follows = end < len(self._text) and not self._text[end].isspace()
        return (follows or operator[0] == ")") and len(operator[0]) == 1 and operator[0] in "&;()"

    def _part(self) -> str:
        """Return the next piece of a word as it is meant, and go behind it."""
        text, at = self._text, self._at
        for pattern, meaning in self._PARTS:
            if found := pattern.match(text, at):
                self._at = found.end()
                return meaning(self, found)
        if text[at] == "\\":
            self._at = at + 2
            return text[at + 1 : at + 2]
        if text[at] in "'\"" or text.startswith(("$'", '$"'), at):
            raise PlaceError(f"unclosed quote: expected another {text[at].strip('$') or text[at + 1]}", at, len(text))
        if text[at] == "`" or text.startswith(("$(", "${"), at):
            raise PlaceError(_SUBSTITUTION, at, at + 2)
        self._at = at + 1
        return text[at]

    def _in_double(self, found: re.Match[str]) -> str:
        start = found.start(1)
        inside = found[1]
        if "\\" not in inside and "$" not in inside and "`" not in inside:
            return inside
        return _IN_DOUBLE.sub(lambda special: self._special(special, start), inside)

    def _special(self, found: re.Match[str], start: int) -> str:
        if found[1]:
            return found[1]
        if found[2]:
            return ""
        if found[5]:
            raise PlaceError(_SUBSTITUTION, start + found.start(), start + found.end())
        return self._value(found[3] or found[4], start + found.start(), start + found.end())

    def _value(self, name: str, start: int, end: int) -> str:
        if name not in self._variables:
            where = f"it in the environment (%env {name}=...)" if name[0].isalpha() or name[0] == "_" else "its value"
            raise PlaceError(f"${name} is not set; expected {where}, or '$' in single quotes", start, end)
        return self._variables[name]

    def _variable(self, found: re.Match[str]) -> str:
        return self._value(found[1] or found[2], found.start(), found.end())

    _PARTS: Final[tuple[tuple[re.Pattern[str], Callable[[_Reader, re.Match[str]], str]], ...]] = (
        (_PLAIN, lambda _reader, found: found[0]),
        (_SINGLE, lambda _reader, found: found[1]),
        (_ANSI, lambda _reader, found: unescape_ansi(found[1])),
        (_DOUBLE, _in_double),
        (_VARIABLE, _variable),
        (_CONTINUED, lambda _reader, _found: ""),
    )


def unescape_ansi(text: str) -> str:
    r"""Return what `$'text'` means to bash: `\n`, `\'`, `\x41`, `é` and the like; a NUL ends it.

    Bytes that are not UTF-8 become lone surrogates, as in Python's file names (PEP 383).
    """
    parts: list[bytes] = []
    done = 0
    for found in _ESCAPE.finditer(text):
        parts += [_encoded(text[done : found.start()]), _meant(found)]
        done = found.end()
    raw = b"".join([*parts, _encoded(text[done:])])
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _meant(found: re.Match[str]) -> bytes:
    byte, short, long, octal, control, letter = found.groups()
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8) & 0xFF])
    if short or long:
        code = int(short or long, 16)
        return _encoded(chr(code)) if code < 0x110000 else b""
    if control:
        return bytes([ord(control[0]) & 0x1F])
    if letter in _LETTERS:
        return _LETTERS[letter].encode()
    return _encoded(letter if letter in "\\'\"?" else f"\\{letter}")
