"""`r.curl()`, run by a real bash and a real curl: the server must see the request that the record is of."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import tempfile

import pytest
from exported import plans, sent
from hypothesis import HealthCheck, example, given, settings
from request_text import seen
from servers.process import find_program
from servers.threaded import response, serving

from httpkit_magics.export.curl import MAX_ARGUMENT, curl_command
from httpkit_magics.grammar.curl import parse_curl
from httpkit_magics.grammar.place import CellError
from httpkit_magics.grammar.plan import Auth, Multipart, Part, Plan


class Answers(dict):
    """An answer for every path."""

    def get(self, _path, _default=None):
        """Return 200."""
        return response(b"ok")


@pytest.fixture(scope="module")
def server():
    """Return a server that keeps what it got."""
    with serving(Answers()) as running:
        yield running


def run(command, server, **variables):
    """Return the request that bash makes of `command`."""
    server.requests.clear()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **variables}
    # A file, as one argument of bash has a limit too.
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8", newline="") as script:
        script.write(command)
        script.flush()
        bash = [find_program("bash"), script.name]
        done = subprocess.run(bash, env=environment, capture_output=True, timeout=20, check=False)
    assert server.requests, (command, done.stderr)
    (request,) = server.requests
    return seen(request)


def here(plan, server):
    """Return `plan` with the server's URL in it."""
    return dataclasses.replace(plan, target=plan.target.replace("{}", server.url))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
@example(Plan("POST", "{}/p", body=b"'\"$!`\\@\n\r\t\0"))
@example(Plan("POST", "{}/p", body="it's\n$HOME `id` !! \\ é".encode()))
@example(Plan("POST", "{}/p", body=b"\x1b'\\\r\n!"))
@example(Plan("PUT", "{}/a/../b", is_encoded=True))
@example(Plan("POST", "{}/p", headers=(("X-Empty", ""), ("Content-Type", None)), body=b"x"))
def test_a_real_shell_and_curl_make_the_same_request(server, plan):
    """Method, target, every field line and the body, to the byte, whatever they hold."""
    record, expected = sent(here(plan, server), server)
    assert run(curl_command(record), server) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
def test_our_own_grammar_reads_it_back(server, plan):
    """What `r.curl()` writes can be pasted into %%curl, unless its body comes through a here-document."""
    record, expected = sent(here(plan, server), server)
    command = curl_command(record)
    if "| curl" in command.split("\n")[0]:
        with pytest.raises(CellError, match="is not for curl"):
            parse_curl(command)
        return
    (again,) = parse_curl(command).plans
    assert sent(again, server)[1] == expected


@pytest.mark.parametrize("size", [MAX_ARGUMENT, MAX_ARGUMENT + 1, 1_200_000])
def test_large_bodies_come_through_a_here_document(server, size):
    """An argument has a limit; beyond a megabyte curl would ask first (Expect)."""
    record, expected = sent(here(Plan("POST", "{}/p", body=b"x" * size), server), server)
    command = curl_command(record)
    assert ("<<'BODY'" in command) == (size > MAX_ARGUMENT)
    assert run(command, server) == expected


@pytest.mark.parametrize("body", [None, b"", b"x"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_methods_with_and_without_a_body(server, method, body):
    """The choice of curl of a method is used where it is right."""
    if method == "HEAD" and body:
        pytest.skip("curl waits for the body of an answer to HEAD that it did not choose itself")
    record, expected = sent(here(Plan(method, "{}/p", body=body), server), server)
    first, pairs, content = run(curl_command(record), server)
    assert (first, content) == (expected[0], expected[2])
    left_out = {("content-length", "0")}
    assert set(pairs) - left_out == set(expected[1]) - left_out


SECRET = "hunter2-0123456789"


def secret_plan():
    """Return a plan with a secret in every place."""
    return Plan(
        "POST",
        "{}/p?api_key=" + SECRET + "&page=2",
        headers=(
            ("Authorization", f"Bearer {SECRET}"), ("X-Api-Key", SECRET), ("Cookie", f"sid={SECRET}; theme={SECRET}"),
            ("X-Plain", "it's $5"), ("Content-Type", "application/json"), ("Accept-Encoding", None),
        ),
        body=f'{{"name": "Ada\'s", "password": "{SECRET}", "n": 1}}'.encode(),
        is_encoded=True,
    )  # fmt: skip


def test_credentials_are_variables_and_the_rest_is_the_same(server):
    """No credential is written; with the variables set, the request is the recorded one."""
    record, expected = sent(here(secret_plan(), server), server)
    command = curl_command(record)
    assert SECRET not in command
    names = ["API_KEY", "TOKEN", "X_API_KEY", "COOKIE_SID", "COOKIE_THEME", "PASSWORD"]
    assert [line[2:].partition(":")[0] for line in command.split("\n") if line.startswith("# ")] == names
    assert run(command, server, **dict.fromkeys(names, SECRET)) == expected
    (again,) = parse_curl(command, dict.fromkeys(names, SECRET)).plans
    assert sent(again, server)[1] == expected


def test_credentials_in_a_binary_body_are_variables(server):
    """A part of a multipart body beside a picture: text and bytes come in pieces."""
    parts = (Part("password", SECRET), Part("picture", "\0\1", "a.png", "image/png"))
    plan = Plan("POST", "{}/p", headers=(("Accept-Encoding", None),), body=Multipart(parts, "B"))
    record, expected = sent(here(plan, server), server)
    command = curl_command(record)
    assert SECRET not in command
    assert run(command, server, PASSWORD=SECRET) == expected


def test_a_basic_password_is_one_variable(server):
    """What stands after Basic is base64 of both; it is not taken apart."""
    plan = Plan("GET", "{}/p", headers=(("Accept-Encoding", None),), auth=Auth("basic", "ada", SECRET))
    record, expected = sent(here(plan, server), server)
    command = curl_command(record)
    (digits,) = (value.removeprefix("Basic ") for name, value in expected[1] if name == "authorization")
    assert digits not in command
    assert '"Authorization: Basic ${CREDENTIALS}"' in command
    assert run(command, server, CREDENTIALS=digits) == expected


def test_a_plain_request_is_a_plain_command(server):
    """What curl does by itself is not written."""
    plan = Plan("GET", "{}/p?a=1", headers=(("Accept-Encoding", None), ("X-A", "b c"), ("User-Agent", "mine/1")))
    record, _ = sent(here(plan, server), server)
    assert curl_command(record) == f"curl '{server.url}/p?a=1' \\\n  -H 'X-A: b c' \\\n  -H 'User-Agent: mine/1'"
