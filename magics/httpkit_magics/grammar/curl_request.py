"""What the options of one curl request add up to -> its Plans, one for each URL."""

from __future__ import annotations

import math
import posixpath
import re
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn
from urllib.parse import quote, unquote, urlsplit

from httpkit_magics.grammar.curl_data import Datum, encoded, pieces_of
from httpkit_magics.grammar.curl_form import parse_form
from httpkit_magics.grammar.curl_target import target_of, with_filename, with_query
from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.plan import Auth, Body, Certificate, FromFile, Multipart, Plan
from httpkit_magics.grammar.words import Word

TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A method, or a field name (RFC 9110 section 5.6.2)."""

FORM_TYPE: Final = "application/x-www-form-urlencoded"
DEFAULT_REDIRECTS: Final = 50
"""curl's --max-redirs."""
MOST_REDIRECTS: Final = 1_000
MOST_RETRIES: Final = 20
PROXY_PORT: Final = 1080

# The client counts and frames a body by itself.
_FRAMING: Final = ("content-length", "transfer-encoding")
_PROXY: Final = re.compile(r"(?:([A-Za-z0-9]+)://)?(?:(.*)@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/?")
_PROXY_SCHEMES: Final = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_CERTIFICATE: Final = re.compile(r"((?:\\.|[A-Za-z]:[\\/]|[^:\\])*)(?::(.*))?", re.DOTALL)

Header = tuple[str, str | None]


