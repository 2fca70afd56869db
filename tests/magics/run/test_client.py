"""The magics' client, against a scripted server on loopback."""

from __future__ import annotations

import gzip
import threading

import pytest
import trustme
from servers.threaded import response, serving, tls_context

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.record.record import Cookie, Hop, Link
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

ITEMS = b'{"items": [1, 2]}'
ZIPPED = gzip.compress(b"hello " * 1000)

ANSWERS = {
    "/": response(b"hello", Content_Type="text/plain; charset=latin-1"),
    "/json": response(ITEMS, Content_Type="application/json"),
    "/gzip": response(ZIPPED, Content_Type="text/plain", Content_Encoding="gzip"),
    "/cookies": response(Set_Cookie="a=1; Path=/; HttpOnly; SameSite=None; Odd"),
    "/links": response(Link='</next>; rel="next"; title="More", <http://127.0.0.1/first>; rel=first'),
    "/hop": response(status="302 Found", Location="/hop2"),
    "/hop2": response(status="307 Temporary Redirect", Location="/json"),
    "/see": response(status="303 See Other", Location="/json"),
    "/loop": response(status="302 Found", Location="/loop"),
    "/missing": response(b"no", status="404 Not Found"),
    "/large": response(b"x" * 100_000),
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
}


@pytest.fixture
def server():
    """Return the server."""
    with serving(ANSWERS) as running:
        yield running


@pytest.fixture
def send(server):
    """Return a function that sends a line and returns its Record; `{}` in the line is the server's URL."""
    client = Client()

    def send(line, **settings):
        plan = parse_line(line.replace("{}", server.url))
        return client.send(plan, Settings(**settings)).job.result(10)

    yield send
    client.close()


def test_a_response_becomes_a_record(send, server):
    """Status, reason, version, fields, body, sizes, peer and the request as it was sent."""
    record = send("{}/json?a=b q==z X-Mine:yes")
    assert (record.status, record.reason, record.http_version, record.ok) == (200, "OK", "1.1", True)
    assert (f"{server.url}/json?a=b&q=z", ITEMS, "utf-8") == (record.url, record.content, record.encoding)
    assert ("application/json", len(ITEMS)) == (record.headers["content-type"], record.received)
    assert (f"127.0.0.1:{server.port}", None, None) == (record.peer, record.tls, record.failure)
    assert ("GET", record.url, "yes", None) == (
        record.request.method, record.request.url, record.request.headers["x-mine"], record.request.body,
    )  # fmt: skip
    assert record.json() == {"items": [1, 2]}


def test_the_time_is_split_into_phases(send):
    """Phases start in order, within the whole time, and the waiting is one of them."""
    record = send("{}/json")
    starts = [phase.start for phase in record.phases]
    assert starts == sorted(starts)
    assert {"connect", "wait", "receive"} <= set(record.timing)
    assert 0 < sum(record.timing.values()) <= record.elapsed


def test_the_body_is_decoded_and_its_size_on_the_wire_kept(send):
    """The content is what was meant, `received` what came."""
    record = send("{}/gzip")
    assert (b"hello " * 1000, len(ZIPPED)) == (record.content, record.received)


def test_a_declared_charset_is_kept(send):
    """It is the codec for `text`."""
    assert (send("{}").encoding, send("{}").text) == ("iso8859-1", "hello")


def test_what_was_sent_is_what_the_line_says(send, server):
    """JSON with HTTPie's headers; an unset header is not sent, an empty one is empty."""
    record = send("""PUT {}/json name=kettle n:=3 User-Agent: X-Empty; X-Mine:1""")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert (lines[0], body) == (b"PUT /json HTTP/1.1", b'{"name": "kettle", "n": 3}')
    assert {b"Content-Type: application/json", b"Accept: application/json, */*;q=0.5", b"X-Mine: 1"} <= set(lines)
    assert [line.strip() for line in lines if line.startswith(b"X-Empty")] == [b"X-Empty:"]
    assert b"user-agent" not in head.lower()
    assert body == record.request.body


def test_cookies_have_their_attributes_and_are_sent_again(send, server):
    """Attributes stay as they were written; the next request carries the cookie, as in a browser."""
    record = send("{}/cookies")
    assert (
        Cookie("a", "1", (("Path", "/"), ("HttpOnly", None), ("SameSite", "None"), ("Odd", None))),
    ) == record.cookies
    assert "a=1" in send("{}").request.headers["cookie"]
    assert b"cookie: a=1" in server.requests[-1].lower()


def test_links_are_absolute(send, server):
    """Each link has its relation, its target and its other parameters."""
    assert (
        Link("next", f"{server.url}/next", (("title", "More"),)),
        Link("first", "http://127.0.0.1/first"),
    ) == send("{}/links").links


@pytest.mark.parametrize(("line", "follow"), [("{}/hop", True), ("-F {}/hop", False)])
def test_redirects_are_followed_when_the_line_or_the_configuration_says_so(send, server, line, follow):
    """The record is the last response's, and each hop is kept."""
    record = send(line, follow=follow)
    assert (200, f"{server.url}/json") == (record.status, record.url)
    assert (
        Hop(302, "Found", "GET", f"{server.url}/hop", "/hop2"),
        Hop(307, "Temporary Redirect", "GET", f"{server.url}/hop2", "/json"),
    ) == record.redirects


