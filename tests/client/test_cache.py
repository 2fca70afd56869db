"""The cache as a middleware."""

import asyncio
import time

import pytest

import httpkit
from httpkit import CacheMiddleware, ClientSession, MemoryStore

NOW = 1_800_000_000.0


class Clock:
    """A time of day that a test sets."""

    now = NOW

    def __call__(self):
        """Return the time of day."""
        return self.now


def answer(body=b"hello", *fields, status="200 OK"):
    """Return a response with these fields."""
    lines = "".join(f"{line}\r\n" for line in fields)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


FRESH = answer(b"hello", "Cache-Control: max-age=60", 'ETag: "1"')
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nCache-Control: max-age=60\r\n\r\n'


@pytest.fixture
def clock():
    """A clock that stands still."""
    return Clock()


@pytest.fixture
async def session(clock):
    """A session with a cache."""
    async with ClientSession(middlewares=(CacheMiddleware(clock=clock),)) as made:
        yield made


async def ask(session, url, method="GET", **options):
    """Return status, body, and what the cache did."""
    async with session.request(method, url, **options) as response:
        body = await response.read()
        return response.status, body, response.headers.get("Cache-Status")


# -- fresh ----------------------------------------------------------------------------------------------------------


async def test_a_fresh_response_is_not_asked_for_again(session, scripted_server, clock):
    """The second answer comes from memory, with its age (RFC 9111 sections 4 and 5.1)."""
    server = await scripted_server(FRESH)
    assert await ask(session, server.url) == (200, b"hello", "httpkit; fwd=miss; stored")
    clock.now += 20
    async with session.get(f"{server.url}/#fragment") as response:
        assert (response.status, response.reason, await response.read()) == (200, "OK", b"hello")
        assert (response.headers["Age"], response.headers["Cache-Status"]) == ("20", "httpkit; hit; ttl=40")
        assert (response.ok, response.closed, response.url.path) == (True, True, "/")
    assert len(server.requests) == 1


async def test_what_is_kept_reads_like_any_response(session, scripted_server):
    """A first and a second answer can be streamed, read as text and as JSON, and know their raw fields."""
    server = await scripted_server(answer(b'{"a": 1}', "Content-Type: application/json", "Cache-Control: max-age=9"))
    for _ in range(2):
        async with session.get(server.url) as response:
            assert await response.json() == {"a": 1}
        async with session.get(server.url) as response:
            assert [piece async for piece in response.content.iter_chunked(3)] == [b'{"a', b'": ', b"1}"]
            assert (b"Content-Type", b"application/json") in response.raw_headers
    assert len(server.requests) == 1


async def test_a_coded_body_is_kept_decoded(session, nginx):
    """Nginx's gzip is decoded once; the response from memory gives the same bytes."""
    first, second = [await ask(session, f"{nginx.url}/gzip.json") for _ in range(2)]
    assert (first[:2], second[2]) == (second[:2], "httpkit; hit; fwd=stale; fwd-status=304")


async def test_the_demo_is_asked_once(session, clock, demo_server):
    """/cache/60 counts how often it was made."""
    clock.now = time.time()
    url = f"{demo_server}/cache/60"
    answers = [await ask(session, url) for _ in range(3)]
    assert len({body for _, body, _ in answers}) == 1
    other = await ask(session, url, headers={"Accept": "text/html"})
    assert (other[1] != answers[0][1], other[2]) == (True, "httpkit; fwd=miss; stored")


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Cache-Control": "no-store"}},
        {"headers": {"Range": "bytes=0-1"}},
        {"headers": {"If-None-Match": '"1"'}},
        {"headers": {"If-Modified-Since": "Fri, 15 Jan 2027 08:00:00 GMT"}},
        {"auto_decompress": False},
        {"data": b"a body"},
    ],
)
async def test_a_request_that_wants_more_is_passed_through(session, scripted_server, options):
    """No-store, ranges, conditions of its own, raw bodies: the server answers, and nothing is kept of it."""
    server = await scripted_server(*[FRESH] * 3)
    assert await ask(session, server.url, **options) == (200, b"hello", None)
    assert (await ask(session, server.url))[2] == "httpkit; fwd=miss; stored"


async def test_a_cache_that_may_not_ask_says_so(session, scripted_server):
    """`only-if-cached` is 504 where nothing is there (RFC 9111 section 5.2.1.7)."""
    server = await scripted_server(FRESH)
    only = {"headers": {"Cache-Control": "only-if-cached"}}
    assert (await ask(session, server.url, **only))[0] == 504
    await ask(session, server.url)
    assert (await ask(session, server.url, **only))[:2] == (200, b"hello")


