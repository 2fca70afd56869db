"""Proxies that are not ours: squid (plain, with a password, over TLS), tinyproxy and microsocks (SOCKS5).

The user is "user" and the password "secret" wherever one is asked for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.certificates import Certificates
from servers.process import find_program, free_ports, running

SQUID = """
http_port 127.0.0.1:{open} name=open
http_port 127.0.0.1:{password} name=password
https_port 127.0.0.1:{tls} tls-cert={leaf.chain} tls-key={leaf.key} name=tls
auth_param basic program {helper} {folder}/squid-passwords
acl password_port myportname password
acl authenticated proxy_auth REQUIRED
http_access deny password_port !authenticated
http_access allow all
cache deny all
pid_filename none
access_log none
cache_log {folder}/squid-cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
"""

TINYPROXY = """
Listen 127.0.0.1
Port {port}
LogLevel Warning
"""


@dataclass(frozen=True)
class Squid:
    """Where squid listens: `url` takes anybody, `password_url` asks for Basic, `tls_url` is TLS to the proxy."""

    url: str
    password_url: str
    tls_url: str


@contextlib.contextmanager
def run_squid(folder: Path, certificates: Certificates) -> Iterator[Squid]:
    """Run squid until the block ends."""
    program = find_program("squid")
    helper = next((path for path in Path("/usr").glob("lib*/squid/basic_ncsa_auth")), None)
    if helper is None:
        pytest.fail("squid is installed without its helper basic_ncsa_auth")
    # Crypt of "secret" by the APR1 scheme, as `htpasswd -nbm user secret` writes it.
    (folder / "squid-passwords").write_text("user:$apr1$httpkit0$pQiT5TuoAThvGIwx3fYoz/\n")
    ports = free_ports(3)
    configuration = folder / "squid.conf"
    text = SQUID.format(
        open=ports[0], password=ports[1], tls=ports[2], leaf=certificates.good, helper=helper, folder=folder
    )
    configuration.write_text(text)
    log = folder / "squid-cache.log"
    log.touch()
    if os.geteuid() == 0:
        log.chmod(0o666)  # squid drops to a user of its own
    with running([program, "-N", "-f", str(configuration)], ports=ports, log=folder / "squid.log"):
        yield Squid(
            *(f"{scheme}://127.0.0.1:{port}" for scheme, port in zip(("http", "http", "https"), ports, strict=True))
        )


@contextlib.contextmanager
def run_tinyproxy(folder: Path, *, password: bool) -> Iterator[str]:
    """Run tinyproxy until the block ends, and give its URL (without the credentials)."""
    program = find_program("tinyproxy")
    (port,) = free_ports(1)
    configuration = folder / f"tinyproxy-{port}.conf"
    configuration.write_text(TINYPROXY.format(port=port) + ("BasicAuth user secret\n" if password else ""))
    with running([program, "-d", "-c", str(configuration)], ports=[port], log=folder / f"tinyproxy-{port}.log"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def run_microsocks(folder: Path, *, password: bool) -> Iterator[str]:
    """Run microsocks until the block ends, and give its socks5 URL (without the credentials)."""
    program = find_program("microsocks")
    (port,) = free_ports(1)
    credentials = ["-u", "user", "-P", "secret"] if password else []
    arguments = [program, "-i", "127.0.0.1", "-p", str(port), *credentials]
    with running(arguments, ports=[port], log=folder / f"microsocks-{port}.log"):
        yield f"socks5://127.0.0.1:{port}"
