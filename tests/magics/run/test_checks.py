"""Assertions on a record: what holds, what doesn't, and that no body can make one raise."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import a_record, records

from httpkit_magics.grammar.assertions import FILTERS, PREDICATES, QUERIES, parse_check
from httpkit_magics.record.record import Certificate, Cookie, Failure, Hop, RecordError
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.run.checks import CheckError, insist, judge

BODY = {"items": [{"id": 1}, {"id": 2}], "name": "kettle", "price": 24.5, "n": 3, "none": None, "on": True, "no": []}
RECORD = a_record(
    json.dumps(BODY).encode(),
    "application/json",
    headers=[("ETag", '"v1"'), ("Vary", "a"), ("Vary", "b")],
    http_version="1.1",
    elapsed=0.0406,
    cookies=(Cookie("sid", "abc", (("Max-Age", "60"), ("HttpOnly", None))),),
    redirects=(Hop(302, "Found", "GET", "https://h/a", "/b"),),
    tls=Certificate(
        "TLS 1.3", "x", "api.example.org", "CA", ("a", "b"), datetime.now(UTC) + timedelta(days=20, hours=1)
    ),
)


def verdict(line, record=RECORD):
    """Return what becomes of one assertion."""
    return judge(record, [parse_check(line)])[0]


@pytest.mark.parametrize(
    "line",
    [
        "status == 200", "status != 404", "status > 199", "status >= 200", "status < 201", "status <= 200",
        'version == "1.1"', "url startsWith https://api.example.org", "duration < 50ms", "duration isInteger",
        "header etag == '\"v1\"'", 'header Vary == ["a", "b"]', "header Vary count == 2", "header X not exists",
        "header content-type contains json", "header content-type matches /^application\\/[a-z]+$/",
        "cookie sid == abc", "cookie sid[Max-Age] == 60", "cookie sid[HttpOnly] exists", "cookie other not exists",
        "cookie sid[Secure] not exists",
        "body contains kettle", "body startsWith {", "body isString", "bytes count > 10", "bytes startsWith hex,7b;",
        "bytes contains kettle", f"sha256 == hex,{hashlib.sha256(RECORD.content).hexdigest()};",
        "jsonpath $.name == kettle", "jsonpath $.items[*].id == [1, 2]", "jsonpath $.items count == 2",
        "jsonpath $.items[*].id includes 2", "jsonpath $.items[*].id not contains 3", "jsonpath $.items first isObject",
        "jsonpath $.price == 24.5", "jsonpath $.price isFloat", "jsonpath $.price isNumber", "jsonpath $.n isInteger",
        "jsonpath $.n == 3.0", "jsonpath $.on isBoolean", "jsonpath $.on == true", "jsonpath $.on != 1",
        "jsonpath $.none == null", "jsonpath $.none exists", "jsonpath $.missing not exists", "jsonpath $.no isEmpty",
        "jsonpath $.items isCollection", "jsonpath $ isCollection", "jsonpath $.items isList", "jsonpath $.name not isEmpty",
        "jsonpath $.name contains ett", "jsonpath $.name endsWith le", 'jsonpath $.name > "a"',
        "jsonpath $ contains name", "jsonpath $.items last jsonpath $.id == 2", "jsonpath $.items nth -2 jsonpath $.id == 1",
        'jsonpath $.n toString == "3"', "header etag regex /(\\d)/ toInt == 1", "header etag split v nth 1 contains 1",
        'regex /"n": (\\d)/ == "3"', "regex /nothing/ not exists", "jsonpath $.n toFloat == 3",
        "redirects count == 1", "redirects nth 0 location == /b",
        "certificate Subject == api.example.org", "certificate Issuer == CA", "certificate Expire-Date daysAfterNow == 20",
        "certificate Expire-Date daysBeforeNow < 0", "certificate Subject-Alt-Name contains b",
    ],
)  # fmt: skip
def test_an_assertion_that_is_true_passes(line):
    """Each query, filter and predicate, as Hurl means it."""
    found = verdict(line)
    assert (found.passed, found.why) == (True, ""), found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("status == 201", "is 200"),
        ('status == "200"', "is 200"),
        ("jsonpath $.on == 1", "is true"),
        ("jsonpath $.name == pot", 'is "kettle"'),
        ("jsonpath $.items[*].id == [1]", "is [1, 2]"),
        ("header X == 1", "there is no field X"),
        ("header X not == 1", "there is no field X"),
        ("jsonpath $.missing not contains 1", "there is nothing at $.missing"),
        ("cookie other == 1", "the response sets no cookie other"),
        ("cookie sid[Path] == /", "the cookie has no attribute Path"),
        ("jsonpath $.items nth 7 exists", "there is no item 7 of 2"),
        ("jsonpath $.name count == 1", "count needs an array, an object or bytes, and this is a text"),
        ("jsonpath $.items > 1", "an array can't be compared with a number"),
        ("jsonpath $.name not > 1", "a text can't be compared with a number"),
        ("jsonpath $.none isEmpty", "null is neither empty nor full"),
        ("jsonpath $.name toInt == 1", "the text is no number"),
        ("jsonpath $.items contains 5", 'is [{"id": 1}, {"id": 2}]'),
        ("jsonpath $.name first == k", "only an array has items, and this is a text"),
        ("jsonpath $.name location == k", "only a redirect has a location"),
        ("jsonpath $.items toInt == 1", "an array is no number"),
        ("jsonpath $.n daysAfterNow > 1", "a number is no date"),
        ("jsonpath $.name jsonpath $.x exists", "the text is not JSON"),
        ("jsonpath $.on matches /x/", "this is true, no text"),
        ("jsonpath $. exists", "'$.' is no JSONPath"),
        ("bytes == hex,00;", f"is {len(RECORD.content)} bytes"),
        ("sha256 == hex,00;", "is hex,"),
    ],
)
def test_an_assertion_that_is_false_says_what_there_is(line, said):
    """The value that was found, or why there is none, in words; a missing value fails every predicate but exists."""
    found = verdict(line)
    assert (found.passed, found.shown(VAULT.redactor)[1][: len(said)]) == (False, said)


def test_a_body_that_does_not_fit_fails_its_assertion_and_no_other():
    """Not JSON, not UTF-8, nested without an end: words, no exception."""
    for content in (b"{", b"\xff\xfe\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5_000 + b"}", b""):
        first, second = judge(a_record(content), [parse_check("jsonpath $.a exists"), parse_check("status == 200")])
        assert (first.passed, bool(first.why), second.passed) == (False, True, True)


def test_a_request_without_a_response_fails_what_asks_for_one():
    """The sentence says so; the URL and the time are there."""
    record = a_record(status=None, failure=Failure("refused", "Cannot connect", "nobody"), http_version="")
    assert [
        (each.passed, each.why)
        for each in judge(
            record, [parse_check("status == 200"), parse_check("url exists"), parse_check("body not exists")]
        )
    ] == [(False, "there is no response"), (True, ""), (True, "")]


def test_a_pattern_that_takes_for_ever_fails_in_time():
    """The server chooses the text: exponential time ends after two seconds, in words."""
    found = verdict(r"body matches /^(a+)+$/", a_record(b"a" * 60 + b"!"))
    assert (found.passed, "took more than 2 s" in found.why) == (False, True)


def test_a_large_value_is_not_kept():
    """A verdict of a large document says what it is, and lets go of it."""
    record = a_record(json.dumps(list(range(5000))).encode(), "application/json")
    assert verdict("jsonpath $ isObject", record).actual == "an array of 5 000 items"
    assert len(verdict("body == x", a_record(b"y" * 1_000_000, "text/plain")).actual) < 20_000


def test_insisting_counts_and_shows_the_first():
    """One line for an error; nothing where all passed, or where nobody insists."""
    lines = ("status == 200", "status == 201", "header x-api-key == abc")
    found = RECORD.replaced(checks=judge(RECORD, [parse_check(line) for line in lines]))
    insist(found, check=False, status=True)
    insist(found.replaced(checks=found.checks[:1]), check=True, status=True)
    with pytest.raises(CheckError, match="2 of 3 assertions failed: status == 201, is 200"):
        insist(found, check=True, status=False)


def test_insisting_wants_a_response():
    """With `check` no response is an error, with `status` also one of 400 or more."""
    refused = a_record(status=None, failure=Failure("refused", "Cannot connect", "Nobody listens."))
    with pytest.raises(CheckError, match=r"Nobody listens\."):
        insist(refused, check=True, status=False)
    for record in (refused, a_record(status=404)):
        with pytest.raises(RecordError):
            insist(record, check=False, status=True)


_LINES = [
    f"{query} {argument or ''} {step} {predicate} {value or ''}"
    for query, argument in {**dict.fromkeys(QUERIES, ""), "header": "x", "cookie": "x", "jsonpath": "$..*",
                            "xpath": "//*", "regex": "/./", "certificate": "Issuer"}.items()
    for step in ("", *(f"{name} {example}" for name, example in FILTERS.items()))
    for predicate, value in (("==", "1"), ("<", '"a"'), ("contains", "null"), ("isEmpty", ""), ("matches", "/x/"))
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(records(), st.lists(st.sampled_from(_LINES), min_size=1, max_size=4))
def test_no_record_makes_an_assertion_raise(record, lines):
    """Whatever a server sent, each assertion has a verdict, and that has a repr."""
    found = judge(record, [parse_check(line) for line in lines])
    assert [repr(each)[:1] for each in found] == ["<"] * len(lines)


def test_every_word_of_the_grammar_has_a_meaning():
    """What parses can be judged."""
    from httpkit_magics.run import checks

    assert (set(QUERIES), set(FILTERS)) == (set(checks.QUERIES), set(checks.FILTERS))
    assert set(PREDICATES) == {*checks.PREDICATES, "exists"}
