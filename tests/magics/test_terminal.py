"""The magics in terminal IPython, driven through a pseudo-terminal."""

from __future__ import annotations

import os
import re
import sys
import time

import pytest
from servers.threaded import response, serving

pexpect = pytest.importorskip("pexpect", reason="there is no pseudo-terminal on Windows")

PROMPT = r"In \[\d+\]: "
ANSWERS = {"/": response(b'{"a": 1}', Content_Type="application/json")}


@pytest.fixture(scope="module")
def server():
    """Return a server for all tests of this file."""
    with serving(ANSWERS) as started:
        yield started


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    """Return a terminal in which IPython runs with the magics loaded."""
    folder = str(tmp_path_factory.mktemp("terminal"))
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"],
        env={**os.environ, "IPYTHONDIR": folder, "TERM": "xterm-256color", "PAGER": "cat"},
        cwd=folder,
        dimensions=(50, 160),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(PROMPT)
    said(child, "%load_ext httpkit_magics")
    yield child
    child.close(force=True)


def said(child, line):
    """Type a line and return what stands between it and the next prompt."""
    child.sendline(line)
    child.expect(PROMPT)
    return child.before.replace("\r\n", "\n")


def test_a_stream_is_printed_once_when_its_cell_ends(terminal, demo_server):
    """With the last messages; one in the background is printed as it is, and goes on."""
    text = said(terminal, f"%ws {demo_server}/ws/ticker rate==1000 --count 5")
    assert text.count("closed 1000") == 2  # the badge, and the line of the result
    assert "COPPER" in text
    assert set(re.findall(r"\x1b\[[\d;]*([A-Za-z])", text)) == {"m"}
    said(terminal, f"feed = %ws {demo_server}/ws/ticker rate==1000 --bg")
    assert "StreamTimeout" not in said(terminal, "feed.wait('BRASS', timeout=10)")
    assert "True" in said(terminal, "feed.close(); feed.received > 3")


def test_the_panel_is_printed_once_in_colour(terminal, server):
    """The panel with its colours, then one line for the result; nothing moves the cursor."""
    text = said(terminal, f"%http {server.url}/")
    assert text.count("200 OK") == 2  # the badge, and the line of the result
    assert re.search(r"Out\[\d+\]: <Record 200 OK GET", text)
    assert "\x1b[" in text
    assert set(re.findall(r"\x1b\[[\d;]*([A-Za-z])", text)) == {"m"}


def test_calls_of_python_show_the_same_and_a_line_that_is_typed_again_is_compared(terminal, server):
    """The panel once, the list of what was asked, and what the second run answered differently."""
    said(terminal, "from httpkit_magics import http")
    text = said(terminal, f"http.get('{server.url}/')")
    assert text.count("200 OK") == 2  # the badge, and the line of the result
    assert "History" in said(terminal, "%httpkit history")
    server.answers["/"] = response(b'{"a": 2}', Content_Type="application/json")
    said(terminal, f"http.get('{server.url}/')")
    server.answers["/"] = ANSWERS["/"]
    for line in ("%httpkit diff", "http.diff()"):
        text = re.sub(r"\x1b\[[\d;]*m", "", said(terminal, line))
        assert ["changed", "$.a", "1", "2"] in [shown.split() for shown in text.splitlines()]


def test_an_assignment_prints_the_panel_and_the_record_shows_again(terminal, server):
    """Evaluated later, the record is drawn again."""
    assert "200 OK" in said(terminal, f"r = %http {server.url}/")
    assert "200 OK" in said(terminal, "r")
    assert said(terminal, f"q = %http {server.url}/ ;")[-2:] == "\n\n"
    assert "200" in said(terminal, "q.status")


def test_ctrl_c_cancels_the_request(terminal, server):
    """The server sees the connection go, the panel says so, and the prompt comes back without a traceback."""
    before = len(server.requests)
    terminal.sendline(f"%http {server.url}/never")
    deadline = time.perf_counter() + 10
    while len(server.requests) == before and time.perf_counter() < deadline:
        time.sleep(0.01)
    while server.gone.acquire(blocking=False):
        pass
    terminal.sendintr()
    assert server.gone.acquire(timeout=10)
    terminal.expect(PROMPT)
    assert "Cancelled" in terminal.before
    assert "Interrupted: the request was cancelled." in terminal.before
    assert "Traceback" not in terminal.before
    assert "200 OK" in said(terminal, f"%http {server.url}/")


def test_a_question_mark_is_sent_and_an_error_points(terminal, server):
    """The traps of a notebook are those of a terminal."""
    before = len(server.requests)
    assert "200 OK" in said(terminal, f"%http {server.url}/?")
    assert before + 1 == len(server.requests)
    text = said(terminal, "%http / --folow")
    assert "did you mean --follow?" in text
    assert "Traceback" not in text
    assert "Make an HTTP request" in said(terminal, "%http?")


def test_a_cell_is_typed_line_by_line_and_a_line_goes_on_with_its_answer(terminal, demo_server):
    """Blank lines part header and body; two of them end the cell. `{{ }}` takes the token, and nothing shows it."""
    login = '{"username": "ada", "password": "lovelace"}'
    cell = [
        "# @name entry",
        f"POST {demo_server}/login",
        "Content-Type: application/json",
        "",
        login,
        "",
        "?? status == 200",
    ]
    for line in ("%%http", *cell, ""):
        terminal.sendline(line)
    text = said(terminal, "")
    assert "1 passed" in text
    line = f"%http {demo_server}/me --no-follow -A bearer -a {{{{entry.response.body.$.access_token}}}}"
    text += said(terminal, line)
    assert "Ada Lovelace" in text
    token = said(terminal, "entry = _; print(_.request.headers['Authorization'].split()[1])").split()[-1]
    assert len(token) > 30
    assert token not in text


def test_a_streamed_body_is_printed_while_it_arrives(terminal, demo_server):
    """Line by line, with secrets masked and escape sequences written out; the panel comes at the end."""
    terminal.sendline(f"%http --stream '{demo_server}/ndjson?count=20&rate=20'")
    terminal.expect('"id":1,')
    assert "200 OK" not in terminal.before
    terminal.expect(PROMPT)
    assert terminal.before.index('"id":2,') < terminal.before.index("200 OK")


def test_completion_says_what_an_option_does(terminal):
    """A terminal has room for a sentence beside each candidate."""
    said(terminal, "from IPython.core.completer import provisionalcompleter")
    said(terminal, "ours = get_ipython().Completer.completions")
    line = "with provisionalcompleter(): print([(each.text, each.type) for each in ours('%http --max-r', 13)])"
    terminal.sendline(line)
    terminal.sendline("")
    terminal.expect(r"\[\('--max-redirects', '(.*?)'\)\]")
    assert terminal.match[1] == "redirects that are followed at most"
    terminal.expect(PROMPT)


def test_leaving_is_quiet(terminal, server):
    """No thread that hangs, no warning."""
    said(terminal, f"%http {server.url}/")
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    assert "Warning" not in terminal.before
