"""The servers that tests talk to, as fixtures. Whatever costs more than some milliseconds lives for the whole run.

certificates            a private CA and leaves: good, expired, wrong_host, self_signed, client
nginx                   plain, TLS good and bad, Unix socket; see servers.nginx.Nginx for its files and locations
squid                   proxy: url, password_url (user, secret), tls_url
tinyproxy, tinyproxy_with_password      proxy URLs
socks, socks_with_password              socks5 URLs
apache                  URL of Apache: /small.json behind Digest (user, secret)
demo_server             URL of the demo API
node_server             URL of Node's http: echo as JSON, /chunked, /trailers, /early-hints, /until-close, /delay
echo_server             URL of a tiny server in a process of its own: 80 bytes of JSON, or the body echoed
scripted_server         `server = await scripted_server(b"HTTP/1.1 ...", ...)`: the bytes that a test wants

A program that isn't installed skips its tests, or fails them where HTTPKIT_CI=1.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest
import pytest_asyncio
from servers.apache import run_apache
from servers.certificates import Certificates, make_certificates
from servers.nginx import Nginx, run_nginx
from servers.process import find_program, free_ports, running
from servers.proxies import Squid, run_microsocks, run_squid, run_tinyproxy
from servers.scripted import Handler, ScriptedServer

SERVERS = Path(__file__).parent / "servers"

StartScripted = Callable[..., Awaitable[ScriptedServer]]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for configurations and certificates; servers that drop their rights can read it."""
    with tempfile.TemporaryDirectory(prefix="httpkit-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def certificates(server_folder: Path) -> Certificates:
    """A private CA and its leaves."""
    return make_certificates(server_folder)


@pytest.fixture(scope="session")
def nginx(server_folder: Path, certificates: Certificates) -> Iterator[Nginx]:
    """Run nginx."""
    with run_nginx(server_folder, certificates) as server:
        yield server


@pytest.fixture(scope="session")
def squid(server_folder: Path, certificates: Certificates) -> Iterator[Squid]:
    """Run squid."""
    with run_squid(server_folder, certificates) as server:
        yield server


@pytest.fixture(scope="session")
def tinyproxy(server_folder: Path) -> Iterator[str]:
    """Run tinyproxy for anybody."""
    with run_tinyproxy(server_folder, password=False) as url:
        yield url


@pytest.fixture(scope="session")
def tinyproxy_with_password(server_folder: Path) -> Iterator[str]:
    """Run tinyproxy for "user" with "secret"."""
    with run_tinyproxy(server_folder, password=True) as url:
        yield url


@pytest.fixture(scope="session")
def socks(server_folder: Path) -> Iterator[str]:
    """Run a SOCKS5 proxy for anybody."""
    with run_microsocks(server_folder, password=False) as url:
        yield url


@pytest.fixture(scope="session")
def socks_with_password(server_folder: Path) -> Iterator[str]:
    """Run a SOCKS5 proxy for "user" with "secret"."""
    with run_microsocks(server_folder, password=True) as url:
        yield url


@pytest.fixture(scope="session")
def apache(server_folder: Path) -> Iterator[str]:
    """Run Apache with Digest authentication."""
    with run_apache(server_folder) as url:
        yield url


@pytest.fixture(scope="session")
def demo_server() -> Iterator[str]:
    """Run the demo API in a process of its own."""
    from httpkit_magics.demo.launch import start_demo  # the demo is an extra, and few tests need it

    with start_demo() as server:
        yield server.url


@pytest.fixture(scope="session")
def node_server(server_folder: Path) -> Iterator[str]:
    """Run Node's http server."""
    (port,) = free_ports(1)
    arguments = [find_program("node"), str(SERVERS / "node.js"), str(port)]
    with running(arguments, ports=[port], log=server_folder / "node.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def echo_server(server_folder: Path) -> Iterator[str]:
    """Run the echo server in a process of its own."""
    (port,) = free_ports(1)
    arguments = [sys.executable, str(SERVERS / "echo.py"), str(port)]
    with running(arguments, ports=[port], log=server_folder / "echo.log"):
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture
async def scripted_server() -> AsyncIterator[StartScripted]:
    """Start servers that give these answers, in order: bytes, parts sent apart, or a handler (reader, writer).

    `close=True` closes the connection after each answer; `context=` makes it HTTPS.
    """
    servers: list[ScriptedServer] = []

    async def start(
        *answers: bytes | list[bytes] | Handler, close: bool = False, context: SSLContext | None = None
    ) -> ScriptedServer:
        server = ScriptedServer(answers, close=close)
        servers.append(server)
        await server.start(context)
        return server

    yield start
    for server in servers:
        await server.stop()
