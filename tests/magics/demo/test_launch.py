"""Starting and stopping the demo API: by `start_demo`, by the command line, and by the end of its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websockets.sync.client

from httpkit_magics.demo import launch
from httpkit_magics.demo.broken import PATHS
from httpkit_magics.demo.launch import DemoError, start_demo

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(launch.__file__).parents[2])}
COMMAND = [sys.executable, "-m", "httpkit_magics.demo", "--port", "0"]


def _start(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [*COMMAND, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    urls = dict(process.stdout.readline().strip().split(": ", 1) for _ in range(2))
    return process, urls


def _status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status


def _is_open(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as connection:
        return connection.connect_ex((place.hostname, place.port)) == 0


def test_a_demo_starts_answers_and_stops():
    """Both URLs answer when start_demo returns; stop ends the process, and may be called again."""
    with start_demo() as server:
        assert (_status(server.url + "/items"), _status(server.broken_url + "/ok")) == (200, 200)
        assert server.is_running
    assert not server.is_running
    server.stop()


def test_it_stops_soon_though_streams_have_no_end():
    """An open stream, a WebSocket and a silent connection hold it up for a second at the most."""
    server = start_demo()
    ticker = server.url.replace("http", "ws") + "/ws/ticker"
    with (
        urllib.request.urlopen(server.url + "/events?count=0", timeout=5) as stream,
        websockets.sync.client.connect(ticker, proxy=None) as channel,
    ):
        assert (stream.read(1), bool(channel.recv())) == (b":", True)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 20


def test_a_ticker_ends_with_its_client():
    """Though its next message is minutes away: nothing is left that a stop must wait for, a second long."""
    server = start_demo()
    began = time.monotonic()
    server.stop()
    idle = time.monotonic() - began
    server = start_demo()
    ticker = server.url.replace("http", "ws") + "/ws/ticker?rate=0.001"
    with websockets.sync.client.connect(ticker, proxy=None) as channel:
        assert channel.recv()
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < idle + 0.9


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number):
    """Status 0, and not a word on stderr."""
    process, urls = _start()
    stream = urllib.request.urlopen(urls["demo"] + "/events?count=0", timeout=5)
    process.send_signal(number)
    with process:
        assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 0
    stream.close()


def _say(url: str, words: bytes, wanted: int = 2000) -> None:
    """Send bytes, take a few, and go."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=0.3) as connection:
        connection.sendall(words)
        with contextlib.suppress(OSError):
            connection.recv(wanted)


HANDSHAKE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"


def test_it_says_nothing_whatever_clients_do():
    """Clients that go away in the middle, or talk rubbish, are no news on stderr."""
    process, urls = _start()
    for path in PATHS:
        _say(urls["broken"], f"GET {path} HTTP/1.1\r\n\r\n".encode())
    for words in (b"", b"\r\n\r\n", b"GET\r\n\r\n", b"\0" * 70_000, b"GET " + b"x" * 70_000):
        _say(urls["broken"], words)
        _say(urls["demo"], words)
    for path in (
        "/events?count=0",
        "/ndjson?rate=0&count=0",
        "/json/50",
        "/delay/1",
        "/drip",
        "/events?drop_after=1&rate=0",
    ):
        _say(urls["demo"], f"GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n".encode())
    for path in (
        "/ws/echo",
        "/ws/ticker?rate=0",
        "/ws/chat",
        "/ws/drop",
        "/ws/close?code=1006",
        "/ws/ticker?rate=x&count=-5",
    ):
        _say(urls["demo"], f"GET {path} HTTP/1.1\r\nHost: demo\r\n".encode() + HANDSHAKE + b"\r\n\xff\xff")
    for path in ("/upload", "/form", "/anything", "/items"):
        _say(urls["demo"], f"POST {path} HTTP/1.1\r\nHost: demo\r\nContent-Length: 99\r\n\r\nx".encode())
    assert _status(urls["demo"] + "/") == 200
    process.terminate()
    with process:
        assert process.communicate(timeout=10)[1] == ""


def test_the_end_of_stdin_ends_it_only_if_asked():
    """With --exit-with-parent it dies with the kernel; without, a shell may close its input."""
    process, _ = _start("--exit-with-parent")
    other, urls = _start()
    with process, other:
        process.stdin.close()
        other.stdin.close()
        assert process.wait(5) == 0
        assert _status(urls["demo"] + "/") == 200
        other.terminate()


def test_it_dies_with_a_parent_that_is_killed():
    """SIGKILL leaves the parent no time to stop it."""
    code = "from httpkit_magics.demo.launch import start_demo; s = start_demo(); print(s.url, flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    with parent:
        url = parent.stdout.readline().strip()
        assert _status(url + "/") == 200
        parent.kill()
    deadline = time.monotonic() + 5
    while _is_open(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_open(url)


def test_it_stops_when_the_interpreter_ends():
    """atexit, for who forgets stop()."""
    code = "from httpkit_magics.demo.launch import start_demo; s = start_demo(); print(s.url)"
    url = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT
    ).stdout.strip()
    assert not _is_open(url)


def test_a_taken_port_is_said():
    """The error has what the process said."""
    with start_demo() as server, pytest.raises(DemoError, match=r"ended with status 1: .*--port 0 takes a free one"):
        start_demo(port=int(server.url.rpartition(":")[2]))


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets", "python_multipart"])
def test_a_missing_package_is_said_with_the_extra(tmp_path, monkeypatch, missing):
    """Within the time limit, with the command that installs it."""
    (tmp_path / f"{missing}.py").write_text(f"raise ModuleNotFoundError('no {missing}', name={missing!r})")
    # Before the packages that are installed, but after our own.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DemoError, match=rf'needs {missing}: pip install "jupyter-httpkit\[demo\]"'):
        start_demo()


def test_a_start_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    """The message names the limit, and no process is left."""
    (tmp_path / "starlette.py").write_text(
        "import sys, time; sys.stderr.write('slow'); sys.stderr.flush(); time.sleep(60)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(launch, "STOP_TIMEOUT", 0.5)
    with pytest.raises(DemoError, match=r"not ready after 1 s \(timeout\): slow"):
        start_demo(timeout=1)


def test_launching_needs_nothing_but_the_standard_library():
    """It runs in a kernel that may lack the extra."""
    code = "import sys, httpkit_magics.demo.launch; print([m for m in ('starlette', 'uvicorn', 'websockets') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert result.stdout.strip() == "[]"
