"""What the options of a line do, against real servers: credentials, sessions, proxies, certificates, offline."""

from __future__ import annotations

import ssl

import pytest
import trustme
from servers.threaded import response, serving, tls_context

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.plan import Plan
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

ANSWERS = {
    "/": response(b"hello", Content_Type="text/plain"),
    "/other": response(b"other"),
    "/set": response(b"", Set_Cookie="a=1; Path=/"),
    "/hop": response(status="302 Found", Location="/hop2"),
    "/hop2": response(status="302 Found", Location="/"),
}


@pytest.fixture
def client():
    """Return a client."""
    running = Client()
    yield running
    running.close()


@pytest.fixture
def server():
    """Return a scripted server."""
    with serving(ANSWERS) as running:
        yield running


@pytest.fixture
def send(client, server):
    """Return a function that sends a line, `{}` being the server's URL, and returns its Record."""

    def send(line, **settings):
        plan = line if isinstance(line, Plan) else parse_line(line.replace("{}", server.url))
        return client.send(plan, Settings(**settings)).job.result(10)

    return send


def lines(server, name):
    """Return the values of a field in each request that the server got; None where it isn't there."""
    found = []
    for request in server.requests:
        fields = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if ": " in line)
        found.append(fields.get(name))
    return found


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_proves_the_password(send, demo_server, algorithm):
    """One challenge, one answer; the demo API checks it."""
    url = f"{demo_server}/auth/digest?algorithm={algorithm}"
    assert send(f"-A digest -a ada:lovelace {url}").status == 200
    assert send(f"-A digest -a ada:wrong {url}").status == 401


def test_a_digest_challenge_is_remembered(send, server):
    """Once challenged, the next request of the same user proves itself at once."""
    server.answers = {
        "/": response(
            status="401 Unauthorized", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
        )
    }
    send("-A digest -a ada:pw {}/")
    send("-A digest -a ada:pw {}/")
    assert [bool(value) for value in lines(server, "Authorization")][:3] == [False, True, True]


def test_a_digest_is_not_proved_to_another_origin(send, server):
    """What redirects elsewhere takes no credentials along."""
    with serving({"/": response(status="401 Unauthorized", WWW_Authenticate='Digest realm="r", nonce="n"')}) as other:
        server.answers = {"/away": response(status="302 Found", Location=f"{other.url}/")}
        assert send("-F -A digest -a ada:pw {}/away").status == 401
        assert lines(other, "Authorization") == [None]


def test_credentials_in_the_url_are_sent_and_not_kept_in_the_record(send, server):
    """They are taken out of the URL; -a wins over them."""
    host = server.url.removeprefix("http://")
    record = send(f"http://ada:p%40w@{host}/")
    assert (record.url, record.request.url) == (f"{server.url}/", f"{server.url}/")
    send(f"-a eve:x http://ada:pw@{host}/")
    assert lines(server, "Authorization") == ["Basic YWRhOnBAdw==", "Basic ZXZlOng="]


def test_a_session_keeps_headers_credentials_and_cookies(send, server):
    """What belongs to one request isn't kept; a header of the line replaces the session's."""
    send("--session s {}/set -a ada:pw X-Mine:1 Cookie:b=2 If-Match:x Content-Language:de")
    send("--session s {}/")
    send("--session s {}/ X-Mine:2")
    send("--session s {}/")
    assert lines(server, "X-Mine") == ["1", "1", "2", "2"]
    assert set(lines(server, "Authorization")) == {"Basic YWRhOnB3"}
    assert lines(server, "Cookie") == ["b=2", "a=1; b=2", "a=1; b=2", "a=1; b=2"]
    assert lines(server, "If-Match") == ["x", None, None, None]
    assert lines(server, "Content-Language") == ["de", None, None, None]


def test_sessions_do_not_mix(send, server):
    """Neither with each other nor with requests without one, and a host has its own."""
    send("--session s {}/set X-Mine:1")
    send("--session t {}/")
    send("{}/")
    send(f"--session s http://localhost:{server.port}/")
    assert lines(server, "X-Mine") == ["1", None, None, None]
    assert lines(server, "Cookie") == [None, None, None, None]


def test_a_read_only_session_stays_as_it_is(send, server):
    """It is used, and nothing of the request is kept."""
    send("--session s {}/ X-Mine:1")
    send("--session-read-only s {}/set X-Mine:2 X-New:1")
    send("--session s {}/")
    assert lines(server, "X-Mine") == ["1", "2", "1"]
    assert (lines(server, "X-New")[2], lines(server, "Cookie")[2]) == (None, None)


def test_a_request_can_leave_the_cookie_jar_out(send, server):
    """It neither sends cookies nor keeps them."""
    send("{}/set")
    send(Plan("GET", f"{server.url}/", cookie_jar=False))
    send("{}/")
    assert lines(server, "Cookie") == [None, None, "a=1"]