@dataclass
class Operation:
    """The options between two --next.

    Attributes:
        urls: the URLs, in order.
        flags: the flags that are on, by long name, and the words that set them.
        values: the values of the other options, by long name, in order.
        data: the data options in order.
        forms: the parts in order.
        notes: what has no effect, in words; filled by `plans`.
    """

    urls: list[Word] = field(default_factory=list)
    flags: dict[str, Word] = field(default_factory=dict)
    values: dict[str, list[Word]] = field(default_factory=dict)
    data: list[Datum] = field(default_factory=list)
    forms: list[Datum] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def plans(self) -> list[Plan]:
        """Return a plan for each URL.

        Raises:
            PlaceError: options contradict each other, or a value is malformed.
        """
        self._refuse_two_bodies()
        return [self._plan(word, number) for number, word in enumerate(self.urls)]

    def _plan(self, word: Word, number: int) -> Plan:
        target = target_of(word, is_glob="globoff" not in self.flags, as_is="path-as-is" in self.flags)
        upload = self._nth("upload-file", number)
        if upload is not None:
            target = with_filename(target, upload.text)
        target = with_query(target, self._query())
        body = self._body(upload)
        auth = self._auth()
        headers = self._headers(body, is_upload=upload is not None)
        if auth is not None and any(name.lower() == "authorization" for name, _ in headers):
            auth = None
        download, output = self._output(target, number)
        offset = self._text("continue-at")
        method = self._method(upload)
        return Plan(
            method,
            target,
            headers=tuple(headers),
            body=body,
            timeout=self._seconds("max-time"),
            follow="location" in self.flags,
            auth=auth,
            cookie_jar="cookie-jar" in self.values
            or any("=" not in each.text for each in self.values.get("cookie", ())),
            verify=False if "insecure" in self.flags else self._text("cacert"),
            certificate=self._certificate(),
            proxies=self._proxies(target),
            max_redirects=self._redirects(),
            download=download,
            output=output,
            resume=offset == "-",
            check_status="fail" in self.flags or "fail-with-body" in self.flags,
            stream="no-buffer" in self.flags,
            is_encoded=True,
            connect_timeout=self._seconds("connect-timeout"),
            retries=self._number("retry", MOST_RETRIES) or 0,
        )

    def _last(self, name: str) -> Word | None:
        return self.values[name][-1] if name in self.values else None

    def _text(self, name: str) -> str | None:
        word = self._last(name)
        return None if word is None else word.text

    def _nth(self, name: str, number: int) -> Word | None:
        words = self.values.get(name, [])
        return words[number] if number < len(words) else None

    def _refuse(self, word: Word, message: str) -> NoReturn:
        raise PlaceError(message, word.start, word.end)

    def _refuse_two_bodies(self) -> None:
        """Refuse options that ask for different methods, as curl does."""
        asked = {
            "-d": self.data[0].word if self.data and "get" not in self.flags else None,
            "-F": self.forms[0].word if self.forms else None,
            "-T": self._last("upload-file"),
            "-I": self.flags.get("head"),
        }
        found = [(name, word) for name, word in asked.items() if word is not None]
        if len(found) > 1:
            (first, _), (second, word) = found[:2]
            self._refuse(word, f"{first} and {second} ask for different requests; expected one of them")

    def _method(self, upload: Word | None) -> str:
        word = self._last("request")
        if word is not None:
            if not TOKEN.fullmatch(word.text):
                self._refuse(word, f"{word.text!r} is no method; expected letters, such as PUT")
            if "location" in self.flags and word.text.upper() not in ("GET", "HEAD"):
                self.notes.append("-X with -L: a redirect may change the method to GET, which curl does not do with -X")
            return word.text.upper()
        if "head" in self.flags:
            return "HEAD"
        if "get" in self.flags:
            return "GET"
        if upload is not None:
            return "PUT"
        return "POST" if self.data or self.forms else "GET"

    def _query(self) -> str:
        """Return what --url-query and -G add to the URL's query, as it is sent."""
        pieces = []
        for word in self.values.get("url-query", ()):
            if word.text.startswith("+"):
                pieces.append(encoded(word.text[1:]))
            else:
                pieces += self._in_query([Datum("data-urlencode", word)])
        if "get" in self.flags and self.data:
            pieces += self._in_query(self.data)
        return quote(b"&".join(pieces), safe="".join(map(chr, range(0x21, 0x7F))))

    def _in_query(self, data: list[Datum]) -> list[bytes]:
        pieces = pieces_of(data)
        if any(isinstance(piece, FromFile) for piece in pieces):
            self._refuse(data[0].word, "a file can't go into the query here; expected its text")
        return [piece for piece in pieces if isinstance(piece, bytes)]

    def _body(self, upload: Word | None) -> Body | None:
        if upload is not None:
            if upload.text in ("-", "."):
                self._refuse(upload, "there is no standard input here; expected a file")
            return (FromFile(upload.text),)
        if self.forms:
            parts = [parse_form(datum.word, is_text=datum.option == "form-string") for datum in self.forms]
            return Multipart(tuple(parts))
        if not self.data or "get" in self.flags:
            return None
        pieces = pieces_of(self.data)
        return pieces if any(isinstance(piece, FromFile) for piece in pieces) else b"".join(pieces)  # type: ignore[arg-type] # no file

    def _headers(self, body: Body | None, *, is_upload: bool) -> list[Header]:
        """Return the field lines: those of -H, and what other options and the body add unless -H names it."""
        written = [header for word in self.values.get("header", ()) if (header := self._header(word))]
        named = {name.lower() for name, _ in written}
        added: list[Header] = [("User-Agent", self._text("user-agent") or None)] if "user-agent" in self.values else []
        if "referer" in self.values:
            added.append(("Referer", (self._text("referer") or "").removesuffix(";auto") or None))
        if cookies := [word.text for word in self.values.get("cookie", ()) if "=" in word.text]:
            added.append(("Cookie", "; ".join(cookies)))
        if span := self._range():
            added.append(("Range", f"bytes={span}"))
        if "compressed" not in self.flags:
            added.append(("Accept-Encoding", None))
        if any(datum.option == "json" for datum in self.data) and body is not None:
            added += [("Content-Type", "application/json"), ("Accept", "application/json")]
        elif body is not None and not isinstance(body, Multipart):
            added.append(("Content-Type", None if is_upload else FORM_TYPE))
        return [*written, *((name, value) for name, value in added if name.lower() not in named)]

    def _header(self, word: Word) -> Header | None:
        """Return what a -H writes: `Name: value`, `Name:` (not sent) or `Name;` (empty); None is nothing."""
        if word.text.startswith("@"):
            self._refuse(word, "headers are not read from a file; expected -H for each")
        name, colon, value = word.text.partition(":")
        if not colon and word.text.endswith(";"):
            name, value = word.text[:-1], ""
        if word.text.startswith(":") or name.lower() in _FRAMING:
            name = name or f":{value.partition(':')[0]}"
            self.notes.append(f"-H {name} has no effect here: the client writes it by itself")
            return None
        if not TOKEN.fullmatch(name) or (not colon and not word.text.endswith(";")):
            self._refuse(
                word, f"{word.text[:60]!r} is no header; expected 'Name: value', 'Name:' (not sent) or 'Name;' (empty)"
            )
        if re.search(r"[\r\n\0]", value):
            self._refuse(word, f"{name} has a line break; expected one line")
        value = value.strip()
        return name, (value or None) if colon else ""

    def _range(self) -> str | None:
        offset = self._last("continue-at")
        if offset is None or offset.text == "-":
            return self._text("range")
        if not re.fullmatch(r"[0-9]{1,18}", offset.text):
            self._refuse(offset, f"{offset.text!r} is no offset; expected a number of bytes, or -")
        return f"{int(offset.text)}-"

    def _auth(self) -> Auth | None:
        token = self._text("oauth2-bearer")
        if token is not None:
            return Auth("bearer", secret=token)
        user = self._text("user")
        if user is None:
            return None
        name, colon, password = user.partition(":")
        scheme: Literal["basic", "digest"] = "digest" if "digest" in self.flags else "basic"
        return Auth(scheme, name, password if colon else None)

    def _certificate(self) -> Certificate | None:
        for name in ("cert-type", "key-type"):
            kind = self._last(name)
            if kind is not None and kind.text.upper() != "PEM":
                self._refuse(kind, f"{kind.text!r} can't be read; expected PEM")
        typed = self._text("cert")
        if typed is None:
            return None
        found = _CERTIFICATE.fullmatch(typed)
        path, password = (found[1].replace("\\:", ":"), found[2]) if found else (typed, None)
        return Certificate(path, self._text("key"), self._text("pass") or password)

    def _proxies(self, target: str) -> tuple[tuple[str, str], ...]:
        for name in ("socks5-hostname", "socks5", "socks4a", "socks4"):
            if (word := self._last(name)) is not None:
                scheme = "socks5h" if name == "socks5-hostname" else name
                return (("all", self._proxy(Word(f"{scheme}://{word.text}", word.start, word.end))),)
        word = self._last("proxy")
        if word is None or not word.text or self._is_direct(target):
            return ()
        return (("all", self._proxy(word)),)

    def _proxy(self, word: Word) -> str:
        found = _PROXY.fullmatch(word.text)
        if found is None or not found[3]:
            self._refuse(word, f"{word.text!r} is no proxy; expected [SCHEME://]HOST[:PORT]")
        scheme = (found[1] or "http").lower()
        if scheme not in _PROXY_SCHEMES:
            self._refuse(word, f"{scheme} is no kind of proxy; expected {', '.join(_PROXY_SCHEMES)}")
        userinfo = found[2]
        if (given := self._text("proxy-user")) is not None:
            name, colon, password = given.partition(":")
            userinfo = f"{quote(name, safe='')}{colon}{quote(password, safe='')}"
        before = "" if userinfo is None else f"{userinfo}@"
        return f"{scheme}://{before}{found[3]}:{found[4] or PROXY_PORT}"

    def _is_direct(self, target: str) -> bool:
        """Return whether --noproxy names the host of `target`, or a domain that it is in."""
        host = (urlsplit(target).hostname or "").lower()
        names = (self._text("noproxy") or "").lower().replace(",", " ").split()
        return any(name == "*" or host == name.lstrip(".") or host.endswith(f".{name.lstrip('.')}") for name in names)

    def _redirects(self) -> int | None:
        word = self._last("max-redirs")
        if word is not None and word.text == "-1":
            return MOST_REDIRECTS
        default = DEFAULT_REDIRECTS if "location" in self.flags else None
        return self._number("max-redirs", MOST_REDIRECTS) if word is not None else default

    def _number(self, name: str, most: int) -> int | None:
        """Return the number of an option, `most` where it is more; None where it isn't there."""
        word = self._last(name)
        if word is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", word.text):
            self._refuse(word, f"{word.text!r} is no number for --{name}; expected 0 or more")
        return min(int(word.text), most)

    def _output(self, target: str, number: int) -> tuple[bool, str | None]:
        """Return whether the body goes to a file, and to which; None is the one that the response names."""
        output = self._nth("output", number)
        is_named = "remote-name" in self.flags or "remote-name-all" in self.flags
        if output is not None:
            if output.text in ("-", "/dev/null", "NUL", "nul"):
                return False, None
            name = output.text
        elif not is_named:
            return False, None
        elif "remote-header-name" in self.flags:
            if (folder_word := self._last("output-dir")) is not None:
                self._refuse(folder_word, "the response names the file of -J, in this folder; expected -o FILE")
            return True, None
        else:
            name = unquote(posixpath.basename(urlsplit(target).path)).replace("/", "_")
            if name in ("", ".", ".."):
                self._refuse(
                    self.urls[number], "-O takes the file's name from the URL, and it has none; expected -o FILE"
                )
        folder = self._text("output-dir")
        return True, posixpath.join(folder, name) if folder else name

    def _seconds(self, name: str) -> float | None:
        word = self._last(name)
        if word is None:
            return None
        try:
            seconds = float(word.text)
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds < math.inf:
            self._refuse(word, f"{word.text!r} is no number of seconds; expected one such as 2.5, or 0 for no limit")
        return seconds
