"""`%%http` in a real kernel: panels, chains, prompts, environments, the stop button."""

from __future__ import annotations

import json
import re

import pytest
from servers.kernel import kernel
from servers.threaded import response, serving

ANSWERS = {
    "/login": response(b'{"token": "planted-secret-42", "user": {"id": 7}}', Content_Type="application/json"),
    "/items": response(b'[{"id": 1}, {"id": 2}]', Content_Type="application/json", X_Total="2"),
    "/items/7": response(b'{"id": 7}', Content_Type="application/json"),
    "/one": response(b"1", Content_Type="text/plain", Set_Cookie="c=1"),
    "/busy": response(b"", status="503 Service Unavailable", Retry_After="0"),
    "/moved": response(b"", status="302 Found", Location="/one"),
}
MASK = "\u2022" * 6


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded, shared by the tests of this file; its folder has environments."""
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "http-client.env.json").write_text(json.dumps({"dev": {"who": "ada"}, "prod": {"who": "grace"}}))
    (folder / "http-client.private.env.json").write_text(json.dumps({"dev": {"pin": "planted-private-9"}}))
    (folder / "body.json").write_text('{"who": "{{who}}"}')
    with kernel(folder) as started:
        loaded = started.run("%load_ext httpkit_magics")
        assert loaded.reply["status"] == "ok", loaded.messages
        yield started


@pytest.fixture
def server(running):
    """Return a server, with its URL as the base URL in the kernel."""
    with serving(ANSWERS) as started:
        running.run(f"%config HttpKit.base_url = {started.url!r}")
        yield started


def run(running, text, line="", allow_stdin=False):
    """Run a cell of requests; nobody is there to be asked."""
    started = running.client.execute(f"%%http {line}\n{text}", stop_on_error=True, allow_stdin=allow_stdin), 0.0
    return running.finish(started)


def trouble(cell):
    """Return the error that a cell shows, line by line."""
    (error,) = cell.of("error")
    assert cell.reply["status"] == "error"
    return error["traceback"]


def lines(server):
    """Return the request lines that the server got."""
    return [request.split(b"\r\n")[0].decode() for request in server.requests]


def test_each_request_of_a_cell_has_its_panel_and_the_last_record_is_the_result(running, server):
    """Three requests, three panels in order; `_` and -o give the last one."""
    cell = run(running, "GET /items\n###\nGET /one\n###\nGET /items/7", "-o last")
    assert lines(server) == ["GET /items HTTP/1.1", "GET /one HTTP/1.1", "GET /items/7 HTTP/1.1"]
    assert [panel.split("\n")[0].rpartition(server.url)[2] for panel in cell.panels] == ["/items", "/one", "/items/7"]
    assert len(cell.outputs) == 3
    assert running.value("(last.json(), _ is last)") == "({'id': 7}, True)"


def test_a_semicolon_on_the_line_silences_the_cell(running, server):
    """As with a line."""
    cell = run(running, "GET /items\n###\nGET /one", ";")
    assert (cell.outputs, len(server.requests)) == ([], 2)


def test_the_options_of_the_line_are_for_all_requests(running, server):
    """-F follows the redirects of each, and @no-redirect takes one out."""
    cell = run(running, "GET /moved\n###\n# @no-redirect\nGET /moved", "-F")
    assert [panel.strip().split("  ")[0] for panel in cell.panels] == ["200 OK", "302 Found"]
    assert trouble(run(running, "GET /one", "GET /items"))[0].startswith("%http: 'GET' is no option")
    assert len(server.requests) == 3


def test_values_flow_from_one_request_to_the_next_and_no_secret_is_shown(running, server):
    """The token arrives at the server; panels, and later output of the same text, have a mask."""
    cell = run(
        running,
        '# @name login\n# @capture tok = jsonpath "$.token" secret\n# @capture me = jsonpath "$.user.id"\nPOST /login\n'
        "###\nGET /items/{{login.response.body.$.user.id}}?me={{me}}\n"
        "Authorization: Bearer {{login.response.body.$.token}}\nX-Own: {{tok}}",
    )
    assert lines(server)[1] == "GET /items/7?me=7 HTTP/1.1"
    assert b"Authorization: Bearer planted-secret-42\r\n" in server.requests[1]
    assert b"X-Own: planted-secret-42\r\n" in server.requests[1]
    assert "planted" not in str(cell.messages)
    (values,) = [part for part in cell.panels[1].split("\n\n") if part.startswith("Values")]
    shown = dict(re.split("  +", line.strip(), maxsplit=1) for line in values.split("\n")[2:])
    assert shown == {
        "login.response.body.$.user.id": "7       response of login",
        "me": "7       captured from login",
        "login.response.body.$.token": f"{MASK}  response of login",
        "tok": f"{MASK}  captured from login",
    }
    assert running.value("(tok, me)") == f"(<Secret tok {MASK}>, 7)"
    assert running.value("tok.reveal() == 'planted-' + 'secret-42'") == "True"


def test_a_later_cell_takes_values_of_a_named_request_without_running_it_again(running, server):
    """And runs it where it has not run, with a panel that says why."""
    run(running, "# @name first\nGET /items")
    run(running, "GET /items/{{first.response.body.$[1].id}}5", "--timeout 0.2")
    assert lines(server) == ["GET /items HTTP/1.1", "GET /items/25 HTTP/1.1"]
    run(running, "# @name never\n# @timeout 0.2\nGET /never")
    cell = run(running, "# @ref never\nGET /one")
    assert [
        len(cell.panels),
        next(line.split() for line in cell.panels[0].split("\n") if "runs first" in line),
    ] == [2, ["runs", "first", "GET", "/one", "refers", "to", "it"]]


def test_expressions_of_python_are_values(running, server):
    """Names of the notebook, and what they make; JSON keeps their types."""
    running.run("ids = [3, 5]\nwho = {'n': None, 'ok': True}")
    run(running, 'POST /items?x={{"&".join(map(str, ids))}}\n\n{"ids": {{ids}}, "who": {{who}}, "s": "{{ids[0] * 2}}"}')
    assert lines(server)[0] == "POST /items?x=3%265 HTTP/1.1"
    assert json.loads(server.requests[0].split(b"\r\n\r\n")[1]) == {
        "ids": [3, 5],
        "who": {"n": None, "ok": True},
        "s": "6",
    }


def test_a_name_without_a_value_is_an_error_before_anything_is_sent(running, server):
    """With the line of the cell, the column and the nearest name."""
    running.run("item_id = 1")
    cell = run(running, "GET /one\n###\nGET /items/{{itm_id}}")
    assert trouble(cell) == [
        "%%http: line 4, column 12: 'itm_id' has no value; did you mean item_id?",
        "    GET /items/{{itm_id}}",
        "               ^^^^^^^^^^",
    ]
    assert (server.requests, cell.outputs) == ([], [])


def test_an_error_in_the_grammar_is_shown_in_its_line(running, server):
    """Counted as the notebook counts: the magic is line 1."""
    cell = run(running, "GET /one\nAccept text/html")
    assert "%%http: line 3, column 1: 'Accept text/html' has no colon" in trouble(cell)[0]
    assert server.requests == []


def test_a_prompt_where_nobody_is_asked_fails_at_once(running, server):
    """It names the variable; once that is set the cell runs."""
    text = "# @prompt username Who?\nGET /one?u={{username}}"
    cell = run(running, text)
    assert "'username' is asked for, and input isn't allowed here; set it before: username = ..." in trouble(cell)[0]
    assert server.requests == []
    running.run("username = 'ada'")
    run(running, text)
    assert lines(server) == ["GET /one?u=ada HTTP/1.1"]


def test_a_prompt_asks(running, server):
    """The question stands in the notebook, and the answer in the request."""
    message_id = running.client.execute("%%http\n# @prompt nick Who?\nGET /one?u={{nick}}", allow_stdin=True)
    asked = running.client.get_stdin_msg(timeout=10)["content"]
    running.client.input("bob b")
    running.finish((message_id, 0.0))
    assert (asked["prompt"], asked["password"]) == ("Who?: ", False)
    assert lines(server) == ["GET /one?u=bob%20b HTTP/1.1"]


def test_a_password_is_typed_unseen(running, server):
    """A prompt with a telling name."""
    message_id = running.client.execute("%%http\n# @prompt db_password\nGET /one\nX: {{db_password}}", allow_stdin=True)
    asked = running.client.get_stdin_msg(timeout=10)["content"]
    running.client.input("planted-typed-5")
    cell = running.finish((message_id, 0.0))
    assert asked["password"] is True
    assert b"X: planted-typed-5\r\n" in server.requests[0]
    assert "planted" not in str(cell.messages)


def test_an_environment_fills_names(running, server):
    """Chosen by %httpkit env; private values are masked."""
    assert "  dev\n  prod\n" in running.run("%httpkit env").printed
    assert "dev is active." in running.run("%httpkit env dev").printed
    assert "* dev" in running.run("%httpkit env list").printed
    cell = run(running, "GET /one?u={{who}}&p={{pin}}")
    assert lines(server) == ["GET /one?u=ada&p=planted-private-9 HTTP/1.1"]
    shown = running.run("%httpkit env show").printed
    assert f"pin  {MASK}  (http-client.private.env.json)" in shown
    assert "who  ada  (http-client.env.json)" in shown
    assert "planted" not in str(cell.messages) + shown
    running.run("%httpkit env prod")
    run(running, "POST /one\n\n<@ body.json")
    assert server.requests[1].endswith(b'{"who": "grace"}')
    running.run("%httpkit env off")
    running.run("who = 'python'")
    run(running, "GET /one?u={{who}}")
    assert lines(server)[2] == "GET /one?u=python HTTP/1.1"


def test_an_unknown_environment_is_answered_with_the_near_one(running):
    """One line."""
    cell = running.run("%httpkit env porod")
    assert "no environment 'porod'; did you mean prod?" in cell.printed
    assert cell.reply["status"] == "error"


def completions(running, text):
    """Return what is offered at the end of `text`."""
    reply = running.client.complete(text, reply=True, timeout=10)
    return reply["content"]["matches"]


@pytest.mark.usefixtures("server")
def test_environments_and_names_are_offered(running):
    """After %httpkit env, and between braces."""
    assert {"dev", "prod", "show"} <= set(completions(running, "%httpkit env "))
    running.run("%httpkit env dev")
    run(running, "# @name offered\nGET /one")
    assert {"offered", "who", "pin"} <= set(completions(running, "%%http\nGET /{{"))
    running.run("%httpkit env off")


def test_a_request_is_tried_again(running, server):
    """The panel says how often; one output."""
    cell = run(running, "# @retry 2\nGET /busy")
    assert lines(server) == ["GET /busy HTTP/1.1"] * 3
    assert len(cell.panels) == 1
    assert "3 attempts" in cell.panels[0]


def test_no_cookie_jar_sends_and_keeps_none(running, server):
    """The request before set a cookie; this one neither sends it nor keeps another."""
    run(running, "GET /one\n###\n# @no-cookie-jar\nGET /one\n###\nGET /one")
    assert [b"\r\nCookie: c=1\r\n" in request for request in server.requests[1:]] == [False, True]


def test_assertions_of_a_cell_are_in_its_panels(running, server):
    """Values in them are filled in."""
    running.run("wanted = 2")
    cell = run(running, 'GET /items\n\n?? status == 200\n?? jsonpath "$" count == {{wanted}}\n?? header X-Total == "3"')
    assert "Asserts  2 passed, 1 failed" in cell.panels[0]
    assert len(server.requests) == 1


def test_the_stop_button_ends_a_chain(running, server):
    """The running request is cancelled within 0.5 s, the rest is not sent, and the kernel goes on."""
    started = running.start("%%http\nGET /one\n###\n# @name slow\nGET /never\n###\nGET /items")
    running.wait_until_sent(server, 2)
    running.manager.interrupt_kernel()
    assert server.gone.acquire(timeout=0.5)
    cell = running.finish(started)
    assert trouble(cell) == ["Interrupted: the request was cancelled."]
    assert lines(server) == ["GET /one HTTP/1.1", "GET /never HTTP/1.1"]
    assert "Cancelled" in cell.panels[1]
    assert "200 OK" in run(running, "GET /one").panels[0]


def test_a_near_miss_of_a_directive_is_printed(running, server):
    """The cell runs all the same."""
    cell = run(running, "# @nmae x\nGET /one")
    assert cell.printed == "line 2: @nmae is not known and stays a comment; did you mean @name?\n"
    assert len(server.requests) == 1


def test_unloading_takes_the_cell_magic_away(running):
    """And loading brings it back."""
    running.run("%unload_ext httpkit_magics")
    assert "Cell magic `%%http` not found" in running.run("%%http\nGET /one").printed
    running.run("%load_ext httpkit_magics")
    assert "Connection" in running.run("%%http\nGET http://127.0.0.1:1/").panels[0]


def test_a_line_takes_values_of_the_notebook_the_environment_and_named_requests(running, server):
    """`{{ }}` means the same in `%http` as in a cell; a credential is masked, a mistake points into the line."""
    run(running, "# @name entry\nPOST /login")
    running.run("number = 7\n%httpkit env dev")
    cell = running.run(
        "%http GET /items/{{number}} who=={{who}} pin=={{pin}} -a 'ada:{{entry.response.body.$.token}}' -o r"
    )
    assert cell.reply["status"] == "ok", cell.messages
    assert lines(server)[-1] == "GET /items/7?who=ada&pin=planted-private-9 HTTP/1.1"
    assert b"YWRhOnBsYW50ZWQtc2VjcmV0LTQy" in server.requests[-1]
    shown = json.dumps([content for _, content in cell.messages])
    assert "response of entry" in shown
    assert [secret for secret in ("planted-private-9", "planted-secret-42") if secret in shown] == []
    before = len(server.requests)
    assert trouble(running.run("%http GET /items/{{numbr}}")) == [
        "%http: 'numbr' has no value; did you mean number?",
        "    %http GET /items/{{numbr}}",
        "                     ^^^^^^^^^",
    ]
    assert before == len(server.requests)
    running.run("%httpkit env off")
