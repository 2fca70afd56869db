"""Regular expressions on what a server sent. The pattern is the user's, the text is hostile, and Python's `re` has no limit.

A pattern that may take long on a text runs in a process of its own, which ends after 2 seconds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Final

MAX_TEXT: Final = 1_000_000
"""Characters that are searched."""
MAX_SECONDS: Final = 2.0
"""Seconds that a search may take, the start of its process included (20 ms)."""
MAX_STEPS: Final = 1_000_000
"""Steps, in the worst case, of a search that is done here; about 50 ms."""

# A repeated group may take exponential time: `(a+)+$` on 30 characters takes minutes.
_REPEATED_GROUP: Final = re.compile(r"\)[*+{?]|\\[1-9]|\(\?P=")
_REPEATED: Final = re.compile(r"[*+{?]")
_CHILD: Final = """\
import json, re, sys
pattern, text = json.load(sys.stdin)
found = re.search(pattern, text)
json.dump(found and [found[0], *found.groups()], sys.stdout)
"""


class PatternError(ValueError):
    """A search that can't be done; the message says why."""


def search(pattern: str, text: str) -> list[str | None] | None:
    """Return what `pattern` matches first, and its groups; None where it matches nothing.

    Raises:
        PatternError: the text is too long, or the search takes too long.
    """
    if len(text) > MAX_TEXT:
        raise PatternError(f"the text has {len(text)} characters; a pattern is searched in at most {MAX_TEXT}")
    try:
        if not _is_cheap(pattern, text):
            return _searched_apart(pattern, text)
        found = re.search(pattern, text)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"{pattern[:60]!r} is no regular expression: {error}") from error
    return None if found is None else [found[0], *found.groups()]


def _is_cheap(pattern: str, text: str) -> bool:
    """Return whether a search takes at most 1 000 000 steps; each repetition may try every place of the text."""
    if _REPEATED_GROUP.search(pattern):
        return False
    # One more, as the search may begin anywhere.
    repeated = len(_REPEATED.findall(pattern))
    return not repeated or (len(text) + 1) ** min(repeated + 1, 10) <= MAX_STEPS


def _searched_apart(pattern: str, text: str) -> list[str | None] | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own program, in Python's isolated mode
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps([pattern, text]),
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PatternError(f"{pattern[:60]!r} took more than {MAX_SECONDS:g} s: it may take exponential time") from None
    except OSError as error:
        raise PatternError(f"{pattern[:60]!r} may take long, and no process can be started for it: {error}") from error
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise PatternError(f"{pattern[:60]!r} can't be searched: {last[:200]}")
    found: list[str | None] | None = json.loads(done.stdout)
    return found
