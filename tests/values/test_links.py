"""`Link` fields."""

from types import MappingProxyType, SimpleNamespace

import pytest
from aiohttp import ClientResponse
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from steps import growth
from yarl import URL

from httpkit.values.links import Link, parse_links

words = st.text("abcdefghij", min_size=1, max_size=6)


def _link(target, **parameters):
    return Link(target, MappingProxyType(parameters))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("no link", []),
        ('<https://x/?page=2>; rel="next"', [_link("https://x/?page=2", rel="next")]),
        ("</a,b>;rel=prev,</c>; REL = last", [_link("/a,b", rel="prev"), _link("/c", rel="last")]),
        ('</a>; title="one, \\"two\\"; three"; rel=x', [_link("/a", title='one, "two"; three', rel="x")]),
        ("</a>; rel=x; rel=y", [_link("/a", rel="x")]),
        ("junk, </a>, <<</b>", [_link("/a"), _link("/b")]),
        ("</a", []),
        ('</a>; rel="x', [_link("/a", rel="x")]),
    ],
)
def test_links_are_read_leniently(value, expected):
    """RFC 8288 section 3: commas and semicolons separate only outside of targets and quotes."""
    assert expected == parse_links(value)


def test_an_extended_parameter_is_decoded():
    """RFC 8288 section 3.4.1: `title*` carries a charset; one that can't be decoded is left out."""
    links = parse_links("</a>; title*=UTF-8'de'n%c3%a4chstes, </b>; title*=UTF-8''%ff")
    assert [dict(link.parameters) for link in links] == [{"title*": "nächstes"}, {}]


def test_the_relation_is_none_where_there_is_none():
    """`rel` is what the server said, and nothing else."""
    assert [link.rel for link in parse_links('<a>; rel="next", <b>')] == ["next", None]


@given(st.lists(st.tuples(words, st.dictionaries(words, words, max_size=3)), max_size=4))
def test_links_are_what_aiohttp_makes_of_them(pairs):
    """Well-formed links have the same targets and parameters in aiohttp's `ClientResponse.links`."""
    value = ", ".join(f"<{target}>" + "".join(f'; {k}="{v}"' for k, v in params.items()) for target, params in pairs)
    response = SimpleNamespace(headers=CIMultiDict(link=value), url=URL("http://x/"))
    theirs = ClientResponse.__dict__["links"].wrapped(response)
    expected = [{name: str(value) for name, value in link.items()} for link in theirs.values()]
    actual = [{**link.parameters, "url": f"http://x/{link.target}"} for link in parse_links(value)]
    assert expected == actual


@given(st.text(max_size=60) | st.text('<>;, ="\\a*', max_size=40))
def test_any_text_is_a_list_of_links(text):
    """A malformed field gives fewer links, never an error, and no target that isn't in the text."""
    assert all(link.target in text and "<" not in link.target for link in parse_links(text))


def test_a_title_with_stray_bytes_is_left_out():
    """What is in the field as bytes that are not UTF-8 is no percent-encoded text (RFC 8187 section 3.2.1)."""
    (link,) = parse_links(b"<a>; rel=x; title*=UTF-8''a%20\xff".decode("utf-8", "surrogateescape"))
    assert dict(link.parameters) == {"rel": "x"}


@pytest.mark.parametrize("piece", ["<", "<a>", '<a>;"', "<a>,", '"', "<a>;x=", ";", "<a", '<a>;a="\\"', " "])
def test_links_take_linear_time(piece):
    """CVE-2021-33503, CVE-2021-21240 and their kin: a hostile `Link` of 160 kB costs four times one of 40 kB."""
    assert growth(parse_links, lambda size: piece * (size // len(piece)), 40_000) < 9
