"""`http` in a plain script: the same Records, nothing printed, and a clean end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from servers.threaded import response, serving

from httpkit_magics import http

ANSWERS = {
    "/": response(b'{"a": 1}', Content_Type="application/json"),
    "/missing": response(b"no", status="404 Not Found"),
}


@pytest.fixture(autouse=True)
def _alone():
    """Begin and end without a history, a connection or a thread."""
    http.history.clear()
    yield
    http.history.clear()
    http.close()


@pytest.fixture
def server():
    """Return the server."""
    with serving(ANSWERS) as running:
        yield running


def script(code, url):
    """Run `code` as a plain script, in which `url` is the server's."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"from httpkit_magics import http\nurl = {url!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_script_gets_records_and_prints_nothing_of_its_own(server):
    """It ends without a warning, a thread or a socket that anybody complains about."""
    code = """
import asyncio, sys
r = http.get(url, params={"q": "a b"})
assert http.post(url, json={"b": 2}).request.body == b'{"b": 2}'
assert asyncio.run(http.aget(url)).json() == {"a": 1}
assert not any(name.split(".")[0] in {"IPython", "traitlets"} for name in sys.modules)
assert len(http.history) == 3 and http.last is http.history[-1]
print(r.status, r["$.a"], r.url.removeprefix(url))
"""
    done = script(code, server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200 1 /?q=a+b\n", "")


def test_a_failure_is_a_record_in_a_script_too():
    """Refused is no exception."""
    done = script("print(http.get('http://127.0.0.1:9/').failure.kind)", "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of Unix")
def test_an_interrupt_ends_a_request_of_a_script(tmp_path: Path):
    """Ctrl-C is heard at once, the request is cancelled and stands in the history."""
    with serving({"/": None}) as server:
        code = (
            "import sys\nfrom httpkit_magics import http\n"
            f"try:\n    http.get({server.url!r})\n"
            "except KeyboardInterrupt:\n    print(http.last.failure.kind)\n"
        )
        path = tmp_path / "script.py"
        path.write_text(code)
        child = subprocess.Popen(
            [sys.executable, "-W", "error", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 20
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        began = time.monotonic()
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert (out, err) == ("cancelled\n", "")
    assert time.monotonic() - began < 3


def test_importing_the_package_brings_neither_the_client_nor_ipython():
    """`http` is loaded when it is named."""
    code = "import sys, httpkit_magics; print(sorted({'httpkit', 'IPython', 'httpkit_magics.twin'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete", "head", "options"])
async def test_every_verb_is_sent_and_its_twin_as_well(server, verb):
    """By its name, with and without await."""
    record = getattr(http, verb)(server.url)
    awaited = await getattr(http, f"a{verb}")(server.url)
    assert {verb.upper()} == {record.request.method, awaited.request.method}
    assert [record, awaited] == list(http.history)


def test_closing_leaves_no_thread_and_a_later_call_starts_anew(server):
    """Twice is as good as once."""
    http.get(server.url)
    http.close()
    http.close()
    assert "httpkit" not in [thread.name for thread in threading.enumerate()]
    assert http.get(server.url).status == 200


async def test_the_awaiting_loop_goes_on(server):
    """The work is done elsewhere."""
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(turn())
    records = await asyncio.gather(*(http.aget(server.url) for _ in range(5)))
    ticking.cancel()
    assert [record.status for record in records] == [200] * 5
    assert turns > 5


async def test_cancelling_the_task_cancels_the_request():
    """At once; the server sees the connection close, and the history has it."""
    with serving({"/": None}) as server:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await http.aget(server.url)
        assert time.monotonic() - began < 1.5
        assert http.last.failure.kind == "cancelled"


def test_two_runs_are_compared_and_a_304_finds_its_body():
    """By the calls that the pages show."""
    answers = {"/": response(b'{"n": 1}', Content_Type="application/json", ETag='"v1"')}
    with serving(answers) as server:
        first = http.get(server.url)
        server.answers["/"] = response(b'{"n": 2}', Content_Type="application/json", ETag='"v2"')
        http.get(server.url)
        assert [(each.place, each.before, each.after) for each in http.diff().body] == [("$.n", 1, 2)]
        assert not http.diff(first, first)
        server.answers["/"] = response(status="304 Not Modified", ETag='"v1"')
        assert http.get(server.url, headers={"If-None-Match": '"v1"'}).stored is first
        assert json.loads(http.last.stored.content) == {"n": 1}
