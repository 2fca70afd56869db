"""What the notebook asks for: a record or a running request -> its MIME bundle."""

from __future__ import annotations

from httpkit_magics.record.record import Progress, Record
from httpkit_magics.record.redaction import VAULT, Redactor
from httpkit_magics.render.html import to_html
from httpkit_magics.render.outline import outline, outline_progress
from httpkit_magics.render.panel import Panel
from httpkit_magics.render.terminal import to_terminal
from httpkit_magics.render.text import to_text


def mimebundle(shown: Record | Progress, redactor: Redactor | None = None) -> dict[str, str]:
    """Return the static panel as `text/html` and `text/plain`.

    `application/json` stays out, as JupyterLab would show it instead.
    """
    panel = panel_of(shown, redactor)
    return {"text/html": to_html(panel), "text/plain": to_text(panel)}


def terminal(shown: Record | Progress, redactor: Redactor | None = None) -> str:
    """Return the panel for a terminal with colours, without a newline at its end."""
    return to_terminal(panel_of(shown, redactor))


def panel_of(shown: Record | Progress, redactor: Redactor | None = None) -> Panel:
    """Return what is drawn; without `redactor`, by the one that knows all secrets of this process."""
    redactor = redactor or VAULT.redactor
    return outline_progress(shown, redactor) if isinstance(shown, Progress) else outline(shown, redactor)
