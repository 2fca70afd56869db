"""`%http [METHOD] URL [ITEM ...] [options]` -> a Plan: HTTPie's line, told apart and put together.

Pure: no file, no network, no notebook. What differs from HTTPie is in docs/how-to/coming-from-httpie.md.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from httpkit_magics.grammar.fields import Request
from httpkit_magics.grammar.items import Item, parse_item
from httpkit_magics.grammar.options import Settings, split_options
from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.plan import Auth, Certificate, LineError, Plan
from httpkit_magics.grammar.slots import Slots
from httpkit_magics.grammar.template import Place, Resolve
from httpkit_magics.grammar.words import Word, split_words

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
METHOD = re.compile(r"[A-Za-z][A-Za-z-]*")
CREDENTIALS = re.compile(r"((?:\\.|[^\\:]|\\\Z)*?):(.*)", re.DOTALL)
ESCAPED_COLON = re.compile(r"\\(:)|(\\.)", re.DOTALL)


def parse_line(line: str, resolve: Resolve | None = None) -> Plan:
    """Return the plan that `line` writes, its placeholders filled in; without `resolve` they stay as they are.

    Raises:
        LineError: the line can't be understood, or a placeholder has no value; it says what was expected, and where.
    """
    with slots_of(line, resolve) as slots:
        return parse_words(slots.line, split_words(slots.line), slots)


def placeholders_end(line: str) -> tuple[int, bool]:
    """Return where the last word of `line` ends, behind which is at most a comment; and whether a `;` silences it.

    Raises:
        LineError: a quote or placeholder is not closed.
    """
    with slots_of(line, None) as slots:
        words = split_words(slots.line)
        return words[-1].end if words else 0, _silenced(slots.line, words)[1]


@contextlib.contextmanager
def slots_of(line: str, resolve: Resolve | None) -> Iterator[Slots]:
    """Give the slots of `line`, and let every error of a place or of the line with slots be one of the line as typed."""
    try:
        slots = Slots(line, resolve)
        try:
            yield slots
        except LineError as error:
            raise LineError(slots.written(error.message), line, error.start, error.end) from error
    except PlaceError as error:
        raise LineError(error.message, line, error.start, error.end) from error


def parse_words(line: str, typed: list[Word], slots: Slots) -> Plan:
    """Return the plan that `typed`, words of `line`, write: all of them, or what another magic has left over.

    Raises:
        LineError: as `parse_line` does.
    """
    words, silent = _silenced(line, typed)
    settings, operands = split_options(line, words, slots)
    if not operands:
        raise LineError("missing URL; expected [METHOD] URL [ITEM ...]; %http? shows examples", line, len(line))
    method, url, items = _method_and_url(line, operands)
    if not url.text:
        raise LineError("the URL is empty; expected a host, a URL or a path", line, url.start, url.end)
    if silent and items and items[-1] not in typed and _is_empty_header(typed[-1]):
        # `Accept;` means something only with its semicolon: it is an item, and nothing is silenced.
        items[-1], silent = typed[-1], False
    target = slots.fill(url.text, Place.URL)
    request = Request(line, settings)
    for word in items:
        request.add(word)
    return dataclasses.replace(
        _said(settings, silent=silent),
        method=method or ("POST" if request.has_data else "GET"),
        target=target,
        headers=request.headers(),
        query=request.query(),
        body=request.body(),
    )


def parse_options(line: str, resolve: Resolve | None = None) -> Plan:
    """Return what the options of `%%http ...` say, as a plan that has no method and no URL yet; see `parse_line`.

    Raises:
        LineError: there is anything but options, or an option that is about a body.
    """
    with slots_of(line, resolve) as slots:
        return _parse_options(slots)


def _parse_options(slots: Slots) -> Plan:
    line = slots.line
    words, silent = _silenced(line, split_words(line))
    settings, operands = split_options(line, words, slots)
    if operands:
        where = operands[0]
        message = f"{where.text!r} is no option; expected options only, and the request in the lines below"
        raise LineError(message, line, where.start, where.end)
    for setting in ("kind", "raw", "boundary"):
        if setting in settings.values:
            settings.refuse(setting, "the body stands below; expected no option that makes one")
    return _said(settings, silent=silent)


def _said(settings: Settings, *, silent: bool) -> Plan:
    """Return a plan with what the options say, and no request."""
    return Plan(
        "",
        "",
        silent=silent or settings.get("silent", False),
        auth=_auth(settings),
        certificate=_certificate(settings),
        compress=settings.get("compress", 0),
        **_sessions(settings),
        **_download(settings),
        **_plain(settings),
    )


def _silenced(line: str, words: list[Word]) -> tuple[list[Word], bool]:
    """Take the `;` off the end of the line that keeps IPython from showing a result; one in quotes stays."""
    if not words or not words[-1].text.endswith(";") or line[words[-1].end - 1] != ";":
        return words, False
    *before, last = words
    text = last.text[:-1]
    return [*before, Word(text, last.start, last.end - 1)] if text else before, True


def _is_empty_header(word: Word) -> bool:
    item = parse_item(word.text)
    return item is not None and item == Item(word.text[:-1], ";", "")


def _method_and_url(line: str, operands: list[Word]) -> tuple[str | None, Word, list[Word]]:
    """Return the method, if one is written, the URL and the words of the items, as HTTPie tells them apart."""
    first, *rest = operands
    is_method = METHOD.fullmatch(first.text) is not None and first.text.lower() != "localhost"
    if not rest:
        if is_method and first.text.upper() in METHODS:
            raise LineError(f"missing URL after {first.text}; expected {first.text} URL", line, len(line))
        return None, first, []
    if is_method:
        return first.text.upper(), rest[0], rest[1:]
    return None, first, rest


def _auth(settings: Settings) -> Auth | None:
    """Return who asks: `user:password`, `user` alone, or the token of a bearer."""
    scheme, typed = settings.get("scheme", "basic"), settings.get("auth")
    if typed is None:
        if "scheme" in settings.values:
            settings.refuse("scheme", f"missing credentials; expected -a {'TOKEN' if scheme == 'bearer' else 'USER'}")
        return None
    fill = settings.slots.fill
    if scheme == "bearer":
        typed = fill(typed)
        if not typed.isprintable() or not typed.isascii():
            settings.refuse("auth", "the token is not printable ASCII; expected one line (RFC 6750 section 2.1)")
        return Auth("bearer", secret=typed)
    found = CREDENTIALS.fullmatch(typed)
    if found is None:
        return Auth(scheme, fill(typed))
    # Taken apart before it is filled in: a colon in a value is no separator.
    user, password = (fill(ESCAPED_COLON.sub(r"\1\2", text)) for text in found.groups())
    return Auth(scheme, user, password)


def _certificate(settings: Settings) -> Certificate | None:
    path = settings.get("cert")
    if path is None:
        for setting in ("cert_key", "cert_key_pass"):
            if setting in settings.values:
                settings.refuse(setting, "a key without a certificate; expected --cert FILE")
        return None
    return Certificate(path, settings.get("cert_key"), settings.get("cert_key_pass"))


def _sessions(settings: Settings) -> dict[str, Any]:
    read_only = settings.get("read_only")
    if read_only is not None and "session" in settings.values:
        settings.refuse("read_only", "--session and --session-read-only exclude each other; expected one of them")
    return {"session": settings.get("session", read_only), "session_read_only": read_only is not None}


def _download(settings: Settings) -> dict[str, Any]:
    """Return where the body goes; an offline request has none, and --download follows redirects, as in HTTPie."""
    download, resume, output = settings.get("download", False), settings.get("resume", False), settings.get("output")
    follow = settings.get("follow")
    if settings.get("offline"):
        return {"follow": follow}
    if resume and not download:
        settings.refuse("resume", "-c continues a download; expected -d too")
    if resume and output is None:
        settings.refuse("resume", "-c needs to know what to continue; expected -O FILE")
    return {
        "download": download,
        "resume": resume,
        "output": output,
        "follow": True if download and follow is None else follow,
    }


def _plain(settings: Settings) -> dict[str, Any]:
    """Return what stands in a plan as the line says it."""
    show = settings.get("show", {1: "HBhb", 2: "HBhbm"}.get(settings.get("verbose", 0)))
    names = ("name", "timeout", "verify", "max_redirects")
    flags = ("stream", "check_status", "check", "offline")
    return {
        "show": show,
        "proxies": settings.get("proxy", ()),
        **{name: settings.get(name) for name in names},
        **{name: settings.get(name, False) for name in flags},
    }