def test_sessions_share_their_connections(send, server):
    """A name doesn't cost a handshake."""
    for name in "abc":
        send(f"--session {name} {{}}/")
    assert server.connections == 1


def test_an_offline_request_is_shown_as_it_would_be_sent(send, server):
    """Its fields and body are on the record, and the server saw nothing."""
    record = send("--offline -a ada:pw PUT {}/other name=kettle q==1")
    assert (record.is_offline, record.status, record.failure, record.ok) == (True, None, None, False)
    assert (record.request.method, record.request.url) == ("PUT", f"{server.url}/other?q=1")
    assert record.request.headers["authorization"] == "Basic YWRhOnB3"
    assert (record.request.headers["content-length"], record.request.body) == ("18", b'{"name": "kettle"}')
    assert (server.connections, repr(record)) == (0, f"<Record offline PUT {server.url}/other?q=1>")


def test_the_number_of_redirects_can_be_limited(send):
    """The line's number wins over the configuration's; it counts as HTTPie does."""
    assert send("-F --max-redirects 3 {}/hop").status == 200
    record = send("-F --max-redirects 2 {}/hop", max_redirects=10)
    assert (record.failure.kind, "2 times" in record.failure.sentence) == ("redirects", True)


def test_a_file_that_is_not_there_is_a_failure_in_words(send, server):
    """Nothing is sent."""
    record = send("{}/ a=@no-such-file")
    assert (
        record.failure.sentence == "The request can't be sent: no-such-file can't be read: No such file or directory."
    )
    assert server.connections == 0


def test_files_have_a_limit(send, tmp_path):
    """It is the one of bodies, and the sentence names it."""
    (tmp_path / "large").write_bytes(b"x" * 2000)
    record = send(f"{{}}/ @{tmp_path}/large", max_body=1000)
    assert "larger than 1000 bytes (max_body)" in record.failure.sentence


def test_a_request_goes_through_a_proxy(send, squid, nginx):
    """For its scheme, or for all; with a password in the proxy's URL."""
    for option in (
        f"--proxy {squid.url}",
        f"--proxy http:{squid.url}",
        f"--proxy https:http://nowhere.invalid:1 --proxy {squid.url}",
    ):
        record = send(f"{option} {nginx.url}/small.json")
        assert (record.status, "squid" in record.headers.get("via", "").lower()) == (200, True)
    assert "via" not in send(f"--proxy https:{squid.url} {nginx.url}/small.json").headers
    asked = squid.password_url.replace("://", "://user:secret@")
    assert send(f"--proxy {asked} {nginx.url}/small.json").status == 200
    assert send(f"--proxy {squid.password_url} {nginx.url}/small.json").status == 407


def test_a_client_certificate_is_shown(client, tmp_path):
    """With its key in the same file or in another; a wrong file is a failure in words."""
    authority = trustme.CA()
    own = authority.issue_cert("me@example.org")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = tls_context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with serving({"/": response(b"known")}, context) as server:

        def ask(options):
            line = f"--verify {tmp_path}/ca.pem {options} {server.url}/".replace("@", f"{tmp_path}/")
            return client.send(parse_line(line), Settings(timeout=5)).job.result(10)

        assert ask("--cert @both.pem").content == b"known"
        assert ask("--cert @cert.pem --cert-key @key.pem").content == b"known"
        assert ask("").failure is not None
        missing, keyless, wrong = (
            ask("--cert @none.pem"),
            ask("--cert @cert.pem"),
            ask("--cert @ca.pem --cert-key @key.pem"),
        )
    assert {record.failure.title for record in (missing, keyless, wrong)} == {"No certificates"}
    assert "none.pem' can't be used: No such file or directory" in missing.failure.sentence


def test_verify_can_be_said_by_the_line(client):
    """It wins over the configuration."""
    with serving({"/": response(b"x")}, tls_context(trustme.CA())) as server:
        line = parse_line(f"--verify no {server.url}/")
        assert client.send(line, Settings(verify=True)).job.result(10).content == b"x"


def test_a_streamed_body_can_be_looked_at_on_its_way(client, server):
    """Its last lines, and whole ones where the beginning is cut off."""
    server.answers = {"/": response(b"".join(b"line %d\n" % number for number in range(5000)))}
    sending = client.send(parse_line(f"--stream {server.url}/"), Settings())
    record = sending.job.result(10)
    shown = sending.progress.at(1.0).preview
    assert record.text.endswith(shown)
    assert shown.startswith("line ")
    plain = client.send(parse_line(f"{server.url}/"), Settings())
    plain.job.result(10)
    assert plain.progress.at(1.0).preview == ""
