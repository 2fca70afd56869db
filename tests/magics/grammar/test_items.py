"""HTTPie's request items, one word each."""

from __future__ import annotations

import pytest
from httpie.cli.argtypes import KeyValueArgType
from httpie.cli.constants import SEPARATOR_GROUP_ALL_ITEMS
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.items import SEPARATORS, parse_item

item_texts = st.text(st.sampled_from("ab:;=@\\[] /é"), max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X-Y:z", ("X-Y", ":", "z")),
        ("Accept:", ("Accept", ":", "")),
        ("Accept;", ("Accept", ";", "")),
        ("q==v", ("q", "==", "v")),
        ("a=b", ("a", "=", "b")),
        ("a:=1", ("a", ":=", "1")),
        ("mail=a@b.c", ("mail", "=", "a@b.c")),
        ("time==12:30", ("time", "==", "12:30")),
        ("file@x.txt", ("file", "@", "x.txt")),
        ("a=@x", ("a", "=@", "x")),
        ("a:=@x", ("a", ":=@", "x")),
        (r"a\:b=c", ("a:b", "=", "c")),
        (r"a\==b", ("a=", "=", "b")),
        (r"a=b\=c", ("a", "=", "b=c")),
        (r"a\[b\]=c", (r"a\[b\]", "=", "c")),
    ],
)
def test_the_first_and_longest_separator_decides(text, expected):
    """What stands before it is the key, and an escaped character is no separator."""
    assert expected == parse_item(text)


@pytest.mark.parametrize("text", ["", "plain", r"a\:b", "/path", "\\"])
def test_a_word_without_a_separator_is_no_item(text):
    """None says so."""
    assert parse_item(text) is None


@given(item_texts)
def test_items_are_cut_where_httpie_cuts_them(text):
    """HTTPie's own parser is the oracle; both leave brackets to a later step."""
    try:
        oracle = KeyValueArgType(*SEPARATOR_GROUP_ALL_ITEMS)(text)
        expected = (oracle.key, oracle.sep, oracle.value)
    except Exception:  # noqa: BLE001 - argparse's error: no separator
        expected = None
    item = parse_item(text)
    assert expected == item


def test_every_separator_of_httpie_is_known():
    """The table is HTTPie's."""
    assert set(SEPARATOR_GROUP_ALL_ITEMS) == set(SEPARATORS)
