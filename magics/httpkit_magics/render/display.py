"""What the notebook asks for: a record, a running request or a stream -> its MIME bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from httpkit_magics.record.difference import Difference
from httpkit_magics.record.history import History
from httpkit_magics.record.record import Progress, Record
from httpkit_magics.record.redaction import LONGEST, VAULT, Redactor
from httpkit_magics.record.transcript import Transcript
from httpkit_magics.render.clip import clip
from httpkit_magics.render.diff import outline_difference
from httpkit_magics.render.html import to_html
from httpkit_magics.render.outline import outline, outline_progress
from httpkit_magics.render.panel import MAX_BODY, Panel
from httpkit_magics.render.past import outline_history
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


def drawn(shown: Difference | History | Panel) -> dict[str, str]:
    """Return the panel of a difference or a history as `text/html` and `text/plain`."""
    panel = _outlined(shown)
    return {"text/html": to_html(panel), "text/plain": to_text(panel)}


def drawn_in_terminal(shown: Difference | History | Panel) -> str:
    """Return the panel of a difference or a history for a terminal."""
    return to_terminal(_outlined(shown))


def past_panel(history: History, text: str = "") -> Panel:
    """Return the panel of the records in which `text` stands."""
    records = list(history)
    wanted = {id(record) for record in history.find(text)}
    found = [(number, record) for number, record in enumerate(records) if id(record) in wanted]
    return outline_history(found, len(records), text, VAULT.wary)


def _outlined(shown: Difference | History | Panel) -> Panel:
    # They show several requests, so what any of the last ones carried is masked.
    if isinstance(shown, Difference):
        return outline_difference(shown, VAULT.wary)
    return past_panel(shown) if isinstance(shown, History) else shown


def panel_of(shown: Shown, redactor: Redactor | None = None, look: Look = USUAL) -> Panel:
    """Return what is drawn; without `redactor`, by the one that knows all secrets of this process."""
    redactor = redactor or VAULT.redactor
    if isinstance(shown, Progress):
        return outline_progress(shown, redactor)
    panel = outline_stream(shown, redactor) if isinstance(shown, Transcript) else outline(shown, redactor, look.limit)
    if not look.is_compact:
        return panel
    return replace(panel, sections=tuple(fold for fold in panel.sections if fold.title == "Asserts" and fold.is_open))
