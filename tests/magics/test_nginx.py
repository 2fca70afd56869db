"""The magic in a real kernel against nginx: gzip, TLS with a private authority, bad certificates, a large body."""

from __future__ import annotations

import time

import pytest
from servers.kernel import kernel
from servers.nginx import LARGE_BYTES


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        started.run("%load_ext httpkit")
        yield started


@pytest.fixture
def trusting(running, certificates):
    """Return the kernel, with the private authority trusted."""
    running.run(f"%config HttpKit.verify = {str(certificates.ca)!r}")
    yield running
    running.run("%config HttpKit.verify = True")


def test_a_body_comes_compressed_and_is_decoded(nginx, running):
    """Gzip by somebody else's server."""
    cell = running.run(f"r = %http {nginx.url}/gzip.json")
    assert "200 OK" in cell.panels[0]
    assert running.value("r.headers['content-encoding'], type(r.json()), r.received < len(r.content)") == (
        "('gzip', <class 'list'>, True)"
    )


def test_a_private_authority_is_refused_with_the_way_out(nginx, running):
    """The hint names the setting."""
    (panel,) = running.run(f"%http {nginx.tls_url}/small.json").panels
    assert "Certificate refused" in panel
    assert "HttpKit.verify" in panel


def test_a_private_authority_is_trusted_when_it_is_named(nginx, trusting):
    """The record says what TLS agreed on."""
    assert "200 OK" in trusting.run(f"r = %http {nginx.tls_url}/small.json").panels[0]
    assert (
        trusting.value("r.json()['message'], r.tls.version, '127.0.0.1' in r.tls.names") == "('hello', 'TLS 1.3', True)"
    )


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("expired_url", "certificate has expired"),
        ("wrong_host_url", "is not valid for"),
        ("self_signed_url", "self-signed certificate"),
        ("client_certificate_url", "400 Bad Request"),
    ],
)
def test_a_bad_certificate_is_refused_in_words(nginx, trusting, origin, words):
    """Each in its own; without the client's certificate nginx says so itself."""
    (panel,) = trusting.run(f"%http {getattr(nginx, origin)}/small.json").panels
    assert words in " ".join(panel.split())


def test_a_redirect_is_shown_or_followed(nginx, running):
    """Nginx's redirect has an absolute Location."""
    assert "302 Moved Temporarily" in running.run(f"%http {nginx.url}/redirect").panels[0]
    running.run(f"r = %http -F {nginx.url}/redirect")
    assert running.value("r.status, [hop.status for hop in r.redirects]") == "(200, [302])"


def test_what_is_sent_arrives(nginx, running):
    """Nginx says what it got."""
    running.run(f"r = %http PUT {nginx.url}/echo q=='a b' X-Test:yes n:=1")
    assert running.value("r.text") == repr("PUT /echo?q=a+b yes\n")


def test_a_large_body_is_whole_and_stays_out_of_the_notebook(nginx, running):
    """16 MiB in the kernel, a small panel in the output."""
    cell = running.run(f"r = %http {nginx.url}/large.bin")
    assert running.value("len(r.content), r.received") == f"({LARGE_BYTES}, {LARGE_BYTES})"
    assert len(cell.outputs[0]["text/html"]) < 100_000


def test_a_slow_body_is_cancelled_half_way(nginx, running):
    """The panel says how much had come, and the record keeps it."""
    started = running.start(f"%http {nginx.url}/slow.txt -o half")
    time.sleep(1)
    running.manager.interrupt_kernel()
    cell = running.finish(started)
    assert "Cancelled" in cell.panels[-1]
    assert running.value("half.status, 0 < len(half.content) < 4096") == "(200, True)"
