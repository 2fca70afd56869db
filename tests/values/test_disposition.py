"""`Content-Disposition`."""

import warnings

import aiohttp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from steps import growth

from httpkit.values.disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    encode_content_disposition,
    parse_content_disposition,
)

NAMES = ["filename", "filename*", "filename*0", "filename*0*", "filename*1", "filename*1*", "name", "a*b", "f@o", "*0"]
VALUES = [
    "foo", '"foo.html"', '"f\\oo"', '"foo;bar"', '"foo', "foo bar", '""', '"/etc/x"', "UTF-8''foo-%c3%a4", "''a%20b",
    "x-nope''%61", "utf-8''%ff", "UTF-8'foo", '"it\'s"', "", "\u20ac", '"\u20ac"', "a/b",
]  # fmt: skip
items = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)).map(lambda pair: f" {pair[0]}={pair[1]}")
headers = st.tuples(
    st.sampled_from(["attachment", "inline", "Form-Data", "", '"attachment"', "a b"]),
    st.lists(items | st.sampled_from(["", " ", "junk", "=x"]), max_size=4),
).map(lambda pair: ";".join([pair[0], *pair[1]]))


def _parsed(parse, header):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = parse(header)
    return result, {warning.category.__name__ for warning in caught}


@given(headers)
@example("attachment; filename=foo;")
@example('attachment; filename="a;b"')
def test_a_disposition_means_what_it_means_to_aiohttp(header):
    """The same type, parameters and kinds of warnings for everything that Julian Reschke's tests are made of."""
    assert _parsed(aiohttp.parse_content_disposition, header) == _parsed(parse_content_disposition, header)


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        ('attachment; filename="foo.html"', "foo.html"),
        ('attachment; filename="f\\oo.html"', "foo.html"),
        ("attachment; filename*=iso-8859-1''foo-%E4.html", "foo-ä.html"),
        ("attachment; filename=\"no\"; filename*=UTF-8''foo-%c3%a4.html", "foo-ä.html"),
        ('attachment; filename*0="foo."; filename*1="html"', "foo.html"),
        ("attachment; filename*0*=UTF-8''foo-%c3; filename*1*=%a4.html", "foo-ä.html"),
        ("attachment; filename*0*=UTF-8''foo-%c3%a4; filename*1=\".%68tml\"", "foo-ä.%68tml"),
        ('attachment; filename*0="it\'s"', "it's"),
        ('attachment; filename*0="a"; filename*2="c"', "a"),
        ('attachment; filename*1="b"', None),
        ('attachment; filename*01="b"', None),
        ("attachment; filename*0*=nope''a", None),
        ("attachment; filename*0*=UTF-8'a", None),
        ("attachment; filename*0*=UTF-8''%ff", None),
        ("attachment", None),
    ],
)
def test_the_file_name_is_put_together(header, filename):
    """RFC 6266 section 4.3, RFC 8187, and RFC 2231's segments, which may cut a character in two."""
    assert filename == content_disposition_filename(parse_content_disposition(header)[1])


def test_more_than_ten_segments_stay_in_order():
    """The segments are counted, not sorted as text: 10 comes after 9."""
    params = {f"filename*{number}": f"<{number}>" for number in range(12)}
    assert "".join(f"<{number}>" for number in range(12)) == content_disposition_filename(params)


def test_other_parameters_can_be_file_names():
    """`name` of a form field follows the same rules."""
    assert content_disposition_filename({"name*": "ä", "name": "a"}, "name") == "ä"
    assert content_disposition_filename({}, "name") is None


def test_no_header_is_no_disposition():
    """Nothing was said, so nothing is warned of."""
    assert (None, {}) == parse_content_disposition(None) == parse_content_disposition("")


@pytest.mark.parametrize(
    ("header", "category"),
    [("a b", BadContentDispositionHeader), ("attachment; filename*=x", BadContentDispositionParam)],
)
def test_trouble_is_a_warning(header, category):
    """Malformed values are a RuntimeWarning that can be filtered by its kind."""
    with pytest.warns(category):
        parse_content_disposition(header)


def test_trouble_is_warned_of_once():
    """CVE-2025-69230: a hostile field is no storm of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parse_content_disposition("attachment" + ";" * 1000 + "; f@o=1" * 1000)
    assert {BadContentDispositionHeader, BadContentDispositionParam} == {warning.category for warning in caught}
    assert len(caught) == 2


@given(
    st.sampled_from(["attachment", "form-data"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
)
def test_a_name_survives_a_round_trip(disposition, text):
    """What we write, we read; with `quote_fields` it is ASCII."""
    header = encode_content_disposition(disposition, {"name": text})
    assert header.isascii()
    kind, params = parse_content_disposition(header)
    assert disposition == kind
    # A leading slash or backslash is dropped by the reader, so that a path is never absolute.
    expected = text if "name*" in params else text.replace("\\", "\\\\").replace('"', '\\"').lstrip("\\/")
    assert content_disposition_filename(params, "name") in {text, text.lstrip("\\/"), expected}


def test_a_file_name_is_percent_encoded_for_forms():
    """RFC 7578 section 4.2 as aiohttp and browsers' servers expect it; without `quote_fields` it goes out as it is."""
    params = {"name": "f", "filename": 'ä "b".txt'}
    assert encode_content_disposition("form-data", params) == 'form-data; name="f"; filename="%C3%A4%20%22b%22.txt"'
    assert encode_content_disposition("form-data", params, quote_fields=False) == (
        'form-data; name="f"; filename="ä \\"b\\".txt"'
    )


@pytest.mark.parametrize("quote_fields", [True, False])
@pytest.mark.parametrize(
    "params", [{"name": "a\r\nX: y"}, {"filename": "a\nb"}, {"filename": "a\0b"}, {"a b": "c"}, {"": "c"}]
)
def test_a_line_break_never_gets_into_a_part(params, quote_fields):
    """CVE-2026-34514, CVE-2026-50269: CR, LF and NUL in a name or file name are a ValueError before anything is sent."""
    with pytest.raises(ValueError, match="content disposition"):
        encode_content_disposition("form-data", params, quote_fields=quote_fields)


def test_the_type_that_is_written_is_a_token():
    """A type with a line break or a space would be another header."""
    with pytest.raises(ValueError, match="token"):
        encode_content_disposition("form-data\r\n", {})


@given(st.text(max_size=60) | st.text("a*0=;\"\\' %", max_size=40))
def test_any_text_has_a_file_name_or_none(text):
    """A malformed value gives warnings, never an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, params = parse_content_disposition(text)
    assert isinstance(content_disposition_filename(params), str | None)


@pytest.mark.parametrize("piece", [";", '"', ';a="', "; ", ';a="\\"', "*0=", ";%s=x"])
def test_a_disposition_takes_linear_time(piece):
    """160 kB of anything costs four times what 40 kB cost, though every parameter is another one."""

    def make(size):
        count = size // len(piece)
        return "attachment" + (
            piece * count if "%" not in piece else "".join(piece % number for number in range(count))
        )

    def parse(header):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse_content_disposition(header)

    assert growth(parse, make, 40_000) < 9


@pytest.mark.parametrize("name", ["a;b", ";;", "a;b; c=d;", "; ; "])
def test_a_quoted_value_may_hold_semicolons(name):
    """However many there are, they belong to the value (RFC 9110 section 5.6.4)."""
    assert parse_content_disposition(f'form-data; name="{name}"; filename="f"') == (
        "form-data",
        {"name": name, "filename": "f"},
    )
