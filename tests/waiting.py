"""Waiting for what another task or thread brings about, when nothing else tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    """Return once `condition()` is true, looking every hundredth of a second, `within` seconds at most.

    Raises:
        TimeoutError: it did not come true.
    """
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)
