"""Panel -> plain text: complete, without colour, and the same on every machine."""

from __future__ import annotations

from httpkit_magics.record.visible import visible_line
from httpkit_magics.render.lines import lines
from httpkit_magics.render.panel import Panel


def to_text(panel: Panel) -> str:
    """Return the panel with every section unfolded, lines ended by newlines but for the last."""
    drawn = ("".join(span.text for span in line) for line in lines(panel, fold=False))
    return "\n".join(visible_line(line.rstrip().replace("\t", "    ")) for line in drawn)
