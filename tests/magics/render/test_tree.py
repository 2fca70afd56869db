"""JSON as a tree."""

import json

from hypothesis import given
from sample_records import json_values
from steps import growth

from httpkit_magics.record.redaction import REDACTOR
from httpkit_magics.record.secrets import MASK
from httpkit_magics.render.panel import MAX_BODY, Node
from httpkit_magics.render.tree import MAX_DEPTH, MAX_ITEMS, MAX_KEYS, MAX_NODES, OPEN_ROWS, kind, parse, tree


def _tree(value):
    return tree(parse(json.dumps(value)), REDACTOR, "r.json()")[0]


def _text(node):
    return "".join(span.text for span in node.line)


def _all(node: Node):
    yield node
    for child in node.children or ():
        yield from _all(child)


def _seen(node: Node):
    return sum(1 + _seen(child) for child in node.children or ()) if node.is_open else 0


def test_leaves_say_key_and_value():
    """As the document wrote them: numbers keep their digits."""
    root, masked = tree(
        parse(b'{"a": 1.10, "b": "x\\n\\"", "c": null, "d": true, "e": 1e999, "f": {}, "g": []}'), REDACTOR, "r"
    )
    expected = ["a: 1.10", r'b: "x\n\""', "c: null", "d: true", "e: 1e999", "f: {0 keys}", "g: [0 items]"]
    assert [_text(child) for child in root.children] == expected
    assert not masked


def test_a_number_of_ten_thousand_digits_is_cut():
    """Python refuses to make an int of it; a tree only shows it."""
    root = tree(parse(b"[" + b"1" * 10_000 + b"]"), REDACTOR, "r")[0]
    assert len(_text(root.children[0])) < 400


def test_tokens_are_masked_with_all_that_is_in_them():
    """The record keeps the value; the panel doesn't show it."""
    root, masked = tree(
        {"access_token": {"x": "abc"}, "next": "https://u:p@h/?token=abc", "monkey": "abc"}, REDACTOR, "r"
    )
    assert [_text(child) for child in root.children] == [
        f"access_token: {MASK}", f'next: "https://{MASK}@h/?token={MASK}"', 'monkey: "abc"'
    ]  # fmt: skip
    assert masked


def test_what_is_left_out_is_counted():
    """The line says how many and which expression has them."""
    assert _tree(list(range(MAX_ITEMS + 412))).more == "412 more: r.json()"
    assert _tree({str(n): n for n in range(MAX_KEYS + 3)}).more == "3 more: r.json()"


def test_the_top_comes_before_the_depths():
    """All members of the root are there, however large the first one is."""
    root = _tree({"first": [[n] * 20 for n in range(20)], "last": 1})
    assert _text(root.children[-1]) == "last: 1"


def test_nesting_is_cut():
    """A tree as deep as the parser goes ends after 16 levels."""
    value = 1
    for _ in range(500):
        value = {"a": value}
    deepest = max(_text(node).count(":") + len(list(_all(node))) for node in _all(_tree(value)))
    assert deepest <= MAX_DEPTH + 2


def test_a_small_document_is_open_and_a_crowd_is_not():
    """Of many objects in an array only the first one opens."""
    small = _tree({"a": {"b": 1}, "c": [1, 2]})
    crowd = _tree({"items": [{"id": n} for n in range(10)]}).children[0]
    assert all(node.is_open for node in _all(small) if node.children)
    assert [child.is_open for child in crowd.children] == [True] + [False] * 9


def test_kinds_are_words():
    """The note of the section."""
    kinds = [kind(parse(text)) for text in ("{}", '{"a":1}', "[]", '[{"a":1}]', '"x"', "1", "null", "true")]
    assert kinds == [
        "object, 0 keys",
        "object, 1 key",
        "array, 0 items",
        "array, 1 object",
        "string",
        "number",
        "null",
        "boolean",
    ]


@given(json_values)
def test_a_tree_is_bounded(value):
    """Whatever the document: nodes, characters and rows that are seen at once."""
    root = _tree(value)
    nodes = list(_all(root))
    assert len(nodes) <= MAX_NODES
    assert sum(len(span.text) for node in nodes for span in node.line) <= MAX_BODY + 60 * len(nodes)
    assert _seen(root) <= OPEN_ROWS + MAX_KEYS


def test_huge_keys_and_values_are_bounded():
    """60 keys of a megabyte each, with values of a megabyte."""
    root = tree({f"{n}" + "k" * 1_000_000: "v" * 1_000_000 for n in range(60)}, REDACTOR, "r")[0]
    assert sum(len(_text(node)) for node in _all(root)) < 2 * MAX_BODY


def test_a_million_items_take_no_time():
    """Only what is shown is looked at."""

    def draw(value):
        tree(value, REDACTOR, "r")

    assert growth(draw, lambda size: {"a": [1] * size, "b": dict.fromkeys(range(size // 10))}, 250_000) < 3
