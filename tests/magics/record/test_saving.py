"""A body in a file: whole or not at all, under a name that the server can't choose the place of."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_records import a_record

from httpkit_magics.record.record import SentRequest
from httpkit_magics.record.saving import file_name

URL = SentRequest("GET", "https://api.example.org/reports/june?x=1")


def test_a_file_is_written_whole_and_replaced(tmp_path):
    """The path comes back; what was there is replaced, and nothing else is left in the folder."""
    target = tmp_path / "a.json"
    target.write_text("old")
    assert a_record(b"new").save(target) == target
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.json", b"new")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a right there")
def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path):
    """Somebody who may write to the folder must not make us write elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(victim)
    a_record(b"new").save(link)
    assert (link.is_symlink(), link.read_text(), victim.read_text()) == (False, "new", "mine")


def test_in_a_folder_each_save_is_a_new_file(tmp_path):
    """Named after the URL and the media type."""
    record = a_record(b"{}", "application/json", request=URL)
    assert [record.save(tmp_path).name for _ in range(3)] == ["june.json", "june-1.json", "june-2.json"]


def test_what_can_not_be_written_leaves_nothing(tmp_path):
    """A missing folder is the system's own error; a folder in the file's place leaves no part behind."""
    with pytest.raises(FileNotFoundError):
        a_record(b"x").save(tmp_path / "no" / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "content_type", "expected"),
    [
        ("https://h/a/b.json", "application/json", "b.json"),
        ("https://h/a/b", "application/problem+json; charset=utf-8", "b.json"),
        ("https://h/", "text/html", "response.html"),
        ("https://h", "", "response"),
        ("https://h/photo", "image/jpeg", "photo.jpg"),
        ("https://h/..%2f..%2fetc%2fpasswd", "", "_.._etc_passwd"),
        ("https://h/.bashrc", "text/plain", "bashrc.txt"),
        ("https://h/v1.2", "text/csv", "v1.2.csv"),
        ("https://h/con", "text/plain", "_con.txt"),
        ("https://h/%e2%98%83", "image/png", "_.png"),
    ],
)
def test_a_name_is_made_of_harmless_characters(url, content_type, expected):
    """The last word of the path, with the media type's extension unless it has one."""
    assert file_name(url, content_type) == expected


@given(st.text(max_size=200), st.text(max_size=30))
def test_no_url_makes_a_name_that_leaves_its_folder(path, content_type):
    """No separator, no leading dot, never empty, never long."""
    name = file_name(f"https://h/{path}".replace("[", "").replace("]", ""), content_type)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")
    assert (name[0] != ".", len(name) <= 120) == (True, True)
