"""When the next of many messages are due: at a rate, in groups where the rate is high, and never one lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

# Shorter sleeps cost more in wake-ups than they give in evenness: 20 000 messages/s go out 100 at a time.
TICK = 0.005  # seconds

ENDLESS = 1 << 62


async def due(first: int, stop: int, rate: float) -> AsyncIterator[range]:
    """Yield the numbers from `first` up to `stop` as they fall due at `rate` a second; with rate 0 all at once.

    Whoever takes them slowly finds the missed ones in the next range.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    number = first
    while number < stop:
        ready = first + 1 + int((loop.time() - began) * rate) if rate else number + 100
        if ready <= number:
            await asyncio.sleep(max(TICK, began + (number - first) / rate - loop.time()))
            continue
        yield range(number, min(ready, stop))
        number = min(ready, stop)
        # A range that is already behind must still let others run.
        await asyncio.sleep(0)
