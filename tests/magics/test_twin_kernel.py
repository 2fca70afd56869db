"""`http`, the history and diffs in a real kernel: one panel a call, one history for all ways of asking."""

from __future__ import annotations

import pytest
from servers.kernel import kernel
from servers.threaded import response, serving

ANSWERS = {
    "/": response(b'{"a": 1}', Content_Type="application/json"),
    "/missing": response(b"no", status="404 Not Found"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel in which `http` was imported, and no extension loaded by hand."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        loaded = started.run("from httpkit_magics import http\nhttp")
        assert loaded.reply["status"] == "ok", loaded.messages
        yield started


@pytest.fixture
def server(running):
    """Return a server, its URL in the kernel as `url`, and an empty history."""
    with serving(ANSWERS) as started:
        running.run(f"url = {started.url!r}\nhttp.history.clear()")
        yield started


@pytest.mark.parametrize(
    "code",
    [
        "http.get(url)",
        "r = http.get(url)",
        "http.get(url, name='r')\nr",
        "await http.aget(url)",
        "r = await http.aget(url)\nNone",
        "if True:\n    http.post(url, json={'a': 1})\n",
    ],
)
@pytest.mark.usefixtures("server")
def test_a_call_shows_one_panel(running, code):
    """Wherever it stands in the cell."""
    cell = running.run(code)
    assert (len(cell.outputs), len(cell.panels)) == (1, 1)
    assert "200 OK" in cell.panels[0]


@pytest.mark.usefixtures("server")
def test_silent_is_silent_and_a_name_is_bound(running):
    """As `;` and `-o` of the magic."""
    assert running.run("http.get(url, silent=True, name='kept');").outputs == []
    assert running.value("kept.status") == "200"


@pytest.mark.usefixtures("server")
def test_magics_and_calls_write_one_history(running):
    """With the numbers of their cells; the base URL of the configuration counts for both."""
    running.run("%config HttpKit.base_url = url")
    first = running.run("%http /").reply["execution_count"]
    second = running.run("http.get('/missing')\nawait http.aget('/')").reply["execution_count"]
    assert running.value("[(r.cell, r.status) for r in http.history]") == str(
        [(first, 200), (second, 404), (second, 200)]
    )
    assert running.value(f"[r.status for r in http.history.find(cell={second}, status=4)]") == "[404]"
    assert running.value("http.last is http.history[2]") == "True"
    panel = running.run("%httpkit history missing").panels[0]
    assert "1 request with 'missing', of 3" in panel
    assert "History  3 requests" in running.run("http.history").panels[0]
    running.run("%config HttpKit.base_url = ''")


def test_two_runs_of_a_cell_are_compared(running, server):
    """By magic, and by a call that gives the difference as data."""
    running.run("http.get(url)")
    server.answers["/"] = response(b'{"a": 2}', Content_Type="application/json")
    running.run("http.get(url)")
    server.answers["/"] = ANSWERS["/"]
    panel = running.run("%httpkit diff").panels[0]
    assert ["changed", "$.a", "1", "2"] in [line.split() for line in panel.splitlines()]
    assert panel == running.run("http.diff()").panels[0] == running.run("%httpkit diff 0 -1").panels[0]
    assert running.value("http.diff().body[0].after, bool(http.diff())") == "(2, True)"
    wrong = running.run("%httpkit diff nobody")
    assert wrong.reply["ename"] == "UsageError"
    assert "'nobody' is no Record" in wrong.reply["evalue"]


def test_concurrent_calls_have_a_panel_each(running, server):
    """Two requests that wait for the same time take it once."""
    server.answers["/"] = ANSWERS["/"]
    cell = running.run("import asyncio\n_ = await asyncio.gather(http.aget(url), http.aget(url + '/missing'))")
    assert sorted(panel.split("\n")[0][:8] for panel in cell.panels) == [" 200 OK ", " 404 Not"]


def test_cancelling_a_task_cancels_its_request(running, server):
    """The panel says so, and the server sees the connection close."""
    server.answers["/slow"] = None
    code = "import asyncio\ntry:\n    async with asyncio.timeout(0.3):\n        await http.aget(url + '/slow')\nexcept TimeoutError:\n    print('over')"
    cell = running.run(code)
    assert "over" in cell.printed
    assert "Cancelled" in cell.panels[0]
    assert server.gone.acquire(timeout=2)
    assert cell.seconds < 2


def test_the_stop_button_ends_an_awaited_call(running, server):
    """The kernel goes on at once, and the request is cancelled."""
    server.answers["/slow"] = None
    started = running.start("await http.aget(url + '/slow')")
    running.wait_until_sent(server)
    running.manager.interrupt_kernel()
    cell = running.finish(started)
    assert cell.reply["status"] == "error"
    assert "Cancelled" in cell.panels[0]
    assert server.gone.acquire(timeout=2)
    assert running.value("http.last.failure.kind") == "'cancelled'"


@pytest.mark.usefixtures("server")
def test_the_limits_of_the_history_are_configured(running):
    """Records and bytes; what goes is said."""
    running.run("%config HttpKit.history_bytes = 10")
    running.run("http.get(url)\nhttp.get(url)")
    assert running.value("[r.dropped for r in http.history]") == "[8, 0]"
    running.run("%config HttpKit.history_records = 1")
    assert running.value("len(http.history)") == "1"
    running.run("%config HttpKit.history_records = 1000\n%config HttpKit.history_bytes = 64_000_000")
