"""Apache: Digest authentication by somebody else (mod_auth_digest). The user is "user", the password "secret"."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.process import find_program, free_ports, running

REALM = "httpkit test"

CONFIGURATION = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
DefaultRuntimeDir {folder}
Mutex file:{folder} default
User {user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_digest_module {modules}/mod_auth_digest.so
DocumentRoot {folder}/htdocs
<Directory {folder}/htdocs>
    AuthType Digest
    AuthName "{realm}"
    AuthDigestAlgorithm MD5
    AuthDigestQop auth
    AuthDigestNonceLifetime {lifetime}
    AuthUserFile {folder}/digest-passwords
    Require valid-user
</Directory>
"""


@contextlib.contextmanager
def run_apache(folder: Path, *, nonce_lifetime: int = 300) -> Iterator[str]:
    """Run Apache until the block ends, and give its URL; `/small.json` and `/a b.json` are behind Digest."""
    program = find_program("apache2")
    modules = next(iter(Path("/usr").glob("lib*/apache2/modules")), None)
    if modules is None:
        pytest.fail("apache2 is installed without its modules")
    folder = folder / f"apache-{nonce_lifetime}"
    (folder / "htdocs").mkdir(parents=True)
    for name in ("small.json", "a b.json"):
        (folder / "htdocs" / name).write_text('{"message": "hello"}')
    proof = hashlib.md5(f"user:{REALM}:secret".encode(), usedforsecurity=False).hexdigest()
    (folder / "digest-passwords").write_text(f"user:{REALM}:{proof}\n")
    (port,) = free_ports(1)
    configuration = folder / "apache.conf"
    user = "www-data" if os.geteuid() == 0 else f"#{os.geteuid()}"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, modules=modules, realm=REALM, lifetime=nonce_lifetime, user=user)
    )
    with running([program, "-DFOREGROUND", "-f", str(configuration)], ports=[port], log=folder / "apache.log"):
        yield f"http://127.0.0.1:{port}"
