"""Code as users of aiohttp write it, run with `import aiohttp` and with `import httpkit as aiohttp`: the same comes out."""

# ruff: noqa: D103, ARG001, SIM117 - a snippet shows what its name says, in the form that its topic has it

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator

import aiohttp as real
import pytest
import pytest_asyncio
from servers.web import running_web

import httpkit

SNIPPETS = []

# aiohttp 3.14 warns of BasicAuth and auth=; its documentation used them for ten years.
pytestmark = pytest.mark.filterwarnings("ignore:.*(BasicAuth|auth).*:DeprecationWarning")


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """The server both talk to."""
    async with running_web() as found:
        yield found


def snippet(function):
    """Run `function(aiohttp, url)` under both modules."""
    SNIPPETS.append(pytest.param(function, id=function.__name__))
    return function


# -- quickstart -----------------------------------------------------------------------------------------------------


@snippet
async def make_a_request(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/echo") as resp:
        return resp.status, resp.content_type, resp.charset, await resp.json()


@snippet
async def every_verb(aiohttp, url):
    async with aiohttp.ClientSession(url) as session:
        found = []
        for call in (
            session.post("/echo", data=b"data"), session.put("/echo", data=b"data"), session.delete("/echo"),
            session.head("/echo"), session.options("/echo"), session.patch("/echo", data=b"data"),
            session.request("PURGE", "/echo"),
        ):  # fmt: skip
            async with call as resp:
                found.append((resp.method, resp.status, resp.headers["X-Seen"], await resp.text()))
        return found


@snippet
async def params_as_a_mapping(aiohttp, url):
    params = {"key1": "value1", "key2": 2, "many": ["a", "b"], "ü": "ö&="}
    async with aiohttp.ClientSession() as session, session.get(url + "/echo?first=1#frag", params=params) as resp:
        return str(resp.url), str(resp.real_url), await resp.json()


@snippet
async def params_as_pairs_and_text(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        found = []
        for params in ([("key", "value1"), ("key", "value2")], "key=value+1&other=%20x", "plain text"):
            async with session.get(url + "/echo", params=params) as resp:
                found.append((str(resp.url), (await resp.json())["target"]))
        return found


@snippet
async def a_url_that_is_encoded_already(aiohttp, url):
    from yarl import URL

    async with aiohttp.ClientSession() as session, session.get(URL(url + "/echo?a=%30%2B", encoded=True)) as resp:
        return (await resp.json())["target"]


@snippet
async def text_in_a_charset(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/text/latin-1") as resp:
            first = await resp.text()
        async with session.get(url + "/text/utf-16") as resp:
            return first, await resp.text(), await resp.read(), await resp.text(encoding="latin-1", errors="replace")


@snippet
async def a_binary_answer_in_gzip(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/zipped") as resp:
            first = await resp.read()
        async with session.get(url + "/zipped", auto_decompress=False) as resp:
            return first, await resp.read(), resp.headers["Content-Encoding"]


@snippet
async def a_json_request(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.post(url + "/echo", json={"test": "ö"}) as resp:
        return await resp.json()


@snippet
async def json_with_another_serializer(aiohttp, url):
    def dumps(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    async with aiohttp.ClientSession(json_serialize=dumps) as session:
        async with session.post(url + "/echo", json={"b": 1, "a": [2]}) as resp:
            return await resp.json(loads=lambda text: json.loads(text)["body"])


@snippet
async def json_of_another_type(aiohttp, url):
    found = []
    async with aiohttp.ClientSession() as session:
        for kind in ("application/vnd.api+json", "text/plain", "application/json; charset=utf-8"):
            async with session.get(url + "/typed", params={"type": kind}) as resp:
                try:
                    found.append(await resp.json())
                except aiohttp.ContentTypeError as error:
                    found.append((error.status, error.message.partition(":")[0]))
                    found.append(await resp.json(content_type=None))
        return found


@snippet
async def stream_the_answer(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/chunks") as resp:
        head = await resp.content.read(2)
        rest = b"".join([chunk async for chunk in resp.content.iter_chunked(1000)])
        return head + rest, resp.content.at_eof()


@snippet
async def stream_chunks_as_they_were_sent(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/chunks") as resp:
        whole, found = b"", []
        async for data, is_end in resp.content.iter_chunks():
            whole += data
            if is_end and whole:
                found.append(whole)
                whole = b""
        return found


@snippet
async def stream_lines(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/lines") as resp:
        return [json.loads(line) async for line in resp.content]


@snippet
async def a_form(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.post(url + "/form", data={"key1": "value 1", "key2": "ü&"}) as resp:
            first = await resp.json()
        async with session.post(url + "/echo", data=[("a", "1"), ("a", "2")]) as resp:
            return first, await resp.json()


@snippet
async def a_multipart_form(aiohttp, url):
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(b"content\x00"), filename="report.xls", content_type="application/vnd.ms-excel")
    data.add_field("note", "text")
    async with aiohttp.ClientSession() as session, session.post(url + "/form", data=data) as resp:
        return await resp.json()


@snippet
async def upload_a_file_object(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.post(url + "/echo", data=io.BytesIO(b"file" * 100)) as resp:
        return await resp.json()


@snippet
async def upload_from_a_generator(aiohttp, url):
    async def parts():
        for part in (b"one", b"two"):
            yield part

    async with aiohttp.ClientSession() as session, session.post(url + "/echo", data=parts()) as resp:
        return await resp.json()


@snippet
async def pass_an_answer_on(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/lines") as answer, session.post(url + "/echo", data=answer.content) as resp:
            return (await resp.json())["body"]


@snippet
async def upload_a_multipart_writer(aiohttp, url):
    with aiohttp.MultipartWriter("mixed", boundary="xyz") as mpwriter:
        mpwriter.append("text")
        mpwriter.append_json({"a": 1})
        mpwriter.append_form([("b", "2")])
    async with aiohttp.ClientSession() as session, session.post(url + "/echo", data=mpwriter) as resp:
        found = await resp.json()
        return found["body"], [pair for pair in found["fields"] if pair[0] == "Content-Type"]


@snippet
async def read_a_multipart_answer(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/multipart") as resp:
        reader = aiohttp.MultipartReader.from_response(resp)
        found = []
        while (part := await reader.next()) is not None:
            found.append(await part.json() if part.headers["Content-Type"] == "application/json" else await part.text())
        return found


@snippet
async def a_timeout(aiohttp, url):
    timeout = aiohttp.ClientTimeout(total=0.1)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            await session.get(url + "/slow")
        except asyncio.TimeoutError as error:
            return isinstance(error, aiohttp.ServerTimeoutError), isinstance(error, aiohttp.ClientError)


@snippet
async def a_read_timeout(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(url + "/slow", timeout=aiohttp.ClientTimeout(sock_read=0.1)):
                return "in time"
        except aiohttp.SocketTimeoutError as error:
            return isinstance(error, aiohttp.ServerTimeoutError), isinstance(error, asyncio.TimeoutError)


@snippet
async def a_websocket(aiohttp, url):
    found = []
    async with aiohttp.ClientSession() as session, session.ws_connect(url + "/ws", protocols=("chat",)) as ws:
        found.append((ws.protocol, ws.closed, ws.compress))
        await ws.send_str("hello")
        await ws.send_bytes(b"123")
        await ws.send_json({"a": 1})
        await ws.send_str("close")
        async for msg in ws:
            found.append((msg.type.name, msg.data, msg.extra))
            if msg.type == aiohttp.WSMsgType.ERROR:
                break
        return found, ws.closed, ws.close_code, ws.exception()


@snippet
async def a_websocket_with_a_reader_and_a_writer(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url.replace("http", "ws") + "/ws", heartbeat=30, compress=15) as ws:

            async def write():
                for number in range(3):
                    await ws.send_str(str(number))

            task = asyncio.create_task(write())
            found = [await ws.receive_str() for _ in range(3)]
            await task
            await ws.send_bytes(b"abc")
            try:
                await ws.receive_str()
            except aiohttp.WSMessageTypeError as error:
                found.append(isinstance(error, TypeError))
            return (
                found,
                await ws.close(code=aiohttp.WSCloseCode.GOING_AWAY),
                ws.close_code,
                (await ws.receive()).type.name,
            )


@snippet
async def no_websocket_there(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        try:
            await session.ws_connect(url + "/echo")
        except aiohttp.WSServerHandshakeError as error:
            return error.status, error.message, error.headers["X-Seen"]


# -- advanced usage -------------------------------------------------------------------------------------------------


@snippet
async def headers_and_cookies_of_a_session(aiohttp, url):
    headers = {"Authorization": "Basic bG9naW46cGFzcw==", "X-Test": "session"}
    async with aiohttp.ClientSession(headers=headers, cookies={"cookies_are": "working"}) as session:
        async with session.get(url + "/echo", headers={"x-test": "own"}, cookies={"extra": "1"}) as resp:
            return await resp.json()


@snippet
async def cookies_between_requests(aiohttp, url):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(url + "/cookies") as resp:
            found = {name: (morsel.value, morsel["httponly"], morsel["path"]) for name, morsel in resp.cookies.items()}
        async with session.get(url + "/echo") as resp:
            sent = dict((await resp.json())["fields"])["Cookie"]
        jar = sorted((cookie.key, cookie.value) for cookie in session.cookie_jar)
        from yarl import URL

        return found, sent, jar, session.cookie_jar.filter_cookies(URL(url))["theme"].value


@snippet
async def no_cookies_at_all(aiohttp, url):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        await session.get(url + "/cookies")
        async with session.get(url + "/echo") as resp:
            return "Cookie" in dict((await resp.json())["fields"]), len(session.cookie_jar)


@snippet
async def redirects(aiohttp, url):
    found = []
    async with aiohttp.ClientSession(url) as session:
        for code in (301, 302, 303, 307, 308):
            async with session.post(f"/redirect/{code}", params={"to": "/echo?x=1"}, data=b"body") as resp:
                answer = await resp.json()
                history = [(old.status, old.method, str(old.url), old.headers["Location"]) for old in resp.history]
                found.append((resp.method, str(resp.url), history, answer))
        async with session.get("/redirect/302", params={"to": "/echo"}, allow_redirects=False) as resp:
            found.append((resp.status, resp.headers["Location"], resp.history))
    return found


@snippet
async def too_many_redirects(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        try:
            await session.get(url + "/loop", max_redirects=3)
        except aiohttp.TooManyRedirects as error:
            return len(error.history), str(error.request_info.real_url)


@snippet
async def an_error_status_raises(aiohttp, url):
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        try:
            await session.get(url + "/status/404")
        except aiohttp.ClientResponseError as error:
            found = (error.status, error.message, error.request_info.method, str(error), error.headers["Content-Type"])
        async with session.get(url + "/status/500", raise_for_status=False) as resp:
            return found, resp.status, resp.ok, resp.reason


@snippet
async def a_check_of_every_answer(aiohttp, url):
    seen = []

    async def check(resp):
        seen.append((resp.status, await resp.text()))

    async with aiohttp.ClientSession(raise_for_status=check) as session, session.get(url + "/status/404") as resp:
        return seen, resp.status


@snippet
async def basic_authentication(aiohttp, url):
    found = []
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("user", "pass")) as session:
        async with session.get(url + "/basic") as resp:
            found.append(await resp.text())
    async with aiohttp.ClientSession() as session:
        async with session.get(url.replace("//", "//user:pass@") + "/basic") as resp:
            found.append((await resp.text(), str(resp.url).partition("/basic")[1]))
        headers = {"Authorization": aiohttp.encode_basic_auth("user", "pass")}
        async with session.get(url + "/basic", headers=headers) as resp:
            found.append(await resp.text())
    return found


@snippet
async def fields_that_are_parsed(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url + "/facts") as resp:
        links = {rel: {key: str(value) for key, value in link.items()} for rel, link in resp.links.items()}
        disposition = resp.content_disposition
        return (
            {rel: {**link, "url": link["url"].replace(url, "")} for rel, link in links.items()},
            (disposition.type, disposition.filename, dict(disposition.parameters)),
            resp.content_length, resp.content_type, resp.host, resp.version, resp.raw_headers[0],
        )  # fmt: skip


@snippet
async def trace_a_request(aiohttp, url):
    seen = []

    async def on_request_start(session, context, params):
        context.start = params.method
        seen.append(("start", context.trace_request_ctx, str(params.url)))

    async def on_request_end(session, context, params):
        seen.append(("end", context.start, params.response.status))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(on_request_start)
    trace.on_request_end.append(on_request_end)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        await session.get(url + "/status/200", trace_request_ctx={"id": 7})
    return seen


@snippet
async def limit_the_connections(aiohttp, url):
    connector = aiohttp.TCPConnector(limit=2, limit_per_host=1, ttl_dns_cache=300, ssl=False)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def fetch(number):
            async with session.get(url + "/echo", params={"n": number}) as resp:
                return (await resp.json())["target"]

        return await asyncio.gather(*(fetch(number) for number in range(6))), connector.limit, connector.limit_per_host


@snippet
async def a_middleware(aiohttp, url):
    async def add_field(request, handler):
        request.headers["X-Middleware"] = request.method
        response = await handler(request)
        if response.status == 401:
            request.headers["Authorization"] = aiohttp.encode_basic_auth("user", "pass")
            response = await handler(request)
        return response

    async with aiohttp.ClientSession(middlewares=(add_field,)) as session:
        async with session.get(url + "/basic") as resp:
            first = await resp.text()
        async with session.get(url + "/echo") as resp:
            return first, await resp.json()


@snippet
async def change_a_body_in_a_middleware(aiohttp, url):
    async def shout(request, handler):
        body = await request.body.as_bytes()
        await request.update_body(body.upper())
        return await handler(request)

    async with aiohttp.ClientSession() as session:
        async with session.post(url + "/echo", data=b"quiet", middlewares=[shout]) as resp:
            return await resp.json()


@snippet
async def a_compressed_upload(aiohttp, url):
    found = []
    async with aiohttp.ClientSession() as session:
        for compress in (True, "gzip", "deflate"):
            async with session.post(url + "/echo", data=b"data" * 1000, compress=compress) as resp:
                answer = await resp.json()
                found.append((answer["fields"], answer["body"][:8]))
    return found


@snippet
async def an_upload_that_waits_to_be_asked(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        async with session.post(url + "/echo", data=b"data", expect100=True) as resp:
            return await resp.json()


@snippet
async def http_1_0(aiohttp, url):
    async with aiohttp.ClientSession(version=aiohttp.HttpVersion10) as session, session.get(url + "/echo") as resp:
        return await resp.json()


@snippet
async def close_every_connection(aiohttp, url):
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url + "/echo") as resp:
        return await resp.json(), connector.force_close


@snippet
async def leave_automatic_fields_out(aiohttp, url):
    async with aiohttp.ClientSession(skip_auto_headers=["User-Agent"]) as session:
        async with session.post(url + "/echo", data=b"x", skip_auto_headers=["Content-Type", "Accept"]) as resp:
            return await resp.json()


@snippet
async def a_base_url_with_a_path(aiohttp, url):
    async with aiohttp.ClientSession(base_url=url + "/api/v1/") as session:
        async with session.get("echo") as resp:
            first = (await resp.json())["target"]
        async with session.get(url + "/echo") as resp:
            second = (await resp.json())["target"]
        async with session.get("/echo") as resp:
            return first, second, (await resp.json())["target"]


@snippet
async def nobody_listens(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        try:
            await session.get("http://127.0.0.1:9/")
        except aiohttp.ClientConnectorError as error:
            return error.host, error.port, isinstance(error.os_error, OSError), str(error).partition("[")[0]


@snippet
async def urls_that_are_none(aiohttp, url):
    found = []
    async with aiohttp.ClientSession() as session:
        for bad in ("/relative", "http:///nohost", "ftp://host/x", "http://["):
            try:
                await session.get(bad)
            except aiohttp.InvalidURL as error:
                found.append(("invalid", type(error).__name__))
            except aiohttp.NonHttpUrlClientError as error:
                found.append(("other", type(error).__name__))
    return found


@snippet
async def one_request_without_a_session(aiohttp, url):
    async with aiohttp.request("GET", url + "/echo", params={"q": "1"}) as resp:
        return resp.status, await resp.json()


@snippet
async def a_request_by_hand(aiohttp, url):
    from yarl import URL

    async with aiohttp.TCPConnector() as connector:
        request = aiohttp.ClientRequest("GET", URL(url + "/echo"), loop=asyncio.get_running_loop())
        connection = await connector.connect(request, [], aiohttp.ClientTimeout())
        connection.protocol.set_response_params() if hasattr(connection.protocol, "set_response_params") else None
        response = await request.send(connection)
        await response.start(connection)
        return response.status, await response.json()


@snippet
async def mistakes(aiohttp, url):
    found = []
    async with aiohttp.ClientSession() as session:
        for options in (
            {"data": b"x", "json": {}}, {"chunked": True, "headers": {"Content-Length": "1"}, "data": b"x"},
            {"compress": True, "data": b"x", "headers": {"Content-Encoding": "gzip"}}, {"data": object()},
            {"ssl": "no"}, {"auth": ("a", "b")}, {"headers": {"X": "a\r\nb"}}, {"headers": {"Content-Length": "x"}, "data": b"x"},
        ):  # fmt: skip
            try:
                await session.post(url + "/echo", **options)
            except (ValueError, TypeError) as error:
                found.append(type(error).__name__)
        try:
            await session.request("G T", url)
        except ValueError as error:
            found.append(str(error)[:47])
        try:
            session.get(url, no_such_option=1)
        except TypeError as error:
            found.append("no_such_option" in str(error))
    try:
        await session.get(url)
    except RuntimeError as error:
        found.append(str(error))
    try:
        with session:
            pass
    except TypeError as error:
        found.append(str(error))
    return found


@snippet
async def properties_of_a_session(aiohttp, url):
    async with aiohttp.ClientSession(headers={"A": "1"}, skip_auto_headers=["User-Agent"]) as session:
        timeout = session.timeout
        found = (
            session.closed, session.version, session.requote_redirect_url, session.auto_decompress, session.trust_env,
            session.raise_for_status, session.connector_owner, session.auth, list(session.headers.items()),
            session.skip_auto_headers, session.trace_configs, session.json_serialize is json.dumps,
            (timeout.total, timeout.connect, timeout.sock_connect, timeout.sock_read),
        )  # fmt: skip
    return (*found, session.closed, session.connector)


@snippet
async def release_and_close(aiohttp, url):
    async with aiohttp.ClientSession() as session:
        resp = await session.get(url + "/chunks")
        first = (resp.closed, resp.connection is None, bool(resp.connection.transport))
        resp.release()
        second = (resp.closed, resp.connection)
        try:
            await resp.read()
        except aiohttp.ClientConnectionError as error:
            return first, second, str(error)


@pytest.mark.parametrize("function", SNIPPETS)
async def test_existing_code_gives_the_same_result(function, url):
    """`import httpkit as aiohttp` runs existing client code unchanged."""
    expected = await function(real, url)
    assert expected == await function(httpkit, url)
