"""A verdict shows no credential: neither what was found nor what was expected."""

from __future__ import annotations

import pytest

from httpkit_magics.record.redaction import REDACTOR, Redactor
from httpkit_magics.record.secrets import MASK, Secret
from httpkit_magics.record.verdicts import Verdict, Words, kept


@pytest.mark.parametrize(
    ("verdict", "asked", "found"),
    [
        (Verdict("status", "== 201", False, 200, "", "status"), "status == 201", "is 200"),
        (
            Verdict('header "X-Api-Key"', '== "abc"', False, "def", "", "header", "X-Api-Key"),
            f'header "X-Api-Key" == {MASK}',
            f"is {MASK}",
        ),
        (Verdict("cookie sid", "exists", True, "def", "", "cookie", "sid"), "cookie sid exists", f"is {MASK}"),
        (
            Verdict('jsonpath "$.access_token"', "== x", False, "def", "", "jsonpath", "$.access_token"),
            f'jsonpath "$.access_token" == {MASK}',
            f"is {MASK}",
        ),
        (
            Verdict("jsonpath $", "isList", False, {"password": "def", "a": 1}, "", "jsonpath", "$"),
            "jsonpath $ isList",
            f'is {{"password": "{MASK}", "a": 1}}',
        ),
        (
            Verdict("url", "== x", False, "https://h/?token=def", "", "url"),
            "url == x",
            f'is "https://h/?token={MASK}"',
        ),
        (Verdict("bytes", "isEmpty", False, b"\x01", "", "bytes"), "bytes isEmpty", "is hex,01;"),
        (
            Verdict("jsonpath $", "isList", False, Words("an object"), "", "jsonpath"),
            "jsonpath $ isList",
            "is an object",
        ),
    ],
)
def test_what_is_secret_by_its_name_is_masked(verdict, asked, found):
    """In what was expected as in what was found."""
    assert verdict.shown(REDACTOR) == (asked, found)


def test_a_registered_secret_is_masked_anywhere():
    """Also where no name tells."""
    verdict = Verdict("body", '== "hunter22"', False, "so hunter22", "", "body")
    assert verdict.shown(Redactor([Secret("hunter22")])) == (f'body == "{MASK}"', f'is "so {MASK}"')


def test_the_repr_is_one_masked_line():
    """What a list of verdicts shows."""
    verdict = Verdict("url", "== x\n", False, "https://u:p@h/", "", "url")
    assert repr(verdict) == f'<failed: url == x\\n, is "https://{MASK}@h/">'


def test_a_large_value_is_kept_in_words():
    """Small ones stay themselves."""
    assert [kept(value) for value in (1, None, "x", [1], b"ab")] == [1, None, "x", [1], b"ab"]
    assert [kept(value) for value in ([0] * 3000, dict.fromkeys(range(3000)), b"x" * 3000)] == [
        "an array of 3 000 items",
        "an object with 3 000 keys",
        "3.0 KB",
    ]
