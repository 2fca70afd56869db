"""Bodies that can't be made, and what is said of them; what can is in test_http_files."""

from __future__ import annotations

import pytest
from cell_desk import Desk

from httpkit_magics.grammar.place import CellError
from httpkit_magics.run import assemble

MULTIPART = "POST h\nContent-Type: multipart/form-data\n\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder that files are looked for in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(text, **options):
    """Return the error of a cell of which nothing was sent."""
    desk = Desk(**options)
    with pytest.raises(CellError) as caught:
        desk.run(text)
    assert desk.plans == []
    return caught.value


@pytest.mark.parametrize(
    ("text", "row", "column", "words"),
    [
        (f"{MULTIPART}no boundary", 4, 1, "expected --boundary in its first line"),
        (f"{MULTIPART}< file.txt", 4, 3, "expected --boundary in its first line"),
        ("POST h\nContent-Type: text/plain; charset=latin1\n\nprice: 5 \u20ac", 4, 1, "is not in iso8859-1"),
        ("POST h\n\n<@ latin.txt", 3, 4, "is not utf-8 (byte 3); expected <@latin1"),
        ("POST h\n\n<@ gone.txt", 3, 4, "there is no file 'gone.txt'"),
        ("POST h\n\n<@ {{'gone' + '.txt'}}", 3, 4, "there is no file 'gone.txt'"),
        ("POST h\n\n<@ file.txt", 3, 4, "file.txt, line 2: 'missing' has no value"),
        ("GRAPHQL h\n", 1, 1, "the query is missing"),
        ("GRAPHQL h\n\n{ a }\n\n{x}", 5, 1, "the variables are no JSON"),
        ("GRAPHQL h\n\n< file.txt", 3, 3, "expected <@ before it"),
    ],
)
def test_a_body_that_cannot_be_made_is_an_error_at_its_place(folder, text, row, column, words):
    """With what was expected; nothing is sent."""
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "file.txt").write_text("a\n{{missing}}")
    error = refused(text)
    assert (error.row, error.column) == (row, column)
    assert words in error.message


def test_a_template_has_a_limit(folder, monkeypatch):
    """The message names it; without placeholders a file has none here."""
    monkeypatch.setattr(assemble, "MAX_TEMPLATE", 5)
    (folder / "file.txt").write_text("123456")
    assert "exceeds 5 bytes (MAX_TEMPLATE)" in refused("POST h\n\n<@ file.txt").message


def test_an_unknown_charset_is_sent_as_utf_8(folder):
    """The header says what it says; the bytes are the cell's."""
    assert folder.is_dir()
    desk = Desk()
    desk.run("POST h\nContent-Type: text/plain; charset=klingon\n\n\u20ac")
    assert desk.plans[0].body == "\u20ac".encode()


def test_digest_and_the_auth_of_the_line():
    """Digest of a header is answered when asked; without one the line's -a counts."""
    desk = Desk()
    desk.run("GET h/1\nAuthorization: Digest ada pw d\n###\nGET h/2", "-a bob:x")
    assert [(plan.auth.scheme, plan.auth.user, plan.auth.secret) for plan in desk.plans] == [
        ("digest", "ada", "pw d"),
        ("basic", "bob", "x"),
    ]
