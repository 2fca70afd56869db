"""When messages are due."""

from __future__ import annotations

import asyncio
import time

import pytest

from httpkit_magics.demo.pacing import due


@pytest.mark.parametrize("rate", [0, 50, 5000])
async def test_every_number_comes_once_and_in_order(rate):
    """Whatever the rate."""
    numbers = [number async for numbers in due(3, 20, rate) for number in numbers]
    assert numbers == list(range(3, 20))


async def test_numbers_missed_by_a_slow_taker_come_together():
    """Nothing is lost when the taker is busy."""
    ranges = []
    async for numbers in due(0, 21, 100):
        ranges.append(numbers)
        if len(ranges) == 1:
            await asyncio.sleep(0.15)
    assert len(ranges[1]) >= 15
    assert [number for numbers in ranges for number in numbers] == list(range(21))


async def test_the_rate_is_an_average():
    """Twenty at a hundred a second take 190 ms: the first comes at once."""
    began = time.monotonic()
    assert [number async for numbers in due(0, 20, 100) for number in numbers] == list(range(20))
    assert time.monotonic() - began > 0.185
