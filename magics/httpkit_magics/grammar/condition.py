"""What a stream is waited on for: `jsonpath "$.type" == "subscribed"`, `/pattern/` or a text -> a `Check` on a message.

The words are those of `??` assertions; of the queries those are taken that a message has an answer to.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from httpkit_magics.grammar.assertions import parse_check
from httpkit_magics.grammar.check import Check, Query
from httpkit_magics.grammar.plan import LineError

OF_MESSAGES: Final = ("jsonpath", "xpath", "regex", "body", "bytes", "sha256")
"""The queries that a message has an answer to."""

_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_SLASHED: Final = re.compile(r"/(.+)/", re.DOTALL)


def parse_condition(text: str) -> Check:
    """Return the condition that `text` writes; a query alone asks whether it finds something.

    Raises:
        LineError: it can't be understood; columns count from the start of `text`.
    """
    text = text.strip()
    if not text:
        raise LineError('the condition is empty; expected such as jsonpath "$.type" == "done", /pattern/ or a text')
    if slashed := _SLASHED.fullmatch(text):
        # parse_check says where a pattern is wrong.
        return dataclasses.replace(parse_check(f"body matches /{slashed[1]}/"), subject="body", claim=f"matches {text}")
    word = _WORD.match(text)
    if word is None or word[0] not in OF_MESSAGES:
        return Check(Query("body"), (), "contains", expected=text, subject="body", claim=f"contains {text}")
    try:
        return parse_check(text)
    except LineError as error:
        try:
            return parse_check(f"{text} exists")
        except LineError:
            raise error from None
