"""The section Code of a panel."""

from __future__ import annotations

from httpkit_magics.record.record import Fields, Record, SentRequest
from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.render.code import MAX_BODY, code
from httpkit_magics.render.panel import MAX_SECTION, Code, Panel
from httpkit_magics.render.text import to_text


def record(url="http://h/x", body=None, *headers):
    """Return the record of a request."""
    return Record(SentRequest("POST", url, Fields(headers), body), url)


def text_of(fold):
    """Return the lines of a language as text."""
    (block,) = fold.blocks
    assert isinstance(block, Code)
    return "\n".join("".join(span.text for span in line) for line in block.lines)


def test_it_has_three_languages_each_with_the_call_that_gives_it():
    """curl, Python and .http, folded."""
    section = code(record(body=b"x"), REDACTOR)
    assert (section.title, section.note, section.is_open) == ("Code", "r.curl(), r.python(), r.http()", False)
    assert [(fold.title, fold.note) for fold in section.blocks] == [
        ("curl", "r.curl()"), ("Python", "r.python()"), (".http", "r.http()")
    ]  # fmt: skip
    assert text_of(section.blocks[0]).startswith("curl 'http://h/x'")
    assert text_of(section.blocks[2]) == "POST http://h/x\n\nx"


def test_no_credential_is_in_it():
    """The panel's redactor is the writers'."""
    secret = "hunter2-0123456789"
    section = code(record(f"http://h/?token={secret}", None, ("Authorization", f"Bearer {secret}")), REDACTOR)
    assert all(secret not in text_of(fold) for fold in section.blocks)
    assert "${TOKEN}" in text_of(section.blocks[0])


def test_a_large_body_is_left_to_the_calls():
    """A panel is no place for a body that nobody reads."""
    section = code(record(body=b"x" * (MAX_BODY + 1)), REDACTOR)
    assert (section.blocks, section.note) == (
        (),
        "r.curl(), r.python(), r.http() with the body of 4.1 KB",
    )


def test_what_is_long_is_cut_and_says_so():
    """Fields may be long too: at most 8192 characters of each language."""
    section = code(record("http://h/x", None, *((f"X-{n}", "v" * 900) for n in range(20))), REDACTOR)
    (block,) = section.blocks[0].blocks
    assert len(text_of(section.blocks[0])) <= MAX_SECTION + 1
    assert block.more == "the beginning: r.curl() gives all"


def test_text_names_the_calls_only():
    """Three times the same request is nothing to read in a terminal or in a saved notebook's text."""
    text = to_text(Panel("good", "200 OK", "POST http://h/x", (), (), (code(record(body=b"x"), REDACTOR),)))
    assert text == " 200 OK  POST http://h/x\n\nCode  r.curl(), r.python(), r.http()"


def test_a_request_without_a_url_has_no_code():
    """What was never a request of HTTP can't be written as one."""
    assert code(record("/items"), REDACTOR) is None
