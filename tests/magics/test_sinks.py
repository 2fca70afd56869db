"""Secrets are planted in every place of a request, to a server that repeats them all; none may come out anywhere."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote

import pytest
from planted import leaks, saved_text
from servers.kernel import kernel
from servers.threaded import response, serving

from httpkit_magics.demo.launch import start_demo
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.record.record import Cookie, Fields, Hop, Link, Progress, Record, SentRequest
from httpkit_magics.record.redaction import VAULT, Vault
from httpkit_magics.record.secrets import Secret
from httpkit_magics.render.display import mimebundle, terminal
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

# What is written differently in a URL, in JSON, in Python and in base64. Each is its own, so that a leak has a name.
NAMED = {
    place: f'{place}+pl\u00e4nted/{number}&"x"='
    for number, place in enumerate(["query", "userinfo", "header", "bearer", "basic", "cookie", "form", "json", "part"])
}
NAMED["userinfo"] = NAMED["userinfo"].replace('"', "")
NAMED |= {place: re.sub(r"[^ -~]|[\" ]", "u", NAMED[place]) for place in ("header", "bearer", "cookie")}
NAMED["cookie"] = "cookie+planted/5=" + "x" * 8
REGISTERED = 'registered+pl\u00e4nted/9&"x"='


@pytest.fixture(scope="module")
def demo():
    """Run the demo API, whose /anything repeats all of a request."""
    server = start_demo()
    yield server
    server.stop()


SETUP = """
%load_ext httpkit_magics
import json, os, httpkit_magics
from urllib.parse import quote
secrets = json.loads(open("secrets.json").read())
url = os.environ["DEMO_URL"]
def http(line):
    return get_ipython().run_line_magic("http", line)
def q(text):
    return "'" + text.replace("'", "'\\\\''") + "'"
"""
REQUESTS = [
    'r = http(f"{url}/anything token==" + q(secrets["query"]))',
    'r = http(url.replace("//", "//user:" + quote(secrets["userinfo"], safe="") + "@") + "/anything")',
    'r = http(f"{url}/anything " + q("X-Api-Key:" + secrets["header"]))',
    'r = http(f"{url}/anything " + q("Authorization:Bearer " + secrets["bearer"]))',
    'r = http(f"{url}/anything -a " + q("user:" + secrets["basic"]))',
    'r = http(f"{url}/anything " + q("Cookie:sid=" + secrets["cookie"]))',
    'r = http(f"-f {url}/anything password=" + q(secrets["form"]))',
    'r = http(f"{url}/anything secret=" + q(secrets["json"]))',
    'r = http(f"-m {url}/anything client_secret=" + q(secrets["part"]))',
]
SHOWN = [
    "r",
    "[r, r.request, r.request.headers, r.headers, r.cookies, r.links, r.redirects, r.checks, r.error]",
    "print(repr(r), repr(r.request), repr(r.headers))",
    "r.raise_for_status()",
    "def fail(record):\n    raise ValueError(record.request.url)\nfail(r)",
    "%xmode Verbose\ndef look(record):\n    request = record.request\n    return 1 / 0\nlook(r)",
    "%xmode Context",
]
LAST = ["print(repr(Out), In)", "%history -o -n"]


@pytest.mark.timeout(180)
def test_nothing_that_a_request_names_as_secret_reaches_the_saved_notebook(demo, tmp_path):
    """Panels, reprs, In and Out, history, tracebacks: the notebook holds none of them in any spelling."""
    (tmp_path / "secrets.json").write_text(json.dumps(NAMED))
    cells = [SETUP, *(cell for request in REQUESTS for cell in (request, *SHOWN)), *LAST]
    saved = saved_text(cells, tmp_path, {"DEMO_URL": demo.url})
    assert leaks(saved, NAMED) == []
    assert saved.count("200 OK") > len(REQUESTS)


@pytest.mark.timeout(180)
def test_a_registered_secret_reaches_the_saved_notebook_from_nowhere(demo, tmp_path):
    """In places without a telling name, in a refused and in a malformed request, in progress, and as itself."""
    (tmp_path / "secrets.json").write_text("{}")
    request = "s.reveal()"
    cells = [
        SETUP,
        's = httpkit_magics.secret("PLANTED")',
        "s",
        'print(s, f"{s}", [s])',
        f'r = http(f"{{url}}/anything note==" + q({request}))',
        *SHOWN,
        f'r = http(f"{{url}}/anything note=" + q({request}))',
        *SHOWN,
        f'r = http(f"--raw " + q({request}) + f" {{url}}/anything")',
        *SHOWN,
        f'open("body.txt", "w").write({request})\nr = http(f"{{url}}/anything note=@body.txt X-Note:@body.txt")',
        *SHOWN,
        f'r = http("http://127.0.0.1:1/" + quote({request}, safe=""))',
        *SHOWN,
        "raise r.error",
        f'r = http(q("http://[" + {request}))',
        *SHOWN,
        f'r = http(f"{{url}}/delay/0.3 note==" + q({request}))',
        f'r = http(f"{{url}}/status/404 note==" + q({request}))',
        *SHOWN,
        "%http /x --nope",
        f'http(q({request}) + " --nope")',
        *LAST,
    ]
    saved = saved_text(cells, tmp_path, {"DEMO_URL": demo.url, "PLANTED": REGISTERED})
    assert leaks(saved, {"registered": REGISTERED}) == []
    assert saved.count("200 OK") > 4


@pytest.fixture
def vault(monkeypatch):
    """The vault of the process as a new one."""
    monkeypatch.setattr(VAULT, "__dict__", Vault().__dict__)
    return VAULT


def test_a_registered_secret_is_masked_in_every_drawing_and_repr(vault):
    """HTML, text, terminal, progress, and the repr of a record and of each of its parts."""
    secret = REGISTERED
    vault.learn(Secret(secret))
    fields = Fields([("X-Note", secret), ("Location", f"https://h/?q={quote(secret)}"), ("Set-Cookie", f"a={secret}")])
    request = SentRequest("POST", f"https://h/{quote(secret)}", fields, json.dumps({"note": secret}).encode())
    cookie, link = Cookie("a", secret, (("Path", secret),)), Link("next", f"https://h/{secret}", (("title", secret),))
    hop = Hop(302, secret, "GET", f"https://h/{secret}", f"/{quote(secret)}")
    body = json.dumps({"a": secret, "b": base64.b64encode(secret.encode()).decode()}).encode()
    record = Record(
        request,
        f"https://h/{secret}",
        200,
        secret,
        "1.1",
        fields,
        body,
        cookies=(cookie,),
        links=(link,),
        redirects=(hop,),
    )
    progress = Progress(request, "sent")
    shown = [*mimebundle(record).values(), terminal(record), *mimebundle(progress).values(), terminal(progress)]
    shown += [repr(each) for each in (record, request, fields, cookie, link, hop, progress)]
    assert [leaks(each, {"registered": secret}) for each in shown] == [[]] * len(shown)


def test_what_a_request_carried_is_masked_in_reprs_of_the_answer(vault):
    """A repr of the response's fields has no way to the request: the vault heard it."""
    token = "f3b1c2d4e5a6b7c8"
    vault.hear([Secret(token)])
    assert token not in repr(Fields([("X-Echo", f"Bearer {token}")])) + repr(
        Hop(302, "", "GET", "https://h", f"/{token}")
    )
    for number in range(60):
        vault.hear([Secret(f"another-token-{number}")])
    assert token in repr(Fields([("X-Echo", token)]))


