"""Secrets are planted in every source of placeholders; what is filled into a request comes out of no sink."""

from __future__ import annotations

import json

import pytest
from planted import leaks, saved_text

from httpkit_magics.demo.launch import start_demo

SOURCES = ("env", "private", "password", "bearer", "userinfo", "query", "nested", "json", "cookie", "part", "token")
PLANTED = {place: f"{place}Pl4nted{number}\u00e4xYz" for number, place in enumerate(SOURCES)}
PLANTED |= {place: PLANTED[place].replace("\u00e4", "a") for place in ("bearer", "cookie", "private", "env")}

SETUP = """
%load_ext httpkit_magics
import json, os, httpkit_magics
_s = json.loads(open("secrets.json").read())
own = httpkit_magics.secret("PLANTED")
{names} = (_s[name] for name in "{keys}".split())
%httpkit env dev
%config HttpKit.base_url = os.environ["DEMO_URL"]
"""
NAMES = {
    "pw": "password", "b": "bearer", "u": "userinfo", "q": "query", "n": "nested", "j": "json", "c": "cookie",
    "m": "part", "t": "token",
}  # fmt: skip
REQUESTS = [
    'r = %http /anything Authorization:"Bearer {{own}}" q=={{pin}}',
    'r = %http "/anything/{{own}}" note={{pin}} n:=\'{"a": "{{own}}"}\' "{{pin}}:name of a header"',
    "r = %http -a ada:{{pw}} /status/401",
    'r = %http /anything Authorization:"Bearer {{b}}"',
    "r = %http http://u:{{u}}@127.0.0.1:1/x",
    "r = %http /anything api_key=={{q}}",
    'r = %http -F /redirect-to url=="/anything?token={{n}}"',
    "r = %http /anything access_token={{j}}",
    "r = %http /anything Cookie:sid={{c}}",
    "r = %http --offline -m /anything password={{m}} note={{pin}}",
    "r = %http -d /anything api_key=={{q}} note=={{pin}}",
    (
        "%%http -o r\nPOST /anything?x={{pin}}\nX-Own: {{own}}\nContent-Type: application/json\n\n"
        '{"note": "{{pin}}"}\n\n?? jsonpath "$.json.note" == "no"\n?? body contains "{{pin}}x"'
    ),
    (
        '%%http -o r\n# @name login\n# @capture tok = jsonpath "$.json.access_token" secret\nPOST /anything\n'
        'Content-Type: application/json\n\n{"access_token": "{{t}}"}\n###\n'
        "GET /anything?z={{login.response.body.$.json.access_token}}\nX-A: {{tok}}\n\n"
        '?? jsonpath "$.query.z" == "{{tok}}1"'
    ),
]
ERRORS = [
    "%http /anything a={{int(pin)}}",
    "%http /anything a={{[][own.reveal()]}}",
    "%http --timeout {{pin}} /anything",
    "%http {{pin}} a=1",
    "%http /anything a:=1{{pin|raw}}",
    '%http /anything X:{{own.reveal() + "\\n"}}',
    '%%http\nGET /anything\nX: {{own.reveal() + "\\n"}}',
    "%%http\nGET /anything?{{ {}[own.reveal()] }}",
    "%%http --timeout {{pin}}\nGET /anything",
    "%httpkit env show",
]
SHOWN = [
    "r",
    "print(r.curl(), r.python(), r.http())",
    "r.values, r.checks, [r.request, r.request.headers, r.headers, r.cookies, r.redirects, r.error]",
    "r.raise_for_status()",
    "%xmode Verbose\ndef look(record):\n    values = record.values\n    return 1 / 0\nlook(r)",
    "%xmode Context",
    "print([each.text for each in get_ipython().Completer.completions('%http ', 6)])",
]


@pytest.mark.timeout(180)
def test_what_is_filled_into_a_request_reaches_the_saved_notebook_from_nowhere(tmp_path):
    """Panels with Values, Asserts and Code, exports, reprs, errors, history: raw, encoded, escaped, in base64."""
    (tmp_path / "secrets.json").write_text(json.dumps(PLANTED))
    (tmp_path / "http-client.private.env.json").write_text(json.dumps({"dev": {"pin": PLANTED["private"]}}))
    setup = SETUP.replace("{names}", ", ".join(NAMES)).replace("{keys}", " ".join(NAMES.values()))
    cells = [setup, *(cell for request in REQUESTS for cell in (request, *SHOWN)), *ERRORS]
    demo = start_demo()
    try:
        saved = saved_text([*cells, "print(repr(Out), In)", "%history -o -n"], tmp_path, {
            "DEMO_URL": demo.url, "PLANTED": PLANTED["env"],
        })  # fmt: skip
    finally:
        demo.stop()
    assert leaks(saved, PLANTED) == []
    assert saved.count("200 OK") > 5
    assert saved.count("response of login") > 0
