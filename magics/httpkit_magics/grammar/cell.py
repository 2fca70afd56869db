"""The text of a `%%http` cell -> its requests: the `.http` format of REST Client, JetBrains' client and httpYac.

    @base = https://api.example.org
    ### title
    # @name login
    POST {{base}}/login
    Content-Type: application/json

    {"user": "ada"}

Blocks are parted by lines that start with `###`. A block has comments, directives (`# @...`) and variables, a request line,
header fields, a blank line and a body; lines that start with `??` are checks. Pure: nothing is filled in, read or sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from httpkit_magics.grammar.body import BodyPiece, parse_body
from httpkit_magics.grammar.directives import Directives, directive_of, is_comment
from httpkit_magics.grammar.place import CellError, Piece, PlaceError, lines_of
from httpkit_magics.grammar.request_line import Field, parse_field, parse_request_line, refuse_foreign
from httpkit_magics.grammar.template import parse_template

MAX_CELL: Final = 4 * 1024 * 1024
"""Characters of a cell. Bodies that are larger come from a file: `< body.json`."""

_VARIABLE: Final = re.compile(r"@([^\s=:]+)\s*=(.*)\Z")
_CHECK: Final = "??"
_ESCAPE: Final = re.compile(r"\\([nrt])")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Variable:
    r"""`@name = value`, and the number of the block that it stands in. In the value `\n`, `\r` and `\t` are escapes."""

    name: str
    value: Piece
    block: int

    @staticmethod
    def unescaped(text: str) -> str:
        r"""Return the text of a value with `\n`, `\r` and `\t` as the characters that they mean."""
        return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], text)


@dataclass(frozen=True, slots=True)
class CellRequest:
    """One request of a cell, with its placeholders.

    Attributes:
        method: the method, in capitals.
        target: the URL.
        headers: field lines in order.
        body: texts and files that follow each other.
        checks: what stands after `??`.
        directives: what the lines `# @...` say.
        title: what stands after `###`.
        start: where the request line starts.
        block: the number of its block, from 0.
        is_graphql: whether the body is a query of GraphQL, and its variables.
    """

    method: str
    target: Piece
    headers: tuple[Field, ...]
    body: tuple[BodyPiece, ...]
    checks: tuple[Piece, ...]
    directives: Directives
    title: str
    start: int
    block: int
    is_graphql: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that was understood.

    Attributes:
        text: the cell, its lines ended by newlines.
        requests: what it asks for, in order.
        variables: those of all blocks, in order.
        hints: what may have been meant otherwise, in words, and where it stands.
        is_line: whether it is no cell but a line of `%http`; `grammar.line` makes its plan then.
    """

    text: str
    requests: tuple[CellRequest, ...]
    variables: tuple[Variable, ...]
    hints: tuple[tuple[int, str], ...] = ()
    is_line: bool = False

    def line_of(self, start: int) -> int:
        """Return the line of a place as a notebook counts: the line of the magic is the first."""
        return self.text.count("\n", 0, start) + 2


def line_cell(line: str, end: int) -> Cell:
    """Return a line of `%http` as a cell of one request, so that its placeholders, up to `end`, are looked for in one way."""
    request = CellRequest("", Piece(line[:end], 0), (), (), (), Directives(), "the line", 0, 0)
    return Cell(line, (request,), (), is_line=True)


def parse_cell(text: str) -> Cell:
    """Return the requests of a cell.

    Raises:
        CellError: the text can't be understood; it says where, and what was expected.
    """
    text = text.replace("\r\n", "\n")
    try:
        return _parse(text)
    except PlaceError as error:
        raise CellError(text, error) from None


def _parse(text: str) -> Cell:
    if len(text) > MAX_CELL:
        raise PlaceError(f"the cell exceeds {MAX_CELL} characters (MAX_CELL); put the body into a file: < file", 0, 0)
    requests: list[CellRequest] = []
    variables: list[Variable] = []
    hints: list[tuple[int, str]] = []
    disabled = 0
    for number, (title, lines) in enumerate(_blocks(text)):
        block = _Block(number, title)
        block.read(lines)
        variables += block.variables
        hints += block.hints
        if (request := block.request()) is None:
            continue
        if request.directives.is_disabled:
            disabled += 1
        else:
            requests.append(request)
    if not requests and not disabled:
        raise PlaceError("no request; expected METHOD URL, such as GET https://example.org/items", len(text), len(text))
    _refuse_doubles(requests)
    return Cell(text, tuple(requests), tuple(variables), tuple(hints))


