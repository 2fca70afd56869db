"""The raw side: each path does the one thing that it says, seen through a bare socket."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import zlib
from urllib.parse import urlsplit

import h11
import pytest

from httpkit_magics.demo.broken import PATHS

RIGHT = ["/ok", "/early-hints", "/trailers", "/no-length"]


def _open(demo, path):
    place = urlsplit(demo.broken_url)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n".encode())
    return connection


def _fetch(demo, path):
    with _open(demo, path) as connection, connection.makefile("rb") as file:
        return file.read()


def _body(answer):
    return answer.split(b"\r\n\r\n", 1)[1]


def _decode(answer):
    """Return the events that h11 makes of an answer."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "demo")]))
    client.send(h11.EndOfMessage())
    client.receive_data(answer)
    client.receive_data(b"")
    events = []
    while not events or type(events[-1]) not in (h11.EndOfMessage, h11.ConnectionClosed):
        events.append(client.next_event())
    return events


def test_the_demo_lists_every_path(demo, api):
    """/broken has the URLs with a sentence each."""
    assert api.get("/broken").json() == {demo.broken_url + path: sentence for path, sentence in PATHS.items()}


def test_an_unknown_path_is_not_found(demo):
    """404 in proper HTTP; / lists the paths."""
    assert _fetch(demo, "/nothing?x").startswith(b"HTTP/1.1 404 ")
    assert b"/gzip-bomb" in _fetch(demo, "/")


@pytest.mark.parametrize("path", RIGHT)
def test_what_is_only_odd_is_right(demo, path):
    """h11 reads these to the end."""
    assert type(_decode(_fetch(demo, path))[-1]) in (h11.EndOfMessage, h11.ConnectionClosed)


@pytest.mark.parametrize(
    "path",
    [
        "/cut-body",
        "/cut-chunk",
        "/cut-head",
        "/bad-chunk-size",
        "/two-lengths",
        "/bad-status-line",
        "/bad-field",
        "/garbage",
    ],
)
def test_what_is_wrong_is_refused(demo, path):
    """h11 refuses these."""
    answer = _fetch(demo, path)
    with pytest.raises(h11.RemoteProtocolError):
        _decode(answer)


def test_early_hints_come_before_the_answer(demo):
    """103 with Link, then 200 (RFC 8297)."""
    events = _decode(_fetch(demo, "/early-hints"))
    assert [event.status_code for event in events[:2]] == [103, 200]


def test_trailers_come_after_the_content(demo):
    """Two fields after the last chunk (RFC 9112 section 7.1.2)."""
    assert dict(_decode(_fetch(demo, "/trailers"))[-1].headers) == {
        b"x-checksum": b"3b1f",
        b"server-timing": b"shop;dur=12.5",
    }


def test_the_content_is_cut_off(demo):
    """Half of what Content-Length promised."""
    answer = _fetch(demo, "/cut-body")
    assert b"Content-Length: 1000\r\n" in answer
    assert len(_body(answer)) == 500


def test_two_framings_and_two_answers(demo):
    """The ways in which a response is smuggled."""
    assert {b"Content-Length", b"Transfer-Encoding"} <= {
        line.split(b":")[0] for line in _fetch(demo, "/length-and-chunked").split(b"\r\n")
    }
    assert _fetch(demo, "/extra-bytes").count(b"HTTP/1.1 200 OK") == 2
    assert b"X-Folded: first\r\n second\r\n" in _fetch(demo, "/folded-field")


def test_heads_are_large(demo):
    """10 000 fields, and a field of a megabyte."""
    assert _fetch(demo, "/many-headers").count(b"\r\nX-Field-") == 10_000
    assert b"X-Huge: " + b"x" * 1_000_000 + b"\r\n" in _fetch(demo, "/huge-header")


@pytest.mark.parametrize("path", ["/endless-head", "/endless-line", "/endless-hints"])
def test_heads_without_end_go_on_and_on(demo, path):
    """More than any client should read; the server is well after the client goes."""
    taken = 0
    with _open(demo, path) as connection:
        while taken < 5_000_000:
            taken += len(connection.recv(1 << 20))
    assert _fetch(demo, "/ok").endswith(b"all is well\n")


def test_silence_lasts(demo):
    """The request is taken and nothing comes, not even the end."""
    with _open(demo, "/silent") as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_empty_is_an_end_with_no_byte(demo):
    """As a proxy that gives up."""
    assert _fetch(demo, "/empty") == b""


def test_reset_is_a_reset(demo):
    """RST in the middle of the content."""
    with _open(demo, "/reset") as connection, pytest.raises(ConnectionResetError):
        list(iter(lambda: connection.recv(4096), b""))


def test_the_slow_head_is_slow(demo):
    """A byte, then half a second."""
    with _open(demo, "/slow-head") as connection:
        assert connection.recv(100) == b"H"


def test_gzip_is_spoilt_at_its_end(demo):
    """All of it inflates, and then the checksum is wrong."""
    content = _body(_fetch(demo, "/bad-gzip"))
    assert b"spoilt" in zlib.decompress(content[10:-8], -15)
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        gzip.decompress(content)
    assert _body(_fetch(demo, "/not-gzip")) == b"plain text\n"


def test_the_bomb_is_small_and_inflates_to_100_mb(demo):
    """About 100 KB on the wire."""
    content = _body(_fetch(demo, "/gzip-bomb"))
    assert len(content) < 200_000
    unpacker = zlib.decompressobj(31)
    size = 0
    while not unpacker.eof:
        size += len(unpacker.decompress(content, 1 << 20))
        content = unpacker.unconsumed_tail
    assert size == 100_000_000


def test_a_request_without_end_is_given_up(demo):
    """The raw side reads a bounded head."""
    with _open(demo, "/" + "x" * 100_000) as connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(100) == b""
    assert _fetch(demo, "/ok").endswith(b"all is well\n")


def test_many_silent_clients_do_no_harm(demo):
    """Fifty wait while one is answered."""
    clients = [_open(demo, "/silent") for _ in range(50)]
    try:
        answers = []
        reader = threading.Thread(target=lambda: answers.append(_fetch(demo, "/ok")))
        reader.start()
        reader.join(5)
        assert len(answers) == 1
    finally:
        for client in clients:
            client.close()