def test_the_vault_learns_each_secret_once(vault):
    """The same secret again costs nothing."""
    vault.learn(Secret("abcdefgh"), Secret("abcdefgh"))
    before = vault.redactor
    vault.learn(Secret("abcdefgh"))
    assert ([each.reveal() for each in before.secrets], vault.redactor is before) == (["abcdefgh"], True)


def test_a_prompt_that_nobody_answers_names_the_variable(tmp_path):
    """A kernel without input, as in CI: one line, and no traceback."""
    with kernel(tmp_path) as running:
        code = 'import httpkit_magics\nhttpkit_magics.secret("NOT_SET")'
        cell = running.finish((running.client.execute(code, allow_stdin=False), 0))
    (error,) = cell.of("error")
    assert (error["ename"], "set the variable NOT_SET" in error["evalue"]) == ("SecretError", True)


def test_spellings_are_what_they_should_be():
    """The test's own search finds what it looks for."""
    found = leaks(f"x{quote(REGISTERED)}y{base64.b64encode(b'ab' + REGISTERED.encode()).decode()}", {"a": REGISTERED})
    assert len(found) >= 1


@pytest.mark.timeout(60)
def test_the_log_holds_no_credential(caplog):
    """At DEBUG: a malformed and an oversized cookie, a redirect with userinfo, a connection that breaks off."""
    planted = "planted-a1b2c3d4"
    cookies = {"Set_Cookie": f"sid={planted}; Domain=.; \x00"}
    answers = {
        "/": response(b"{}", **cookies),
        "/long": response(b"{}", Set_Cookie=f"sid={planted}{'x' * 9000}"),
        "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nno",
        "/moved": response(b"", "302 Found", Location=f"http://u:{planted}@127.0.0.1:1/?token={planted}"),
    }
    caplog.set_level("DEBUG")
    client = Client()
    with serving(answers) as server:
        for path in answers:
            plan = parse_line(f"{server.url}{path}?token={planted} X-Api-Key:{planted} -a u:{planted} -F --timeout 2")
            client.send(plan, Settings()).job.result(10)
    client.close()
    assert planted not in caplog.text
