"""Statements of ours in a cell, against IPython's own transformer."""

from __future__ import annotations

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from httpkit_magics.grammar.help_guard import MagicStatement


def transformed(cell):
    """Return `cell` as IPython runs it with our transformer."""
    manager = TransformerManager()
    manager.token_transformers.append(MagicStatement)
    return manager.transform_cell(cell)


def call(arguments, name="http"):
    """Return the call of a magic as IPython writes it."""
    return f"get_ipython().run_line_magic({name!r}, {arguments!r})\n"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%http GET https://h/path?", call("GET https://h/path?")),
        ("r = %http GET https://h/path?", "r = " + call("GET https://h/path?")),
        ("r['a'] = %http h/x??", "r['a'] = " + call("h/x??")),
        ("%http", call("")),
        ("%http h/it's?", call("h/it's?")),
        ("%http h/a[b\nx = 1\n", call("h/a[b") + "x = 1\n"),
        ("if x:\n    %http h/y?\n", "if x:\n    " + call("h/y?")),
        ("%http h \\\n  a=b \\\n  c=d?\nx\n", call("h    a=b    c=d?") + "x\n"),
        ("r = %http h \\\n  a=b\n", "r = " + call("h    a=b")),
        ("x = 1\n%http h/y?\n%http h/z?\n", "x = 1\n" + call("h/y?") + call("h/z?")),
        ("%httpkit demo?", call("demo?", "httpkit")),
    ],
)
def test_a_magic_with_a_question_mark_is_sent(cell, expected):
    """The line goes to the magic as it was typed, in a statement, an assignment, a block, over several lines."""
    assert expected == transformed(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "%http?",
        "%http??",
        "%httpkit?",
        "%time x?",
        "x = a % http\n",
        "'''\n%http h/x?\n'''\n",
        "# %http h/x?\n",
        "x?",
        "f(a=1)\n",
        "%timeit http\n",
    ],
)
def test_everything_else_is_left_to_ipython(cell):
    """Help, other magics, strings, comments and the operator % are what they were."""
    assert TransformerManager().transform_cell(cell) == transformed(cell)
