"""nginx: the server that is not ours, with one location for each thing a client must cope with."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers.certificates import Certificates, Leaf
from servers.process import find_program, free_ports, running

LARGE_BYTES = 16 * 1024 * 1024

# The password of "user" is "secret"; PLAIN is nginx's own scheme for an unhashed one.
PASSWORDS = "user:{PLAIN}secret\n"

LOCATIONS = """
    root {folder}/files;
    location = /private.json {{ auth_basic "private"; auth_basic_user_file {folder}/passwords; }}
    location = /echo {{ default_type text/plain; return 200 "$request_method $request_uri $http_x_test\\n"; }}
    location = /redirect {{ return 302 /small.json; }}
    location = /loop {{ return 302 /loop; }}
    location = /status/404 {{ default_type application/json; return 404 '{{"error": "not found"}}'; }}
    location = /status/204 {{ return 204; }}
    location = /slow.txt {{ limit_rate 1k; }}
    location = /upload {{ client_max_body_size 64m; proxy_pass http://unix:{folder}/echo.sock:/echo; }}
    location = /gzip.json {{ gzip on; gzip_min_length 1; gzip_types application/json; }}
"""

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    types {{ application/json json; text/plain txt; application/octet-stream bin; }}
    ssl_protocols TLSv1.2 TLSv1.3;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{plain}; {locations} }}
    server {{ listen unix:{folder}/echo.sock; {locations} }}
    server {{ listen 127.0.0.1:{closing}; keepalive_requests 3; {locations} }}
    {tls_servers}
}}
"""

TLS_SERVER = """
    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {leaf.chain}; ssl_certificate_key {leaf.key}; {more} {locations} }}
"""


@dataclass(frozen=True)
class Nginx:
    """Where a running nginx listens; every origin has the same files and locations.

    Attributes:
        url: plain HTTP, connections kept alive.
        closing_url: plain HTTP; the server closes a connection after its third response.
        tls_url: HTTPS with the good certificate.
        expired_url: HTTPS with an expired certificate.
        wrong_host_url: HTTPS with a certificate for another name.
        self_signed_url: HTTPS with a certificate that no CA signed.
        client_certificate_url: HTTPS that answers 400 without `certificates.client`.
        socket: the path of a Unix socket, plain HTTP.

    Files: `/small.json`, `/gzip.json` (gzip where the client takes it), `/slow.txt` (4 KiB at 1 KiB/s),
    `/large.bin` (LARGE_BYTES bytes, 0 to 255 repeated), `/private.json` (Basic, user and secret).
    Locations: `/echo` (method, URI and X-Test as text), `/redirect` (302 to /small.json), `/loop`, `/status/404`,
    `/status/204`, `/upload` (takes any body up to 64 MiB).
    """

    url: str
    closing_url: str
    tls_url: str
    expired_url: str
    wrong_host_url: str
    self_signed_url: str
    client_certificate_url: str
    socket: Path


@contextlib.contextmanager
def run_nginx(folder: Path, certificates: Certificates) -> Iterator[Nginx]:
    """Run nginx until the block ends, its files and configuration in `folder`."""
    program = find_program("nginx")
    _write_files(folder)
    plain, closing, *tls = ports = free_ports(7)
    locations = LOCATIONS.format(folder=folder)
    leaves: list[Leaf] = [
        certificates.good,
        certificates.expired,
        certificates.wrong_host,
        certificates.self_signed,
        certificates.good,
    ]
    verify = f"ssl_verify_client on; ssl_client_certificate {certificates.ca};"
    text = CONFIGURATION.format(
        folder=folder,
        plain=plain,
        closing=closing,
        locations=locations,
        tls_servers="".join(
            TLS_SERVER.format(port=port, leaf=leaf, locations=locations, more=verify if port == tls[-1] else "")
            for port, leaf in zip(tls, leaves, strict=True)
        ),
    )
    if os.geteuid() == 0:
        text = f"user root;\n{text}"
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    origins = [f"http://127.0.0.1:{port}" for port in (plain, closing)] + [f"https://127.0.0.1:{port}" for port in tls]
    with running([program, "-e", "stderr", "-c", str(configuration)], ports=ports, log=folder / "nginx.log"):
        yield Nginx(*origins, socket=folder / "echo.sock")


def _write_files(folder: Path) -> None:
    files = folder / "files"
    files.mkdir()
    (files / "small.json").write_text(json.dumps({"message": "hello", "numbers": [1, 2, 3]}))
    (files / "private.json").write_text(json.dumps({"secret": True}))
    (files / "gzip.json").write_text(json.dumps([{"id": number, "name": f"item {number}"} for number in range(500)]))
    (files / "slow.txt").write_text("x" * 4096)
    (files / "large.bin").write_bytes(bytes(range(256)) * (LARGE_BYTES // 256))
    (folder / "passwords").write_text(PASSWORDS)
