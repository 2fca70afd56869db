"""What was typed for a URL -> an absolute URL.

Bare hosts are https, except loopback, which is http. `:3000/x` is localhost. A path alone goes to the base URL.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# `mailto:x` and `data:...` are no hosts: a port is digits. They go on as they are, and the client names the scheme.
OPAQUE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\d/]")
LOCAL_PORT = re.compile(r":(\d*)(?![:\d])(.*)", re.DOTALL)
AUTHORITY = re.compile(r"[^/?#]*")
LOOPBACK = re.compile(r"(?:localhost|[^@]*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?\Z", re.IGNORECASE)


class TargetError(ValueError):
    """A URL that can't be completed; the message says what is missing."""


def complete_target(typed: str, base_url: str = "") -> str:
    """Return the absolute URL that `typed` stands for.

    A path (`/items`) or query (`?page=2`) is added to `base_url`'s path, so that a base URL may have a prefix such as `/v1`.

    Raises:
        TargetError: it is empty, or a path alone and there is no base URL.
    """
    typed = typed.removeprefix("://")
    if not typed:
        raise TargetError("the URL is empty; expected a host such as example.org, a URL or a path")
    if SCHEME.match(typed) or OPAQUE.match(typed):
        return typed
    if local := LOCAL_PORT.fullmatch(typed):
        port = f":{local[1]}" if local[1] else ""
        return f"http://localhost{port}{local[2]}"
    if typed.startswith("//"):
        typed = typed[2:]
    elif typed[0] in "/?#":
        return _joined(typed, base_url)
    authority = AUTHORITY.match(typed)
    host = authority[0].rpartition("@")[2] if authority else ""
    return f"{'http' if LOOPBACK.match(host) else 'https'}://{typed}"


def _joined(path: str, base_url: str) -> str:
    if not base_url:
        raise TargetError(
            f"{path!r} is a path alone, and no base URL is set; "
            'try %config HttpKit.base_url = "https://api.example.org" or %httpkit demo'
        )
    base = urlsplit(complete_target(base_url))
    return f"{base.scheme}://{base.netloc}{base.path.rstrip('/') if path[0] == '/' else base.path}{path}"
