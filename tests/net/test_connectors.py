"""How connections are made: names, addresses, TLS, Unix sockets."""

import asyncio
import contextlib
import socket
import ssl
from hashlib import sha256

import pytest
from pools import given_back, holdings
from servers.raw import raw_server

import httpkit
from httpkit import (
    ClientSession,
    ClientTimeout,
    Fingerprint,
    TCPConnector,
    ThreadedResolver,
    TraceConfig,
    UnixConnector,
)
from httpkit.client.request import ClientRequest
from httpkit.values.abc import AbstractResolver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEEP = ClientTimeout(5)

pytestmark = pytest.mark.usefixtures("_no_stray_tasks")


@pytest.fixture
async def _no_stray_tasks():
    """Every test ends with no task but its own and its servers'."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    mine = {task for task in asyncio.all_tasks() - before if "httpkit" in repr(task.get_coro())}
    assert mine == set()


async def _get(session, url, **options):
    async with session.get(url, **options) as response:
        return await response.read()


class Names(AbstractResolver):
    """A resolver that a test tells what to say, and that remembers what it was asked."""

    def __init__(self, *hosts, error=None):
        self.hosts = hosts or ("127.0.0.1",)
        self.error = error
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        """Give every host the same addresses."""
        self.asked.append((host, port, family))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in self.hosts
        ]

    async def close(self):
        """Note it."""
        self.closed = True


@contextlib.asynccontextmanager
async def _session(**options):
    async with ClientSession(connector=TCPConnector(**options), timeout=KEEP) as session:
        yield session
        assert holdings(session.connector) | {"busy": 0, "opening": 0, "waiting": 0} == holdings(session.connector)


# -- names ----------------------------------------------------------------------------------------------------------


async def test_names_are_resolved_once_in_their_time(scripted_server):
    """The cache: one question for many connections, another after `ttl_dns_cache` seconds."""
    server = await scripted_server(*[OK] * 6)
    names = Names()
    async with _session(resolver=names, ttl_dns_cache=0.1, force_close=True) as session:
        for _ in range(3):
            await _get(session, f"http://a.test:{server.port}/")
        assert names.asked == [("a.test", server.port, socket.AF_UNSPEC)]
        await asyncio.sleep(0.12)
        await _get(session, f"http://a.test:{server.port}/")
        assert len(names.asked) == 2
        session.connector.clear_dns_cache("a.test", server.port)
        await _get(session, f"http://a.test:{server.port}/")
        session.connector.clear_dns_cache()
        await _get(session, f"http://a.test:{server.port}/")
        assert len(names.asked) == 4
        with pytest.raises(ValueError, match="both host and port"):
            session.connector.clear_dns_cache("a.test")
    assert not names.closed  # it is not the connector's own


@pytest.mark.parametrize(("options", "questions"), [({"use_dns_cache": False}, 3), ({"ttl_dns_cache": None}, 1)])
async def test_the_cache_can_be_off_or_for_ever(scripted_server, options, questions):
    """`use_dns_cache=False`; `ttl_dns_cache=None`."""
    server = await scripted_server(*[OK] * 3)
    names = Names()
    async with _session(resolver=names, force_close=True, **options) as session:
        for _ in range(3):
            await _get(session, f"http://a.test:{server.port}/")
    assert len(names.asked) == questions


async def test_the_cache_is_bounded():
    """CVE-2026-34513: never more than `dns_cache_max_size` hosts are remembered."""
    names = Names()
    async with _session(resolver=names, dns_cache_max_size=50) as session:
        for index in range(2000):
            await session.connector._resolve_host(f"h{index}.test", 80)
            assert len(session.connector._addresses) <= 50
        assert session.connector._lookups == {}


async def test_those_who_ask_together_share_the_answer(scripted_server):
    """One question; and one of them who is cancelled doesn't take the answer from the others."""
    server = await scripted_server(*[OK] * 5)
    names = Names()
    names.gate.clear()
    async with _session(resolver=names) as session:
        requests = [asyncio.create_task(_get(session, f"http://a.test:{server.port}/")) for _ in range(5)]
        await asyncio.sleep(0.02)
        requests[0].cancel()
        await asyncio.sleep(0)
        names.gate.set()
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [b"ok"] * 4
        assert len(names.asked) == 1


