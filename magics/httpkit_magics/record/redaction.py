"""The one redactor: whatever is shown, saved or exported goes through it, and no credential comes out.

A credential is known by where it stands (`Authorization`, `Cookie`, userinfo), by its name (`record.naming`), or
because it was registered as a `Secret`. Masking never raises and takes linear time, whatever the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import unquote_plus

from httpkit_magics.record.naming import is_password, is_telling
from httpkit_magics.record.secrets import MASK, Patterns, Secret

LONGEST: Final = 16_384
"""Characters. Who cuts a text does so after masking, and masks this much more than is shown: a credential that begins
in what is shown is then masked whole."""

_CREDENTIALS: Final = frozenset(("authorization", "proxy-authorization"))
# RFC 9110 section 11.4: a scheme, and then what it needs.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9._-]{0,40})[ \t]+(?=\S)")

# RFC 3986 section 3.2.1: what stands between "//" and the last "@" of the authority. No host has 1024 characters: that is
# userinfo whose "@" was cut off.
_USERINFO: Final = re.compile(r"//(?:[^/?#\s]*@|[^/?#\s]{1024,})")
# A parameter of a query, fragment or path; the second form is one inside a URL that is percent-encoded.
_PARAMETER: Final = re.compile(
    r"""(?P<mark>[?&#;])(?P<name>[^=&#;?\s"<>]+)="""
    r"""|(?:%3[Ff]|%26|%23|%3[Bb])(?P<inner>(?:[^=&#;?\s"<>%]|%(?!3[DdFfBb]|2[36]))+)%3[Dd]"""
)
_QUERY_VALUE: Final = re.compile(r"""[^&#\s"<>]*""")
_PATH_VALUE: Final = re.compile(r"""[^;/?#\s"<>]*""")
_INNER_VALUE: Final = re.compile(r"""(?:[^&#\s"<>%]|%(?!2[36]))*""")

# A string of JSON (RFC 8259 section 7), also one that is cut off; group 2 is there when it names a member. Every string
# is matched, names or not: so the matches can't get out of step, and a run of escaped quotes is read once.
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"(\s*+:\s*+)?|\\?\Z)', re.DOTALL)
_SCALAR: Final = re.compile(r"[^\s,\]}]*")
_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)

_PART_HEAD: Final = 4096
_PART_NAME: Final = re.compile(r'(?i)[; ]name="?([^"\r\n;]*)')


class Redactor:
    """Masks credentials in every form in which a record shows them.

    `secrets` are masked wherever they stand, in each of their forms; so are the values of `names`, besides those that
    are telling anyway. Every other method ends in `text()`, so that a value goes through one call. An instance does not
    change: `knowing()` makes another.
    """

    __slots__ = ("_patterns", "names", "secrets")

    def __init__(self, secrets: Iterable[Secret] = (), names: Iterable[str] = ()) -> None:
        self.secrets = tuple(secrets)
        self.names = frozenset(name.lower() for name in names)
        self._patterns = Patterns(self.secrets) if self.secrets else None

    def knowing(self, more: Iterable[Secret]) -> Redactor:
        """Return a redactor that masks `more` as well."""
        added = tuple(more)
        return Redactor(self.secrets + added, self.names) if added else self

    def is_telling(self, name: str) -> bool:
        """Return whether what a request names so is masked."""
        return is_telling(name) or name.lower() in self.names

    def is_password(self, name: str) -> bool:
        """Return whether a member of a response's JSON that is named so is masked."""
        return is_password(name) or name.lower() in self.names

    def text(self, text: str) -> str:
        """Return `text` with every registered secret masked."""
        return text if self._patterns is None else self._patterns.mask(text)

    def url(self, text: str) -> str:
        """Return a URL, or text with URLs in it, without userinfo and with telling parameters masked.

        Queries, fragments and path parameters count, also those of a URL that is percent-encoded inside another.
        """
        if "//" in text:
            text = _USERINFO.sub(f"//{MASK}@", text)
        return self.text(_mask_parameters(text, self.is_telling))

    def header(self, name: str, value: str) -> str:
        """Return the value of a field: schemes and cookie names are kept, credentials are not."""
        lowered = name.lower()
        if lowered in _CREDENTIALS:
            return self.text(_after_scheme(value))
        if lowered == "cookie":
            return self.text("; ".join(map(_cookie_pair, value.split(";"))))
        if lowered == "set-cookie":
            return self._set_cookie(value)
        return MASK if self.is_telling(name) else self.url(value)

    def cookie(self, name: str, value: str, *, http_only: bool) -> str:
        """Return a response cookie's value; a mask where it is HttpOnly, or where its name is telling."""
        return MASK if http_only or self.is_telling(name) else self.text(value)

    def form(self, text: str) -> str:
        """Return an `application/x-www-form-urlencoded` body with telling fields masked."""
        return self.url("?" + text)[1:]

    def hides(self, name: str, value: Any) -> bool:
        """Return whether a JSON member is masked, with all that is in it; null and booleans hold nothing."""
        return value is not None and not isinstance(value, bool) and self.is_password(name)

    def json_text(self, text: str, is_secret: Callable[[str], bool] | None = None) -> str:
        """Return JSON text, whole or cut off, with the members masked whose name `is_secret`, and its layout kept.

        Without `is_secret` a response's members are judged.
        """
        is_secret = is_secret or self.is_password
        parts = []
        done = 0
        for string in _STRING.finditer(text):
            start = string.end()
            if string.start() < done or string[2] is None or not is_secret(_unescaped(string[1])):
                continue
            end = _end_of_value(text, start)
            if text[start:end] not in {"null", "true", "false", ""}:
                parts += [text[done:start], f'"{MASK}"']
                done = end
        return self.url("".join(parts) + text[done:])

    def request_body(self, media_type: str, text: str) -> str:
        """Return the body of a request, masked by what its media type says it is."""
        if media_type == "application/x-www-form-urlencoded":
            return self.form(text)
        if media_type.startswith("multipart/"):
            return self.text(_mask_parts(text, self.is_telling))
        if "json" in media_type or text.lstrip()[:1] in {"{", "["}:
            return self.json_text(text, self.is_telling)
        return self.url(text)

    def _set_cookie(self, value: str) -> str:
        pair, semicolon, attributes = value.partition(";")
        name, _, shown = pair.partition("=")
        http_only = any(word.strip().lower() == "httponly" for word in attributes.split(";"))
        masked = self.cookie(name.strip(), shown.strip(), http_only=http_only)
        return self.text(f"{name.strip()}={masked}{semicolon}{attributes}")


