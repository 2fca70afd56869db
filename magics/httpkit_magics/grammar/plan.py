"""A `Plan`: one request as a line, a cell or a curl command asks for it, before a file is read or a socket opened.

Plain data, so that every grammar can make it, and exports can write it. `message.compose` makes from it what is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from httpkit_magics.grammar.check import Check


@dataclass(frozen=True, slots=True)
class FromFile:
    """The content of a file, which is read when the request is made.

    Attributes:
        path: where it is, as it was typed; `~` is the home folder.
        change: what is done to the content. "trim" takes line breaks off its end (a header or a query in HTTPie),
            "one line" takes out all CR, LF and NUL (curl's `-d @file`), "quote" percent-encodes it
            (curl's `--data-urlencode name@file`).
    """

    path: str
    change: Literal["", "trim", "one line", "quote"] = ""


Text: TypeAlias = str | FromFile
"""A text, or a file of UTF-8 that holds it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a JSON object or of a form.

    Attributes:
        name: its name; in a JSON object a path such as `a[b][]`, in which a backslash escapes brackets.
        value: its value.
        is_json: whether `value` is the text of a JSON value and not the value itself.
    """

    name: str
    value: Text
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """A body made of fields: one JSON value, or `application/x-www-form-urlencoded`."""

    kind: Literal["json", "form"]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart body.

    Attributes:
        name: the field's name.
        content: the text of the field, or the file that it is.
        filename: the file name to tell; None is none.
        media_type: the part's Content-Type; None is none.
        headers: further field lines of the part.
    """

    name: str
    content: Text
    filename: str | None = None
    media_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Multipart:
    """A `multipart/form-data` body; `boundary` None leaves its choice to whoever sends it."""

    parts: tuple[Part, ...]
    boundary: str | None = None


Body: TypeAlias = bytes | tuple[bytes | FromFile, ...] | Fields | Multipart
"""Bytes, pieces and files that follow each other, fields, or parts."""


@dataclass(frozen=True, slots=True)
class Auth:
    """Who asks.

    Attributes:
        scheme: how it is proved.
        user: the user's name; empty with "bearer".
        secret: the password or token; None is asked for when the request is made.
    """

    scheme: Literal["basic", "digest", "bearer"]
    user: str = ""
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The client's certificate: PEM files. Without `key_path` the key is in the certificate's file."""

    path: str
    key_path: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Capture:
    """A value of the response that gets a name: `query` is written as in an assertion, such as `jsonpath "$.token"`."""

    name: str
    query: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One request to make.

    Attributes:
        method: the method, in capitals.
        target: the URL as it was typed; `complete_target` makes it absolute.
        headers: field lines in order; a value of None means that the field is not sent at all.
        query: what is added to the URL's query, in order.
        body: what the body is made of; None is no body.
        name: the Python name that the result is bound to, if any.
        timeout: seconds for the whole request; 0 is no limit, None is what the configuration says.
        follow: whether redirects are followed; None is what the configuration says.
        silent: whether the panel stays hidden.
        auth: who asks; None is nobody, or who the URL names.
        session: the name of the session whose headers, auth and cookies are used and kept.
        session_read_only: whether the session stays as it is.
        cookie_jar: whether cookies are sent from the jar and kept in it.
        verify: whether certificates are verified, or a file of those to trust; None is what the configuration says.
        certificate: the client's own certificate.
        proxies: the proxy for each scheme of the target ("http", "https"), as URLs; "all" is for those not named.
        max_redirects: redirects that are followed at most; None is what the configuration says.
        compress: whether the body is deflated: 1 where that makes it smaller, 2 always.
        download: whether the body goes to a file, named by the response where `output` is None.
        output: the file for the body.
        resume: whether a file that is there already is continued.
        stream: whether the body is shown while it arrives.
        check_status: whether a status of 400 and more is an error.
        offline: whether the request is only shown, and not sent.
        show: what the panel shows, of HTTPie's letters: H and B are the request's headers and body, h and b the
            response's, m is the timing. None is the usual panel.
        captures: the values of the response to give names to.
        checks: what is asserted of the response, in order.
        check: whether an assertion that fails, or no response, is an error.
        is_encoded: whether the target is sent as it is typed, percent-encoding and all.
        connect_timeout: seconds for making the connection; 0 and None are no limit but `timeout`.
        retries: how often it is tried again where there is no response, or one that says "later".
    """

    method: str
    target: str
    headers: tuple[tuple[str, Text | None], ...] = ()
    query: tuple[tuple[str, Text], ...] = ()
    body: Body | None = None
    name: str | None = None
    timeout: float | None = None
    follow: bool | None = None
    silent: bool = False
    auth: Auth | None = None
    session: str | None = None
    session_read_only: bool = False
    cookie_jar: bool = True
    verify: bool | str | None = None
    certificate: Certificate | None = None
    proxies: tuple[tuple[str, str], ...] = ()
    max_redirects: int | None = None
    compress: Literal[0, 1, 2] = 0
    download: bool = False
    output: str | None = None
    resume: bool = False
    stream: bool = False
    check_status: bool = False
    offline: bool = False
    show: str | None = None
    captures: tuple[Capture, ...] = ()
    checks: tuple[Check, ...] = ()
    check: bool = False
    is_encoded: bool = False
    connect_timeout: float | None = None
    retries: int = 0


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
