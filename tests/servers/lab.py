"""JupyterLab as a child process, with every folder that it writes to under one temporary folder."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers.process import free_ports, running

# The toast that asks whether to fetch news would cover the page.
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: `root` is the folder that it shows, `token` opens it."""

    url: str
    token: str
    root: Path

    def page_url(self, notebook: str) -> str:
        """Return the address of a notebook, alone on its page, with a fresh workspace."""
        return f"{self.url}/doc/tree/{notebook}?token={self.token}&reset"

    def end_sessions(self) -> None:
        """Stop every kernel; they outlive the page that started them."""
        for session in json.loads(self._call("GET", "/api/sessions")):
            self._call("DELETE", f"/api/sessions/{session['id']}")

    def _call(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read()


@contextlib.contextmanager
def run_lab(folder: Path) -> Iterator[Lab]:
    """Run JupyterLab until the block ends; notebooks go to `folder`/notebooks."""
    (port,) = free_ports(1)
    root = folder / "notebooks"
    settings = folder / "settings"
    root.mkdir()
    news = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps(NO_NEWS))
    names = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    token = secrets.token_hex(16)
    arguments = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        f"--ServerApp.root_dir={root}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    environment = {name: str(folder / place) for name, place in names.items()}
    with running(arguments, ports=[port], log=folder / "lab.log", environment=environment):
        yield Lab(f"http://127.0.0.1:{port}", token, root)
