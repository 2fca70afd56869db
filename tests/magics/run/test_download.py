"""Downloads: what is on the disk in the end, whatever the server does."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.threaded import response, serving

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.run.client import Client
from httpkit_magics.run.download import LONGEST_NAME, safe_name
from httpkit_magics.run.settings import Settings

CONTENT = bytes(range(256)) * 40


class Files(dict):
    """A server's files: `/data` knows ranges and breaks off once if told so; the other paths are fixed answers."""

    server = None
    etag = '"one"'
    cut = 0

    def get(self, path):
        """Return the answer to the request that came last."""
        if path != "/data":
            return super().get(path)
        fields = dict(
            line.split(": ", 1) for line in self.server.requests[-1].decode().split("\r\n")[1:] if ": " in line
        )
        start = int(fields["Range"][6:-1]) if "Range" in fields else 0
        if fields.get("If-Range", self.etag) != self.etag:
            start = 0
        if start >= len(CONTENT):
            return response(status="416 Range Not Satisfiable", Content_Range=f"bytes */{len(CONTENT)}")
        body = CONTENT[start:]
        extra = {"ETag": self.etag}
        if start:
            extra["Content_Range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        whole = response(body, status="206 Partial Content" if start else "200 OK", **extra)
        if self.cut:
            whole, self.cut = whole[: -self.cut].replace(b"Content-Length", b"content-length"), 0
        return whole


@pytest.fixture
def files():
    """Return the files of the server."""
    return Files(
        {
            "/plain": response(b"x" * 10, Content_Type="text/plain"),
            "/named": response(b"named", Content_Disposition='attachment; filename="../../.a b.csv"'),
            "/missing": response(b"no", status="404 Not Found"),
            "/moved": response(status="302 Found", Location="/plain"),
            "/wrong": response(b"x", status="206 Partial Content", Content_Range="bytes 0-0/100"),
            "/larger": response(status="416 Range Not Satisfiable", Content_Range="bytes */999999"),
        }
    )


@pytest.fixture
def load(files, tmp_path, monkeypatch):
    """Return a function that runs a line in an empty folder, `{}` being the server's URL."""
    monkeypatch.chdir(tmp_path)
    client = Client()
    with serving(files) as server:
        files.server = server
        yield lambda line: client.send(parse_line(line.replace("{}", server.url)), Settings(timeout=5)).job.result(10)
        client.close()


def test_a_body_goes_to_a_file_named_after_the_url(load, tmp_path):
    """The record says where it is, and holds nothing of it."""
    record = load("-d {}/plain")
    assert (record.saved.path.name, record.saved.size, record.saved.is_complete) == ("plain.txt", 10, True)
    assert (record.content, (tmp_path / "plain.txt").read_bytes()) == (b"", b"x" * 10)
    assert [path.name for path in tmp_path.iterdir()] == ["plain.txt"]


def test_a_file_that_is_there_is_not_replaced_by_a_name_from_the_server(load, tmp_path):
    """The next one gets a number."""
    (tmp_path / "plain.txt").write_bytes(b"mine")
    assert load("-d {}/plain").saved.path.name == "plain-1.txt"
    assert (tmp_path / "plain.txt").read_bytes() == b"mine"


def test_a_name_from_the_server_stays_in_the_folder(load, tmp_path):
    """No folders, no dot at its beginning."""
    load("-d {}/named")
    assert [path.name for path in tmp_path.iterdir()] == ["a b.csv"]


def test_a_file_that_the_line_names_is_replaced_whole(load, tmp_path):
    """A symbolic link of that name is replaced and not followed (CVE-2026-25645)."""
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "out").symlink_to("victim")
    load("-d -O out {}/plain")
    assert ((tmp_path / "victim").read_bytes(), (tmp_path / "out").read_bytes()) == (b"mine", b"x" * 10)
    assert not (tmp_path / "out").is_symlink()


def test_a_file_has_the_rights_that_a_new_file_has(load, tmp_path):
    """The umask decides, as for any other."""
    load("-d -O out {}/plain")
    (tmp_path / "other").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("out", "other")}
    assert len(modes) == 1


def test_a_folder_can_be_named(load, tmp_path):
    """The file in it is named by the response."""
    (tmp_path / "sub").mkdir()
    load("-d -O sub {}/named")
    assert (tmp_path / "sub" / "a b.csv").read_bytes() == b"named"


