"""The environments of a folder: `http-client.env.json`, `http-client.private.env.json` (JetBrains' format) and `.env`.

    {"$shared": {"version": "v1"}, "dev": {"host": "localhost:8000"}, "prod": {"host": "api.example.org"}}

What comes from the private file is a secret, and so is what has a telling name. Files are looked for in the folder of the
notebook and in those above it; the first that has one counts.
"""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from httpkit_magics.record.credentials import is_secret_value

PUBLIC: Final = "http-client.env.json"
PRIVATE: Final = "http-client.private.env.json"
DOTENV: Final = ".env"
SHARED: Final = "$shared"

MAX_FILE: Final = 1_000_000
"""Bytes of one of these files."""

_NO_VALUES: Final = frozenset(("Security", "SSLConfiguration"))
"""What JetBrains' client keeps beside the values of an environment."""


class EnvironmentsError(ValueError):
    """A file that can't be read, or an environment that it doesn't have; the message says which."""


class Entry(NamedTuple):
    """A value of an environment, the file that it stands in, and whether it must not be shown."""

    value: Any
    source: str
    is_secret: bool


@dataclass(frozen=True)
class Environment:
    """The values of one environment, those that all share included. Without a name it has only those."""

    name: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def find(self, name: str) -> Entry | None:
        """Return the entry of `name`; `a.b` is the member `b` of the entry `a`, where there is no entry `a.b`."""
        if name in self.entries:
            return self.entries[name]
        first, dot, rest = name.partition(".")
        if not dot or first not in self.entries:
            return None
        value, source, is_secret = self.entries[first]
        for step in rest.split("."):
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        return Entry(value, source, is_secret or is_secret_value(rest, value))


@dataclass(frozen=True)
class Environments:
    """What the files of a folder say: the environments by name, and the variables of `.env`."""

    named: Mapping[str, Environment] = field(default_factory=dict)
    shared: Environment = field(default_factory=Environment)
    dotenv: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def active(self, name: str) -> Environment:
        """Return the environment `name`; that without a name is what all share.

        Raises:
            EnvironmentsError: there is no such environment.
        """
        if not name:
            return self.shared
        if name in self.named:
            return self.named[name]
        if not self.named:
            raise EnvironmentsError(f"no environment {name!r}: there is no {PUBLIC} here or above; expected one")
        near = difflib.get_close_matches(name, self.named, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(self.named)}"
        raise EnvironmentsError(f"no environment {name!r}; {hint}")


def read_environments(folder: Path) -> Environments:
    """Return the environments that are in force in `folder`.

    Raises:
        EnvironmentsError: a file can't be read or understood.
    """
    public, private, dotenv = (_found(folder, name) for name in (PUBLIC, PRIVATE, DOTENV))
    tables = [
        (_objects(path), path.name, secret) for path, secret in ((public, False), (private, True)) if path is not None
    ]
    shared = _merged("", [(table.get(SHARED, {}), source, secret) for table, source, secret in tables], {})
    names = dict.fromkeys(name for table, *_ in tables for name in table if name != SHARED)
    named = {
        name: _merged(name, [(table.get(name, {}), source, secret) for table, source, secret in tables], shared.entries)
        for name in names
    }
    files = tuple(path for path in (public, private, dotenv) if path is not None)
    return Environments(named, shared, {} if dotenv is None else _variables(dotenv), files)


def _found(folder: Path, name: str) -> Path | None:
    return next((path for each in (folder, *folder.parents) if (path := each / name).is_file()), None)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise EnvironmentsError(f"{path.name} exceeds {MAX_FILE} bytes (MAX_FILE)")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise EnvironmentsError(f"{path.name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EnvironmentsError(f"{path.name} is not UTF-8 text (byte {error.start})") from error


def _objects(path: Path) -> dict[str, dict[str, Any]]:
    try:
        table = json.loads(_read(path))
    except RecursionError:
        raise EnvironmentsError(f"{path.name} is nested too deeply") from None
    except json.JSONDecodeError as error:
        # The parser's message has a fact and a place, and nothing of the file.
        raise EnvironmentsError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(table, dict) or not all(isinstance(values, dict) for values in table.values()):
        raise EnvironmentsError(
            f'{path.name} is no object of objects; expected {{"dev": {{"host": "localhost:8000"}}}}'
        )
    return table


def _merged(name: str, tables: list[tuple[dict[str, Any], str, bool]], shared: Mapping[str, Entry]) -> Environment:
    entries = dict(shared)
    for table, source, is_private in tables:
        for key, value in table.items():
            if key not in _NO_VALUES:
                entries[key] = Entry(value, source, is_private or is_secret_value(key, value))
    return Environment(name, entries)


def _variables(path: Path) -> dict[str, str]:
    text = _read(path)
    try:
        from dotenv import dotenv_values  # noqa: PLC0415 - only who has such a file pays for it
    except ImportError as error:
        raise EnvironmentsError(f"{path.name} needs python-dotenv: pip install python-dotenv") from error
    # No variables of the process are put in: what `$dotenv` gives is what the file says.
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value is not None}
