"""The data of the shop: made from one seed, so that every process on every machine has the same. Pure."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TypedDict

SEED = 20260105
OPENED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

# name, sizes, tags, price of the smallest in euros
_FAMILIES = (
    ("Hex bolt", ("M4x20", "M6x30", "M8x40"), ("fasteners", "metric"), 0.12),
    ("Hex nut", ("M4", "M6", "M8"), ("fasteners", "metric"), 0.05),
    ("Washer", ("M4", "M6", "M8"), ("fasteners", "metric"), 0.03),
    ("Wood screw", ("3x25", "4x40", "5x60"), ("fasteners", "wood"), 0.06),
    ("Wall plug", ("6 mm", "8 mm", "10 mm"), ("fasteners", "masonry"), 0.08),
    ("Claw hammer", ("300 g", "450 g", "600 g"), ("tools", "hand"), 14.9),
    ("Screwdriver", ("PH1", "PH2", "TX20"), ("tools", "hand"), 5.4),
    ("Spirit level", ("40 cm", "60 cm", "120 cm"), ("tools", "measuring"), 17.5),
    ("Tape measure", ("3 m", "5 m", "8 m"), ("tools", "measuring"), 6.9),
    ("Drill bit", ("4 mm", "6 mm", "8 mm"), ("tools", "power", "metric"), 2.2),
    ("Cordless drill", ("12 V", "18 V", "18 V brushless"), ("tools", "power"), 79.0),
    ("Hand saw", ("400 mm", "500 mm", "550 mm"), ("tools", "wood"), 16.8),
    ("Sandpaper", ("P80", "P120", "P240"), ("paint", "wood"), 0.7),
    ("Wall paint", ("1 l", "2.5 l", "10 l"), ("paint",), 12.5),
    ("Paint brush", ("25 mm", "50 mm", "75 mm"), ("paint",), 3.1),
    ("Copper pipe", ("12 mm", "15 mm", "22 mm"), ("plumbing", "metric"), 7.8),
    ("Ball valve", ('1/2"', '3/4"', '1"'), ("plumbing",), 8.6),
    ("Extension lead", ("3 m", "5 m", "10 m"), ("electrical",), 7.2),
    ("LED bulb", ("E14 4 W", "E27 8 W", "GU10 5 W"), ("electrical",), 2.9),
    ("Garden hose", ("10 m", "20 m", "50 m"), ("garden",), 13.9),
)


class Item(TypedDict):
    """What the shop sells: price in euros, `created` as RFC 3339 in UTC."""

    id: int
    name: str
    price: float
    stock: int
    tags: list[str]
    created: str


def stamp(moment: datetime) -> str:
    """Return a moment in UTC as RFC 3339 with whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_items() -> list[Item]:
    """Return the 60 items that the shop opens with, in the order of their ids."""
    chance = random.Random(SEED)  # noqa: S311 - the same data on every run, nothing secret
    created = OPENED - timedelta(days=300)
    items: list[Item] = []
    for size in range(3):
        for name, sizes, tags, price in _FAMILIES:
            created += timedelta(minutes=chance.randrange(60, 6000))
            factor = (1, 1.6, 2.7)[size] * chance.uniform(0.95, 1.05)
            items.append(
                Item(
                    id=len(items) + 1,
                    name=f"{name} {sizes[size]}",
                    price=round(price * factor, 2),
                    stock=chance.choice((0, 3, 12, 40, 85, 150, 320)) + chance.randrange(3),
                    tags=list(tags),
                    created=stamp(created),
                )
            )
    return items


SYMBOLS = {"BRASS": 6.2, "COPPER": 9.4, "STEEL": 0.8, "ZINC": 2.7}

_TRADES = 4096  # the tape repeats after so many trades, at the price where it began


def _make_tape() -> list[str]:
    """Return the middle of each trade's JSON; made once, so that a trade costs one format."""
    chance = random.Random(SEED)  # noqa: S311 - the same data on every run, nothing secret
    walks: dict[str, list[float]] = {}
    for symbol, price in SYMBOLS.items():
        walk = [price]
        for _ in range(_TRADES // len(SYMBOLS) // 2 - 1):
            walk.append(walk[-1] * (1 + chance.gauss(0, 0.004)))
        walks[symbol] = walk + walk[::-1]
    names = list(SYMBOLS)
    return [
        f'"symbol":"{names[n % 4]}","price":{walks[names[n % 4]][n // 4]:.3f},"size":{chance.randrange(1, 500)}'
        for n in range(_TRADES)
    ]


_TAPE = _make_tape()
_FIRST_TRADE = int(OPENED.timestamp() * 1000)


def trade(number: int) -> str:
    """Return the trade of that number as JSON; `time` is in milliseconds since 1970, 50 apart."""
    return f'{{"id":{number},{_TAPE[number % _TRADES]},"time":{_FIRST_TRADE + number * 50}}}'


_LAST_NAMES = ("Lovelace", "Hopper", "Noether", "Meitner", "Curie", "Germain", "Kowalewskaja", "Agnesi")
_CITIES = ("Zürich", "Lyon", "Kraków", "Göteborg", "Porto", "Bruxelles", "Trieste", "Kaunas")


def order(number: int) -> str:
    """Return the order of that number as JSON, about 165 bytes: the rows of the large documents."""
    # Multiplying by a large odd number scatters without a generator, so any order can be made alone.
    scatter = number * 2654435761 & 0xFFFFFFFF
    return (
        f'{{"id":{number},"customer":"{_LAST_NAMES[scatter >> 5 & 7]}","city":"{_CITIES[scatter >> 9 & 7]}",'
        f'"item":{1 + scatter % 60},"amount":{1 + (scatter >> 13 & 31)},"total":{(scatter >> 3 & 0xFFFF) / 100:.2f},'
        f'"paid":{"true" if scatter >> 21 & 3 else "false"},"placed":"2026-01-{1 + (scatter >> 17) % 28:02d}T09:00:00Z"}}'
    )