async def test_closing_ends_a_question():
    """Who waits for a name gets ClientConnectionError, not a cancellation that nobody asked for."""
    names = Names()
    names.gate.clear()
    session = ClientSession(connector=TCPConnector(resolver=names))
    request = asyncio.create_task(_get(session, "http://a.test/"))
    await asyncio.sleep(0.02)
    await session.close()
    with pytest.raises(httpkit.ClientConnectionError, match="Connector is closed"):
        await request


@pytest.mark.parametrize("error", [OSError(None, "no such name"), socket.gaierror(-2, "Name or service not known")])
async def test_a_name_that_nobody_knows_is_an_error(error):
    """ClientConnectorDNSError, which says the host; it isn't remembered."""
    names = Names(error=error)
    async with _session(resolver=names) as session:
        for _ in range(2):
            with pytest.raises(
                httpkit.ClientConnectorDNSError, match=r"Cannot connect to host a\.test:80 ssl:default \["
            ) as caught:
                await _get(session, "http://a.test/")
        assert (caught.value.host, caught.value.port, caught.value.os_error) == ("a.test", 80, error)
        assert len(names.asked) == 2


@pytest.mark.parametrize("host", ["a..b.test", "a" * 64 + ".test", "..test"])
async def test_a_name_that_can_not_be_asked_for_is_an_error(host):
    """A label that DNS doesn't allow: one of ours, not the codec's UnicodeError."""
    async with _session(resolver=ThreadedResolver()) as session:
        with pytest.raises((httpkit.InvalidUrlClientError, httpkit.ClientConnectorDNSError)):
            await _get(session, f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.0.0.01",
        "256.1.1.1",
        "1.2.3.4.5",
        "0",
    ],
)
async def test_a_number_that_looks_like_a_name_is_refused(host):
    """Aiohttp 3.14.1: legacy forms of IPv4 addresses, which a filter on hosts would take for names."""
    names = Names(error=OSError(None, "no such name"))
    async with _session(resolver=names) as session:
        with pytest.raises(httpkit.InvalidUrlClientError if host.count(".") < 4 else httpkit.ClientConnectorDNSError):
            await _get(session, f"http://{host}/")
        assert len(names.asked) == (host.count(".") > 3)


async def test_an_address_is_not_asked_for(scripted_server):
    """127.0.0.1 and ::1 are what they are."""
    server = await scripted_server(OK)
    names = Names(error=OSError(None, "no"))
    async with _session(resolver=names) as session:
        await _get(session, server.url)
        with pytest.raises(httpkit.ClientConnectorError):
            await _get(session, "http://[::1]:1/")
    assert names.asked == []


async def test_a_trailing_dot_is_one_name(scripted_server):
    """Dots at the end are collapsed; Host has none."""
    server = await scripted_server(OK)
    names = Names()
    async with _session(resolver=names) as session:
        await _get(session, f"http://a.test.:{server.port}/")
    assert names.asked[0][0] == "a.test."
    assert f"Host: a.test:{server.port}\r\n".encode() in server.requests[0]


async def test_the_connector_closes_the_resolver_that_it_made():
    """And makes it only when there is a name to ask for."""
    connector = TCPConnector()
    assert connector._resolver is None
    async with ClientSession(connector=connector, timeout=KEEP) as session:
        with contextlib.suppress(httpkit.ClientError):
            await _get(session, "http://localhost:1/")
        assert connector._resolver is not None
    assert connector._resolver is None


async def test_lookups_are_watched(scripted_server):
    """Tracing tells misses, hits and the host."""
    server = await scripted_server(OK, OK)
    told = []
    config = TraceConfig()
    for name in ("dns_cache_miss", "dns_resolvehost_start", "dns_resolvehost_end", "dns_cache_hit"):

        async def tell(_session, _context, params, name=name):
            told.append((name, params.host))

        getattr(config, f"on_{name}").append(tell)
    connector = TCPConnector(resolver=Names(), force_close=True)
    async with ClientSession(connector=connector, trace_configs=[config]) as session:
        for _ in range(2):
            await _get(session, f"http://a.test:{server.port}/")
    names = ["dns_cache_miss", "dns_resolvehost_start", "dns_resolvehost_end", "dns_cache_hit"]
    assert told == [(name, "a.test") for name in names]


