"""What a session with `trust_env` takes from outside the program: proxies from variables, credentials from netrc.

Both are asked anew for each hop, and what one host is given is never kept for the next. All of it may read files or the
registry, so it runs in the loop's executor.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import NamedTuple

from yarl import URL

from httpkit.client.auth import BasicAuth
from httpkit.client.proxies import parse_proxy

_logger = logging.getLogger("httpkit.client")


class Surroundings(NamedTuple):
    """What there is for one request: credentials for its host, a proxy, and the proxy's credentials."""

    auth: BasicAuth | None = None
    proxy: URL | None = None
    proxy_auth: BasicAuth | None = None


def find_surroundings(url: URL, *, wants_auth: bool, wants_proxy: bool, is_first_host: bool) -> Surroundings:
    """Return what variables and netrc have for `url`. Reads files: call it in an executor.

    The `default` entry of netrc is for the host that the program asked for, not for one that a redirect named
    (curl's CVE-2024-11053 and CVE-2025-0167).

    Raises:
        InvalidURL: a variable holds something that is no proxy; going without it could show what should stay hidden.
    """
    proxy, proxy_auth = find_env_proxy(url) if wants_proxy else (None, None)
    if not wants_auth and (proxy is None or proxy_auth is not None):
        return Surroundings(None, proxy, proxy_auth)
    entries = read_netrc()
    if entries is None:
        return Surroundings(None, proxy, proxy_auth)
    auth = netrc_auth(entries, url.host, with_default=is_first_host) if wants_auth else None
    if proxy is not None and proxy_auth is None:
        proxy_auth = netrc_auth(entries, proxy.host, with_default=False)
    return Surroundings(auth, proxy, proxy_auth)


# -- proxies ----------------------------------------------------------------------------------------------------


def find_env_proxy(url: URL) -> tuple[URL | None, BasicAuth | None]:
    """Return the proxy of HTTP_PROXY, HTTPS_PROXY, WS_PROXY or WSS_PROXY for `url`, unless NO_PROXY names its host.

    The lower-case names win, and HTTP_PROXY is ignored in a CGI program, where a request could set it.

    Raises:
        InvalidURL: the variable holds something that is no proxy.
    """
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - 30 ms of import that few sessions need

    found = getproxies()
    value = found.get(url.scheme)
    host = url.host or ""
    if not value:
        return None, None
    if "no" in found:
        if is_bypassed(host, url.port, found["no"].split(",")):
            return None, None
    elif proxy_bypass(host):
        return None, None
    return parse_proxy(value if "://" in value else f"http://{value}")


def is_bypassed(host: str, port: int | None, patterns: Iterable[str]) -> bool:
    """Return whether one of the patterns of NO_PROXY means `host`.

    A pattern is a name, which means its subdomains too, with or without a leading dot; an address or a network, such as
    10.0.0.0/8; either with `:port`; or `*` for all.
    """
    host = host.rstrip(".").lower()
    for entry in patterns:
        pattern = entry.strip().lower()
        if pattern == "*":
            return True
        name, colon, number = pattern.rpartition(":")
        if colon and number.isascii() and number.isdecimal() and (":" not in name or name.endswith("]")):
            if int(number) != port:
                continue
            pattern = name
        if pattern and _is_meant(host, pattern.strip("[]")):
            return True
    return False


def _is_meant(host: str, pattern: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        name = pattern.removeprefix("*").lstrip(".").rstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ip_network(pattern, strict=False)
    except ValueError:
        return False


# -- netrc ------------------------------------------------------------------------------------------------------


def read_netrc() -> netrc | None:
    """Return the netrc file: the one that NETRC names, or that of the home folder; None where it can't be used.

    A file that is named or there, and can't be used, is logged; nothing of what is in it.
    """
    named = os.environ.get("NETRC")
    try:
        path = Path(named) if named else Path.home() / ("_netrc" if sys.platform == "win32" else ".netrc")
    except RuntimeError:
        _logger.debug("no home folder to look for .netrc in")
        return None
    try:
        return netrc(str(path))
    except FileNotFoundError:
        if named:
            _logger.warning("the file that NETRC names is not there")
    except NetrcParseError as error:
        # The parser's message quotes what it stumbled over, which may be a password.
        _logger.warning("could not parse the netrc file: line %s", error.lineno)
    except (OSError, ValueError) as error:
        _logger.warning("could not read the netrc file: %s", type(error).__name__)
    return None


def netrc_auth(entries: netrc, host: str | None, *, with_default: bool) -> BasicAuth | None:
    """Return the credentials of the entry for `host`, or of `default` if that counts; the host alone is compared.

    A URL such as `http://example.com:@other.example/` is one of other.example (requests' CVE-2024-47081).
    """
    entry = entries.hosts.get(host or "") if host != "default" else None
    if entry is None and with_default:
        entry = entries.hosts.get("default")
    if entry is None:
        return None
    login, account, password = entry
    try:
        return BasicAuth(login or account or "", password or "", encoding="utf-8")
    except ValueError:
        _logger.warning("the netrc entry of a host has a login with a colon, which Basic can't carry")
        return None
