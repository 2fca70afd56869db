"""`??` lines: Hurl's queries, filters and predicates, and errors that point at the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.assertions import FILTERS, MAX_LINE, PREDICATES, QUERIES, is_check, parse_check
from httpkit_magics.grammar.check import Check, Filter, Query
from httpkit_magics.grammar.plan import LineError


@pytest.mark.parametrize(
    ("line", "query", "filters", "predicate", "expected"),
    [
        ("?? status == 200", Query("status"), (), "==", 200),
        ("status==200", Query("status"), (), "==", 200),
        ("?? duration < 1.5s", Query("duration"), (), "<", 1500.0),
        ("?? duration < 250ms", Query("duration"), (), "<", 250.0),
        ('?? header "Content-Type" contains "json"', Query("header", "Content-Type"), (), "contains", "json"),
        ("?? header content-type contains json", Query("header", "content-type"), (), "contains", "json"),
        ('?? cookie "sid[Max-Age]" == 60', Query("cookie", "sid[Max-Age]"), (), "==", 60),
        ('?? jsonpath "$.a" == "x\\n\\u{e9}"', Query("jsonpath", "$.a"), (), "==", "x\n\u00e9"),
        ("?? jsonpath $.a == 'it is'", Query("jsonpath", "$.a"), (), "==", "it is"),
        ("?? jsonpath `$['a b']` == null", Query("jsonpath", "$['a b']"), (), "==", None),
        ("?? jsonpath $.a == true # a note", Query("jsonpath", "$.a"), (), "==", True),
        ("?? jsonpath $.a == -1.5e3", Query("jsonpath", "$.a"), (), "==", -1500.0),
        ('?? jsonpath $.a == ["x", 1]', Query("jsonpath", "$.a"), (), "==", ["x", 1]),
        ("?? jsonpath $.a count > 3", Query("jsonpath", "$.a"), (Filter("count"),), ">", 3),
        ("?? jsonpath $.a nth -1 toInt == 3", Query("jsonpath", "$.a"), (Filter("nth", -1), Filter("toInt")), "==", 3),
        ("?? jsonpath $.a == two words", Query("jsonpath", "$.a"), (), "==", "two words"),
        ("?? body matches /^a\\/b$/", Query("body"), (), "matches", "^a/b$"),
        ("?? body matches ^\\d+$", Query("body"), (), "matches", "^\\d+$"),
        ('?? regex "v(\\d)" == "1"', Query("regex", "v(\\d)"), (), "==", "1"),
        ("?? regex /v(.)/ exists", Query("regex", "v(.)"), (), "exists", None),
        ("?? bytes startsWith hex,efbbbf;", Query("bytes"), (), "startsWith", b"\xef\xbb\xbf"),
        ("?? sha256 == base64,AAE=;", Query("sha256"), (), "==", b"\0\1"),
        ("?? body startsWith 12", Query("body"), (), "startsWith", "12"),
        ("?? url endsWith /last", Query("url"), (), "endsWith", "/last"),
        ('?? certificate "Issuer" exists', Query("certificate", "Issuer"), (), "exists", None),
        ("?? redirects nth 0 location == /b", Query("redirects"), (Filter("nth", 0), Filter("location")), "==", "/b"),
    ],
)
def test_an_assertion_says_what_hurl_says(line, query, filters, predicate, expected):
    """Query, filters, predicate and value; quotes may be left out where it is one word."""
    check = parse_check(line)
    assert (query, filters, predicate, expected) == (check.query, check.filters, check.predicate, check.expected)


def test_not_turns_a_predicate_round_and_the_words_are_kept():
    """What was written is what the panel shows."""
    check = parse_check('  ??  header   "X" count  not  == 3   # none')
    assert check == Check(Query("header", "X"), (Filter("count"),), "==", True, 3, 'header   "X" count', "not  == 3")


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_predicate_is_known(predicate):
    """With the value that it takes."""
    value = {"": "", "/pattern/": "/x/"}.get(PREDICATES[predicate], '"x"')
    assert parse_check(f"body {predicate} {value}").predicate == predicate


@pytest.mark.parametrize(
    ("line", "message", "start", "end"),
    [
        ("?? ", "missing query; expected one of status, version", 2, 2),
        ("?? stats == 200", "unknown query 'stats'; did you mean status?", 3, 8),
        ("?? header", 'missing argument of header; expected header "Name"', 9, 9),
        ("?? status", "missing predicate; expected one of ==", 9, 9),
        ("?? status equal 3", "unknown predicate or filter 'equal'; expected one of", 10, 15),
        ("?? status ==", "missing value of ==; expected any value", 12, 12),
        ("?? status exists 3", "'3' is left over; expected the end of the line", 17, 18),
        ('?? status == "2', 'unclosed quote: expected another " before', 13, 15),
        ("?? status == {a", "'{a' is no JSON; expected an array or object", 13, 15),
        ("?? status > true", "true has no order; expected a number or a quoted text", 12, 16),
        ("?? body matches /(/", "'(' is no regular expression: missing )", 16, 19),
        ("?? regex ( exists", "'(' is no regular expression", 9, 10),
        ("?? jsonpath $ nth x == 1", "nth is 'x'; expected a whole number", 18, 19),
        ("?? certificate Serial exists", "unknown field of a certificate 'Serial'; expected one of Subject", 15, 21),
        ("?? bytes == hex,xy;", "'hex,xy;' holds no hex digits", 12, 19),
    ],
)
def test_an_error_says_what_was_expected_and_where(line, message, start, end):
    """Columns count from the start of the line, the marks included."""
    with pytest.raises(LineError) as caught:
        parse_check(line)
    assert (message, (start, end)) == (caught.value.message[: len(message)], (caught.value.start, caught.value.end))


def test_a_line_is_bounded():
    """Ten thousand characters are enough for an assertion, and the error names the limit."""
    with pytest.raises(LineError, match="10000"):
        parse_check("?? body == " + "x" * MAX_LINE)


@pytest.mark.parametrize(("line", "expected"), [("?? status", True), ("  ??", True), ("??x", False), ("? q", False)])
def test_a_check_is_known_by_its_marks(line, expected):
    """Two question marks and a blank; a line of a query has one."""
    assert is_check(line) is expected


_WORDS = [
    *QUERIES,
    *FILTERS,
    *PREDICATES,
    "not",
    '"x"',
    "/x/",
    "$.a",
    "{",
    "[1]",
    "1",
    '"',
    "hex,",
    "#",
    "\u00e9",
    "??",
]


@given(st.lists(st.sampled_from(_WORDS) | st.text(max_size=8), max_size=8).map(" ".join))
def test_any_line_is_a_check_or_an_error_within_the_line(line):
    """No other exception, and the place is inside."""
    try:
        check = parse_check(line)
    except LineError as error:
        place = (error.start, error.end)
    else:
        place = (0, 0 if check.query.name in QUERIES else len(line) + 2)
    assert 0 <= place[0] <= place[1] <= len(line) + 1


def test_the_reference_names_every_word():
    """What is not in the reference is not there."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "assertions.md").read_text()
    words = (*QUERIES, *FILTERS, *PREDICATES, "not")
    assert [word for word in words if not re.search(rf"[`\[ ]{re.escape(word)}[`\] ]", page)] == []
