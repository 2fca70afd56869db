"""The magic against nginx: plain, TLS with a private authority, gzip, a file of some size."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time

import pytest
import trustme
from real_kernel import kernel

PAGE = "<h1>kettle</h1>\n" * 500
LARGE = 8_000_000

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; types {{ text/html html; }} default_type application/octet-stream;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  gzip on; gzip_min_length 100;
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    root {folder}/www;
    location /old {{ return 301 /page.html; }}
  }}
}}
"""


def free_ports(count):
    """Return ports of loopback that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(port):
    """Wait until something listens at `port`."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nginx does not listen at port {port}")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """Return nginx's plain and TLS ports, and the file of the authority that signed its certificate."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        assert "HTTPKIT_CI" not in os.environ, "nginx is missing"
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "www").mkdir()
    (folder / "www" / "page.html").write_text(PAGE)
    (folder / "www" / "large").write_bytes(bytes(LARGE))
    plain, tls = free_ports(2)
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, plain=plain, tls=tls))
    # nginx drops to another user, who must be able to read what it serves.
    for each in (folder.parent.parent, folder.parent, folder, folder / "www"):
        each.chmod(0o755)
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        wait_for(plain)
        yield plain, tls, folder / "ca.pem"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        started.run("%load_ext httpkit_magics")
        yield started


def test_a_page_comes_compressed_and_is_decoded(nginx, running):
    """Gzip by somebody else's server: the text is whole, the wire carried less."""
    cell = running.run(f"r = %http GET :{nginx[0]}/page.html")
    assert "200 OK" in cell.panels[0]
    assert (
        running.value("r.headers['content-encoding'], len(r.text), r.received < 500") == f"('gzip', {len(PAGE)}, True)"
    )


def test_a_private_authority_is_trusted_when_it_is_named(nginx, running):
    """Refused at first with the way out, then fine, with what TLS agreed on."""
    _, tls, authority = nginx
    refused = running.run(f"%http https://localhost:{tls}/page.html")
    assert "Certificate refused" in refused.panels[0]
    assert "HttpKit.verify" in refused.panels[0]
    running.run(f"%config HttpKit.verify = {str(authority)!r}")
    cell = running.run(f"r = %http https://localhost:{tls}/page.html")
    assert "200 OK" in cell.panels[0]
    assert running.value("r.tls.names, r.tls.version[:5]") == "(('localhost',), 'TLS 1')"


def test_a_redirect_is_shown_or_followed(nginx, running):
    """Nginx's redirect has an absolute Location."""
    assert "301 Moved Permanently" in running.run(f"%http :{nginx[0]}/old").panels[0]
    running.run(f"r = %http -F :{nginx[0]}/old")
    assert running.value("r.status, [hop.status for hop in r.redirects]") == "(200, [301])"


def test_a_large_body_is_whole_and_stays_out_of_the_notebook(nginx, running):
    """8 MB in the kernel, a small panel in the output."""
    cell = running.run(f"r = %http :{nginx[0]}/large")
    assert running.value("len(r.content), r.received") == f"({LARGE}, {LARGE})"
    assert len(cell.outputs[0]["text/html"]) < 100_000
