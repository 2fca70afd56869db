"""Reads the HTML of a panel as a browser would, and says what an untrusted JupyterLab would take away or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = frozenset(["div", "span", "b", "details", "summary", "table", "tr", "th", "td", "img", "audio", "video"])
VOID = frozenset(["img"])
ATTRIBUTES = {"details": {"style", "open"}, "img": {"src", "alt", "title", "style"}}
ATTRIBUTES["audio"] = ATTRIBUTES["video"] = {"controls", "src", "style"}
# What JupyterLab 4.6's sanitizer keeps of what panels use.
_KEPT = """
background border border-bottom border-collapse border-left border-radius border-top color cursor display
font-family font-size font-weight height line-height margin margin-left margin-right max-height max-width min-width
opacity overflow overflow-wrap overflow-x padding padding-bottom padding-left padding-top table-layout text-align
vertical-align white-space width word-break
"""
STYLES = frozenset(_KEPT.split())


class PanelReader(HTMLParser):
    """Collects what is wrong in `problems`, and the visible text in `text`."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.problems.append(f"left open: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check an element, its attributes and styles."""
        self.tags.append(tag)
        if tag not in TAGS:
            self.problems.append(f"element {tag}")
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name not in ATTRIBUTES.get(tag, {"style"}):
                self.problems.append(f"attribute {tag} {name}")
            if name == "src" and not re.fullmatch(
                r"data:(image|audio|video)/[a-z0-9+-]+;base64,[A-Za-z0-9+/=]*", value or ""
            ):
                self.problems.append(f"source {value}")
            if name == "style":
                self._style(value or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check the balance."""
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"closed {tag}")

    def handle_data(self, data: str) -> None:
        """Collect what is seen."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Panels have none."""
        self.problems.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        """Panels have none."""
        self.problems.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        """Panels have none."""
        self.problems.append(f"instruction {data}")

    def unknown_decl(self, data: str) -> None:
        """Panels have none."""
        self.problems.append(f"declaration {data}")

    def _style(self, value: str) -> None:
        for declaration in filter(None, value.split(";")):
            name, _, said = declaration.partition(":")
            if name not in STYLES or "var(" in said or "url(" in said or not said:
                self.problems.append(f"style {declaration}")
