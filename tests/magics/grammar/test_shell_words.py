"""A command of bash -> words, beside bash itself."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from servers.process import find_program

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.shell_words import split_commands, unescape_ansi

VARIABLES = {"NAME": "two", "EMPTY": ""}


def places(text):
    """Return the places of the words, or the one of the error."""
    try:
        return [(word.start, word.end) for command in split_commands(text, {}) for word in command]
    except PlaceError as error:
        return [(error.start, error.end)]


def words(text):
    """Return the texts of the words of the one command in `text`."""
    (command,) = split_commands(text, VARIABLES) or [[]]
    return [word.text for word in command]


def words_of_bash(text):
    """Return the words that bash hands to a program, or None where it finds no program or an error."""
    script = f"set -f\nprintf '%s\\0' {text}"
    done = subprocess.run(
        [find_program("bash"), "-c", script],
        env={**VARIABLES, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=10,
        check=False,
    )
    if done.returncode or done.stderr:
        return None
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "a b  c",
        "'a b' \"c d\" e\\ f",
        "'a'\"b\"c",
        "'a\nb'",
        '"a\nb"',
        "a \\\n  b",
        "a\\\nb",
        '"a\\\nb"',
        '"a\\"b\\\\c\\$d\\`e\\f"',
        "'it'\\''s'",
        "$'it\\'s'",
        "$'\\a\\b\\e\\E\\f\\n\\r\\t\\v\\\\\\\"\\?'",
        "$'\\x41\\x4g\\101\\1\\u00e9\\u263a\\U0001f600\\cA'",
        "$'\\xc3\\xa9'",
        "$'\\xff'",
        "$'a\\zb'",
        "$'a'b$'c'",
        "$NAME ${NAME}x \"$NAME\" \"${NAME}\" '$NAME'",
        '"a$EMPTY"',
        'a$ $ "$" "a$ b"',
        "'' \"\" $''",
        "a # a comment",
        "a#b",
        "é 'ü' \"☺\"",
        "--data-raw '{\"a\": [1, 2]}'",
        '"\\!"',
        'a=b c="d e"',
        "'\t'",
    ],
)  # fmt: skip
def test_words_are_those_of_bash(text):
    """Quotes, escapes, continued lines and variables mean what they mean to bash."""
    expected = words_of_bash(text)
    assert expected is not None
    assert words(text) == expected


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab'\"\\$ \n\té!#nxu1"), max_size=12).map(lambda text: f"_ {text}"))
@example("_ $'\\'")
def test_any_text_is_read_as_bash_reads_it_or_refused(text):
    """No text means something else to us: it gives bash's words, or an error; but for a backslash that ends it all."""
    text = text.rstrip("\\")
    try:
        commands = split_commands(text, VARIABLES)
    except PlaceError:
        return
    expected = words_of_bash(text) if len(commands) == 1 else None
    if expected is not None:
        assert [word.text for word in commands[0]] == expected


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_quoted_words_come_back(texts):
    """What `shlex.quote` writes is read as it was."""
    assert words(" ".join(map(shlex.quote, texts))) == texts


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_is_words_or_an_error_with_a_place(text):
    """No text raises anything else, and the place of an error is within the text."""
    for start, end in places(text):
        assert 0 <= start <= end <= len(text) + 1


def test_lines_and_semicolons_part_commands():
    """A browser's "Copy all as cURL" puts ` ;` between them; a continued line is no end."""
    commands = split_commands("curl a ;\ncurl \\\n b\n\n# note\ncurl c", {})
    assert [[word.text for word in command] for command in commands] == [["curl", "a"], ["curl", "b"], ["curl", "c"]]


def test_an_ampersand_within_a_word_stays():
    """There is no shell here that would take `?a=1&b=2` apart."""
    assert words("http://h/?a=1&b=2;c(d)") == ["http://h/?a=1&b=2;c(d)"]


def test_a_word_knows_its_place():
    """Errors point at the word, quotes included."""
    ((first, second),) = split_commands("a 'b c'", {})
    assert (first.start, first.end, second.start, second.end) == (0, 1, 2, 7)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a | b", (2, 3), "'|' is not for curl: another program would get the output"),
        ("a |& b", (2, 4), "'|&' is not for curl: another program would get the output"),
        ("a > f", (2, 3), "'>' is not for curl: the shell would change where output goes"),
        ("a 2>/dev/null", (3, 4), "'>' is not for curl"),
        ("a < f", (2, 3), "'<' is not for curl: the shell would read a file"),
        ("a <<'E'", (2, 4), "'<<' is not for curl: the shell would read a file"),
        ("a && b", (2, 4), "'&&' is not for curl: expected one command a line"),
        ("a &", (2, 3), "'&' is not for curl: the shell would run this in the background"),
        ("(a)", (0, 1), "'(' is not for curl: the shell would start another shell"),
        ("a $(b)", (2, 4), "the shell would run another program here"),
        ('a "$(b)"', (3, 5), "the shell would run another program here"),
        ("a `b`", (2, 4), "the shell would run another program here"),
        ('a "`b`"', (3, 4), "the shell would run another program here"),
        ("a ${b:-c}", (2, 4), "the shell would run another program here"),
        ("a 'b", (2, 4), "unclosed quote: expected another '"),
        ('a "b', (2, 4), 'unclosed quote: expected another "'),
        ("a $'b", (2, 5), "unclosed quote: expected another '"),
        ("a $NO b", (2, 5), "$NO is not set; expected it in the environment (%env NO=...)"),
        ('a "x $NO"', (5, 8), "$NO is not set"),
    ],
)
def test_what_a_shell_would_do_is_refused_with_its_place(text, place, message):
    """No shell runs, so what needs one is an error that says what to write instead."""
    with pytest.raises(PlaceError) as caught:
        split_commands(text, {})
    assert caught.value.message.startswith(message)
    assert (caught.value.start, caught.value.end) == place


def test_a_nul_ends_a_text_as_in_bash():
    """Words of bash are C strings."""
    assert unescape_ansi("a\\0b") == "a"