# -- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hosts", [("::1", "127.0.0.1"), ("127.0.0.2", "::1", "127.0.0.1"), ("2001:db8::1", "127.0.0.1")]
)
async def test_the_next_address_is_tried(scripted_server, hosts):
    """RFC 8305: an address that refuses or can't be reached costs nothing but its turn."""
    server = await scripted_server(OK)
    async with _session(resolver=Names(*hosts)) as session:
        assert await _get(session, f"http://a.test:{server.port}/") == b"ok"


async def test_no_address_is_an_error():
    """All refuse: ClientConnectorError with the last reason; or there is none at all."""
    async with _session(resolver=Names("127.0.0.2", "127.0.0.1")) as session:
        with pytest.raises(httpkit.ClientConnectorError, match="Connect call failed") as caught:
            await _get(session, "http://a.test:1/")
        assert isinstance(caught.value, (httpkit.ClientOSError, OSError))
        session.connector._resolver.hosts = ()
        session.connector.clear_dns_cache()
        with pytest.raises(httpkit.ClientConnectorError, match="no address"):
            await _get(session, "http://a.test:1/")


async def test_a_silent_address_is_overtaken(scripted_server):
    """RFC 8305 section 5: after `happy_eyeballs_delay` the next one starts beside it, and the loser is closed."""
    server = await scripted_server(OK)
    with socket.socket() as full:  # its queue is full: connecting hangs
        full.bind(("127.0.0.2", server.port))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", server.port))
        start = asyncio.get_running_loop().time()
        async with _session(resolver=Names("127.0.0.2", "127.0.0.1"), happy_eyeballs_delay=0.05) as session:
            assert await _get(session, f"http://a.test:{server.port}/") == b"ok"
        assert asyncio.get_running_loop().time() - start < 2
        async with _session(resolver=Names("127.0.0.2"), happy_eyeballs_delay=None) as session:
            with pytest.raises(httpkit.ConnectionTimeoutError, match=r"within 0.1 s \(ClientTimeout.sock_connect\)"):
                await _get(session, f"http://a.test:{server.port}/", timeout=ClientTimeout(sock_connect=0.1))
            with pytest.raises(httpkit.ConnectionTimeoutError, match=r"within 0.1 s \(ClientTimeout.connect\)"):
                await _get(session, f"http://a.test:{server.port}/", timeout=ClientTimeout(connect=0.1))
            with pytest.raises(TimeoutError):
                await _get(session, f"http://a.test:{server.port}/", timeout=ClientTimeout(total=0.1))
            request = asyncio.create_task(_get(session, f"http://a.test:{server.port}/"))
            await asyncio.sleep(0.05)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
        for filler in fillers:
            filler.close()


async def test_a_local_address_is_bound(scripted_server):
    """`local_addr`; one that isn't ours is an error."""
    peers = []

    async def answer(_reader, writer):
        peers.append(writer.get_extra_info("peername")[0])
        writer.write(OK)

    server = await scripted_server(answer)
    async with _session(local_addr=("127.0.0.5", 0)) as session:
        await _get(session, server.url)
    assert peers == ["127.0.0.5"]
    async with _session(local_addr=("192.0.2.1", 0)) as session:
        with pytest.raises(httpkit.ClientConnectorError):
            await _get(session, server.url)


async def test_a_socket_factory_makes_the_socket(scripted_server):
    """`socket_factory` gets the address; what it raises is a connection error; its socket is closed when connecting fails."""
    made = []

    def make(info):
        family, kind, proto, _, address = info
        made.append((socket.socket(family, kind, proto), address))
        return made[-1][0]

    server = await scripted_server(OK)
    async with _session(socket_factory=make) as session:
        await _get(session, server.url)
        assert made[0][1] == ("127.0.0.1", server.port)
        with pytest.raises(httpkit.ClientConnectorError):
            await _get(session, "http://127.0.0.1:1/")
        assert made[1][0].fileno() == -1

    def fail(_info):
        raise OSError(24, "too many")

    async with _session(socket_factory=fail) as session:
        with pytest.raises(httpkit.ClientConnectorError, match="too many"):
            await _get(session, server.url)


async def test_the_family_is_asked_for(scripted_server):
    """`family=AF_INET` asks for nothing else."""
    server = await scripted_server(OK)
    names = Names()
    async with _session(resolver=names, family=socket.AF_INET) as session:
        await _get(session, f"http://a.test:{server.port}/")
        assert session.connector.family == socket.AF_INET
    assert names.asked[0][2] == socket.AF_INET


