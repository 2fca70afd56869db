"""Start the demo API in a process of its own. Standard library only: what is missing is said by the process."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

START_TIMEOUT = 15.0  # seconds
STOP_TIMEOUT = 5.0  # seconds, then it is killed

_PACKAGES = Path(__file__).resolve().parents[2]


class DemoError(Exception):
    """The demo API did not start; the message has what its process said."""


class DemoServer:
    """A running demo API: `url` and `broken_url` are its base URLs. As a context manager it stops at the end."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, broken_url: str) -> None:
        self.url = url
        self.broken_url = broken_url
        self._process = process
        atexit.register(self.stop)

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop the process and wait for its end; may be called again."""
        atexit.unregister(self.stop)
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"DemoServer({self.url!r}, {'running' if self.is_running else 'stopped'})"


def start_demo(port: int = 0, timeout: float = START_TIMEOUT) -> DemoServer:
    """Start the demo API and return when it answers; it ends with this process, however that ends.

    Args:
        port: where it listens on the loopback interface; 0 takes a free port.
        timeout: seconds until it must be ready.

    Raises:
        DemoError: it was not ready in time, or ended: a package is missing, the port is taken.
    """
    # The child must find this very package, also where only sys.path knows it.
    path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "httpkit_magics.demo", "--port", str(port), "--exit-with-parent"]
    # A file and not a pipe for stderr: nobody needs to read it while the server runs.
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C in a terminal goes to the whole group, and must not end the server under the notebook.
            start_new_session=True,
        )
        try:
            urls, is_late = _read_urls(process, timeout)
        except BaseException:
            _end(process)
            raise
        if "demo" in urls and "broken" in urls:
            return DemoServer(process, urls["demo"], urls["broken"])
        _end(process)
        errors.seek(0)
        said = errors.read(10_000).decode(errors="replace").strip() or "it said nothing"
    why = f"was not ready after {timeout:g} s (timeout)" if is_late else f"ended with status {process.returncode}"
    raise DemoError(f"the demo API {why}: {said}")


def _read_urls(process: subprocess.Popen[bytes], timeout: float) -> tuple[dict[str, str], bool]:
    """Return what the two lines say, or less, and whether they did not come in time."""
    urls: dict[str, str] = {}

    def read(stream: IO[bytes]) -> None:
        # Whoever stops waiting closes the stream, perhaps in the middle of a read.
        with contextlib.suppress(ValueError):
            for _ in range(2):
                name, _, url = stream.readline().decode().strip().partition(": ")
                urls[name] = url

    assert process.stdout is not None  # noqa: S101 - it was asked for
    # A thread, for on Windows a pipe can't be waited for with a timeout.
    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    reader.join(timeout)
    # A process that is about to end has closed its output and may still have no status: its silence is no lateness.
    return dict(urls), reader.is_alive()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        # Closing what it reads is the polite way, and the only one on Windows.
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
