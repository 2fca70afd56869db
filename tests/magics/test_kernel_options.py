"""Options of the line in a real kernel: what a cell shows, and what is an error."""

from __future__ import annotations

import time

import pytest
from servers.kernel import kernel
from servers.threaded import response, serving

ANSWERS = {
    "/": response(b'{"a": 1}', Content_Type="application/json"),
    "/missing": response(b"no", status="404 Not Found"),
    "/data": response(b"x" * 1000, Content_Type="text/plain"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded, in a folder of its own."""
    folder = tmp_path_factory.mktemp("options")
    with kernel(folder) as started:
        started.run(f"%load_ext httpkit_magics\nimport os; os.chdir({str(folder)!r})")
        yield started


@pytest.fixture
def server(running):
    """Return a server, with its URL as the base URL in the kernel."""
    with serving(ANSWERS) as started:
        running.run(f"%config HttpKit.base_url = {started.url!r}")
        yield started


@pytest.mark.usefixtures("server")
def test_a_status_is_an_error_of_one_line_where_that_is_asked_for(running):
    """The panel and the name are there, and Run All ends."""
    cell = running.run("%http /missing --check-status -o r")
    assert (cell.reply["status"], len(cell.panels)) == ("error", 1)
    assert len(cell.reply["traceback"]) == 1
    assert cell.reply["traceback"][0].startswith("RecordError: 404 Not Found from GET http://127.0.0.1")
    assert running.value("r.status") == "404"
    assert running.run("%http / --check-status").reply["status"] == "ok"


def test_where_nobody_can_be_asked_a_missing_password_is_an_error_at_once(running, server):
    """It names the variable to set, and nothing is sent."""
    cell = running.finish((running.client.execute("%http / -a ada", allow_stdin=False), time.perf_counter()))
    assert (cell.reply["status"], server.connections) == ("error", 0)
    assert "HTTPKIT_PASSWORD" in cell.printed


def test_a_missing_password_is_asked_for_in_the_notebook(running, server):
    """The front end hides what is typed, and the request has it."""
    started = running.start("r = %http / -a ada")
    question = running.client.get_stdin_msg(timeout=10)["content"]
    assert question == {"prompt": "Password of ada: ", "password": True}
    running.client.input("correct-horse")
    assert running.finish(started).reply["status"] == "ok"
    assert b"Authorization: Basic YWRhOmNvcnJlY3QtaG9yc2U=" in server.requests[0]


@pytest.mark.usefixtures("server")
def test_a_password_of_the_line_stands_nowhere_in_the_output(running):
    """Neither in the panel of the request, nor in the record's repr."""
    cell = running.run("r = %http -v / -a ada:correct-horse --offline\nr")
    assert len(cell.panels) == 1
    assert "correct-horse" not in str(cell.outputs)
    assert "YWRhOmNvcnJlY3QtaG9yc2U" not in str(cell.outputs)


@pytest.mark.usefixtures("server")
def test_a_download_leaves_the_body_out_of_the_notebook(running):
    """The panel names the file, which is in the kernel's folder."""
    cell = running.run("r = %http -d /data")
    assert "saved to data.txt" in cell.panels[0]
    assert "xxxx" not in str(cell.outputs)
    assert running.value("open('data.txt').read() == 'x' * 1000, r.saved.path.name") == "(True, 'data.txt')"


@pytest.mark.usefixtures("server")
def test_a_line_that_is_wrong_points_at_the_place(running):
    """No traceback, and no request."""
    cell = running.run("%http / a[b=1")
    assert cell.reply["traceback"] == ["%http: 'a[b': expected ']'", "    %http / a[b=1", "             ^^"]