def test_an_error_page_is_shown_and_not_saved(load, tmp_path):
    """404 has a body, and it is not what was asked for."""
    record = load("-d -O out {}/missing")
    assert (record.status, record.content, record.saved, list(tmp_path.iterdir())) == (404, b"no", None, [])


def test_a_download_follows_redirects_and_keeps_the_name_that_was_asked_for(load):
    """As HTTPie does: the server that redirects doesn't choose the name."""
    record = load("-d {}/moved")
    assert (len(record.redirects), record.saved.path.name) == (1, "moved.txt")


def test_a_broken_download_is_continued(load, files, tmp_path):
    """What arrived stays under the name, and -c asks for the rest of the same file."""
    files.cut = 1000
    record = load("-d -O out {}/data")
    assert (record.failure.kind, record.saved.size, record.saved.is_complete) == ("body", len(CONTENT) - 1000, False)
    record = load("-d -c -O out {}/data")
    assert (record.status, record.saved.offset, record.saved.is_complete) == (206, len(CONTENT) - 1000, True)
    assert b'If-Range: "one"' in files.server.requests[-1]
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_loaded_anew(load, files, tmp_path):
    """If-Range makes the server send the whole."""
    files.cut = 1000
    load("-d -O out {}/data")
    files.etag = '"two"'
    record = load("-d -c -O out {}/data")
    assert (record.status, record.saved.offset) == (200, 0)
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_complete_file_is_left_as_it_is(load, tmp_path):
    """416 with the size that is there says that nothing is missing (RFC 9110 section 15.5.17)."""
    (tmp_path / "out").write_bytes(CONTENT)
    record = load("-d -c -O out {}/data")
    assert (record.failure, record.saved.size, record.saved.is_complete) == (None, len(CONTENT), True)
    assert (record.status, record.ok, record.raise_for_status()) == (416, True, None)
    assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/larger", "has 5 bytes, the server's has 999999 bytes: it is another file"),
        ("/wrong", "bytes from 5 were asked for"),
    ],
)
def test_a_part_that_does_not_fit_changes_nothing(load, tmp_path, path, words):
    """Neither the file nor its size, and the sentence says why."""
    (tmp_path / "out").write_bytes(b"12345")
    record = load(f"-d -c -O out {{}}{path}")
    assert (record.failure.kind, words in record.failure.sentence) == ("file", True)
    assert (tmp_path / "out").read_bytes() == b"12345"


def test_a_broken_download_takes_no_other_files_place(load, files, tmp_path):
    """Half a file doesn't replace a whole one."""
    (tmp_path / "out").write_bytes(b"mine")
    files.cut = 1000
    record = load("-d -O out {}/data")
    assert (record.saved, [path.name for path in tmp_path.iterdir()]) == (None, ["out"])
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_a_folder_that_is_not_there_is_a_failure_in_words(load):
    """It is not made, and nothing else is either."""
    record = load("-d -O no/where {}/plain")
    assert (record.failure.kind, record.failure.title) == ("file", "Not saved")
    assert "can't be written: No such file or directory" in record.failure.sentence


def test_without_download_a_body_is_shown_and_saved(load, tmp_path):
    """-O alone writes a copy."""
    record = load("-O copy {}/plain")
    assert (record.content, record.saved.size) == (b"x" * 10, 10)
    assert (tmp_path / "copy").read_bytes() == b"x" * 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".bashrc", "bashrc"),
        ("..", ""),
        ("", ""),
        ("a/", ""),
        ("Bericht für März.pdf", "Bericht für März.pdf"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nb\0c", "abc"),
        ("con.txt", "_con.txt"),
        ("a:b*?.txt", "a_b__.txt"),
        ("x.txt. ", "x.txt"),
    ],
)
def test_a_file_name_is_made_safe(text, expected):
    """Its last part, without what a file system or a reader would take amiss."""
    assert expected == safe_name(text)


@given(st.text(max_size=300))
def test_no_name_leaves_the_folder(text):
    """Whatever the server says: a plain name of bounded length, or none."""
    name = safe_name(text)
    assert not {"/", "\\"} & set(name)
    assert not name.startswith(".")
    assert len(name.encode()) <= LONGEST_NAME + 20
