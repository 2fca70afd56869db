"""`WWW-Authenticate` and `Proxy-Authenticate` challenges (RFC 9110 section 11.3).

The comma separates challenges as well as their parameters, so the list is read word by word: what is followed by "=" is a
parameter of the challenge at hand, any other token starts the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from httpkit.values.fields import QUOTED, TCHAR, unquote_pairs

# Tried in this order at each word: a parameter, a scheme with or without its data, anything else up to the next comma.
_WORD: Final = re.compile(
    rf"""(?P<name>[{TCHAR}]++)\s*+=\s*+(?:{QUOTED}|(?P<plain>[^\s,"]++))
       | (?P<scheme>[{TCHAR}]++)(?=[\s,]|\Z)(?:[ \t]++(?P<token68>[A-Za-z0-9._~+/\-]++=*+)(?=\s*+(?:,|\Z)))?
       | (?=[^\s,])(?:[^,"]++|{QUOTED})++
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that a server offers.

    Attributes:
        scheme: in lower case, such as `basic`.
        token68: the opaque data of schemes such as Negotiate; None where there are parameters, or nothing.
        parameters: by name in lower case; the first of several with one name.
    """

    scheme: str
    token68: str | None
    parameters: MappingProxyType[str, str]


def parse_challenges(value: str) -> list[Challenge]:
    """Return the challenges of a field value, or of several joined by commas, in order; what isn't one is skipped."""
    found: list[tuple[str, str | None, dict[str, str]]] = []
    for word in _WORD.finditer(value):
        if word["scheme"]:
            found.append((word["scheme"].lower(), word["token68"], {}))
        elif word["name"] and found:
            text = word["plain"] or unquote_pairs(word[2])
            found[-1][2].setdefault(word["name"].lower(), text)
    return [Challenge(scheme, token68, MappingProxyType(parameters)) for scheme, token68, parameters in found]