# -- TLS ------------------------------------------------------------------------------------------------------------


async def test_a_good_certificate_is_accepted(nginx, certificates):
    """TLS with a context of the request, of the connector, and not at all verified."""
    context = certificates.client_context()
    async with _session(ssl=context) as session:
        assert b"hello" in await _get(session, f"{nginx.tls_url}/small.json")
        assert holdings(session.connector)["idle"] == 1
    async with _session() as session:
        async with session.get(f"{nginx.tls_url}/small.json", ssl=context) as response:
            assert list(response.timing.phases()) == ["queued", "dns", "connect", "tls", "send", "wait", "receive"]
        assert b"hello" in await _get(session, f"{nginx.self_signed_url}/small.json", ssl=False)


@pytest.mark.parametrize(
    ("name", "reason"), [("expired_url", "expired"), ("wrong_host_url", "mismatch"), ("self_signed_url", "self.signed")]
)
@pytest.mark.parametrize("trusts", [True, False])
async def test_a_bad_certificate_is_refused(nginx, certificates, name, reason, trusts):
    """CVE-2019-11324, CVE-2016-9015: ClientConnectorCertificateError with the reason; the default context trusts none of them."""
    async with _session() as session:
        options = {"ssl": certificates.client_context()} if trusts else {}
        with pytest.raises(
            httpkit.ClientConnectorCertificateError, match=reason if trusts else "certificate"
        ) as caught:
            await _get(session, f"{getattr(nginx, name)}/small.json", **options)
        assert isinstance(caught.value, (ssl.CertificateError, httpkit.ClientSSLError))
        assert isinstance(caught.value.certificate_error, ssl.SSLCertVerificationError)


async def test_plain_http_behind_https_is_an_error(certificates):
    """ClientConnectorSSLError, at once; the request is never sent in the clear."""
    received = []

    async def answer(reader, writer):
        received.append(await reader.read(5))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(answer) as url, _session(ssl=certificates.client_context()) as session:
        with pytest.raises(httpkit.ClientConnectorSSLError):
            await _get(session, url.replace("http:", "https:"))
        await given_back(session.connector)
    assert received[0][:1] == b"\x16"  # a TLS handshake record


async def test_a_silent_handshake_ends_in_time(scripted_server):
    """`sock_connect` covers TLS: a server that says nothing is left."""
    server = await scripted_server()
    async with _session() as session:
        with pytest.raises(httpkit.ConnectionTimeoutError, match=r"no TLS connection to 127.0.0.1 within 0.1 s"):
            await _get(session, server.url.replace("http:", "https:"), timeout=ClientTimeout(sock_connect=0.1))
        await given_back(session.connector)
    await server.closed()


async def test_the_name_for_tls_can_be_given(nginx, certificates):
    """`server_hostname` is checked and sent instead of the URL's host."""
    context = certificates.client_context()
    async with _session(ssl=context) as session:
        assert b"hello" in await _get(session, f"{nginx.wrong_host_url}/small.json", server_hostname="other.example")
        with pytest.raises(httpkit.ClientConnectorCertificateError, match="mismatch"):
            await _get(session, f"{nginx.tls_url}/small.json", server_hostname="other.example")


async def test_a_pooled_connection_is_only_used_for_its_own_tls(nginx, certificates):
    """CVE-2024-35195, CVE-2026-54275: another `ssl` or `server_hostname` makes another connection; ssl=False doesn't stay."""
    context = certificates.client_context()
    async with _session() as session:
        url = f"{nginx.tls_url}/small.json"
        await _get(session, url, ssl=False)
        with pytest.raises(httpkit.ClientConnectorCertificateError):
            await _get(session, url)
        for options in (
            {"ssl": context},
            {"ssl": certificates.client_context()},
            {"ssl": context, "server_hostname": "localhost"},
        ):
            await _get(session, url, **options)
        assert holdings(session.connector)["idle"] == 4
        assert b"hello" in await _get(session, f"{nginx.wrong_host_url}/small.json", ssl=False)
        with pytest.raises(httpkit.ClientConnectorCertificateError):
            await _get(session, f"{nginx.wrong_host_url}/small.json", ssl=context)
        await _get(session, url, ssl=context)
        assert holdings(session.connector)["idle"] == 5


