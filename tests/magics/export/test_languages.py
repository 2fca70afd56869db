"""What gives a Record its `curl()`, `python()` and `http()`."""

from __future__ import annotations

import pytest

from httpkit_magics.export.languages import LANGUAGES, attach
from httpkit_magics.record.languages import WRITERS, written
from httpkit_magics.record.record import Record, SentRequest

RECORD = Record(SentRequest("GET", "http://h/x"), "http://h/x")


def test_a_record_writes_its_request():
    """The three methods are the three writers."""
    attach()
    texts = {"curl": RECORD.curl(), "Python": RECORD.python(), ".http": RECORD.http()}
    assert texts == {name: write(RECORD, None) for name, write in LANGUAGES.items()}
    assert texts[".http"] == "GET http://h/x"


def test_a_record_without_writers_says_what_to_load(monkeypatch):
    """A record is plain data; who only unpickled one is told what to do."""
    attach()
    monkeypatch.delitem(WRITERS, "curl")
    with pytest.raises(LookupError, match="nothing writes curl; expected %load_ext httpkit_magics, which adds it"):
        written("curl", RECORD)
