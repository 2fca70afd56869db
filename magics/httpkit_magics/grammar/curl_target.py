"""The URL of a curl command -> the URL that is sent as it is: no guesses but curl's."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from httpkit_magics.grammar.curl_data import encoded
from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.words import Word

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PARTS: Final = re.compile(r"([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_GLOB: Final = re.compile(r"\\([\[\]{}])|(\[(?:::|[0-9A-Fa-f:.]+(?:%25?\w+)?)\](?=[:/?#]|\Z))|\[\]|([\[\]{}])")
# All of visible ASCII, as curl sends it: RFC 3986 section 2 has no `|` or `"`, servers take them.
_KEPT: Final = "".join(map(chr, range(0x21, 0x7F)))


def target_of(word: Word, *, is_glob: bool, as_is: bool) -> str:
    """Return the URL that `word` writes, http where it has no scheme, without dot segments unless `as_is`.

    What a URL can't hold is percent-encoded; the rest stays as it is. A path alone is for the base URL, and `:8000/x` on this machine, as in `%http`.

    Raises:
        PlaceError: with `is_glob`, the URL has brackets or braces that would make curl send several requests; or its scheme
            is neither http nor https.
    """
    typed = _unglobbed(word) if is_glob else word.text
    if not typed:
        raise PlaceError("the URL is empty; expected a URL", word.start, word.end)
    scheme = _SCHEME.match(typed)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise PlaceError(f"{scheme[1]} is not spoken here; expected http or https", word.start, word.end)
    before, rest = (scheme[0], typed[scheme.end() :]) if scheme else ("" if typed[0] in "/?:" else "http://", typed)
    authority, path, query, _fragment = (part or "" for part in _PARTS.fullmatch(rest).groups())  # type: ignore[union-attr] # it matches any text
    if not as_is:
        path = _without_dots(path)
    return before + authority + quote(encoded(path + query), safe=_KEPT)


def _unglobbed(word: Word) -> str:
    def literal(found: re.Match[str]) -> str:
        if found[3]:
            raise PlaceError(
                f"{found[3]} in a URL makes curl send several requests; expected -g, which takes it as it is",
                word.start,
                word.end,
            )
        return found[1] or found[0]

    return _GLOB.sub(literal, word.text)


def _without_dots(path: str) -> str:
    """Return `path` without `.` and `..` segments (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment not in (".", ".."):
            kept.append(segment)
            continue
        if segment == ".." and len(kept) > 1:
            kept.pop()
        if is_last:
            kept.append("")
    return "/".join(kept)


def with_query(target: str, query: str) -> str:
    """Return `target` with `query` added to its query."""
    if not query:
        return target
    return f"{target}{'&' if '?' in target else '?'}{query}"


def with_filename(target: str, path: str) -> str:
    """Return `target` with the name of the file added where its path ends with a slash, as -T does it."""
    address, mark, query = target.partition("?")
    has_path = "/" in _SCHEME.sub("", address)
    if has_path and not address.endswith("/"):
        return target
    name = quote(re.split(r"[\\/]", path)[-1], safe="")
    return f"{address}{'' if has_path else '/'}{name}{mark}{query}"
