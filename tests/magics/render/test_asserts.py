"""The Asserts section: counted in its note, open where one failed, in every way of drawing."""

from __future__ import annotations

from sample_records import MARKER, a_record

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.verdicts import Verdict
from httpkit_magics.render.asserts import asserts
from httpkit_magics.render.display import mimebundle, terminal

GOOD = Verdict("status", "== 200", True, 200, "", "status")
BAD = Verdict("body", f'== "{MARKER}"', False, MARKER, "", "body")


def test_the_note_counts_and_a_failure_opens():
    """Nothing asserted, all passed, some failed."""
    assert asserts((), REDACTOR) is None
    folds = [asserts(each, REDACTOR) for each in ((GOOD, GOOD), (GOOD, BAD), (BAD,))]
    assert [(fold.title, fold.note, fold.is_open) for fold in folds] == [
        ("Asserts", "2 passed", False),
        ("Asserts", "1 passed, 1 failed", True),
        ("Asserts", "1 failed", True),
    ]


def test_it_stands_under_the_body_in_every_drawing():
    """HTML, text and the terminal; words, not colour alone, and nothing unescaped."""
    record = a_record(b"x", "text/plain", checks=(GOOD, BAD))
    bundle = mimebundle(record)
    assert "failed  body ==" in bundle["text/plain"].replace("\x1b", "")
    assert "passed  status == 200\n" in bundle["text/plain"]
    assert MARKER not in bundle["text/html"]
    assert "Asserts" in terminal(record)
    assert (
        bundle["text/plain"].index("Body")
        < bundle["text/plain"].index("Asserts")
        < bundle["text/plain"].index("Headers")
    )
