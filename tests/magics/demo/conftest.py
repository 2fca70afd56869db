"""The demo API in a process of its own, driven by clients that are not ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from httpkit_magics.demo.app import Demo
from httpkit_magics.demo.launch import DemoServer, start_demo


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoServer]:
    """The demo API, started once."""
    with start_demo() as server:
        yield server


@pytest.fixture
async def inside() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a demo API in this process, for what only a changed bound can show."""
    transport = httpx.ASGITransport(app=Demo("http://broken").application())
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as made:
        yield made


@pytest.fixture(scope="session")
def client(demo: DemoServer) -> Iterator[httpx.Client]:
    """One client for all tests: to make one costs as much as a hundred requests."""
    with httpx.Client(base_url=demo.url, timeout=10, trust_env=False) as made:
        yield made


@pytest.fixture
def api(client: httpx.Client) -> httpx.Client:
    """The client without cookies, and the demo API as it was when it started."""
    client.cookies.clear()
    assert client.post("/reset").status_code == 204
    return client
