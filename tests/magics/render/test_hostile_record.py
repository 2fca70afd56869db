"""A record whose every text is hostile: nothing of it is markup, controls a terminal, or is shown without end."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from httpkit_magics.grammar.assertions import parse_check
from httpkit_magics.record.record import Certificate, Cookie, Failure, Fields, Hop, Link, Record, SavedFile, SentRequest
from httpkit_magics.record.values import UsedValue
from httpkit_magics.render.display import mimebundle, terminal
from httpkit_magics.run.checks import judge

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><a href=javascript:alert(3)>"
    "\x1b]0;title\x07\x1b[31m\x9b31m\u202e\u2066\r\n\0\u2028&lt;"
)
LONG = EVIL * 40
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
MOST = 150_000
"""Characters of one output."""


class Elements(HTMLParser):
    """Collects the names of elements and the attributes."""

    def __init__(self, text):
        super().__init__()
        self.names = set()
        self.attributes = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.names.add(tag)
        self.attributes += attrs


def record(**changes):
    """Return a record that is hostile wherever a server or a typed text has a say."""
    fields = {
        "request": SentRequest("GET" + EVIL, f"http://h/{LONG}", Fields([(EVIL, LONG)]), LONG.encode()),
        "url": f"http://h/{LONG}",
        "status": 200,
        "reason": LONG,
        "http_version": EVIL,
        "headers": Fields([(EVIL, LONG), ("Content-Type", "application/json")]),
        "content": json.dumps([{EVIL: LONG, "n": [EVIL]}] * 100).encode(),
        "encoding": "utf-8",
    }
    return Record(**{**fields, **changes})


def body(media_type, text):
    """Return a record with a body of this type."""
    return record(headers=Fields([("Content-Type", media_type)]), content=text.encode())


HOSTILE = {
    "JSON": record(),
    "deep JSON": body("application/json", "[" * 100_000),
    "a key of a megabyte": body("application/json", '{"' + "k" * 1_000_000 + '": 1}'),
    "many keys": body("application/json", json.dumps({f"k{number}": number for number in range(50_000)})),
    "a number of a megabyte": body("application/json", "9" * 1_000_000),
    "CSV": body("text/csv", f'"{EVIL}",b\n' + f'"{EVIL}",2\n' * 500),
    "many columns": body("text/csv", ",".join(["c"] * 100_000) + "\n1"),
    "HTML": body("text/html", LONG),
    "XML": body("application/xml", LONG),
    "text": body("text/plain", EVIL * 2000),
    "colours": body("text/plain", "\x1b[31m" * 100_000),
    "a type": body(EVIL, EVIL),
    "a charset": body(f"text/plain; charset={EVIL}", EVIL),
    "headers": record(headers=Fields([(EVIL, LONG)] * 3000)),
    "cookies": record(cookies=(Cookie(EVIL, LONG, ((EVIL, LONG), ("Expires", EVIL), ("Max-Age", "9" * 5000))),) * 3000),
    "links": record(links=(Link(LONG, f"http://h/{LONG}", ((EVIL, LONG),)),) * 3000),
    "redirects": record(redirects=(Hop(302, LONG, f"GET{EVIL}", f"http://h/{LONG}", LONG),) * 3000),
    "values": record(values=(UsedValue(LONG, EVIL, LONG),) * 3000),
    "certificate": record(tls=Certificate(LONG, LONG, LONG, LONG, (LONG,) * 5000)),
    "failure": record(failure=Failure(EVIL, LONG, LONG, LONG), error=ValueError(LONG)),
    "file": record(saved=SavedFile(Path(EVIL.replace("\0", "") * 10), 3), content=b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_a_server_is_markup_or_controls_a_terminal(name):
    """In HTML, plain text, the terminal and the repr; and none is longer than an output may be."""
    check_outputs(HOSTILE[name])


def test_what_an_assertion_found_is_text():
    """The actual value of a failed assertion, and the texts of the assertion itself."""
    shown = record(content=json.dumps({"a": LONG, "b": [EVIL] * 1000}).encode())
    lines = ('?? jsonpath "$.a" == "x"', '?? body == "<b>"', '?? jsonpath "$.b" == "y"', '?? header "<i>" == "x"')
    shown.checks = judge(shown, tuple(map(parse_check, lines)) * 300)
    check_outputs(shown)


def check_outputs(shown):
    """Look at every output of a record."""
    bundle = mimebundle(shown)
    elements = Elements(bundle["text/html"])
    assert elements.names.isdisjoint({"script", "img", "a", "link", "meta", "object", "style"})
    assert [pair for pair in elements.attributes if pair[0].startswith("on") or pair[0] in {"src", "href"}] == []
    outputs = [*bundle.values(), COLOUR.sub("", terminal(shown)), repr(shown)]
    assert [CONTROL.findall(output) for output in outputs] == [[]] * len(outputs)
    assert max(map(len, outputs)) < MOST
