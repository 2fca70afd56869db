"""The table of curl's options, beside what the real curl says of itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from curl_page import options_page
from servers.process import find_program

from httpkit_magics.grammar.curl_options import OPTIONS, long_option, short_option
from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.words import Word

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "curl.md"
HELP = re.compile(r"^ *(?:-(.), )?--([\w.-]+) *([<\[]\S+)? ", re.MULTILINE)


def word(text):
    """Return a word that stands at the start of a line."""
    return Word(text, 0, len(text))


def test_every_option_of_curl_is_in_the_table_with_its_letter_and_its_value():
    """Whatever `curl --help all` lists is honoured, noted or refused by its name, and none of ours is made up."""
    listed = subprocess.run([find_program("curl"), "--help", "all"], capture_output=True, text=True, check=True).stdout
    theirs = {name: (letter or "", bool(value)) for letter, name, value in HELP.findall(listed)}
    ours = {option.name: (option.short, option.value is not None) for option in OPTIONS}
    assert len(theirs) > 200
    assert {name: ours.get(name) for name in theirs} == theirs


def test_names_and_letters_are_unique():
    """Each option has a line of its own."""
    letters = [option.short for option in OPTIONS if option.short]
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
    assert len(set(letters)) == len(letters)


def test_at_least_sixty_options_are_honoured():
    """What people paste works: the table is not a list of refusals."""
    assert len([option for option in OPTIONS if option.kind == "honoured"]) >= 60
    assert len([option for option in OPTIONS if option.kind != "refused"]) >= 120


def test_the_reference_is_the_table():
    """docs/reference/curl.md says of each option what the code does."""
    assert PAGE.read_text() == options_page()


@pytest.mark.parametrize(
    ("text", "name", "is_on"),
    [
        ("--location", "location", True),
        ("--no-location", "location", False),
        ("--no-keepalive", "no-keepalive", True),
        ("--refer", "referer", True),
        ("--data", "data", True),
        ("--data-b", "data-binary", True),
        ("--http1.1", "http1.1", True),
    ],
)
def test_long_names(text, name, is_on):
    """Whole, negated, or their beginning where only one begins so."""
    option, found = long_option(word(text))
    assert (option.name, found) == (name, is_on)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--compresed", "unknown option --compresed; did you mean --compressed?"),
        ("--header=X", "unknown option --header; expected a blank and not = before its value: --header VALUE"),
        ("--zzzzzz", "unknown option --zzzzzz; expected an option of curl"),
        ("--no-header", "unknown option --no-header; did you mean --header?"),
        ("--prox", "--prox is the beginning of 31 options; expected --proxy or --proxy-anyauth or --proxy-basic"),
    ],
)
def test_unknown_names_say_the_nearest(text, expected):
    """A near miss is named; an ambiguous beginning lists some."""
    with pytest.raises(PlaceError) as caught:
        long_option(word(text))
    assert caught.value.message == expected


def test_unknown_letters_say_the_nearest():
    """A letter in the other case is a near miss; a long name after one dash is too."""
    with pytest.raises(PlaceError, match=r"unknown option -W; did you mean -w, --write-out\?"):
        short_option("W", word("-W"))
    with pytest.raises(PlaceError, match="unknown option -5; expected an option of curl"):
        short_option("5", word("-5"))