def _blocks(text: str) -> list[tuple[str, list[Piece]]]:
    blocks: list[tuple[str, list[Piece]]] = [("", [])]
    for line in lines_of(text):
        if line.text.startswith("###"):
            blocks.append((line.text.lstrip("#").strip(), []))
        else:
            blocks[-1][1].append(line)
    return blocks


def _refuse_doubles(requests: list[CellRequest]) -> None:
    seen: set[str] = set()
    for request in requests:
        name = request.directives.name
        if name is None:
            continue
        if name.text in seen:
            raise PlaceError.at(f"{name.text!r} names two requests of the cell; expected another name", name)
        seen.add(name.text)


class _Block:
    """Reads the lines of one block."""

    def __init__(self, number: int, title: str) -> None:
        self.variables: list[Variable] = []
        self.hints: list[tuple[int, str]] = []
        self._number = number
        self._title = title
        self._directives = Directives()
        self._checks: list[Piece] = []
        self._line: list[Piece] = []
        self._headers: list[Field] = []
        self._body: list[Piece] = []

    def read(self, lines: list[Piece]) -> None:
        """Take the lines apart: what comes before the request line, the request line, the fields, the body."""
        rest = iter(lines)
        for line in rest:
            if not self._is_before(line):
                self._line.append(line)
                break
        for line in rest:
            if not line.text.strip():
                break
            if not self._headers and _goes_on(line):
                if line.start > self._line[-1].end + 1:
                    message = "a comment stands within the URL; expected its lines one after the other"
                    raise PlaceError.at(message, line.stripped())
                self._line.append(line)
            elif not self._is_check(line) and not self._is_comment(line):
                self._headers.append(parse_field(line))
        self._body = [line for line in rest if not self._is_check(line)]
        self._take_late_directives()

    def request(self) -> CellRequest | None:
        """Return the request of the block, or None where it has none."""
        if not self._line:
            if self._checks or self._directives != Directives():
                place = self._checks[0] if self._checks else self._directives.first
                raise PlaceError.at("no request line follows; expected METHOD URL", place)
            return None
        method, target = parse_request_line(self._line)
        is_graphql = method == "GRAPHQL"
        headers = tuple(self._headers)
        for each in headers:
            if each.name.lower() == "x-request-type" and each.value.text.strip().lower() == "graphql":
                is_graphql = True
                headers = tuple(other for other in headers if other is not each)
        body = parse_body(self._body)
        for piece in (target, *(each.value for each in headers), *(part for part in body if isinstance(part, Piece))):
            parse_template(piece)
        return CellRequest(
            "POST" if method == "GRAPHQL" else method,
            target,
            headers,
            body,
            tuple(self._checks),
            self._directives,
            self._title,
            self._line[0].start,
            self._number,
            is_graphql,
        )

    def _is_before(self, line: Piece) -> bool:
        """Read a line that may stand before the request line; return False for one that is the request line."""
        refuse_foreign(line)
        return not line.text.strip() or self._is_comment(line) or self._is_variable(line) or self._is_check(line)

    def _is_comment(self, line: Piece) -> bool:
        if not is_comment(line):
            return False
        directive, hint = directive_of(line, self._title)
        if hint:
            self.hints.append((line.start, hint))
        if directive is not None:
            self._directives = self._directives.with_directive(directive, line.stripped())
        return True

    def _is_variable(self, line: Piece) -> bool:
        if not line.text.startswith("@"):
            return False
        found = _VARIABLE.match(line.text)
        if not found:
            raise PlaceError.at(f"{line.text.strip()!r} is no variable; expected @name = value", line.stripped())
        value = line.part(found.start(2)).stripped()
        parse_template(value)
        self.variables.append(Variable(found[1], value, self._number))
        return True

    def _is_check(self, line: Piece) -> bool:
        if not line.text.startswith(_CHECK):
            return False
        check = line.part(len(_CHECK)).stripped()
        if not check.text:
            raise PlaceError.at("nothing stands after ??; expected a check, such as ?? status == 200", line.stripped())
        self._checks.append(check)
        return True

    def _take_late_directives(self) -> None:
        """Take comments for comments where no body is, and directives after the body for directives."""
        lines = self._body
        if all(not line.text.strip() or is_comment(line) for line in lines):
            self._body = []
            for line in lines:
                self._is_comment(line)
            return
        late = []
        while lines and (not lines[-1].text.strip() or (is_comment(lines[-1]) and directive_of(lines[-1], "")[0])):
            late.append(lines.pop())
        for line in reversed(late):
            self._is_comment(line)


def _goes_on(line: Piece) -> bool:
    """Return whether a line after the request line goes on with the URL: it is indented, and starts with / ? or &."""
    text = line.text.lstrip()
    return line.text[:1].isspace() and text[:1] in {"/", "?", "&"} and not text.startswith("//")
