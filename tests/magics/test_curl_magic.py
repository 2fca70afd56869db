"""`%curl` and `%%curl` in a real kernel."""

from __future__ import annotations

import os
import subprocess

import pytest
from servers.kernel import kernel
from servers.process import find_program
from servers.threaded import response, serving

ANSWERS = {
    "/a": response(b'{"a": 1}', Content_Type="application/json"),
    "/b": response(b"b", Content_Type="text/plain"),
    "/path": response(b"a path", Content_Type="text/plain"),
    "/go": response(status="302 Found", Location="/a"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded, shared by the tests of this file."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        loaded = started.run("%load_ext httpkit_magics")
        assert loaded.reply["status"] == "ok", loaded.messages
        yield started


@pytest.fixture
def server():
    """Return a server."""
    with serving(ANSWERS) as started:
        yield started


def test_a_line_is_a_command_of_curl(running, server):
    """One panel, the record is the value; `-o` is curl's, `$NAME` the environment's and braces are text."""
    running.run("%env GREETING=hello")
    cell = running.run(f'r = %curl -X PUT {server.url}/a?x=1&y=2 -H "X-A: $GREETING {{{{x}}}}" -d \'{{"n": 1}}\'')
    assert (cell.reply["status"], len(cell.panels)) == ("ok", 1)
    assert "200 OK" in cell.panels[0]
    assert running.value("r.status, r.json()") == "(200, {'a': 1})"
    (request,) = server.requests
    assert request.startswith(b"PUT /a?x=1&y=2 HTTP/1.1\r\n")
    assert b"\r\nX-A: hello {{x}}\r\n" in request
    assert request.endswith(b'\r\n\r\n{"n": 1}')


def test_a_url_that_ends_in_a_question_mark_is_no_question(running, server):
    """IPython would take it for a call for help and send nothing."""
    running.run(f"%curl {server.url}/path?")
    assert [request.split(b"\r\n")[0] for request in server.requests] == [b"GET /path HTTP/1.1"]


def test_help_teaches(running):
    """`%curl?` and `%%curl?` show how it is used."""
    (shown,) = [page["data"]["text/plain"] for page in running.run("%curl?").reply["payload"]]
    assert "Copy as cURL" in shown


def test_a_cell_is_a_pasted_command(running, server):
    """Continued lines and quotes are bash's; `-o NAME` on the magic's line is ours."""
    cell = running.run(
        f"%%curl -o found\ncurl '{server.url}/a' \\\n  -H 'accept: */*' \\\n  --data-raw $'it\\'s\\n' --compressed\n"
    )
    assert len(cell.panels) == 1
    assert running.value("found.status, found.request.body") == '(200, b"it\'s\\n")'


def test_a_cell_for_cmd_is_understood(running, server):
    """What a browser on Windows copies runs too."""
    running.run(f'%%curl\ncurl ^"{server.url}/a?x=1^&y=%^41^" ^\n  -H ^"X-A: ^\\^"q^\\^"^"\n')
    (request,) = server.requests
    assert request.startswith(b"GET /a?x=1&y=%41 HTTP/1.1\r\n")
    assert b'\r\nX-A: "q"\r\n' in request


def test_several_commands_show_a_panel_each_and_the_last_is_the_value(running, server):
    """Lines and --next; `_` and the name are the last record."""
    cell = running.run(f"%%curl -o last\ncurl {server.url}/a --next {server.url}/go\ncurl {server.url}/b\n")
    assert [panel.split("\n")[0].strip().split("  ")[0] for panel in cell.panels] == ["200 OK", "302 Found", "200 OK"]
    assert running.value("last.text, _ is last") == "('b', True)"


@pytest.mark.parametrize(
    "code", ["%curl {}/a ;", "%%curl\ncurl {}/a ;\n", "%%curl ;\ncurl {}/a\n", "%%curl -q\ncurl {}/a\n"]
)
def test_a_semicolon_silences(running, server, code):
    """The request is sent and nothing is shown, notes neither."""
    cell = running.run(code.replace("{}", f"--http2 {server.url}"))
    assert (cell.reply["status"], cell.outputs, cell.printed, len(server.requests)) == ("ok", [], "", 1)


def test_a_note_says_what_has_no_effect(running, server):
    """It stands above the panel."""
    assert running.run(f"%curl --http2 {server.url}/a").printed == "--http2 has no effect here: HTTP/1.1 is used\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "%curl h --compresed",
            ["%curl: unknown option --compresed; did you mean --compressed?", "    h --compresed", "      ^^^^^^^^^^^"],
        ),
        (
            "%%curl\ncurl h \\\n  -X\n",
            ["%%curl: line 3, column 3: -X needs a value; expected METHOD", "      -X", "      ^^"],
        ),
        (
            "%%curl -F\ncurl h\n",
            [
                "%%curl: the line of %%curl takes -o NAME, --timeout, -p, -q and ; only; the command below says the rest",
                "    %%curl -F",
                "           ^^",
            ],
        ),
    ],
)
def test_an_error_points_at_its_place(running, code, expected):
    """No traceback: what is wrong, the line, and a mark under the place."""
    cell = running.run(code)
    assert cell.reply["status"] == "error"
    assert cell.reply["traceback"] == expected


def test_a_failure_is_a_panel(running):
    """As with `%http`: a Record that says what failed."""
    cell = running.run("r = %curl --connect-timeout 1 http://127.0.0.1:9/")
    assert cell.reply["status"] == "ok"
    assert running.value("r.failure.kind") == "'refused'"


def test_what_is_exported_runs_in_a_shell(running, server):
    """`r.curl()` of a request that was pasted is a command that makes it again."""
    running.run(
        f'%env API_TOKEN=hunter2-0123456789\n%curl {server.url}/a -H "Authorization: Bearer $API_TOKEN" -d a=1 -o r.json'
    )
    running.run(f'r = %curl {server.url}/a -H "Authorization: Bearer $API_TOKEN" -d a=1')
    cell = running.run("print(r.curl())")
    assert "hunter2" not in cell.printed
    first = server.requests[-1]
    environment = {"PATH": os.environ["PATH"], "TOKEN": "hunter2-0123456789"}
    subprocess.run(
        [find_program("bash"), "-c", cell.printed], env=environment, capture_output=True, timeout=20, check=True
    )
    assert sorted(server.requests[-1].split(b"\r\n")) == sorted(first.split(b"\r\n"))
    assert running.run("print(r.python())").printed.startswith("# TOKEN: a credential in Authorization")
    assert running.run("print(r.http())").printed.startswith("# TOKEN: a credential in Authorization")


def test_a_secret_of_the_environment_is_masked_where_it_comes_back(running, server):
    """A variable that is named as a secret is one, wherever it stands in the command."""
    running.run("%env MY_SECRET=correct-horse-battery")
    cell = running.run(f'%curl "{server.url}/a?q=$MY_SECRET"')
    assert "correct-horse-battery" in server.requests[0].decode()
    assert "correct-horse-battery" not in str(cell.outputs)