@pytest.mark.parametrize(("line", "follow"), [("{}/hop", False), ("{}/hop --no-follow", True)])
def test_a_redirect_that_is_not_followed_is_the_response(send, line, follow):
    """HTTPie's default, and what --no-follow asks for."""
    record = send(line, follow=follow)
    assert (record.status, record.headers["location"], record.redirects) == (302, "/hop2", ())


def test_a_redirect_to_get_leaves_the_body_out(send):
    """The request of the record is the one that was sent last."""
    record = send("-F POST {}/see a=1")
    assert (record.request.method, record.request.body, record.redirects[0].status) == ("GET", None, 303)


def test_an_error_status_is_a_response(send):
    """404 is a Record like any other, and not ok."""
    record = send("{}/missing")
    assert (record.status, record.ok, record.failure) == (404, False, None)


def test_the_connection_is_kept_between_requests(send, server):
    """Ten requests, one connection."""
    for _ in range(10):
        send("{}/json")
    assert (len(server.requests), server.connections) == (10, 1)


def test_a_body_over_the_limit_is_cut_and_the_limit_named(send):
    """What fits is kept, and the message says which option it was."""
    record = send("{}/large", max_body=1000)
    assert (record.status, record.content, record.failure.kind) == (200, b"x" * 1000, "body")
    assert record.failure.sentence == "The body exceeds 1000 bytes (max_body)."


def test_a_body_that_is_cut_off_keeps_what_came(send):
    """Status and failure are both there."""
    record = send("{}/cut")
    assert (record.status, record.content, record.ok, record.failure.kind) == (200, b"abc", False, "body")
    assert "3 bytes were read" in record.failure.sentence


def test_a_loop_of_redirects_ends_and_is_shown(send):
    """The hops are on the record, and the limit in the sentence."""
    record = send("-F {}/loop", max_redirects=4)
    assert (record.failure.kind, record.status, len(record.redirects)) == ("redirects", None, 4)
    assert "4 times" in record.failure.sentence


def test_a_timeout_is_a_record_that_says_where_it_waited(send):
    """The line's timeout wins over the configuration's."""
    record = send("{}/never --timeout 0.1", timeout=50)
    assert record.failure.kind == "timeout"
    assert "longer than 0.1 s: the time ran out while waiting for the response" in record.failure.sentence
    assert isinstance(record.error, TimeoutError)


def test_a_cancelled_request_is_a_record_and_closes_its_connection(server):
    """The server sees the connection go."""
    client = Client()
    sending = client.send(parse_line(f"{server.url}/never"), Settings())
    with pytest.raises(TimeoutError):
        sending.job.result(0.2)
    sending.job.cancel()
    record = sending.job.result(2)
    assert (record.failure.kind, record.failure.title) == ("cancelled", "Cancelled")
    assert server.gone.acquire(timeout=2)
    client.close()


def test_progress_tells_the_stage_and_the_bytes(server):
    """What a panel shows while the request runs."""
    client = Client()
    sending = client.send(parse_line(f"{server.url}/large"), Settings())
    sending.job.result(5)
    progress = sending.progress
    assert (progress.stage, progress.received, progress.expected) == ("receiving", 100_000, 100_000)
    waiting = client.send(parse_line(f"{server.url}/never"), Settings())
    with pytest.raises(TimeoutError):
        waiting.job.result(0.2)
    assert (waiting.progress.stage, waiting.progress.received, waiting.progress.expected) == ("sent", 0, None)
    client.close()


def test_a_path_alone_needs_a_base_url(send):
    """The failure says how to set one; with one the path is asked for."""
    record = send("/json")
    assert (record.failure.kind, record.status) == ("url", None)
    assert "HttpKit.base_url" in record.failure.hint


def test_a_private_authority_can_be_trusted(tmp_path):
    """The file of `verify` is trusted; without it the certificate is refused; False skips the check."""
    authority = trustme.CA()
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    client = Client()
    with serving({"/": response(b"safe")}, tls_context(authority)) as server:

        def ask(verify):
            return client.send(parse_line(server.url), Settings(verify=verify)).job.result(10)

        trusted, refused, unchecked = ask(str(path)), ask(True), ask(False)
        missing = ask(str(tmp_path / "none.pem"))
    client.close()
    assert (trusted.content, unchecked.content) == (b"safe", b"safe")
    assert (trusted.tls.version, trusted.tls.names, trusted.tls.expires is not None) == (
        "TLS 1.3",
        ("127.0.0.1",),
        True,
    )
    assert (unchecked.tls.version, unchecked.tls.names) == ("TLS 1.3", ())
    assert (refused.failure.kind, refused.failure.title) == ("tls", "Certificate refused")
    assert "HttpKit.verify" in refused.failure.hint
    assert "none.pem" in missing.failure.sentence


def test_closing_ends_the_thread_and_the_connections(server):
    """Nothing is left behind, and a later request starts anew."""
    client = Client()
    for _ in range(2):
        assert client.send(parse_line(f"{server.url}/json"), Settings()).job.result(5).ok
        client.close()
        assert server.gone.acquire(timeout=2)
        assert "httpkit" not in [thread.name for thread in threading.enumerate()]
    assert server.connections == 2