async def test_every_part_of_the_key_counts():
    """CVE-2026-8932, CVE-2026-3784: whatever two requests must share is in the key."""
    url = httpkit.client.request.URL("https://a.test/")

    def key(**options):
        options = {"url": url} | options
        return ClientRequest("GET", options.pop("url"), **options).connection_key

    context = ssl.create_default_context()
    variants = [
        key(), key(url=url.with_scheme("http")), key(url=url.with_port(444)), key(url=url.with_host("b.test")), key(ssl=False), key(ssl=context),
        key(ssl=Fingerprint(bytes(32))), key(server_hostname="c.test"), key(proxy=httpkit.client.request.URL("http://p/")),
        key(proxy=httpkit.client.request.URL("http://p/"), proxy_auth=httpkit.BasicAuth("u", "p")),
        key(proxy=httpkit.client.request.URL("http://p/"), proxy_headers={"A": "b"}),
    ]  # fmt: skip
    assert len(set(variants)) == len(variants)
    assert key(ssl=Fingerprint(bytes(32))) == key(ssl=Fingerprint(bytes(32)))


async def test_a_pinned_certificate_is_compared(nginx, certificates):
    """`Fingerprint`: the right one is enough, whoever signed it; another is ServerFingerprintMismatch, and nothing is sent."""
    der = ssl.PEM_cert_to_DER_cert(certificates.self_signed.chain.read_text())
    async with _session() as session:
        url = f"{nginx.self_signed_url}/small.json"
        assert b"hello" in await _get(session, url, ssl=Fingerprint(sha256(der).digest()))
        with pytest.raises(httpkit.ServerFingerprintMismatch) as caught:
            await _get(session, url, ssl=Fingerprint(bytes(32)))
        assert (caught.value.expected, caught.value.got) == (bytes(32), sha256(der).digest())
        assert caught.value.host == "127.0.0.1"
        await given_back(session.connector, idle=1)


@pytest.mark.parametrize(("size", "message"), [(16, "insecure"), (20, "insecure"), (31, "32 bytes"), (0, "32 bytes")])
def test_a_fingerprint_is_sha256(size, message):
    """MD5 and SHA-1 can be forged."""
    with pytest.raises(ValueError, match=message):
        Fingerprint(bytes(size))
    assert Fingerprint(bytes(32)).fingerprint == bytes(32)
    assert Fingerprint.HASHFUNC_BY_DIGESTLEN[32](b"").digest() == sha256(b"").digest()


@pytest.mark.parametrize("option", [None, "yes", 1.5, object()])
async def test_what_is_no_ssl_option_is_refused(option):
    """TypeError that says what it can be."""
    with pytest.raises(TypeError, match="SSLContext, Fingerprint, or bool"):
        TCPConnector(ssl=option)


# -- other sockets --------------------------------------------------------------------------------------------------


async def test_a_unix_socket_serves_any_host(nginx):
    """`UnixConnector`: the URL's host is a name only."""
    async with ClientSession(connector=UnixConnector(str(nginx.socket))) as session:
        for _ in range(2):
            assert b"hello" in await _get(session, "http://anything/small.json")
        assert session.connector.path == str(nginx.socket)
        await given_back(session.connector, idle=1)


async def test_a_unix_socket_that_is_not_there_is_an_error(tmp_path):
    """UnixClientConnectorError with the path."""
    async with ClientSession(connector=UnixConnector(str(tmp_path / "no.sock"))) as session:
        with pytest.raises(httpkit.UnixClientConnectorError, match="Cannot connect to unix socket") as caught:
            await _get(session, "http://anything/")
        assert caught.value.path == str(tmp_path / "no.sock")
        await given_back(session.connector)


async def test_a_named_pipe_needs_windows():
    """RuntimeError on any loop but the proactor's."""
    with pytest.raises(RuntimeError, match="proactor loop"):
        httpkit.NamedPipeConnector(r"\\.\pipe\x")


async def test_a_large_file_comes_over_tls(nginx, certificates):
    """16 MiB, bounded by the reader, byte for byte."""
    digest, size = sha256(), 0
    async with (
        _session(ssl=certificates.client_context()) as session,
        session.get(f"{nginx.tls_url}/large.bin") as response,
    ):
        async for piece in response.content.iter_chunked(100_000):
            digest.update(piece)
            size += len(piece)
    assert size == 2**24
    assert digest.hexdigest() == sha256(bytes(range(256)) * 2**16).hexdigest()
