"""A `Plan`: one request as a cell or line asks for it, before anything is known about the network."""

from __future__ import annotations

from dataclasses import dataclass

from httpkit_magics.grammar.check import Check


@dataclass(frozen=True, slots=True)
class Plan:
    """One request to make.

    Attributes:
        method: the method, in capitals.
        target: the URL as it was typed; `complete_target` makes it absolute.
        headers: field lines in order; a value of None means that the field is not sent at all.
        query: what is added to the URL's query, in order.
        body: the bytes to send; None is no body.
        name: the Python name that the result is bound to, if any.
        timeout: seconds for the whole request; 0 is no limit, None is what the configuration says.
        follow: whether redirects are followed; None is what the configuration says.
        silent: whether the panel stays hidden.
        checks: what is asserted of the response, in order.
        check: whether an assertion that fails, or no response, is an error.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str | None], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    name: str | None = None
    timeout: float | None = None
    follow: bool | None = None
    silent: bool = False
    checks: tuple[Check, ...] = ()
    check: bool = False


class LineError(ValueError):
    """A line that can't be understood: what is wrong, what was expected, and where.

    Attributes:
        message: what is wrong and what was expected.
        line: the line as it was typed.
        start: where the trouble starts, in characters from the start of the line.
        end: where it ends; not included.
    """

    def __init__(self, message: str, line: str = "", start: int = 0, end: int | None = None) -> None:
        self.message = message
        self.line = line
        self.start = start
        self.end = len(line) if end is None else end
        super().__init__(message)

    def pointed(self) -> str:
        """Return the line with a mark under the place, as two lines of text."""
        width = max(1, self.end - self.start)
        return f"{self.line}\n{' ' * self.start}{'^' * width}"
