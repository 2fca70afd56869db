"""The output of one stream: a panel that is updated while the stream runs, also after its cell has ended."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from typing import Any, Final

from httpkit_magics.output import STEP, Outputs
from httpkit_magics.render.display import mimebundle, terminal
from httpkit_magics.run.streams import Feed

BYTES_PER_SECOND: Final = 250_000
"""What the updates of one stream may put on the wire; a Jupyter server drops output beyond 1 MB/s."""


SHARE: Final = 0.1
"""Part of the time that may go into drawing; messages of 20 KB take 200 ms to be masked."""


class StreamOutput:
    """The output of one stream; in a terminal it is printed once, when the cell ends."""

    def __init__(self, shell: Any, outputs: Outputs, feed: Feed, *, silent: bool) -> None:
        self._shell = shell
        self._outputs = outputs
        self._feed = feed
        self._silent = silent
        self._display_id: str | None = None
        self._last: dict[str, str] = {}
        self._next = 0.0
        # The cell that waits and the loop thread that goes on after it may both have something to show.
        self._lock = threading.Lock()

    def update(self) -> None:
        """Show how the stream is now, unless it was shown a moment ago."""
        with self._lock:
            if not self._silent and not self._outputs.in_terminal and time.monotonic() >= self._next:
                self._publish()

    def finish(self) -> None:
        """Show how the stream is at the end of its cell: the last state, unless it goes on in the background."""
        self._outputs.mark_shown(self._feed)
        if self._silent:
            return
        if self._outputs.in_terminal:
            print(terminal(self._feed.transcript, look=self._outputs.look()))  # noqa: T201 - a terminal is printed to
            return
        with self._lock:
            self._publish()

    async def follow(self) -> None:
        """Keep the panel up to date until the stream is over; on the loop thread."""
        if self._silent or self._outputs.in_terminal:
            return
        try:
            while self._feed.is_open:
                await asyncio.sleep(STEP)
                self.update()
        finally:
            with self._lock:
                self._publish()

    def _publish(self) -> None:
        began = time.monotonic()
        bundle = mimebundle(self._feed.transcript, look=self._outputs.look())
        done = time.monotonic()
        self._next = done + max(STEP, sum(map(len, bundle.values())) / BYTES_PER_SECOND, (done - began) / SHARE)
        if bundle == self._last:
            return
        update = self._display_id is not None
        self._display_id = self._display_id or f"httpkit-{uuid.uuid4().hex}"
        self._last = bundle
        self._shell.display_pub.publish(bundle, transient={"display_id": self._display_id}, update=update)