@pytest.mark.parametrize(
    "fields", [{"Cache-Control": "no-cache"}, {"Pragma": "no-cache"}, {"Cache-Control": "max-age=0"}]
)
async def test_a_reload_asks_the_server(session, scripted_server, clock, fields):
    """`no-cache` and `max-age=0` of a request mean a question, which a 304 answers."""
    server = await scripted_server(FRESH, NOT_MODIFIED)
    await ask(session, server.url)
    clock.now += 1
    assert (await ask(session, server.url, headers=fields))[2] == "httpkit; hit; fwd=stale; fwd-status=304"
    assert b'If-None-Match: "1"' in server.requests[1]


# -- stale ----------------------------------------------------------------------------------------------------------


async def test_a_stale_response_is_confirmed(session, scripted_server, clock):
    """A 304 makes it fresh again, with the new fields; the body stays (section 4.3)."""
    renewed = NOT_MODIFIED.replace(b"max-age=60", b"max-age=100")
    server = await scripted_server(FRESH, renewed)
    await ask(session, server.url)
    clock.now += 61
    assert await ask(session, server.url) == (200, b"hello", "httpkit; hit; fwd=stale; fwd-status=304")
    clock.now += 99
    assert await ask(session, server.url) == (200, b"hello", "httpkit; hit; ttl=1")
    assert len(server.requests) == 2


async def test_a_changed_response_replaces_the_old_one(session, scripted_server, clock):
    """A 200 to the question is the new response."""
    server = await scripted_server(FRESH, answer(b"changed", "Cache-Control: max-age=60"))
    await ask(session, server.url)
    clock.now += 61
    assert (await ask(session, server.url))[1] == b"changed"
    assert (await ask(session, server.url))[1:] == (b"changed", "httpkit; hit; ttl=60")


async def test_a_304_about_another_response_is_not_believed(session, scripted_server, clock):
    """The server confirmed a tag that is not here: the whole is asked for."""
    server = await scripted_server(FRESH, NOT_MODIFIED.replace(b'"1"', b'"2"'), answer(b"whole"))
    await ask(session, server.url)
    clock.now += 61
    assert await ask(session, server.url) == (200, b"whole", None)
    assert b"If-None-Match" not in server.requests[2]


async def test_the_question_is_not_left_in_the_request(session, scripted_server, clock):
    """The validators are gone when the response is there: a retry, or a person, sees what was asked."""
    server = await scripted_server(FRESH, NOT_MODIFIED)
    await ask(session, server.url)
    clock.now += 61
    async with session.get(server.url) as response:
        assert "If-None-Match" not in response.request_info.headers


@pytest.mark.parametrize("failure", ["503", "connection"])
async def test_a_stale_response_stands_in_for_a_failure(session, scripted_server, clock, failure):
    """`stale-if-error` of the server (RFC 5861), after a 5xx and after a lost connection."""

    async def hang_up(reader, writer):
        pass

    kept = answer(b"kept", "Cache-Control: max-age=60, stale-if-error=600", 'ETag: "1"')
    server = await scripted_server(kept, *([answer(status="503 x")] if failure == "503" else [hang_up] * 2))
    await ask(session, server.url)
    clock.now += 61
    assert (await ask(session, server.url))[:2] == (200, b"kept")


async def test_a_failure_is_shown_where_nothing_may_stand_in(session, scripted_server, clock):
    """Without `stale-if-error` the 503 is the answer, and what was kept stays for later."""
    server = await scripted_server(FRESH, answer(b"", status="503 x"), NOT_MODIFIED)
    await ask(session, server.url)
    clock.now += 61
    assert (await ask(session, server.url))[0] == 503
    assert (await ask(session, server.url))[:2] == (200, b"hello")


# -- which response -------------------------------------------------------------------------------------------------


async def test_vary_keeps_representations_apart(session, scripted_server):
    """Each language has its response (section 4.1)."""
    server = await scripted_server(
        answer(b"hello", "Vary: Accept-Language", "Cache-Control: max-age=60"),
        answer(b"hallo", "Vary: Accept-Language", "Cache-Control: max-age=60"),
    )
    for _ in range(2):
        for language, body in (("en", b"hello"), ("de", b"hallo")):
            assert (await ask(session, server.url, headers={"Accept-Language": language}))[1] == body
    assert len(server.requests) == 2


@pytest.mark.parametrize("fields", [{"Authorization": "Bearer 2"}, {"Cookie": "user=2"}])
async def test_one_user_never_gets_what_another_was_sent(session, scripted_server, fields):
    """Requests with other credentials don't share a response, whatever `Vary` says."""
    server = await scripted_server(FRESH, answer(b"other", "Cache-Control: max-age=60"))
    name = next(iter(fields))
    assert (await ask(session, server.url, headers={name: "first=1"}))[1] == b"hello"
    assert (await ask(session, server.url, headers=fields))[1] == b"other"
    assert (await ask(session, server.url, headers={name: "first=1"}))[1] == b"hello"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "CUSTOM"])
