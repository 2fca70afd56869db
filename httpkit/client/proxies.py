"""The `proxy` option: a URL, with or without credentials in it."""

from __future__ import annotations

from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.errors import InvalidURL, without_userinfo
from httpkit.net.proxy import PROXY_SCHEMES


def parse_proxy(value: str | URL) -> tuple[URL, BasicAuth | None]:
    """Return the proxy's URL without its userinfo, and the credentials that the userinfo is.

    Raises:
        InvalidURL: it can't be parsed, names no host, or its scheme is not one of a proxy.
    """
    # The URL may hold a password: the message must not.
    shown = without_userinfo(str(value))
    try:
        url = URL(value)
        auth = BasicAuth.from_url(url, encoding="utf-8")
        port = url.port
    except ValueError as error:
        raise InvalidURL(shown, "not the URL of a proxy") from error
    if url.scheme not in PROXY_SCHEMES:
        raise InvalidURL(shown, f"the scheme of a proxy is one of {', '.join(sorted(PROXY_SCHEMES))}")
    if not url.raw_host or port == 0:
        raise InvalidURL(shown, "a proxy needs a host and a port")
    # Only the origin counts, and two spellings of one proxy must share their connections.
    origin = URL.build(scheme=url.scheme, host=url.raw_host, port=url.explicit_port, encoded=False)
    return origin, auth
