"""The Body section."""

import json

import pytest
from sample_records import a_json_record, a_record
from steps import growth

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.secrets import MASK
from httpkit_magics.render.body import MAX_PARSED, body, media_type_of
from httpkit_magics.render.panel import MAX_BODY, MAX_LINES, Code, Fold, Grid, Media, Node, Prose

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x0a\0\0\0\x05" + b"rest"


def _kinds(fold):
    return [type(block) for block in fold.blocks]


def _said(fold):
    return ["".join(span.text for span in block.line) for block in fold.blocks if isinstance(block, Prose)]


def _lines(fold):
    code = next(block for block in fold.blocks if isinstance(block, Code))
    return ["".join(span.text for span in line) for line in code.lines]


@pytest.mark.parametrize(
    ("content_type", "content", "note", "kinds"),
    [
        ("application/json", b'{"a": 1}', "object, 1 key", [Node]),
        ("application/vnd.api+json; charset=utf-8", b"[1]", "array, 1 item", [Node]),
        ("application/problem+json", b'"x"', "string", [Node]),
        ("application/json", b'\xef\xbb\xbf{"a": 1}', "object, 1 key", [Node]),
        ("application/json", '{"a": 1}'.encode("utf-16"), "object, 1 key", [Node]),
        ("application/json", b'[{"a": 1}, {"a": 2}]', "array, 2 objects", [Grid]),
        ("application/json", b'[{"a": [1]}, {"a": 2}]', "array, 2 objects", [Grid, Fold]),
        ("application/json", b'{"a": ', "text", [Prose, Code]),
        ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n', "2 lines", [Grid]),
        ("application/x-ndjson", b'{"a": 1}\nbroken', "2 lines", [Code]),
        ("text/csv", b"a,b\n1,2\n", "2 lines, 2 columns", [Grid]),
        ("text/csv", b"just words", "text", [Code]),
        ("text/html", b"<p>x</p>", "source", [Code]),
        ("application/atom+xml", b"<a/>", "source", [Code]),
        ("text/plain", b"x", "text", [Code]),
        ("application/javascript", b"x", "text", [Code]),
        ("image/png", PNG, "image/png, 28 B, 10 \u00d7 5", [Media]),
        ("image/png", b"not a picture", "binary, 13 B", [Prose, Code]),
        ("image/svg+xml", b"<svg/>", "image/svg+xml, 6 B", [Media, Fold]),
        ("image/svg+xml", b"words", "source", [Code]),
        ("application/octet-stream", b"x", "binary, 1 B", [Code]),
        ("garbage", b"x", "binary, 1 B", [Code]),
        ("", b'{"a": 1}', "object, 1 key", [Node]),
        ("", b"plain words", "text", [Code]),
        ("", b"\0\1\2", "binary, 3 B", [Code]),
    ],
)
def test_the_media_type_decides(content_type, content, note, kinds):
    """Each type is shown in its way; what does not fit its type falls back to text or bytes, and says so."""
    fold = body(a_record(content, content_type), REDACTOR)
    assert (fold.note, _kinds(fold)) == (note, kinds)


def test_no_body_is_said():
    """A section without a handle."""
    assert body(a_record(status=204), REDACTOR) == Fold("Body", "empty", ())


def test_broken_json_says_where():
    """Line and column of the first fault, in one sentence."""
    assert _said(body(a_record(b'{\n"a": 1,}', "application/json"), REDACTOR))[0].startswith("not valid JSON: ")
    assert _said(body(a_record(b'{"a": "b', "application/json"), REDACTOR)) == [
        "not valid JSON: unterminated string starting at line 1, column 7"
    ]


def test_deep_json_is_text():
    """Deeper than the parser goes, 10 000 levels here, is no error."""
    fold = body(a_record(b"[" * 10_000 + b"]" * 10_000, "application/json"), REDACTOR)
    assert _said(fold) == ["nested too deeply for a tree"]


def test_json_in_another_charset_is_read_as_declared():
    """Latin-1 JSON is against RFC 8259, and met all the same."""
    record = a_record('{"a": "\u00e9"}'.encode("latin-1"), "application/json; charset=latin-1", encoding="latin-1")
    assert body(record, REDACTOR).note == "object, 1 key"


