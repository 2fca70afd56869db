"""What `%config HttpKit.<trait>` sets."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Unicode, Union, observe
from traitlets.config import Configurable

from httpkit_magics.record.history import HISTORY, MOST, ROOM
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.render.display import Look
from httpkit_magics.render.panel import MAX_BODY
from httpkit_magics.run.settings import Settings

DEFAULTS = Settings()


class HttpKit(Configurable):
    """The configuration of the magics; `%config HttpKit` lists it, `%config HttpKit.timeout = 5` sets a part of it."""

    base_url = Unicode(DEFAULTS.base_url, help="What a path alone is added to: %http GET /items. Empty is none.").tag(
        config=True
    )
    timeout = Float(DEFAULTS.timeout, min=0, help="Seconds for a whole request, its body included; 0 is no limit.").tag(
        config=True
    )
    follow = Bool(DEFAULTS.follow, help="Whether redirects are followed; -F and --no-follow say so for one line.").tag(
        config=True
    )
    max_redirects = Int(DEFAULTS.max_redirects, min=1, help="How many redirects are followed at most.").tag(config=True)
    verify = Union(
        [Bool(), Unicode()],
        default_value=DEFAULTS.verify,
        help="Whether certificates are verified; or a file of PEM certificates to trust instead of the system's.",
    ).tag(config=True)
    max_body = Int(DEFAULTS.max_body, min=1, help="Bytes of a decoded body that are read at most.").tag(config=True)

    environment = Unicode("", help="The active environment of http-client.env.json; %httpkit env NAME sets it.").tag(
        config=True
    )
    raise_for_status = Bool(
        default_value=False,
        help="Whether a status of 400 or more, or no response, is an error; the panel is shown all the same.",
    ).tag(config=True)
    panel = Enum(
        ("full", "compact", "off"),
        default_value="full",
        help="What a magic shows: the whole panel, its first lines and what went wrong, or nothing.",
    ).tag(config=True)
    display_limit = Int(
        MAX_BODY, min=0, max=MAX_BODY, help="Characters of a body that a panel shows at most; the Record has all of it."
    ).tag(config=True)
    redact = List(
        Unicode(),
        help="Names of fields, parameters, cookies and JSON members that are masked besides those that say token, "
        "secret, password, key or session.",
    ).tag(config=True)

    history_records = Int(MOST, min=1, help="Records that http.history keeps.").tag(config=True)
    history_bytes = Int(
        ROOM, min=0, help="Bytes of bodies that http.history keeps, besides the last one; the oldest go first."
    ).tag(config=True)

    @observe("history_records", "history_bytes")
    def _limit_history(self, _change: Any) -> None:
        HISTORY.limit(self.history_records, self.history_bytes)

    @observe("redact")
    def _hide(self, change: Any) -> None:
        VAULT.hide(change["new"])

    def look(self) -> Look:
        """Return how a panel is to look now."""
        return Look(self.display_limit, is_compact=self.panel == "compact")

    def settings(self) -> Settings:
        """Return the configuration as it is now."""
        return Settings(
            base_url=self.base_url,
            timeout=self.timeout,
            follow=self.follow,
            max_redirects=self.max_redirects,
            verify=self.verify,
            max_body=self.max_body,
        )