REDACTOR: Final = Redactor()
"""Knows no secrets: masks by place and by name."""

MOST_HEARD: Final = 50
"""Credentials of the last requests that are searched for in reprs and tracebacks."""


class Vault:
    """What this process has met of secrets, and the redactors that know it.

    One for the process, as a repr or a traceback has no way to a notebook's own.

    Attributes:
        redactor: masks every Secret that was learnt; for all that is shown.
        wary: masks what the last requests carried as well; for what belongs to no one request, as a traceback.
    """

    def __init__(self) -> None:
        self.redactor = REDACTOR
        self.wary = REDACTOR
        self._heard: tuple[Secret, ...] = ()

    def learn(self, *secrets: Secret) -> None:
        """Mask these from now on, wherever something is shown."""
        known = set(self.redactor.secrets)
        self._use(self.redactor.knowing(secret for secret in dict.fromkeys(secrets) if secret not in known))

    def hear(self, credentials: Iterable[Secret]) -> None:
        """Mask what a request carried where reprs and tracebacks repeat it; the last 50 are kept."""
        known = {*self.redactor.secrets, *self._heard}
        if new := tuple(each for each in dict.fromkeys(credentials) if each not in known):
            self._heard = (*new, *self._heard)[:MOST_HEARD]
            self._use(self.redactor)

    def hide(self, names: Iterable[str]) -> None:
        """Mask the values of these names from now on, as those of `token` are; names given before are forgotten."""
        self._use(Redactor(self.redactor.secrets, names))

    def _use(self, redactor: Redactor) -> None:
        self.redactor, self.wary = redactor, redactor.knowing(self._heard)


VAULT: Final = Vault()


def _after_scheme(value: str) -> str:
    scheme = _SCHEME.match(value.strip())
    return f"{scheme[1]} {MASK}" if scheme else MASK


def _cookie_pair(pair: str) -> str:
    name, equals, _ = pair.strip().partition("=")
    return f"{name}={MASK}" if equals else MASK


def _mask_parameters(text: str, is_secret: Callable[[str], bool]) -> str:
    parts = []
    done = 0
    for found in _PARAMETER.finditer(text):
        start = found.end()
        if found.start() < done or not is_secret(unquote_plus(found["name"] or found["inner"])):
            continue
        value = _INNER_VALUE if found["inner"] else _PATH_VALUE if found["mark"] == ";" else _QUERY_VALUE
        rest = value.match(text, start)
        parts += [text[done:start], MASK]
        done = rest.end() if rest else start
    return "".join(parts) + text[done:] if parts else text


def _unescaped(name: str) -> str:
    r"""Return a member's name with its escapes resolved: `pass\u0077ord` is a password too."""
    if "\\" not in name:
        return name
    try:
        return str(json.loads(f'"{name}"', strict=False))
    except ValueError:
        return name


def _end_of_value(text: str, start: int) -> int:
    """Return where the JSON value that begins at `start` ends; the end of the text where it is cut off."""
    if text[start : start + 1] not in {"{", "[", '"'}:
        scalar = _SCALAR.match(text, start)
        return scalar.end() if scalar else start
    depth = 0
    for token in _BRACKET.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
        if depth <= 0:
            return token.end()
    return len(text)


def _mask_parts(text: str, is_secret: Callable[[str], bool]) -> str:
    """Mask the content of each part of a multipart body whose name is telling (RFC 7578 section 4.2)."""
    delimiter = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    if not delimiter.startswith("--"):
        return MASK
    return delimiter.join(_mask_part(part, is_secret) for part in text.split(delimiter))


def _mask_part(part: str, is_secret: Callable[[str], bool]) -> str:
    blank = "\r\n\r\n" if "\r\n\r\n" in part else "\n\n"
    head, found, _ = part.partition(blank)
    name = _PART_NAME.search(head[:_PART_HEAD])
    return f"{head}{blank}{MASK}\r\n" if found and name and is_secret(name[1]) else part
