"""A command of cmd.exe -> words. The browsers' own escapes are the oracle: what they write must be read as it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from httpkit_magics.grammar.cmd_words import is_cmd, split_cmd_commands
from httpkit_magics.grammar.place import PlaceError

TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


def chrome(text):
    """Escape as Chrome's "Copy as cURL (cmd)" does it, by its documented steps."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.,?;()*`]", lambda found: f"^{found[0]}", text)
    text = re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text)
    return f'^"{re.sub(chr(13) + "?" + chr(10), "^" + chr(10) * 2, text)}^"'


def older(text):
    """Escape as browsers did it before: quotes, and a quote doubled."""
    return '"' + text.replace('"', '""') + '"'


def places(text):
    """Return the places of the words, or the one of the error."""
    try:
        return [(word.start, word.end) for command in split_cmd_commands(text) for word in command]
    except PlaceError as error:
        return [(error.start, error.end)]


def words(text):
    """Return the texts of the words of the one command in `text`."""
    (command,) = split_cmd_commands(text)
    return [word.text for word in command]


@given(st.lists(TEXTS, min_size=1))
@example(['{"a": "b\\c%41^&|<>!"}\n x'])
@example(["\\", '\\"', 'a\\\\"'])
def test_what_chrome_escapes_comes_back(texts):
    """Every text that Chrome copies is read as it was."""
    assert words(" ".join(map(chrome, texts))) == texts


@given(st.lists(st.text("ab \"'|<>^;,=/%", max_size=20), min_size=1))
def test_doubled_quotes_come_back(texts):
    """The older form is read too. What cmd.exe sees outside of its own quotes is an error, never another text."""
    try:
        found = words(" ".join(map(older, texts)))
    except PlaceError:
        return
    assert [text.replace("^", "") for text in found] == [text.replace("^", "") for text in texts]


@given(st.text(st.sampled_from('ab^"\\ \n\t%&|é')))
def test_every_text_is_words_or_an_error_with_a_place(text):
    """No text raises anything else, and places are within the text."""
    for start, end in places(text):
        assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b c" d', ["a", "b c", "d"]),
        ("a ^\n b", ["a", "b"]),
        ("a ^\r\n b", ["a", "b"]),
        ('a "b ^" c', ["a", "b ^", "c"]),
        ("C:\\dir\\file", ["C:\\dir\\file"]),
        ('"a\\\\" b', ["a\\", "b"]),
        ('"a\\"b"', ['a"b']),
        ('"a""b"', ['a"b']),
        ('^"a^"^"b^"', ['a"b']),
        ('""', [""]),
        ("'a b'", ["'a", "b'"]),
        ("100%^41", ["100%41"]),
        ('^"a^\r\n\r\nb^"', ["a\nb"]),
        ("a^&b", ["a&b"]),
    ],
)
def test_carets_quotes_and_backslashes(text, expected):
    """cmd.exe takes carets outside of quotes, the C runtime takes quotes and the backslashes before them."""
    assert words(text) == expected


def test_an_ampersand_parts_commands():
    """A browser's "Copy all as cURL (cmd)" puts ` &` at the end of a line."""
    found = split_cmd_commands('curl ^"a^" &\r\ncurl ^"b^"')
    assert [[word.text for word in command] for command in found] == [["curl", "a"], ["curl", "b"]]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("curl a | more", (7, 8), "'|' is not for curl; expected the curl command alone"),
        ("curl a > f", (7, 8), "'>' is not for curl; expected the curl command alone"),
        ("curl %TEMP% ^\n", (5, 11), "%TEMP% is a variable of cmd.exe; expected its value"),
        ('curl "a', (5, 7), 'unclosed quote: expected another "'),
    ],
)
def test_what_cmd_would_do_is_refused_with_its_place(text, place, message):
    """cmd.exe doesn't run, so what needs it is an error."""
    with pytest.raises(PlaceError) as caught:
        split_cmd_commands(text)
    assert (caught.value.message, (caught.value.start, caught.value.end)) == (message, place)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('curl ^"https://h/^"', True),
        ('curl "https://h/" ^\n  -H "a: b"', True),
        ("curl https://h/ ^\r\n -v", True),
        ("curl 'https://h/' -d 'a ^\n b'", False),
        ('curl "https://h/" -d "a ^\n b"', False),
        ("curl 'https://h/' \\\n -H 'a: ^\"b^\"'", False),
        ("curl https://h/?a^b", False),
    ],
)
def test_what_is_written_for_cmd_is_told_apart(text, expected):
    """A caret that opens a word or continues a line outside of bash's quotes is cmd's."""
    assert is_cmd(text) is expected
