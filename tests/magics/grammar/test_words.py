"""Splitting a line into words."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.plan import LineError
from httpkit_magics.grammar.words import split_words

words_with_blanks = st.lists(st.text(st.sampled_from("ab \t\n'\"#\\:=é中🜁"), max_size=20), max_size=6)
plain = st.text(st.sampled_from("abc/:=@.?&[]{}-%é"), min_size=1, max_size=12)


def words_or_error(line):
    """Return the words of `line`, or the error it is refused with."""
    try:
        return split_words(line)
    except LineError as error:
        return error


def texts(line):
    """Return the texts of the words of `line`."""
    return [word.text for word in split_words(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET https://h/x", ["GET", "https://h/x"]),
        ("  a   b\t", ["a", "b"]),
        ("'a b'=\"c d\"", ["a b=c d"]),
        (r"a\ b c", ["a b", "c"]),
        (r'"say \"hi\" \$x"', ['say "hi" $x']),
        (r"'\n stays'", [r"\n stays"]),
        (r"foo\=bar\:x\@y", [r"foo\=bar\:x\@y"]),
        (r"foo\\=bar", [r"foo\=bar"]),
        (r"file=C:\data\x", [r"file=C:\data\x"]),
        (r"X-Empty\;", ["X-Empty;"]),
        (r"a\?b\&c", ["a?b&c"]),
        ("''", [""]),
        ("a # the rest", ["a"]),
        ("a#b '#c'", ["a#b", "#c"]),
        ("# nothing", []),
        ("a\\", ["a\\"]),
        ("", []),
    ],
)
def test_words_are_quoted_as_in_a_shell(line, expected):
    """Quotes, blanks and comments as in a shell; a backslash before a separator or a letter stays."""
    assert expected == texts(line)


@pytest.mark.parametrize(("line", "at"), [("a 'b c", 2), ('x="y', 2), ("it's", 2), (r'"a\"', 0)])
def test_an_unclosed_quote_is_an_error_at_the_quote(line, at):
    """The place is where the quote opens."""
    with pytest.raises(LineError, match="unclosed quote") as caught:
        split_words(line)
    assert at == caught.value.start


@given(words_with_blanks)
def test_what_a_shell_quotes_comes_back(texts_in):
    """Any text in single quotes is one word, unchanged."""
    assert texts_in == texts(" ".join(shlex.quote(text) for text in texts_in))


@given(st.lists(plain, max_size=6))
def test_words_stand_where_they_say(parts):
    """A word without quotes is the line from its start to its end."""
    line = "  ".join(parts)
    assert [word.text for word in split_words(line)] == [line[word.start : word.end] for word in split_words(line)]


@given(st.text(max_size=60))
def test_any_line_gives_words_or_says_what_is_wrong(line):
    """Nothing but LineError comes out, and its place is in the line."""
    words = words_or_error(line)
    if isinstance(words, LineError):
        assert 0 <= words.start <= words.end <= len(line)
    else:
        assert all(0 <= word.start < word.end <= len(line) for word in words)
