"""`Link` fields (RFC 8288): which other resources a response points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from httpkit.values.fields import QUOTED, decode_ext_value, parse_parameters

# A target holds no "<": without that, a row of them would be scanned once for each.
_LINK: Final = re.compile(rf"<([^<>]*+)>((?:[^,\"]++|{QUOTED})*+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Attributes:
        target: the URI reference as it was sent, to be joined with the response's URL.
        parameters: by name in lower case; `title*` is decoded, and left out where it can't be.
    """

    target: str
    parameters: MappingProxyType[str, str]

    @property
    def rel(self) -> str | None:
        """The relation types, as they were sent."""
        return self.parameters.get("rel")


def parse_links(value: str) -> list[Link]:
    """Return the links of a `Link` value, or of several joined by commas; what isn't a link is skipped."""
    return [Link(match[1].strip(), _parameters(match[2])) for match in _LINK.finditer(value)]


def _parameters(text: str) -> MappingProxyType[str, str]:
    parameters = parse_parameters(text)
    for name in [name for name in parameters if name.endswith("*")]:
        decoded = decode_ext_value(parameters.pop(name))
        if decoded is not None:
            parameters[name] = decoded
    return MappingProxyType(parameters)
