"""What the pages and `%http?` say of the line, beside the parser's own tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from httpkit_magics.extension import HttpKitMagics
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.options import NOT_TAKEN, OPTIONS

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/magics.md").read_text()


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_stands_in_the_reference(name):
    """By each of its names."""
    assert re.search(rf"`{re.escape(name)}[` ]", REFERENCE)


def test_every_option_of_the_reference_is_taken():
    """What the page promises can be written."""
    rows = re.findall(r"^\| (`-.*?) \|", REFERENCE.replace("\\|", "/"), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(--?[A-Za-z-]+)", row)}
    assert names - set(OPTIONS) == {"--no-follow"}


def test_the_help_has_every_option_and_its_examples_parse():
    """`%http?` names one spelling of each, and what it shows can be run."""
    text = HttpKitMagics.http.__doc__
    told = {
        option.setting for name, option in OPTIONS.items() if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    }
    assert {option.setting for option in OPTIONS.values()} - told == {"ignored"}
    lines = re.findall(r"^ +(?:r = )?%http (.+)", text.partition("Examples:")[2], re.MULTILINE)
    assert len(lines) >= 5
    assert all(parse_line(line).target for line in lines)


def test_no_option_is_both_taken_and_refused():
    """The tables don't contradict each other."""
    assert not set(OPTIONS) & set(NOT_TAKEN)
