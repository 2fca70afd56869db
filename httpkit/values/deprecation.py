"""What to say to who uses a name of other times, or a name that never was."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable

_PACKAGE = __name__.partition(".")[0]


def warn(message: str) -> None:
    """Give a DeprecationWarning where the package was called from, however deep below this is."""
    level = 1
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
        level += 1
    warnings.warn(message, DeprecationWarning, stacklevel=level)


def unknown_name(function: str, names: Iterable[str], known: Iterable[str]) -> TypeError:
    """Return the error for parameters that `function` doesn't have, with the nearest one that it has."""
    import difflib  # noqa: PLC0415 - for a mistake only

    name = min(names)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{function} got an unexpected keyword argument {name!r}{hint}")
