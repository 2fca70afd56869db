"""HTML and XML as coloured text. It is never HTML in the output: only spans of text come out of here.

One regular expression that reads every character once. Pygments was tried: its HTML and XML lexers take quadratic time
on what a hostile server sends (1.4 s for 16 KB of `&`, 0.5 s for `<?`), and its styles are made for one background.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from httpkit_magics.render.panel import Span, Tone

MOST_SPANS: Final = 1_000
"""Coloured runs; what follows them stays plain."""

_TOKEN: Final = re.compile(
    r"(?P<muted><!--.*?(?:-->|\Z)|<[!?][^>]*>?)"
    r"|(?P<info></?[A-Za-z][^\s<>/]*>?|/?>)"
    r"""|(?P<good>(?<==)"[^"<>]*"|(?<==)'[^'<>]*')"""
    r"|(?P<warn>&[A-Za-z0-9#]{1,32};)",
    re.DOTALL,
)


def highlighted(text: str) -> Iterator[Span]:
    """Yield `text` in spans: names of elements, values of attributes, references, and comments apart from the rest."""
    done = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number >= MOST_SPANS:
            break
        if token.start() > done:
            yield Span(text[done : token.start()])
        tone: Tone = token.lastgroup  # type: ignore[assignment]  # the groups are named after tones
        yield Span(token.group(), tone)
        done = token.end()
    if done < len(text):
        yield Span(text[done:])
