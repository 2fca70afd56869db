"""Text that may stand anywhere: what is invisible, reorders its line or can't be encoded is written out.

Whatever a server sent goes through `visible()` before it is shown, in every sink. The result always encodes to UTF-8,
holds no escape sequence for a terminal, and reads in the order in which it is stored.
"""

from __future__ import annotations

import re

# C0 but newline and tab, DEL, C1 (U+009B is a CSI to a terminal); marks, embeddings and isolates that reorder text
# (CVE-2021-42574, "Trojan Source"); line and paragraph separators; what has no width; interlinear and tag characters;
# lone surrogates and noncharacters. U+200C and U+200D stay: words and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f\U000ffffe\U000fffff\U0010fffe\U0010ffff]"
)
_BREAK = re.compile("[\t\n]")
_SHORT = {9: "\\t", 10: "\\n", 13: "\\r"}


def visible(text: str) -> str:
    r"""Return `text` with its hidden characters written out, newlines and tabs kept.

    Each becomes what a Python literal would say: `\x1b`, `\u202e`. Control pictures (U+2400) were tried: many fonts lack
    them, and then all look alike.
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_written_out, text)


def visible_line(text: str) -> str:
    """Return `text` as one line: as `visible()`, with newlines and tabs written out too."""
    return text if text.isprintable() and text.isascii() else _BREAK.sub(_written_out, _HIDDEN.sub(_written_out, text))


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return _SHORT.get(code) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
