"""Domains below which anybody may register a name, so that no cookie may be set for all of them (RFC 6265bis section 5.7).

The list is the data file of `publicsuffixlist`, where that is installed. It is read when the first cookie has a Domain
attribute, into a set of its lines: 5 ms, where building the package's own class takes 39. Without the package, single
labels and the suffixes below are refused: the registries and hosting companies that one meets most.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_REGISTRIES: Final = {
    "au": "asn com edu gov id net org",
    "br": "com edu gov net org",
    "cn": "ac com edu gov net org",
    "hk": "com edu gov net org",
    "id": "ac co go or web",
    "il": "ac co gov net org",
    "in": "ac co edu firm gov net org",
    "jp": "ac ad co ed go gr lg ne or",
    "kr": "ac co go ne or re",
    "mx": "com edu gob net org",
    "nz": "ac co geek govt net org school",
    "pl": "com edu gov net org",
    "sg": "com edu gov net org",
    "tr": "av bel biz com edu gov info k12 net org web",
    "tw": "com edu gov net org",
    "uk": "ac co gov ltd me net nhs org plc police sch",
    "za": "ac co gov law net org web",
}
_HOSTING: Final = {
    "azurewebsites.net", "blogspot.com", "cloudfront.net", "fly.dev", "github.io", "gitlab.io", "herokuapp.com",
    "netlify.app", "onrender.com", "pages.dev", "readthedocs.io", "s3.amazonaws.com", "vercel.app", "web.app", "workers.dev",
}  # fmt: skip
_BUILT_IN: Final = frozenset(f"{name}.{top}" for top, names in _REGISTRIES.items() for name in names.split()) | _HOSTING


@cache
def _rules() -> frozenset[str]:
    """Return the rules of the public suffix list, one a line, or those that stand above where there is no list."""
    spec = find_spec("publicsuffixlist")
    if spec is None or spec.origin is None:
        return _BUILT_IN
    try:
        return frozenset(Path(spec.origin).with_name("public_suffix_list.dat").read_text("utf-8").splitlines())
    except OSError:
        return _BUILT_IN


@lru_cache(maxsize=1024)
def is_public_suffix(domain: str) -> bool:
    """Return whether `domain`, in lower case and with punycode labels, is a public suffix.

    A single label always is one, and so is the parent of a wildcard rule.
    """
    if "." not in domain:
        return True
    rules = _rules()
    if "xn--" in domain:
        try:
            domain = domain.encode("ascii").decode("idna")  # the list is written in Unicode
        except UnicodeError:
            return False
    if f"!{domain}" in rules:
        return False
    _, _, parent = domain.partition(".")
    return domain in rules or f"*.{parent}" in rules or f"*.{domain}" in rules
