"""What a pool holds, seen from inside: every test of failure ends with asking whether everything was given back."""

from __future__ import annotations

import asyncio

from httpkit import BaseConnector


def holdings(connector: BaseConnector) -> dict[str, int]:
    """Return how many connections and slots are in use, and how many connections are idle."""
    return {
        "busy": len(connector._busy),
        "opening": connector._opening,
        "waiting": len(connector._waiters),
        "per host": sum(connector._per_key.values()),
        "idle": sum(map(len, connector._idle.values())),
    }


async def given_back(connector: BaseConnector, *, idle: int = 0, within: float = 3.0) -> None:
    """Wait until nothing is in use and `idle` connections are kept.

    Raises:
        AssertionError: it isn't so after `within` seconds.
    """
    wanted = {"busy": 0, "opening": 0, "waiting": 0, "per host": 0, "idle": idle}
    for _ in range(int(within * 100)):
        if holdings(connector) == wanted:
            return
        await asyncio.sleep(0.01)
    assert wanted == holdings(connector)
