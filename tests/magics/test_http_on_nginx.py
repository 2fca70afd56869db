"""`%http` against a server that isn't ours: nginx, plain, over TLS with a private CA, compressed, large and closing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from servers.certificates import Certificates
from servers.nginx import LARGE_BYTES, Nginx
from traitlets.config import Config

import httpkit

LARGEST_PANEL = 100 * 1024


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython shell without history, with httpkit loaded; what it displays is kept."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = CapturingDisplayPublisher()
    shell.run_line_magic("load_ext", "httpkit")
    yield shell
    shell.run_line_magic("unload_ext", "httpkit")


def ask(shell: InteractiveShell, line: str) -> tuple[Any, dict[str, Any]]:
    """Run `%http line` and return the record and the last bundle that it displayed."""
    shell.run_cell(f"record = %http {line}").raise_error()
    return shell.user_ns["record"], shell.display_pub.outputs[-1]["data"]


def test_plain(shell: InteractiveShell, nginx: Nginx):
    """A small JSON document: a record with its value, and a panel that says 200 in text and HTML."""
    record, panel = ask(shell, f"GET {nginx.url}/small.json")
    assert (record.status, record.reason, record.ok) == (200, "OK", True)
    assert record.json() == {"message": "hello", "numbers": [1, 2, 3]}
    assert record.headers["Server"].startswith("nginx")
    assert "200 OK" in panel["text/plain"]
    assert "200 OK" in panel["text/html"]
    assert "hello" in panel["text/plain"]


def test_the_query_and_a_header_arrive(shell: InteractiveShell, nginx: Nginx):
    """The items of the line are what nginx receives."""
    record, _ = ask(shell, f"GET {nginx.url}/echo a=='1 2' X-Test:seen")
    assert record.text == "GET /echo?a=1+2 seen\n"


def test_a_private_ca_is_refused_until_it_is_named(shell: InteractiveShell, nginx: Nginx, certificates: Certificates):
    """Without the CA: a panel of one sentence and the exception; with it: 200 over TLS."""
    record, panel = ask(shell, f"GET {nginx.tls_url}/small.json")
    assert isinstance(record.error, httpkit.ClientConnectorCertificateError)
    assert record.failure.title in panel["text/plain"]
    assert "Traceback" not in panel["text/plain"] + panel["text/html"]
    shell.run_line_magic("config", f"HttpKit.verify = {str(certificates.ca)!r}")
    record, _ = ask(shell, f"GET {nginx.tls_url}/small.json")
    assert record.status == 200
    assert record.tls.version == "TLS 1.3"


@pytest.mark.parametrize("origin", ["expired_url", "wrong_host_url", "self_signed_url"])
def test_a_bad_certificate_is_refused(shell: InteractiveShell, nginx: Nginx, certificates: Certificates, origin: str):
    """Trusting the CA doesn't make an expired, foreign or self-signed certificate good."""
    shell.run_line_magic("config", f"HttpKit.verify = {str(certificates.ca)!r}")
    record, _ = ask(shell, f"GET {getattr(nginx, origin)}/small.json")
    assert isinstance(record.error, httpkit.ClientConnectorCertificateError)
    assert not record.ok


def test_gzip(shell: InteractiveShell, nginx: Nginx):
    """A compressed body arrives decoded, and its coding can still be seen."""
    record, panel = ask(shell, f"GET {nginx.url}/gzip.json")
    assert record.headers["Content-Encoding"] == "gzip"
    assert [item["id"] for item in record.json()] == list(range(500))
    assert "gzip" in panel["text/plain"]


def test_redirects_are_shown_and_followed(shell: InteractiveShell, nginx: Nginx):
    """A redirect is an answer; with -F its target is, and an endless one ends in a failure."""
    assert ask(shell, f"GET {nginx.url}/redirect")[0].status == 302
    record, _ = ask(shell, f"-F GET {nginx.url}/redirect")
    assert (record.status, record.url) == (200, f"{nginx.url}/small.json")
    record, _ = ask(shell, f"-F GET {nginx.url}/loop")
    assert isinstance(record.error, httpkit.TooManyRedirects)


def test_a_connection_that_the_server_closes_is_replaced(shell: InteractiveShell, nginx: Nginx):
    """The server closes connections of this origin after three responses; nobody notices."""
    assert [ask(shell, f"GET {nginx.closing_url}/small.json")[0].status for _ in range(8)] == [200] * 8


def test_a_large_body_stays_in_the_kernel(shell: InteractiveShell, nginx: Nginx):
    """The record has every byte, the panel only the beginning."""
    record, panel = ask(shell, f"GET {nginx.url}/large.bin")
    assert record.content == bytes(range(256)) * (LARGE_BYTES // 256)
    assert len(panel["text/html"]) + len(panel["text/plain"]) < LARGEST_PANEL
