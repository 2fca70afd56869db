"""A plan -> the line of `%http` that makes it. Whatever is written is parsed again, so a line never says something else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.plan import Auth, Fields, FromFile, LineError, Multipart, Part, Plan, Text

FLAGS = {
    "download": "--download",
    "resume": "--continue",
    "stream": "--stream",
    "check_status": "--check-status",
    "check": "--check",
    "offline": "--offline",
    "silent": "--quiet",
}
VALUES = {"name": "-o", "output": "-O", "max_redirects": "--max-redirects=", "show": "-p"}
"""How the options are written whose settings are flags, and those that have a value."""
ESCAPES = str.maketrans({character: f"\\{character}" for character in ":;=@"})


class NotALineError(ValueError):
    """A plan that no line of `%http` makes: what it asks for can be said in a cell or in Python only."""


def write_line(plan: Plan) -> str:
    """Return a line that `parse_line` reads as `plan`.

    Raises:
        NotALineError: there is none.
    """
    operands = [plan.method, plan.target, *_items(plan)]
    end = ["--"] if any(word.startswith("-") for word in operands) else []
    words = [*_options(plan), *end, *operands]
    line = " ".join(shlex.quote(word.replace("{{", r"\{{")) for word in words)
    try:
        is_same = parse_line(line) == plan
    except LineError as error:
        raise NotALineError(f"no line of %http says this: {error}") from error
    if not is_same:
        raise NotALineError("no line of %http says this request; a %%http cell may")
    return line


def _options(plan: Plan) -> Iterator[str]:
    for setting, flag in FLAGS.items():
        if getattr(plan, setting):
            yield flag
    for setting, option in VALUES.items():
        if (value := getattr(plan, setting)) is not None:
            yield f"{option}{value}"
    yield from _connection(plan)
    if plan.auth is not None:
        yield from _auth(plan.auth)
    yield from _body_options(plan)


def _connection(plan: Plan) -> Iterator[str]:
    if plan.follow is not None:
        yield "--follow" if plan.follow else "--no-follow"
    if plan.timeout is not None:
        yield f"--timeout={plan.timeout!r}"
    if plan.verify is not None:
        yield f"--verify={plan.verify if isinstance(plan.verify, str) else ('no', 'yes')[plan.verify]}"
    if plan.session is not None:
        yield f"--session{'-read-only' if plan.session_read_only else ''}={plan.session}"
    for scheme, url in plan.proxies:
        yield f"--proxy={scheme}:{url}"
    if plan.certificate is not None:
        yield f"--cert={plan.certificate.path}"
        if plan.certificate.key_path is not None:
            yield f"--cert-key={plan.certificate.key_path}"
        if plan.certificate.password is not None:
            yield f"--cert-key-pass={plan.certificate.password}"


def _auth(auth: Auth) -> Iterator[str]:
    yield f"--auth-type={auth.scheme}"
    if auth.scheme == "bearer":
        yield f"--auth={auth.secret}"
    elif auth.secret is None:
        yield f"--auth={auth.user}"
    else:
        escaped = auth.user.replace(":", "\\:")
        yield f"--auth={escaped}:{auth.secret}"


def _body_options(plan: Plan) -> Iterator[str]:
    yield from ("--compress",) * plan.compress
    match plan.body:
        case bytes(raw):
            yield f"--raw={raw.decode('utf-8', 'surrogatepass')}"
        case Fields(kind="form"):
            yield "--form"
        case Multipart(boundary=boundary):
            yield "--multipart"
            if boundary is not None:
                yield f"--boundary={boundary}"


def _items(plan: Plan) -> Iterator[str]:
    for name, value in plan.headers:
        if value is None:
            yield f"{name}:"
        else:
            yield f"{name};" if value == "" else _item(name, ":", value)
    for name, text in plan.query:
        yield _item(name, "==", text)
    match plan.body:
        case Fields(fields=fields):
            for field in fields:
                yield _item(field.name, ":=" if field.is_json else "=", field.value)
        case Multipart(parts=parts):
            yield from map(_part, parts)
        case (FromFile(path=path),):
            yield f"@{path}"


def _part(part: Part) -> str:
    if part.filename is None:
        return _item(part.name, "=", part.content)
    content = part.content.path if isinstance(part.content, FromFile) else ""
    typed = f";type={part.media_type}" if part.media_type is not None else ""
    return f"{part.name.translate(ESCAPES)}@{content}{typed}"


def _item(name: str, separator: str, value: Text) -> str:
    """Return an item; in its value only the first character could be taken for a part of the separator."""
    key = name.translate(ESCAPES)
    if isinstance(value, FromFile):
        return f"{key}{separator}@{value.path}"
    return f"{key}{separator}{value[:1].translate(ESCAPES)}{value[1:]}"
