"""Where the time went: one bar for each phase of the exchange."""

from __future__ import annotations

from collections.abc import Sequence

from httpkit_magics.record.record import Phase
from httpkit_magics.record.units import duration
from httpkit_magics.render.clip import clip
from httpkit_magics.render.panel import Bars, Fold

MOST = 20
NAMES = {"dns": "DNS", "tls": "TLS"}


def timing(phases: Sequence[Phase], elapsed: float) -> Fold | None:
    """Return the Timing section; its note names the longest phase. None where no phase was measured."""
    if not phases:
        return None
    shown = phases[:MOST]
    whole = max(elapsed, *(phase.start + phase.duration for phase in shown), 1e-9)
    longest = max(shown, key=lambda phase: phase.duration)
    bars = tuple(
        (label(phase), phase.start / whole, phase.duration / whole, duration(phase.duration)) for phase in shown
    )
    note = f"{label(longest)} {duration(longest.duration)} of {duration(elapsed)}"
    return Fold("Timing", note, (Bars(bars),))


def label(phase: Phase) -> str:
    """Return the phase's name as people write it."""
    return NAMES.get(phase.name) or clip(phase.name, 20)