async def test_a_change_forgets_what_was_kept(session, scripted_server, method):
    """An unsafe method that succeeds invalidates its URL, and those of Location on the same origin (section 4.4)."""
    server = await scripted_server(FRESH, FRESH, answer(b"", "Location: /item"), *[FRESH] * 2)
    for path in ("/list", "/item"):
        await ask(session, server.url + path)
    await ask(session, f"{server.url}/list", method)
    for path in ("/list", "/item"):
        assert (await ask(session, server.url + path))[2] == "httpkit; fwd=miss; stored"


async def test_a_change_that_failed_forgets_nothing(session, scripted_server):
    """After a 4xx everything is as it was."""
    server = await scripted_server(FRESH, answer(b"", status="403 no"))
    await ask(session, server.url)
    await ask(session, server.url, "POST")
    assert (await ask(session, server.url))[2] == "httpkit; hit; ttl=60"


async def test_a_server_can_not_forget_for_another(session, scripted_server):
    """`Location` on another origin invalidates nothing there."""
    kept = await scripted_server(FRESH)
    evil = await scripted_server(answer(b"", f"Location: {kept.url}/", "Content-Location: http://[bad"))
    await ask(session, f"{kept.url}/")
    await ask(session, evil.url, "POST")
    assert (await ask(session, f"{kept.url}/"))[2] == "httpkit; hit; ttl=60"


# -- bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_large_body_streams_on(scripted_server, chunked):
    """More than `max_entry_size` is not kept; not a byte of it is lost."""
    body = bytes(range(256)) * 200
    large = answer(body, "Cache-Control: max-age=60")
    if chunked:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n"
        large = [
            head + b"%x\r\n" % 1000 + body[:1000],
            b"\r\n%x\r\n" % (len(body) - 1000) + body[1000:],
            b"\r\n0\r\n\r\n",
        ]
    server = await scripted_server(large, large)
    cache = CacheMiddleware(max_entry_size=10_000)
    async with ClientSession(middlewares=(cache,)) as session:
        for _ in range(2):
            assert await ask(session, server.url) == (200, body, None)
    assert len(cache.store) == 0


async def test_what_is_not_kept_is_not_waited_for(session, scripted_server):
    """A response that may not be kept is there with its head; its body streams."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
    server = await scripted_server(head)
    async with asyncio.timeout(5), session.get(server.url) as response:
        assert await response.content.readany() == b"hello"


async def test_a_cut_off_body_is_not_kept(session, scripted_server):
    """Half a response is an error, and nothing of it stays."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nCache-Control: max-age=60\r\n\r\nhello"
    server = await scripted_server(half, FRESH, close=True)
    with pytest.raises(httpkit.ClientPayloadError):
        await ask(session, server.url)
    assert (await ask(session, server.url))[1] == b"hello"


async def test_the_store_is_bounded(scripted_server):
    """The least recently used URL goes first, by number and by size; a URL has at most eight variants."""
    server = await scripted_server(*[FRESH] * 5)
    store = MemoryStore(max_entries=2)
    async with ClientSession(middlewares=(CacheMiddleware(store),)) as session:
        for path in ("/1", "/2", "/1", "/3", "/1", "/2"):
            await ask(session, server.url + path)
    assert (len(store), len(server.requests)) == (2, 4)
    store.clear()
    assert (len(store), store.size) == (0, 0)


async def test_the_store_counts_its_bytes(scripted_server):
    """Responses are dropped until the rest fits."""
    large = answer(b"x" * 5000, "Cache-Control: max-age=60", "Vary: X-A")
    server = await scripted_server(*[large] * 30)
    store = MemoryStore(max_bytes=12_000)
    async with ClientSession(middlewares=(CacheMiddleware(store),)) as session:
        for path in ("/1", "/2", "/3"):
            await ask(session, server.url + path)
        assert (len(store), store.size < 12_000) == (2, True)
        for number in range(20):
            await ask(session, f"{server.url}/4", headers={"X-A": str(number)})
    assert store.size <= 12_000


async def test_variants_are_bounded(scripted_server):
    """A server that varies on everything doesn't fill the memory."""
    server = await scripted_server(*[answer(b"x", "Cache-Control: max-age=60", "Vary: X-A")] * 20)
    store = MemoryStore()
    async with ClientSession(middlewares=(CacheMiddleware(store),)) as session:
        for number in range(20):
            await ask(session, server.url, headers={"X-A": str(number)})
    assert len(store._entries[f"{server.url}/"]) == 8


async def test_a_permanent_redirect_is_remembered(session, scripted_server):
    """A redirect that may be kept is followed from memory."""
    away = answer(b"", "Location: /there", "Cache-Control: max-age=60", status="301 Moved")
    server = await scripted_server(away, FRESH)
    for _ in range(2):
        assert (await ask(session, f"{server.url}/here"))[1] == b"hello"
    assert len(server.requests) == 2
