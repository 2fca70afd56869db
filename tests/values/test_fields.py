"""Tokens, quoted strings, parameters and media types."""

import pytest
from aiohttp.helpers import parse_content_type
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

from httpkit.values.charsets import find_charset
from httpkit.values.fields import (
    MediaType,
    decode_ext_value,
    is_token,
    parse_media_type,
    parse_parameters,
    quote_string,
    unquote_pairs,
)

TCHARS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
tokens = st.text(TCHARS, min_size=1, max_size=12)
words = st.from_regex(r"[a-z][a-z0-9.+-]{0,8}", fullmatch=True)
quotables = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.text(max_size=8))
def test_a_token_is_one_or_more_tchars(text):
    """RFC 9110 section 5.6.2."""
    assert bool(text and set(text) <= set(TCHARS)) == is_token(text)


@given(quotables)
def test_a_quoted_string_is_read_as_it_was_written(text):
    """RFC 9110 section 5.6.4: quoting and unquoting are inverse."""
    quoted = quote_string(text)
    assert text == unquote_pairs(quoted[1:-1])
    assert {"x": text} == parse_parameters(f"; x={quoted}")


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\0b", "\x7f"])
def test_a_control_character_is_never_quoted(text):
    """A value that would end the field line is refused before anything is sent."""
    with pytest.raises(ValueError, match="control characters"):
        quote_string(text)


@given(st.dictionaries(tokens.map(str.lower), tokens | quotables, max_size=5))
def test_parameters_survive_a_round_trip(parameters):
    """RFC 9110 section 5.6.6."""
    text = "".join(
        f"; {name}={value if is_token(value) else quote_string(value)}" for name, value in parameters.items()
    )
    assert parameters == parse_parameters(text)


@given(st.text(max_size=60) | st.text('; ="\\a*', max_size=30))
def test_any_text_has_parameters_or_none(text):
    """A malformed value is read as far as it goes, and never raises."""
    assert all(is_token(name) for name in parse_parameters(text))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, MediaType()),
        ("", MediaType()),
        ("text", MediaType()),
        ("a/b/c; x=1", MediaType("application/octet-stream", {"x": "1"})),
        ("Text/HTML", MediaType("text/html")),
        (' text/html ; Charset = "UTF-8" ;x', MediaType("text/html", {"charset": "UTF-8"})),
        ("text/html;charset=a;charset=b", MediaType("text/html", {"charset": "a"})),
        ('text/html;charset="a\\"b', MediaType("text/html", {"charset": 'a"b'})),
        ('text/html;charset="a"junk;x=""', MediaType("text/html", {"charset": "a", "x": ""})),
        ("text/html;charset=", MediaType("text/html")),
        ("application/problem+json", MediaType("application/problem+json")),
    ],
)
def test_a_media_type_is_read_leniently(value, expected):
    """RFC 9110 section 8.3: what has no type is `application/octet-stream`; names are in lower case, values as sent."""
    assert expected == parse_media_type(value)


@given(words, words, st.dictionaries(words, words, max_size=3))
def test_a_well_formed_media_type_means_what_it_means_to_aiohttp(main, sub, parameters):
    """Same type, same parameters, where both follow the grammar."""
    raw = f"{main}/{sub}" + "".join(f"; {name}={value}" for name, value in parameters.items())
    expected = parse_content_type(raw)
    actual = parse_media_type(raw)
    assert expected == (actual.type, dict(actual.parameters))


def test_the_charset_of_a_media_type_is_its_parameter():
    """The charset is given as it was sent, and None where there is none."""
    assert parse_media_type("text/plain; charset=Shift_JIS").charset == "Shift_JIS"
    assert parse_media_type("text/plain").charset is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UTF-8", "utf_8"),
        ("utf8", "utf_8"),
        (" ISO-8859-1 ", "latin_1"),
        ("Shift_JIS", "shift_jis"),
        ("utf-8-sig", "utf_8_sig"),
        ("windows-1252", "cp1252"),
        ("koi8-u", "koi8_u"),
        ("zlib", None),
        ("base64", None),
        ("utf-7", None),
        ("punycode", None),
        ("os", None),
        ("nonsense\0", None),
        ("", None),
    ],
)
def test_a_charset_is_one_of_the_known_codecs_for_text(name, expected):
    """A name from the network never imports a module, and never picks a codec that isn't a charset."""
    assert expected == find_charset(name)


def test_every_known_charset_decodes_bytes_to_text():
    """What `find_charset` gives can be given to `bytes.decode`."""
    from httpkit.values import charsets

    for codec in set(charsets._CHARSETS.values()):
        assert isinstance("A".encode(codec).decode(codec), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("UTF-8''%e2%82%ac%20rates", "€ rates"),
        ("iso-8859-1'en'%A3%20rates", "£ rates"),
        ("utf-8''%ff", None),
        ("nope''x", None),
        ("utf-8'x", None),
        ("x", None),
    ],
)
def test_an_ext_value_is_percent_encoded_text(value, expected):
    """RFC 8187 section 3.2.1, and its examples."""
    assert expected == decode_ext_value(value)


@pytest.mark.parametrize("piece", [";", '"', ";a=", ';a="', "; ", "\\", ';a="\\"', "; =", "a/"])
def test_parameters_take_linear_time(piece):
    """CVE-2020-7212, CVE-2024-3651 and their kin: 160 kB of anything costs four times what 40 kB cost."""
    assert growth(parse_parameters, lambda size: piece * (size // len(piece)), 40_000) < 9
