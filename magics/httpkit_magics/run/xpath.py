"""XPath in a body: by lxml where it is installed, else the subset of `xml.etree`. No entity is expanded, nothing is fetched."""

from __future__ import annotations

import importlib
import re
from typing import Any, Final
from xml.etree import ElementTree as ET

MAX_DOCUMENT: Final = 10_000_000
"""Bytes of a document that is parsed."""

_ENTITY: Final = re.compile(rb"<!(?:ENTITY|DOCTYPE[^>]*\[)|<\0!\0|\0<\0!", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"(.*)/@([\w:.-]+)\Z", re.DOTALL)
_TEXT: Final = re.compile(r"(.*)/text\(\)\Z", re.DOTALL)
_STRING: Final = re.compile(r"string\((.*)\)\Z", re.DOTALL)
_COUNT: Final = re.compile(r"count\((.*)\)\Z", re.DOTALL)


class XPathError(ValueError):
    """A document that can't be parsed, or an expression that can't be evaluated; the message says why."""


def xpath(expression: str, content: bytes, *, is_html: bool) -> Any:
    """Return what `expression` finds: a list of texts, or a text, number or boolean where it is one.

    An element counts as the text in it. Prefixes are those of the root; `_` is the default namespace, as in Hurl.

    Raises:
        XPathError: see there.
    """
    if len(content) > MAX_DOCUMENT:
        raise XPathError(f"the document has {len(content)} bytes; XPath reads at most {MAX_DOCUMENT}")
    try:
        etree = importlib.import_module("lxml.etree")
    except ImportError:
        return _by_stdlib(expression, content, is_html=is_html)
    return _by_lxml(etree, expression, content, is_html=is_html)


def _by_lxml(etree: Any, expression: str, content: bytes, *, is_html: bool) -> Any:
    options = {"no_network": True, "huge_tree": False}
    parser = etree.HTMLParser(**options) if is_html else etree.XMLParser(resolve_entities=False, **options)
    try:
        root = etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError) as error:
        raise XPathError(f"the body is no {'HTML' if is_html else 'XML'}: {_first_line(error)}") from error
    if root is None:
        raise XPathError(f"the body is no {'HTML' if is_html else 'XML'}: it is empty")
    prefixes = {prefix or "_": name for prefix, name in root.nsmap.items()}
    try:
        found = root.getroottree().xpath(expression, namespaces=prefixes)
    except (etree.LxmlError, ValueError) as error:
        raise XPathError(f"{expression!r} is no XPath here: {_first_line(error)}") from error
    return [_text_of(node) for node in found] if isinstance(found, list) else _plain(found)


def _by_stdlib(expression: str, content: bytes, *, is_html: bool) -> Any:
    if is_html:
        raise XPathError("XPath in HTML needs lxml: pip install lxml")
    if _ENTITY.search(content[:65_536]):
        raise XPathError("the document declares entities, or is in UTF-16: that needs lxml: pip install lxml")
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entity is declared, so there is none to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        raise XPathError(f"the body is no XML: {error}") from error
    if found := _COUNT.match(expression):
        return len(_elements(root, found[1]))
    if found := _STRING.match(expression):
        texts = _texts(root, found[1])
        return texts[0] if texts else ""
    return _texts(root, expression)


def _texts(root: ET.Element, expression: str) -> list[str]:
    if found := _ATTRIBUTE.match(expression):
        elements = _elements(root, found[1])
        return [element.attrib[found[2]] for element in elements if found[2] in element.attrib]
    if found := _TEXT.match(expression):
        return [element.text for element in _elements(root, found[1]) if element.text]
    return ["".join(element.itertext()) for element in _elements(root, expression)]


def _elements(root: ET.Element, path: str) -> list[ET.Element]:
    """Return the elements at an absolute path; `xml.etree` itself knows relative ones only."""
    if not path.startswith("/"):
        raise XPathError(f"{path!r} needs lxml (pip install lxml); without it a path begins with / or //")
    above = ET.Element("document")
    above.append(root)
    try:
        return above.findall(f".{path}")
    except (SyntaxError, KeyError) as error:
        raise XPathError(f"{path!r} needs lxml (pip install lxml); without it: {error}") from error


def _text_of(node: Any) -> Any:
    if hasattr(node, "itertext"):
        return "".join(node.itertext())
    return str(node)


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, float)):
        return value
    if isinstance(value, str):
        return str(value)
    return int(value) if value.is_integer() else value


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
