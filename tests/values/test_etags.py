"""Entity tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit.values.etags import ETag, encode_etag, parse_etags

opaque = st.text([chr(c) for c in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))], max_size=10)
etags = st.builds(ETag, opaque.filter(lambda value: value != "*"), st.booleans())


@given(st.lists(etags, max_size=4))
def test_a_list_of_tags_survives_a_round_trip(tags):
    """RFC 9110 section 13.1.2."""
    assert tags == parse_etags(", ".join(map(encode_etag, tags)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("*", [ETag("*")]),
        ('"a"', [ETag("a")]),
        ('W/"a"', [ETag("a", is_weak=True)]),
        ('""', [ETag("")]),
        ('"a",W/"b" , "c"', [ETag("a"), ETag("b", is_weak=True), ETag("c")]),
        ('"a", b, "c"', [ETag("a")]),
        ('w/"a"', []),
        ("a", []),
    ],
)
def test_tags_are_read_up_to_the_first_malformed_one(value, expected):
    """RFC 9110 section 8.8.3; "W/" is case-sensitive."""
    assert expected == parse_etags(value)


@pytest.mark.parametrize("value", ['a"b', "a b", "a\r\nb", "\u20ac"])
def test_a_tag_that_no_field_can_carry_is_refused(value):
    """What would end the tag, or the line, is a ValueError."""
    with pytest.raises(ValueError, match="entity tag"):
        encode_etag(ETag(value))


def test_any_tag_is_a_star():
    """`ETag("*")` is the wildcard, not a tag in quotes."""
    assert encode_etag(ETag("*")) == "*"


@given(st.text(max_size=40) | st.text('W/", a*', max_size=40))
def test_any_text_is_a_list_of_tags(text):
    """A malformed field gives fewer tags, never an error."""
    assert all(isinstance(tag, ETag) for tag in parse_etags(text))
