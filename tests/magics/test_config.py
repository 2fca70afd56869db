"""`%config HttpKit.<trait>`: each is listed, checked, and counts from the next request on."""

from __future__ import annotations

import pytest
from sample_records import a_json_record, a_record
from traitlets import TraitError

from httpkit_magics.config import HttpKit
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.render.display import Look, mimebundle


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("panel", "tiny"), ("display_limit", -1), ("display_limit", 10**9), ("redact", [1]), ("raise_for_status", "no"),
        ("timeout", -1), ("max_redirects", 0), ("max_body", 0), ("follow", "no"),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused(trait, value):
    """At once, not at the next request."""
    with pytest.raises(TraitError):
        setattr(HttpKit(), trait, value)


def test_every_trait_says_what_it_does():
    """`%config HttpKit` lists the help."""
    assert [name for name, trait in HttpKit.class_traits(config=True).items() if len(trait.help) < 20] == []


def test_names_to_redact_count_at_once_and_go_again():
    """In headers, parameters, cookies and JSON; the names before are forgotten."""
    config = HttpKit()
    record = a_json_record({"Ssn": "123-45", "a": "b"}, headers=[("X-Customer", "jane")])
    try:
        config.redact = ["ssn", "X-Customer"]
        shown = mimebundle(record)["text/plain"]
        assert ("123-45" in shown, "jane" in shown, MASK in shown, "jane" in repr(record.headers)) == (
            False, False, True, False,
        )  # fmt: skip
    finally:
        config.redact = []
    assert ("jane" in mimebundle(record)["text/plain"], VAULT.redactor.names) == (True, frozenset())


def test_a_compact_panel_is_its_first_lines_and_what_failed():
    """The badge, the facts, and asserts where one failed."""
    record = a_record(b"hello", "text/plain")
    compact = mimebundle(record, look=Look(is_compact=True))["text/plain"]
    assert (compact.count("\n"), "hello" in compact) == (1, False)
    failed = record.replaced(checks=(Verdict("status", "== 201", False, 200, "", "status"),))
    assert "status == 201" in mimebundle(failed, look=Look(is_compact=True))["text/plain"]


@pytest.mark.parametrize(
    "record",
    [
        a_record(b"x" * 50_000, "text/plain"),
        a_json_record({"a": ["x" * 100] * 50}),
        a_json_record([{"a": "x" * 50}] * 50),
        a_record(b'{"a": "' + b"x" * 3_000_000 + b'"}', "application/json"),
        a_record(b"a,b\n" + b"xxxxxxxxx,x\n" * 90, "text/csv"),
        a_record(b"<p>x</p>" * 900, "text/html"),
        a_record(b"x\0" * 900, "application/octet-stream"),
    ],
    ids=["text", "tree", "table", "long", "csv", "html", "binary"],
)
def test_the_display_limit_bounds_what_is_shown_of_a_body(record):
    """In every way of showing one; the record has all of it."""
    shown = mimebundle(record, look=Look(limit=40))["text/plain"].partition("Body")[2].partition("Headers")[0]
    assert shown.count("x") <= 45
