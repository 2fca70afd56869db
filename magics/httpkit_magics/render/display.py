"""What the notebook asks for: a record, a running request or a stream -> its MIME bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from httpkit_magics.record.record import Progress, Record
from httpkit_magics.record.redaction import LONGEST, VAULT, Redactor
from httpkit_magics.record.transcript import Transcript
from httpkit_magics.render.clip import clip
from httpkit_magics.render.html import to_html
from httpkit_magics.render.outline import outline, outline_progress
from httpkit_magics.render.panel import MAX_BODY, Panel
from httpkit_magics.render.stream import outline_stream
from httpkit_magics.render.terminal import to_terminal
from httpkit_magics.render.text import to_text


@dataclass(frozen=True, slots=True)
class Look:
    """How a panel is to look.

    Attributes:
        limit: characters of the body that are shown at most.
        is_compact: whether only the first lines are shown, and what failed.
    """

    limit: int = MAX_BODY
    is_compact: bool = False


USUAL: Final = Look()

MAX_LINE: Final = 2_000
"""Characters of a line that is printed while a body arrives."""

Shown = Record | Progress | Transcript
"""What there are panels of."""


def mimebundle(shown: Shown, redactor: Redactor | None = None, look: Look = USUAL) -> dict[str, str]:
    """Return the static panel as `text/html` and `text/plain`.

    `application/json` stays out, as JupyterLab would show it instead.
    """
    panel = panel_of(shown, redactor, look)
    return {"text/html": to_html(panel), "text/plain": to_text(panel)}


def terminal(shown: Shown, redactor: Redactor | None = None, look: Look = USUAL) -> str:
    """Return the panel for a terminal with colours, without a newline at its end."""
    return to_terminal(panel_of(shown, redactor, look))


def shown_line(text: str, redactor: Redactor | None = None) -> str:
    """Return a line of a body that is still arriving, for a terminal."""
    redactor = redactor or VAULT.redactor
    return clip(redactor.text(redactor.json_text(text[: MAX_LINE + LONGEST])), MAX_LINE)


def panel_of(shown: Shown, redactor: Redactor | None = None, look: Look = USUAL) -> Panel:
    """Return what is drawn; without `redactor`, by the one that knows all secrets of this process."""
    redactor = redactor or VAULT.redactor
    if isinstance(shown, Progress):
        return outline_progress(shown, redactor)
    panel = outline_stream(shown, redactor) if isinstance(shown, Transcript) else outline(shown, redactor, look.limit)
    if not look.is_compact:
        return panel
    return replace(panel, sections=tuple(fold for fold in panel.sections if fold.title == "Asserts" and fold.is_open))
