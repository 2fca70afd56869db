"""Environments from files."""

from __future__ import annotations

import json

import pytest

from httpkit_magics.run.environment import MAX_FILE, Entry, EnvironmentsError, read_environments


def written(folder, public=None, private=None, dotenv=None):
    """Return the environments of a folder with these files."""
    for name, content in (
        ("http-client.env.json", public),
        ("http-client.private.env.json", private),
        (".env", dotenv),
    ):
        if content is not None:
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_environments(folder)


def test_the_private_file_goes_over_the_public_one_and_both_over_what_is_shared(tmp_path):
    """JetBrains' two files, and $shared; what is private is secret."""
    found = written(
        tmp_path,
        {"$shared": {"v": "1", "w": "1"}, "dev": {"v": "2", "host": "h"}, "prod": {}},
        {"dev": {"host": "private", "pin": "x"}, "stage": {"a": "b"}},
    )
    assert list(found.named) == ["dev", "prod", "stage"]
    dev = found.active("dev").entries
    assert {
        "v": Entry("2", "http-client.env.json", False),
        "w": Entry("1", "http-client.env.json", False),
        "host": Entry("private", "http-client.private.env.json", True),
        "pin": Entry("x", "http-client.private.env.json", True),
    } == dev
    assert {"v", "w"} == set(found.active("").entries)


def test_a_telling_name_is_secret_in_the_public_file_too(tmp_path):
    """Whoever writes a password there still doesn't see it in a panel."""
    entries = written(tmp_path, {"dev": {"apiToken": "abc", "user": {"password": "p"}}}).active("dev")
    assert entries.find("apiToken").is_secret
    assert entries.find("user.password") == Entry("p", "http-client.env.json", True)
    assert entries.find("user.nothing") is None


def test_what_jetbrains_keeps_beside_the_values_is_no_value(tmp_path):
    """Security and SSLConfiguration configure its client."""
    assert {"a"} == set(
        written(tmp_path, {"dev": {"a": 1, "Security": {}, "SSLConfiguration": {}}}).named["dev"].entries
    )


def test_files_are_found_in_folders_above(tmp_path):
    """The nearest of each name counts."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "http-client.env.json").write_text('{"far": {}}')
    (tmp_path / "a" / "http-client.env.json").write_text('{"near": {}}')
    (tmp_path / ".env").write_text("A=1")
    found = read_environments(inner)
    assert (list(found.named), dict(found.dotenv)) == (["near"], {"A": "1"})


def test_dotenv_is_read_as_it_stands(tmp_path):
    """Quotes and comments as in other tools; nothing of the process is put in."""
    text = "A='b c' # why\nexport B=$HOME\nC=\nD\n"
    assert dict(written(tmp_path, dotenv=text).dotenv) == {"A": "b c", "B": "$HOME", "C": ""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "no object of objects"),
        ('{"dev": 1}', "no object of objects"),
        ("[" * 100_000, "http-client.env.json"),
        (" " * (MAX_FILE + 1), "MAX_FILE"),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, words):
    """One sentence with the file, the fact and what was expected; nothing of its content."""
    with pytest.raises(EnvironmentsError, match=r"http-client\.env\.json") as caught:
        written(tmp_path, content)
    assert words in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path):
    """A file in UTF-16 says so."""
    (tmp_path / ".env").write_bytes(b"\xff\xfeA\0")
    with pytest.raises(EnvironmentsError, match=r"\.env is not UTF-8"):
        read_environments(tmp_path)


def test_an_unknown_environment_is_answered_with_the_near_one(tmp_path):
    """Or with all of them, or with the file that would hold it."""
    found = written(tmp_path, {"develop": {}, "prod": {}})
    with pytest.raises(EnvironmentsError, match=r"did you mean develop\?"):
        found.active("devlop")
    with pytest.raises(EnvironmentsError, match="expected one of develop, prod"):
        found.active("xyz")
    (tmp_path / "http-client.env.json").unlink()
    with pytest.raises(EnvironmentsError, match=r"there is no http-client\.env\.json"):
        read_environments(tmp_path).active("dev")
