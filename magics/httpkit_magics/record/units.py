"""Numbers for people: at most three digits that mean something, and always a unit."""

from __future__ import annotations

_SIZES = ("B", "KB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return `count` bytes as `812 B`, `1.2 KB` or `340 MB`; a KB is 1000 bytes, as browsers count."""
    number, unit = _scaled(count)
    return f"{_digits(number, unit)} {_SIZES[unit]}"


def size_of(done: int, total: int) -> str:
    """Return `done` of `total` bytes in the unit of the total: `1.2 of 8.0 MB`."""
    number, unit = _scaled(total)
    return f"{_digits(done / 1000**unit, unit)} of {_digits(number, unit)} {_SIZES[unit]}"


def duration(seconds: float) -> str:
    """Return `seconds` as `42 µs`, `40.6 ms`, `1.5 s`, `2 min 5 s` or `1 h 3 min`."""
    seconds = max(seconds, 0.0)
    if 0 < seconds < 0.00005:
        return f"{seconds * 1e6:.0f} \u00b5s"
    if seconds < 0.9995:
        return f"{_digits(seconds * 1e3, 1)} ms"
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, noun: str = "", plural: str = "") -> str:
    """Return `number` with a space between thousands, and `noun` in the right number: `2 042 rows`, `1 entry`."""
    digits = f"{number:,}".replace(",", " ")
    if not noun:
        return digits
    return f"{digits} {noun if number == 1 else plural or noun + 's'}"


def _scaled(number: float) -> tuple[float, int]:
    unit = 0
    while number >= 999.5 and unit < len(_SIZES) - 1:
        number /= 1000
        unit += 1
    return number, unit


def _digits(number: float, unit: int) -> str:
    return f"{number:.1f}" if unit and number < 99.95 else f"{number:.0f}"
