"""A server as a child process: found, started in the foreground, waited for, stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_SECONDS = 15.0
STOP_SECONDS = 5.0


def find_program(name: str) -> str:
    """Return the path of an installed program; without it the test is skipped, or fails where HTTPKIT_CI=1."""
    # Debian keeps servers in sbin, which a user's PATH may lack.
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"]))
    if path is None:
        message = f"{name} is not installed: `make test` as root installs it on Debian"
        if os.environ.get("HTTPKIT_CI") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports of 127.0.0.1 that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


@contextlib.contextmanager
def running(
    arguments: list[str], *, ports: list[int], log: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a program until the block ends, entered when it listens on all of `ports`.

    `environment` is added to that of this process; what the program prints goes to `log`.

    Raises:
        RuntimeError: it ended, or didn't listen within START_SECONDS; the end of its output is in the message.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | (environment or {}),
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        for port in ports:
            _wait_for_port(port, process, deadline, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes], deadline: float, log: Path) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{process.args!r} does not listen on port {port}: {tail}")
        time.sleep(0.02)
