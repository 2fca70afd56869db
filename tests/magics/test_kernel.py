"""The magics in a real kernel: IPython's traps, the stop button, Run All, configuration."""

from __future__ import annotations

import time

import pytest
from servers.kernel import kernel
from servers.threaded import response, serving

ANSWERS = {
    "/": response(b'{"a": 1}', Content_Type="application/json"),
    "/path": response(b"a path", Content_Type="text/plain"),
    "/missing": response(b"no", status="404 Not Found"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded, shared by the tests of this file."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        loaded = started.run("%load_ext httpkit_magics")
        assert loaded.reply["status"] == "ok", loaded.messages
        yield started


@pytest.fixture
def server(running):
    """Return a server, with its URL as the base URL in the kernel."""
    with serving(ANSWERS) as started:
        running.run(f"%config HttpKit.base_url = {started.url!r}")
        yield started


@pytest.mark.usefixtures("server")
def test_a_magic_shows_its_panel_once_and_the_result_is_kept(running):
    """The cell ends with the record, and one panel stands; `_` is the record."""
    cell = running.run("%http GET /")
    assert 1 == len(cell.outputs) == len(cell.panels)
    assert "200 OK" in cell.panels[0]
    assert running.value("_.status") == "200"


@pytest.mark.parametrize(
    "code",
    [
        "r = %http /",
        "%http /\nx = 1",
        "r = %http /\nr",
        "%http / -o r\nr",
        "if True:\n    %http /\n",
        "r = %http /\nNone",
    ],
)
@pytest.mark.usefixtures("server")
def test_a_panel_stands_once_wherever_the_magic_is(running, code):
    """An assignment, a magic in mid-cell, the record once more at the cell's end: one panel."""
    assert len(running.run(code).outputs) == 1


@pytest.mark.parametrize("code", ["%http /;", "r = %http / ;", "%http / -o r ;", "x = 1\n%http /;"])
def test_a_semicolon_silences(running, server, code):
    """Nothing is shown, the request is sent."""
    cell = running.run(code)
    assert (cell.reply["status"], cell.outputs, len(server.requests)) == ("ok", [], 1)


@pytest.mark.usefixtures("server")
def test_a_silenced_record_is_bound(running):
    """Silence is for the panel, not for the value; a later cell shows it."""
    running.run("r = %http /;")
    assert running.value("r.status") == "200"
    assert "200 OK" in running.run("r").panels[0]


@pytest.mark.usefixtures("server")
def test_the_record_shows_again_in_a_later_cell_and_by_display(running):
    """Evaluated later it is the cell's result; displayed it stands where it was asked for."""
    running.run("r = %http /")
    later = running.run("r")
    assert [kind for kind, content in later.messages if "data" in content] == ["execute_result"]
    assert "200 OK" in later.panels[0]
    assert len(running.run("r = %http /\ndisplay(r)").panels) == 2


@pytest.mark.usefixtures("server")
def test_a_record_in_a_list_is_one_line(running):
    """A list of records is no page of panels."""
    cell = running.run("r = %http /;\n[r]")
    assert cell.outputs[0]["text/plain"][:19] == "[<Record 200 OK GET"


@pytest.mark.usefixtures("server")
def test_o_binds_a_name_in_any_kind_of_cell(running):
    """`-o` needs no assignment."""
    running.run("for _ in range(2):\n    %http /path -o bound\n")
    assert running.value("bound.text") == "'a path'"


def test_a_url_that_ends_with_a_question_mark_is_sent(running, server):
    """IPython would take it for a question about `path`."""
    cell = running.run("%http GET /path?")
    assert "200 OK" in cell.panels[0]
    assert len(server.requests) == 1


def test_a_question_mark_after_the_magic_is_help(running, server):
    """`%http?` teaches, and sends nothing."""
    for code in ("%http?", "%httpkit?"):
        cell = running.run(code)
        page = cell.reply["payload"][0]["data"]["text/plain"]
        assert "%http" in page
    assert server.requests == []


def test_only_two_braces_are_filled_in(running, server):
    """`{x}` and `$x` arrive as they were written, and so do two braces after a backslash."""
    running.run("x = 'filled in'")
    running.run(r"%http /path a==$x b=={x} c=='\{{x}}' d=={{x}}")
    from urllib.parse import unquote

    assert unquote(server.requests[0].split(b"\r\n")[0].decode()) == "GET /path?a=$x&b={x}&c={{x}}&d=filled+in HTTP/1.1"


@pytest.mark.parametrize("item", ["it's==1", "'a'==[", "a==(", "a=='''", 'a=="\\n"'])
def test_a_line_that_is_no_python_is_fine(running, server, item):
    """IPython reads a magic's line as Python now and then; quotes and brackets without a partner must not matter."""
    cell = running.run(f'%http "/path" "{item}" ;' if '"' not in item else f"%http /path {item} ;")
    assert (cell.reply["status"], len(server.requests)) == ("ok", 1)


def test_an_error_of_the_line_shows_the_place_and_no_traceback(running, server):
    """One message, the line and a mark under the word; the cell fails, and nothing is sent."""
    cell = running.run("%http / --folow")
    (error,) = cell.of("error")
    assert cell.reply["status"] == "error"
    assert error["traceback"] == [
        "%http: unknown option --folow; did you mean --follow?",
        "    %http / --folow",
        "            ^^^^^^^",
    ]
    assert (cell.outputs, server.requests) == ([], [])


def test_a_failure_is_a_panel_and_no_error(running):
    """The cell is fine, the panel says what failed, the record has the exception."""
    cell = running.run("r = %http http://nosuch.invalid/")
    assert (cell.reply["status"], cell.of("error")) == ("ok", [])
    assert "Unknown host" in cell.panels[0]
    assert running.value("(r.failure.kind, isinstance(r.error, Exception))") == "('dns', True)"


@pytest.mark.usefixtures("server")
def test_an_error_status_is_a_panel(running):
    """404 is what the server said, no exception."""
    cell = running.run("%http /missing")
    assert cell.reply["status"] == "ok"
    assert "404 Not Found" in cell.panels[0]


def test_the_stop_button_cancels_the_request(running, server):
    """Within 0.5 s the server sees the connection go and the panel says cancelled; the kernel goes on.

    The quickest of three counts, as others may keep this machine busy.
    """
    taken = []
    for count in range(1, 4):
        started = running.start("%http /never --timeout 20")
        running.wait_until_sent(server, count)
        time.sleep(0.3)
        pressed = time.perf_counter()
        running.manager.interrupt_kernel()
        assert server.gone.acquire(timeout=10)
        cell = running.finish(started)
        taken.append(time.perf_counter() - pressed)
    assert min(taken) < 0.5
    assert "Cancelled" in cell.panels[-1]
    assert len(cell.outputs) == 1
    (error,) = cell.of("error")
    assert error["traceback"] == ["Interrupted: the request was cancelled."]
    assert "200 OK" in running.run("%http /").panels[0]


def test_a_cancelled_request_can_be_bound(running, server):
    """`-o` keeps the record; an assignment doesn't happen, as with any interrupted statement."""
    started = running.start("%http /never -o stopped")
    running.wait_until_sent(server)
    running.manager.interrupt_kernel()
    running.finish(started)
    assert running.value("stopped.failure.kind") == "'cancelled'"


def test_the_stop_button_ends_a_loop(running, server):
    """The interrupt is an interrupt: the second request is not made."""
    started = running.start("for _ in range(3):\n    %http /never\n")
    running.wait_until_sent(server)
    running.manager.interrupt_kernel()
    assert running.finish(started).reply["status"] == "error"
    assert len(server.requests) == 1


def test_the_stop_button_ends_run_all(running, server):
    """Of three queued cells the first is cancelled and the others don't start; a cell after that runs."""
    cells = [running.start("%http /never") for _ in range(3)]
    running.wait_until_sent(server)
    running.manager.interrupt_kernel()
    assert [running.finish(cell).reply["status"] for cell in cells] == ["error", "aborted", "aborted"]
    assert len(server.requests) == 1
    assert "200 OK" in running.run("%http /").panels[0]


def test_run_all_runs_every_cell_in_order(running, server):
    """Ten queued cells give ten panels, over one connection."""
    cells = [running.start(f"%http /path n=={number}") for number in range(10)]
    assert [len(running.finish(cell).panels) for cell in cells] == [1] * 10
    assert [f"GET /path?n={n} HTTP/1.1".encode() for n in range(10)] == [r.split(b"\r\n")[0] for r in server.requests]
    assert server.connections == 1


@pytest.mark.usefixtures("server")
def test_the_panel_is_updated_in_its_place_at_most_ten_times_a_second(running):
    """One output, from the waiting to the end; the final state comes last."""
    cell = running.run("%http /never --timeout 1")
    kinds = [kind for kind, _ in cell.messages if "display" in kind]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    assert 3 <= len(kinds) <= 12
    assert "Timed out" in cell.panels[-1]
    assert len(cell.outputs) == 1


@pytest.mark.usefixtures("server")
def test_a_fast_response_is_one_message(running):
    """Nothing flickers when the answer is there at once."""
    cell = running.run("%http /")
    assert [kind for kind, _ in cell.messages if "display" in kind] == ["display_data"]


@pytest.mark.usefixtures("server")
def test_the_configuration_is_that_of_ipython(running):
    """`%config HttpKit` lists the traits, and a value set is used."""
    page = running.run("%config HttpKit").printed
    for trait in ("base_url", "timeout", "follow", "verify", "max_redirects", "max_body"):
        assert f"HttpKit.{trait}=" in page
    running.run("%config HttpKit.timeout = 0.2")
    cell = running.run("%http /never")
    running.run("%config HttpKit.timeout = 60")
    assert "longer than 0.2 s" in cell.panels[0]


@pytest.mark.usefixtures("server")
def test_loading_twice_under_either_name_changes_nothing(running):
    """`%load_ext httpkit` is the same extension."""
    running.run("%load_ext httpkit_magics\n%load_ext httpkit")
    assert len(running.run("%http /path?").panels) == 1
    assert running.value("[type(each).__name__ for each in get_ipython().configurables].count('HttpKit')") == "1"


def test_reloading_starts_anew(running, server):
    """After %reload_ext the magics work, with one thread and with autoreload on."""
    running.run("%http /;")
    running.run("%reload_ext httpkit_magics")
    running.run("%load_ext autoreload\n%autoreload 2")
    assert len(running.run(f"%http {server.url}/").panels) == 1
    assert running.value("[t.name for t in __import__('threading').enumerate()].count('httpkit')") == "1"
    running.run("%autoreload 0")


def test_the_guide_and_near_misses_of_httpkit(running):
    """`%httpkit` alone and `%httpkit help` show the guide; a wrong word is answered with the near one."""
    assert running.run("%httpkit").printed == running.run("%httpkit help").printed
    assert "%httpkit demo" in running.run("%httpkit").printed
    (error,) = running.run("%httpkit dmeo").of("error")
    assert error["traceback"] == [
        "%httpkit: unknown 'dmeo'; did you mean demo?",
        "    %httpkit dmeo",
        "             ^^^^",
    ]


def test_the_demo_makes_a_path_a_url(running):
    """It starts in a process of its own, sets the base URL, and stops; the base URL is then what it was."""
    running.run("%config HttpKit.base_url = 'http://before.invalid'")
    assert "The demo API is at http://127.0.0.1:" in running.run("%httpkit demo").printed
    assert "200 OK" in running.run("%http GET /items").panels[0]
    again = running.run("%httpkit demo").printed
    assert "The demo API is at" in again
    running.run("%httpkit demo stop")
    assert "Unknown host" in running.run("%http GET /items").panels[0]
    assert "not running" in running.run("%httpkit demo stop").printed


def test_unloading_takes_everything_away(running, server):
    """The magics, the thread, the configuration and the transformer are gone; loading brings them back."""
    running.run("%http /;")
    running.run("%unload_ext httpkit_magics")
    assert running.value("'httpkit' in [t.name for t in __import__('threading').enumerate()]") == "False"
    assert "not found" in running.run("%http /").printed
    assert running.value("[c for c in get_ipython().configurables if type(c).__name__ == 'HttpKit']") == "[]"
    running.run("%load_ext httpkit_magics")
    assert len(running.run(f"%http {server.url}/").panels) == 1


def _offered(running, code):
    """Return what the kernel offers at `|`, with what is replaced, and the kinds."""
    before, _, after = code.partition("|")
    running.client.complete(before + after, len(before))
    content = running.client.get_shell_msg(timeout=30)["content"]
    typed = before[content["cursor_start"] :]
    kinds = {each["text"]: each["type"] for each in content["metadata"]["_jupyter_types_experimental"]}
    return typed, content["matches"], kinds


@pytest.mark.usefixtures("server")
def test_tab_offers_methods_paths_headers_options_and_names(running):
    """IPython's completer asks ours, in lines and in cells, and offers nothing else there."""
    running.run("%http /path ;\ntoken_of_mine = 1")
    assert _offered(running, "%http GE|")[:2] == ("GE", ["GET "])
    assert _offered(running, "x = 1\nr = %http GET /pa|")[:2] == ("/pa", ["/path"])
    typed, matches, kinds = _offered(running, "%http GET /path --max-r|")
    assert (typed, matches) == ("--max-r", ["--max-redirects"])
    assert kinds["--max-redirects"] == "number"
    assert _offered(running, "%http /path Content-T|")[:2] == ("Content-T", ["Content-Type:"])
    assert _offered(running, "%http /path a=={{token_of|}}")[:2] == ("token_of", ["token_of_mine"])
    assert _offered(running, "%%http\nGET /path\nAccept: text/cs|")[:2] == ("text/cs", ["text/csv"])
    assert _offered(running, "%httpkit de|")[:2] == ("de", ["demo"])


def test_tab_elsewhere_is_ipythons(running):
    """Python's names are offered in Python's lines."""
    running.run("a_long_python_name = 1")
    assert "a_long_python_name" in _offered(running, "a_long_py|")[1]


@pytest.mark.usefixtures("server")
def test_check_makes_no_response_an_error_of_one_line(running):
    """The panel is shown, the record is bound, and the cell fails."""
    cell = running.run("%http http://127.0.0.1:1/ --check -o unanswered")
    (error,) = cell.of("error")
    assert (error["ename"], len(error["traceback"]), len(cell.panels)) == ("CheckError", 1, 1)
    assert error["traceback"][0].startswith("CheckError: Nothing accepts connections at 127.0.0.1:1.")
    assert running.value("unanswered.failure.kind") == "'refused'"
    assert running.run("%http / --check ;").reply["status"] == "ok"


@pytest.mark.usefixtures("server")
def test_the_panel_and_the_status_are_configured_at_once(running):
    """Compact, off and full; an error status as an error; all are listed."""
    try:
        assert "Body" not in running.run("%config HttpKit.panel = 'compact'\n%http /path").panels[0]
        assert running.run("%config HttpKit.panel = 'off'\nr = %http /path").outputs == []
        assert "expected any of" in running.run("%config HttpKit.panel = 'none'").printed
        running.run("%config HttpKit.panel = 'full'\n%config HttpKit.raise_for_status = True")
        cell = running.run("%http /missing")
        (error,) = cell.of("error")
        assert (error["ename"], len(error["traceback"]), len(cell.panels)) == ("RecordError", 1, 1)
        listed = running.run("%config HttpKit").printed
        names = ("panel", "display_limit", "redact", "raise_for_status", "base_url")
        assert [name for name in names if f"HttpKit.{name}=" not in listed] == []
    finally:
        running.run("%config HttpKit.raise_for_status = False\n%config HttpKit.panel = 'full'")


def test_tab_offers_environments_and_what_cells_named(running, server, tmp_path):
    """From http-client.env.json in the kernel's folder, and from `# @name`."""
    running.run(
        f"import os\nos.chdir({str(tmp_path)!r})\n"
        'open("http-client.env.json", "w").write(\'{"staging": {"tenant_of_env": "t"}}\')'
    )
    running.run("%%http\n# @name first_of_all\nGET /path")
    assert _offered(running, "%httpkit env sta|")[:2] == ("sta", ["staging"])
    assert _offered(running, "%%http\nGET /x?a={{first_of|")[:2] == ("first_of", ["first_of_all"])
    running.run("%httpkit env staging")
    assert _offered(running, "%%http\nGET /x?a={{tenant|")[:2] == ("tenant", ["tenant_of_env"])
    running.run("%httpkit env off")
    assert len(server.requests) == 1


def test_assertions_of_a_cell_stand_in_the_panel_and_on_the_record(running, server):
    """`??` lines under the body; with --check one that fails is an error of one line."""
    cell = running.run("%%http -o asserted\nGET /\n\n?? status == 200\n?? jsonpath $.a == 2")
    assert (cell.reply["status"], "Asserts  1 passed, 1 failed" in cell.panels[0], len(server.requests)) == (
        "ok",
        True,
        1,
    )
    assert running.value("[bool(each) for each in asserted.checks]") == "[True, False]"
    cell = running.run("%%http --check\nGET /\n\n?? status == 200\n?? jsonpath $.a == 2")
    assert [each["traceback"] for each in cell.of("error")] == [
        ["CheckError: 1 of 2 assertions failed: jsonpath $.a == 2, is 1"]
    ]
