"""`TraceConfig`: the same signals, in the same order, with the same facts as aiohttp's, for one scenario after the other."""

# ruff: noqa: D103, ARG001 - a scenario is what its name says; receivers have aiohttp's three parameters

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator

import aiohttp
import attr
import pytest
import pytest_asyncio
from servers.web import running_web

import httpkit
from httpkit.client.tracing import SIGNALS, Signal

SCENARIOS = []


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """The server both talk to, by name, so that the name is resolved."""
    async with running_web() as found:
        yield found.replace("127.0.0.1", "localhost")


def scenario(function):
    """Compare the events of `function(session, url)` under both modules."""
    SCENARIOS.append(pytest.param(function, id=function.__name__))
    return function


def facts(params):
    """Return what receivers are told, as values that two clients have in common."""
    fields = attr.fields(type(params)) if attr.has(type(params)) else dataclasses.fields(params)
    found = {field.name: getattr(params, field.name) for field in fields}
    for name, value in found.items():
        if name == "headers":
            found[name] = sorted((key, value) for key, value in value.items() if key not in {"User-Agent", "Host"})
        elif name == "response":
            found[name] = value.status
        elif name == "exception":
            found[name] = type(value).__name__
        elif name == "url":
            found[name] = (value.path_qs, value.fragment)
    return found


async def record(module, function, url, **session_options):
    """Return the events that `function` leads to: (signal, facts)."""
    events = []
    trace = module.TraceConfig()
    for name in SIGNALS:

        async def receive(session, context, params, name=name):
            events.append((name, type(params).__name__, facts(params)))

        getattr(trace, name).append(receive)
    connector = module.TCPConnector(limit=1, family=2)
    async with module.ClientSession(connector=connector, trace_configs=[trace]) as session:
        await function(session, url)
    return events


@scenario
async def a_new_connection_and_its_reuse(session, url):
    for _ in range(2):
        async with session.get(url + "/echo", params={"a": "1"}, headers={"X-Own": "1"}) as response:
            await response.read()


@scenario
async def a_body_that_is_not_read(session, url):
    async with session.get(url + "/echo"):
        pass


@scenario
async def a_redirect(session, url):
    async with session.get(url + "/redirect/302", params={"to": "/echo?b=1"}) as response:
        await response.read()


@scenario
async def a_redirect_that_turns_post_into_get(session, url):
    async with session.post(url + "/redirect/303", params={"to": "/echo"}, data=b"body") as response:
        await response.read()


@scenario
async def an_upload_in_chunks(session, url):
    async def parts():
        for part in (b"one", b"two"):
            yield part

    async with session.post(url + "/echo", data=parts()) as response:
        await response.read()


@scenario
async def a_form(session, url):
    async with session.post(url + "/form", data={"a": "b"}) as response:
        await response.json()


@scenario
async def an_error_status(session, url):
    with contextlib.suppress(aiohttp.ClientResponseError, httpkit.ClientResponseError):
        await session.get(url + "/status/500", raise_for_status=True)


@scenario
async def nobody_listens(session, url):
    with contextlib.suppress(aiohttp.ClientError, httpkit.ClientError):
        await session.get("http://127.0.0.1:9/")


@scenario
async def a_name_that_does_not_exist(session, url):
    with contextlib.suppress(aiohttp.ClientError, httpkit.ClientError):
        await session.get("http://no-such-host.invalid/")


@scenario
async def a_timeout(session, url):
    timeout = (aiohttp if isinstance(session, aiohttp.ClientSession) else httpkit).ClientTimeout(total=0.2)
    with contextlib.suppress(TimeoutError):
        await session.get(url + "/slow", timeout=timeout)


@scenario
async def a_queue_for_the_only_connection(session, url):
    async def fetch(number):
        async with session.get(url + "/chunks", params={"n": number}) as response:
            await response.read()

    first = asyncio.create_task(fetch(1))
    await asyncio.sleep(0.02)
    await fetch(2)
    await first


@scenario
async def a_known_name_on_a_new_connection(session, url):
    for _ in range(2):
        async with session.get(url + "/echo", headers={"Connection": "close"}) as response:
            await response.read()


@pytest.mark.parametrize("function", SCENARIOS)
async def test_events_come_in_the_order_of_aiohttp(function, url):
    """Signals, the types of what they carry, and the facts agree with aiohttp's, one by one."""
    expected = await record(aiohttp, function, url)
    assert expected == await record(httpkit, function, url)


async def test_a_request_brings_its_own_context(url):
    """`trace_request_ctx` is handed to the factory of each TraceConfig, and its context to every receiver."""
    seen = []

    def make_context(*, trace_request_ctx):
        return {"from": trace_request_ctx}

    async def receive(session, context, params):
        seen.append(context)

    trace = httpkit.TraceConfig(trace_config_ctx_factory=make_context)
    trace.on_request_start.append(receive)
    trace.on_request_end.append(receive)
    async with httpkit.ClientSession(trace_configs=[trace]) as session:
        await session.get(url + "/echo", trace_request_ctx="mine")
    assert seen == [{"from": "mine"}, {"from": "mine"}]
    assert seen[0] is seen[1]


async def test_a_receiver_may_change_the_fields(url):
    """What on_request_start puts into `params.headers` is sent."""

    async def add(session, context, params):
        params.headers["X-Traced"] = "yes"

    trace = httpkit.TraceConfig()
    trace.on_request_start.append(add)
    async with httpkit.ClientSession(trace_configs=[trace]) as session, session.get(url + "/echo") as response:
        assert ["X-Traced", "yes"] in (await response.json())["fields"]


async def test_a_session_freezes_its_trace_configs():
    """A signal that a session uses refuses new receivers."""
    trace = httpkit.TraceConfig()
    async with httpkit.ClientSession(trace_configs=[trace]):
        assert trace.on_request_end.frozen
        with pytest.raises(RuntimeError, match="Cannot modify frozen list"):
            trace.on_request_end.append(print)


async def test_a_signal_that_is_not_frozen_is_not_sent():
    """Receivers are only called once nobody can add to them."""
    with pytest.raises(RuntimeError, match="non-frozen"):
        await Signal().send()


def test_a_signal_is_a_list():
    """Receivers can be read, replaced, removed and inserted before a session uses them."""
    signal = Signal([print])
    signal.insert(0, repr)
    signal[1] = str
    assert [repr, str] == list(signal)
    del signal[0]
    assert [str] == list(signal[:])
    assert repr(signal) == f"<Signal frozen=False [{str!r}]>"
