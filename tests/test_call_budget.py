"""How much Python a request runs. Time is noisy, calls are not."""

import sys

from httpkit import ClientSession

BUDGET = 75
REQUESTS = 200


async def test_a_small_request_takes_at_most_75_calls(echo_server):
    """A keep-alive GET of small JSON, with `async with` and `read()` on asyncio, makes at most 75 Python function calls."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        if event == "call":
            calls += 1

    async def get():
        async with session.get(f"{echo_server}/small.json") as response:
            return await response.read()

    async with ClientSession() as session:
        for _ in range(20):  # the connection is made, the URL and its fields are remembered
            await get()
        sys.setprofile(count)
        try:
            for _ in range(REQUESTS):
                await get()
        finally:
            sys.setprofile(None)
        assert len(session.connector._idle) == 1
    per_request = calls / REQUESTS
    assert 30 < per_request <= BUDGET  # asyncio alone makes some 30: fewer would mean that nothing was counted