def test_json_in_no_unicode_encoding_is_text():
    """Bytes that no charset was found for are shown with what does not fit."""
    fold = body(a_record(b'{"a": "\xe9"}', "application/json"), REDACTOR)
    assert _said(fold) == [
        "not valid JSON: not in a Unicode encoding",
        "1 character does not fit utf-8, shown as \ufffd",
    ]


def test_masks_are_explained():
    """The reader is told that the record has the value."""
    fold = body(a_json_record({"access_token": "abc"}), REDACTOR)
    assert _said(fold) == [f"{MASK} hides a secret, the record has it"]


def test_broken_json_is_masked_too():
    """A token is masked where the document that holds it can't be parsed."""
    assert _lines(body(a_record(b'{"token": "abc", ', "application/json"), REDACTOR)) == [f'{{"token": "{MASK}", ']


def test_text_has_a_limit_of_lines_and_of_characters():
    """What was left out is said, with the expression that has it."""
    many = body(a_record(b"x\n" * 5000, "text/plain"), REDACTOR)
    long = body(a_record(b"x" * 100_000, "text/plain"), REDACTOR)
    assert (len(_lines(many)), many.blocks[0].more) == (MAX_LINES, "the first 300 lines of 10.0 KB: r.text")
    assert (len(_lines(long)[0]), long.blocks[0].more) == (MAX_BODY + 1, "the first 1 line of 100 KB: r.text")


def test_text_that_fits_is_whole():
    """No word about a limit that was not reached."""
    fold = body(a_record(b"a\r\nb\n", "text/plain"), REDACTOR)
    assert (_lines(fold), fold.blocks[0].more) == (["a", "b", ""], "")


def test_bytes_are_shown_in_hex():
    """Sixteen to a row, with what is printable beside them."""
    fold = body(a_record(b"Hello\0" * 50, "application/octet-stream"), REDACTOR)
    assert _lines(fold)[0] == "0000  48 65 6c 6c 6f 00 48 65  6c 6c 6f 00 48 65 6c 6c  Hello.Hello.Hell"
    assert (len(_lines(fold)), fold.blocks[0].more) == (16, "44 more bytes: r.content")


def test_an_unknown_coding_is_said():
    """Bytes that are still coded look like garbage; the reader is told why."""
    record = a_record(b"x", "text/plain", headers=[("Content-Encoding", "gzip, x-magic")])
    assert _said(body(record, REDACTOR)) == ["the coding x-magic is not known: the bytes are as they came"]


def test_long_json_is_laid_out_as_text():
    """Above the limit nothing is parsed: the head is shown on several lines."""
    fold = body(a_record(b'{"rows":[' + b'{"id":1,"token":"abc"},' * 200_000, "application/json"), REDACTOR)
    assert fold.note == "JSON, 4.6 MB"
    assert _lines(fold)[:4] == ["{", '  "rows": [', "    {", '      "id": 1,']
    assert not any("abc" in line for line in _lines(fold))


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/html", "application/x-ndjson", "text/csv", "text/plain"]
)
@pytest.mark.parametrize("unit", [b'{"a":1},', b"<!--", b'"', b"&", b"\\", b"\n", b"a,"])
def test_the_time_for_fifty_megabytes_is_linear_at_most(content_type, unit):
    """Whatever a large body is made of, nothing in it makes the panel slow."""

    def make(size):
        return a_record(b"[" + unit * (size // len(unit)), content_type)

    assert growth(lambda record: body(record, REDACTOR), make, 12_500_000) < 9


def test_a_document_is_parsed_in_linear_time_and_up_to_a_size():
    """What is larger is not parsed, but laid out as text."""

    def make(size):
        return a_record(json.dumps([{"a": 1.5, "b": "x"}] * (size // 25)).encode(), "application/json")

    assert growth(lambda record: body(record, REDACTOR), make, MAX_PARSED // 5) < 9
    assert [body(make(size), REDACTOR).note[:5] for size in (MAX_PARSED // 2, MAX_PARSED * 2)] == ["array", "JSON,"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [(None, ""), ("Text/HTML; charset=x", "text/html"), ("text/plain, text/html", "text/plain"), (" a/b ", "a/b")],
)
def test_the_media_type_is_the_first_of_the_field(field, expected):
    """Without parameters, in lower case."""
    assert media_type_of(field) == expected
