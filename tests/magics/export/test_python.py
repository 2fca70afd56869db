"""`r.python()`, run by Python: the server must see the request that the record is of."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import subprocess
import sys
from unittest import mock

import pytest
from exported import plans, sent
from hypothesis import HealthCheck, example, given, settings
from request_text import seen
from servers.threaded import response, serving

from httpkit_magics.export.python import python_code
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.record.record import Record, SentRequest

SECRET = "hunter2-0123456789"


class Answers(dict):
    """An answer for every path."""

    def get(self, _path, _default=None):
        """Return 200."""
        return response(b"hello", Content_Type="text/plain")


@pytest.fixture(scope="module")
def server():
    """Return a server that keeps what it got."""
    with serving(Answers()) as running:
        yield running


def here(plan, server):
    """Return `plan` with the server's URL in it."""
    return dataclasses.replace(plan, target=plan.target.replace("{}", server.url))


def run(code, server):
    """Execute the program here and return the request that the server saw."""
    server.requests.clear()
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "exported.py", "exec"), {"__name__": "__main__"})
    (request,) = server.requests
    return seen(request)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
@example(Plan("POST", "{}/p", headers=(("Content-Type", "application/json"),), body=b'{"a": [1, null, true]}'))
@example(Plan("POST", "{}/p", headers=(("Content-Type", "application/json"),), body=b'{"a":1}'))
@example(Plan("GET", "{}/a%2Fb?x=%7e&y=%2F", is_encoded=True))
@example(Plan("GET", "{}/p", headers=(("X-A", "1"), ("X-A", "2"))))
@example(Plan("POST", "{}/p", headers=(("Content-Type", "application/json"),), body=b'{"a"'))
@example(Plan("POST", "{}/p", body=b"'\"\\\n"))
def test_the_program_makes_the_same_request(server, plan):
    """Method, target, every field line and the body, to the byte, whatever they hold."""
    record, expected = sent(here(plan, server), server)
    assert run(python_code(record), server) == expected


def test_the_program_runs_by_itself(server, tmp_path):
    """As a file, in a process of its own, it prints the status and the body."""
    record, expected = sent(here(Plan("POST", "{}/p", headers=(("X-A", "b"),), body=b"\0x"), server), server)
    script = tmp_path / "exported.py"
    script.write_text(python_code(record))
    server.requests.clear()
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("200 OK\nhello\n", "")
    assert [seen(request) for request in server.requests] == [expected]


def test_credentials_come_from_the_environment(server):
    """No credential is written; with the variables set, the request is the recorded one."""
    headers = (("Authorization", f"Bearer {SECRET}"), ("Cookie", f"sid={SECRET}"), ("Content-Type", "application/json"))
    body = f'{{"password": "{SECRET}", "name": "it\'s"}}'.encode()
    plan = Plan("POST", "{}/p?api_key=" + SECRET, headers=headers, body=body)
    record, expected = sent(here(plan, server), server)
    code = python_code(record)
    assert SECRET not in code
    names = ("TOKEN", "COOKIE_SID", "PASSWORD", "API_KEY")
    with mock.patch.dict("os.environ", dict.fromkeys(names, SECRET)):
        assert run(code, server) == expected


def test_json_is_written_as_a_value(server):
    """A JSON body that the client would write itself is `json=`, and its Content-Type goes without saying."""
    headers = (("Content-Type", "application/json"),)
    record, _ = sent(here(Plan("POST", "{}/p", headers=headers, body=b'{"a": 1}'), server), server)
    assert "json={'a': 1}," in python_code(record)
    assert "Content-Type" not in python_code(record)


def test_a_request_without_a_response_leaves_nothing_out():
    """Its fields are not known, so the program sends what the client sends by itself."""
    assert "skip_auto_headers" not in python_code(Record(SentRequest("GET", "http://h/"), "http://h/"))
    answered = Record(SentRequest("GET", "http://h/"), "http://h/", 200)
    assert "skip_auto_headers=['Accept', 'Accept-Encoding', 'User-Agent']" in python_code(answered)
