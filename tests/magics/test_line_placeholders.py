"""`{{ }}` in lines of `%http`, in a real kernel: Python's names, environments, named requests, panels, errors."""

from __future__ import annotations

import json
import re

import pytest
from servers.kernel import kernel
from servers.threaded import response, serving

ANSWERS = {
    "/login": response(b'{"token": "planted-secret-42"}', Content_Type="application/json"),
    **{
        path: response(b"[]", Content_Type="application/json")
        for path in ("/items", "/items/a%20b%2Fc", "/items/inner", "/items/0", "/items/1")
    },
}
MASK = "\u2022" * 6


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Return a kernel with the magics loaded, in a folder with environments."""
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "http-client.env.json").write_text(json.dumps({"dev": {"who": "ada"}}))
    (folder / "http-client.private.env.json").write_text(json.dumps({"dev": {"pin": "planted-private-9"}}))
    with kernel(folder) as started:
        assert started.run("%load_ext httpkit_magics\n%httpkit env dev").reply["status"] == "ok"
        yield started


@pytest.fixture
def server(running):
    """Return a server, with its URL as the base URL in the kernel."""
    with serving(ANSWERS) as started:
        running.run(f"%config HttpKit.base_url = {started.url!r}")
        yield started


def trouble(cell):
    """Return the error that a cell shows, line by line."""
    (error,) = cell.of("error")
    return error["traceback"]


def values(panel):
    """Return the lines of a panel's section Values, by name."""
    (section,) = [part for part in panel.split("\n\n") if part.startswith("Values")]
    return dict(re.split("  +", line.strip(), maxsplit=1) for line in section.split("\n")[2:])


def test_a_line_is_filled_from_python_and_the_environment(running, server):
    """URL, header and JSON; the panel says where each value came from, and hides the private one."""
    running.run("item_id, name = 'a b/c', 'x\"y'")
    cell = running.run(
        '%http POST /items/{{item_id}} Authorization:"Bearer {{pin}}" name={{name}} n:={{[1, None]}} w={{who}}'
    )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /items/a%20b%2Fc HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer planted-private-9\r\n" in head
    assert json.loads(body) == {"name": 'x"y', "n": [1, None], "w": "ada"}
    shown = values(cell.panels[0])
    assert shown["item_id"].split() == ["a", "b/c", "Python"]
    assert shown["pin"].startswith(MASK)
    assert "planted" not in str(cell.messages)


def test_a_named_request_runs_first_and_once(running, server):
    """Two panels the first time, one the second; the token arrives and is shown nowhere."""
    running.run("%%http\n# @name login\nPOST /login\n\n?? status == 200")
    del server.requests[:]
    line = '%http /items Authorization:"Bearer {{login.response.body.$.token}}" ;'
    cell = running.run(line)
    assert [each.split(b"\r\n")[0] for each in server.requests] == [b"GET /items HTTP/1.1"]
    assert b"\r\nAuthorization: Bearer planted-secret-42\r\n" in server.requests[0]
    assert cell.outputs == []
    assert "planted" not in str(running.run(line[:-2]).messages)


def test_a_request_that_has_not_run_is_sent_before_the_line(running, server):
    """Its panel says why."""
    running.run("%config HttpKit.base_url = 'http://127.0.0.1:1'")
    running.run("%%http\n# @name first\nGET /login")
    running.run(f"%config HttpKit.base_url = {server.url!r}")
    cell = running.run("%http /items?x={{first.response.status}}")
    assert [each.split(b"\r\n")[0] for each in server.requests] == [
        b"GET /login HTTP/1.1",
        b"GET /items?x=200 HTTP/1.1",
    ]
    assert "the line refers to it" in cell.panels[0]


def test_what_has_no_value_is_an_error_before_anything_is_sent(running, server):
    """With its place in the line, and the near name."""
    running.run("item_id = 1")
    assert trouble(running.run("r = %http GET /items/{{itm_id}} a=1")) == [
        "%http: 'itm_id' has no value; did you mean item_id?",
        "    %http GET /items/{{itm_id}} a=1",
        "                     ^^^^^^^^^^",
    ]
    assert "has a line break or NUL" in trouble(running.run("bad = 'a\\r\\nb'\n%http /items X:{{bad}}"))[0]
    assert trouble(running.run("%http /items a={{1 +}}"))[2].strip() == "^^^^^^^"
    assert server.requests == []


def test_the_local_names_of_a_function_come_first(running, server):
    """A loop in a function must not send a name of the notebook in the place of its own."""
    running.run("item_id = 'outer'\ndef get(item_id):\n    r = %http /items/{{item_id}} ;\n    return r")
    running.run("get('inner')\nfor item_id in range(2):\n    %http /items/{{item_id}} ;")
    assert [each.split()[1] for each in server.requests] == [b"/items/inner", b"/items/0", b"/items/1"]


def test_options_of_a_cell_are_filled(running, server):
    """Credentials of the line of the cell; the password is shown nowhere."""
    cell = running.run("secret_pw = 'planted-pw-77'\n")
    cell = running.run("%%http -a {{who}}:{{secret_pw}}\nGET /items\n")
    assert b"\r\nAuthorization: Basic YWRhOnBsYW50ZWQtcHctNzc=\r\n" in server.requests[0]
    assert "planted" not in str(cell.messages)
    assert trouble(running.run("%%http --timeout {{nope}}\nGET /items\n"))[1:] == [
        "    %http --timeout {{nope}}",
        "                    ^^^^^^^^",
    ]


def test_a_line_of_curl_stays_literal(running, server):
    """What was pasted is sent as it stands."""
    running.run("who2 = 'x'\n%curl -d 'a={{who2}}' /items")
    assert server.requests[0].endswith(b"a={{who2}}")


@pytest.mark.usefixtures("server")
def test_names_are_offered_between_the_braces(running):
    """In a line too."""
    running.run("offered_name = 1")
    reply = running.client.complete("%http /items/{{offered_", reply=True, timeout=10)
    assert "offered_name" in reply["content"]["matches"]
