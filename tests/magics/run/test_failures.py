"""Failures in words, from real ones on loopback."""

from __future__ import annotations

import inspect
import socket
import threading

import pytest
from servers.threaded import response, serving

import httpkit
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.run.client import Client
from httpkit_magics.run.failures import EXPLANATIONS, Attempt, explain
from httpkit_magics.run.progress import Underway
from httpkit_magics.run.settings import Settings

SECRET = "hunter2"

ANSWERS = {
    "/garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/nothing": b"",
    "/chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "/lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "/gzip": response(b"not gzip", Content_Encoding="gzip"),
    "/ftp": response(status="302 Found", Location="ftp://user:hunter2@h/x"),
    "/unparsable": response(status="302 Found", Location="http://[x/"),
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
}


@pytest.fixture(scope="module")
def asked():
    """Return a function that sends a line with following on and returns the Record."""
    client = Client()
    with serving(ANSWERS) as server:

        def send(line):
            line = line.replace("{}", server.url).replace("{port}", str(server.port))
            return client.send(parse_line(line), Settings(follow=True, timeout=5)).job.result(10)

        yield send
        client.close()


def closed_port():
    """Return a port of loopback where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("line", "kind", "title", "words"),
    [
        ("nosuch.invalid", "dns", "Unknown host", "No address was found for the name nosuch.invalid"),
        ("{}/garbage", "malformed", "Malformed response", "is no valid HTTP response"),
        ("{}/nothing", "malformed", "No response", "closed the connection without a complete response"),
        ("{}/lengths", "malformed", "Malformed response", "is no valid HTTP response"),
        ("{}/gzip", "body", "Body unreadable", "can't be decoded"),
        ("{}/cut", "body", "Body cut off", "3 bytes were read"),
        ("{}/ftp", "redirects", "Bad redirect", "which is no http or https URL"),
        ("{}/unparsable", "redirects", "Bad redirect", "which is no http or https URL"),
        ("ftp://example.org/x", "url", "Unsupported scheme", "'ftp' is no scheme"),
        ("mailto:joe", "url", "Unsupported scheme", "'mailto' is no scheme"),
        ("https://", "url", "Bad URL", "it has no host"),
        ("http://h:99999/", "url", "Bad URL", "port"),
        ("http://[::1/", "url", "Bad URL", "IPv6"),
        ("/x", "url", "Bad URL", "is a path alone"),
        ("'://'", "url", "Bad URL", "the URL is empty"),
    ],
)
def test_a_failure_is_one_clear_sentence(asked, line, kind, title, words):
    """The Record has the exception, its kind, a title of a few words and one sentence on what failed, where."""
    record = asked(line)
    assert (kind, title) == (record.failure.kind, record.failure.title)
    assert words in record.failure.sentence
    assert record.failure.sentence.endswith(".")
    assert "\n" not in record.failure.sentence
    assert record.failure.hint
    assert record.error is not None
    assert not record.ok


@pytest.mark.parametrize(
    ("line", "hint"), [("{}/garbage", "Is this an HTTP server?"), ("{}/lengths", "breaks the rules")]
)
def test_another_protocol_is_told_from_bad_http(asked, line, hint):
    """Bytes that don't begin as a response are most often somebody else's port."""
    assert hint in asked(line).failure.hint


def test_a_refused_connection_names_the_port(asked):
    """It says where nothing listens."""
    port = closed_port()
    failure = asked(f":{port}").failure
    assert ("refused", f"Nothing accepts connections at localhost:{port}.") == (failure.kind, failure.sentence)


def test_tls_to_a_server_without_tls_suggests_http(asked):
    """A server that answers in plain text is told from one that fails the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"

        def greet():
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.recv(100)

        thread = threading.Thread(target=greet)
        thread.start()
        failure = asked(f"https://{where}/").failure
        thread.join(5)
    assert (failure.kind, failure.title) == ("tls", "TLS failed")
    assert f"http://{where}" in failure.hint


def test_a_chunk_that_is_none_is_a_failure_of_the_response_or_its_body(asked):
    """Whether the head was out already is the client's matter; the failure is the same to a reader."""
    assert asked("{}/chunk").failure.kind in ("malformed", "body")


@pytest.mark.parametrize(
    "line",
    [
        f"http://joe:{SECRET}@h:99999/",
        f"http://joe:a@{SECRET}@h:99999/",
        f"http://h:99999/?key={SECRET}",
        f"ftp://joe:{SECRET}@h/",
        f"joe:{SECRET}@127.0.0.1:1/",
        "{}/ftp",
    ],
)
def test_a_password_in_the_url_is_in_no_sentence(asked, line):
    """Sentences name hosts, never userinfo."""
    failure = asked(line).failure
    assert SECRET not in failure.sentence + failure.hint + failure.title


def test_every_exception_of_the_client_has_words():
    """Each of the client's own exceptions is explained by a row that is not the last resort."""
    covered = tuple(kind for kind, _ in EXPLANATIONS)
    errors = [each for _, each in inspect.getmembers(httpkit, inspect.isclass) if issubclass(each, httpkit.ClientError)]
    # The bases are never raised themselves; an aborted upload is told to its tracker.
    others = {
        httpkit.ClientError,
        httpkit.ClientConnectionError,
        httpkit.RedirectClientError,
        httpkit.UploadAbortedError,
    }
    odd = {each for each in errors if not issubclass(each, covered)}
    assert odd <= others


def test_rows_are_reached():
    """No row stands behind a more general one."""
    kinds = [kind for kind, _ in EXPLANATIONS]
    hidden = [kind for index, kind in enumerate(kinds) if issubclass(kind, tuple(kinds[:index]) or ())]
    assert hidden == []


def test_the_last_resort_says_what_the_exception_says():
    """An unknown error is named with its own message, on one line, cut."""
    attempt = Attempt("http://h/", Settings(), Underway("GET", "http://h/"))
    failure = explain(httpkit.ClientError("odd\n" + "x" * 500), attempt)
    assert ("other", f"The request to h failed: odd {'x' * 196}....") == (failure.kind, failure.sentence)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("queued", "while waiting for a connection"),
        ("resolving", "while the name h was being resolved"),
        ("connecting", "while connecting"),
        ("sending", "while sending"),
        ("sent", "while waiting for the response"),
        ("receiving", "after 5 of 9 bytes of the body"),
    ],
)
def test_a_timeout_says_how_far_the_request_came(stage, words):
    """The stage is in the sentence."""
    progress = Underway("GET", "http://h:1/")
    progress.stage, progress.received, progress.expected = stage, 5, 9
    assert words in explain(TimeoutError(), Attempt("http://h:1/", Settings(), progress)).sentence
