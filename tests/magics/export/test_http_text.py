"""`r.http()`, read by the grammar of `%%http` cells: it must give the request that the record is of."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from exported import plans, sent
from hypothesis import HealthCheck, example, given, settings
from servers.threaded import response, serving

from httpkit_magics.export.http_text import BODY_FILE, http_text
from httpkit_magics.grammar.cell import parse_cell
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.grammar.template import Value
from httpkit_magics.run.assemble import assemble

SECRET = "hunter2-0123456789"


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


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    """Let the body's file be written."""
    monkeypatch.chdir(tmp_path)


def here(plan, server):
    """Return `plan` with the server's URL in it."""
    return dataclasses.replace(plan, target=plan.target.replace("{}", server.url))


def plan_of(text, value=""):
    """Return the plan that the one request of a cell gives; each variable of the environment is `value`."""
    (request,) = parse_cell(text).requests

    def resolve(placeholder):
        assert re.fullmatch(r"\$processEnv [A-Z0-9_]+", placeholder.expression)
        return Value(value, "a test", is_text=True)

    return dataclasses.replace(assemble(request, Plan("", ""), resolve), is_encoded=True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
@example(Plan("POST", "{}/p?a={{x}}", body=b"{{x}} \\{{y}}", headers=(("X-A", "{{z}}"),), is_encoded=True))
@example(Plan("POST", "{}/p", body=b"### x\n\n?? status == 200\n< file\n"))
@example(Plan("POST", "{}/p", body=b'{"a": "\\u0000"}', headers=(("Content-Type", "application/json"),)))
@example(Plan("POST", "{}/p", body=b"a=1&b=2", headers=(("Content-Type", "application/x-www-form-urlencoded"),)))
@example(
    Plan("POST", "{}/p", body=b"--B\r\n\r\nx\r\n--B--\r\n", headers=(("Content-Type", "multipart/mixed; boundary=B"),))
)
@example(Plan("POST", "{}/p", body=b"a\n--B--", headers=(("Content-Type", "multipart/mixed; boundary=B"),)))
@example(Plan("POST", "{}/p", body=b"1\n2", headers=(("Content-Type", "application/x-ndjson"),)))
@example(Plan("POST", "{}/p", body=b"1\n2\n", headers=(("Content-Type", "application/x-ndjson"),)))
def test_a_cell_makes_the_same_request(server, plan):
    """Method, target, every field line and the body; a body that no cell can hold is in the file that is named."""
    record, (first, pairs, body) = sent(here(plan, server), server)
    text = http_text(record)
    if f"< {BODY_FILE}" in text.split("\n"):
        Path(BODY_FILE).write_bytes(record.request.body)
    again, (first_again, pairs_again, body_again) = sent(plan_of(text), server)
    # What a client adds by itself is no part of a .http file.
    automatic = {"accept", "user-agent", "accept-encoding", "content-type"} - {name for name, _ in pairs}
    pairs_again = [pair for pair in pairs_again if pair[0] not in automatic]
    assert (first_again, pairs_again, body_again) == (first, pairs, body)
    assert again.failure is None


def test_text_stands_in_the_cell_and_bytes_in_a_file(server):
    """Whoever reads the text sees the body wherever that can be."""
    text = http_text(sent(here(Plan("POST", "{}/p", body=b'{\n  "a": 1\n}'), server), server)[0])
    assert text.endswith('\n\n{\n  "a": 1\n}')
    binary = http_text(sent(here(Plan("POST", "{}/p", body=b"\xff\0"), server), server)[0])
    assert binary.startswith('# the body is in a file: open("body.bin", "wb").write(r.request.body)\nPOST ')
    assert binary.endswith("\n\n< body.bin")


def test_credentials_are_placeholders(server):
    """No credential is written; with the variables set, the request is the recorded one."""
    headers = (("Authorization", f"Bearer {SECRET}"), ("Cookie", f"sid={SECRET}"), ("Content-Type", "application/json"))
    body = f'{{"password": "{SECRET}", "n": "{{{{x}}}}"}}'.encode()
    plan = Plan("POST", "{}/p?api_key=" + SECRET, headers=headers, body=body)
    record, expected = sent(here(plan, server), server)
    text = http_text(record)
    assert SECRET not in text
    assert "Authorization: Bearer {{$processEnv TOKEN}}" in text
    assert sent(plan_of(text, SECRET), server)[1] == expected
