"""XPath with lxml and without: the same answers, and clear words where it is needed."""

from __future__ import annotations

import sys

import pytest

from httpkit_magics.run.xpath import MAX_DOCUMENT, XPathError, xpath

XML = b'<r xmlns:p="urn:p"><a id="1">x<b>y</b></a><a id="2">z</a><p:c>w</p:c></r>'
BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>'
FILE = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'


@pytest.fixture(params=["lxml", "xml.etree"])
def parser(request, monkeypatch):
    """Both parsers; lxml is looked for in vain with the second."""
    if request.param == "xml.etree":
        monkeypatch.setitem(sys.modules, "lxml.etree", None)
    else:
        pytest.importorskip("lxml")
    return request.param


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("/r/a", ["xy", "z"]),
        ("//a[@id='2']", ["z"]),
        ("//a/@id", ["1", "2"]),
        ("//b/text()", ["y"]),
        ("count(//a)", 2),
        ("string(//a)", "xy"),
        ("//missing", []),
    ],
)
def test_common_expressions_are_the_same_with_and_without_lxml(expression, expected):
    """Paths, predicates, attributes, texts, count and string."""
    assert xpath(expression, XML, is_html=False) == expected


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("content", [b"", b"{}", b"<r>", b"\xff\xfe\x00"])
def test_what_is_no_xml_is_said(content):
    """An error in words, whatever the bytes."""
    with pytest.raises(XPathError, match=r"the body is no XML|needs lxml"):
        xpath("//a", content, is_html=False)


@pytest.mark.parametrize("content", [BOMB, FILE])
def test_no_entity_is_expanded(parser, content):
    """Neither a bomb nor a file: lxml leaves them as they are, without it the document is refused."""
    if parser == "lxml":
        assert xpath("//r", content, is_html=False)[0] in {"&a;", "&b;"}
    else:
        with pytest.raises(XPathError, match="entities"):
            xpath("//r", content, is_html=False)


def test_what_needs_lxml_says_so(monkeypatch):
    """HTML, functions and relative paths."""
    monkeypatch.setitem(sys.modules, "lxml.etree", None)
    for expression, is_html in (("//a", True), ("//a[contains(., 'x')]", False), ("a", False)):
        with pytest.raises(XPathError, match="lxml"):
            xpath(expression, XML, is_html=is_html)


def test_lxml_reads_html_functions_and_prefixes():
    """What the standard library has not."""
    pytest.importorskip("lxml")
    assert xpath("//p[contains(., 'b')]", b"<p>a<p>b", is_html=True) == ["b"]
    assert xpath("//p:c", XML, is_html=False) == ["w"]
    assert xpath("//_:a", b'<r xmlns="urn:x"><a>1</a></r>', is_html=False) == ["1"]
    assert xpath("boolean(//a)", XML, is_html=False) is True
    with pytest.raises(XPathError, match="no XPath"):
        xpath("//[", XML, is_html=False)


def test_a_document_is_bounded():
    """The limit is in the message."""
    with pytest.raises(XPathError, match=str(MAX_DOCUMENT)):
        xpath("//a", b" " * (MAX_DOCUMENT + 1), is_html=False)
