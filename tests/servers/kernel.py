"""A real kernel, driven as a notebook drives it."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from jupyter_client.manager import KernelManager

WAIT = 30
"""Seconds that any one cell of a test may take."""


@dataclass
class Cell:
    """What one cell gave: its messages on iopub in order, and its reply."""

    reply: dict
    messages: list = field(default_factory=list)
    seconds: float = 0.0

    def of(self, *kinds):
        """Return the contents of the messages of these kinds."""
        return [content for kind, content in self.messages if kind in kinds]

    @property
    def outputs(self):
        """The outputs as a saved notebook has them: updates are in the place of what they update."""
        shown = {}
        for index, (kind, content) in enumerate(self.messages):
            if kind in ("display_data", "update_display_data", "execute_result"):
                shown[content.get("transient", {}).get("display_id", index)] = content["data"]
        return list(shown.values())

    @property
    def panels(self):
        """The outputs that are panels, as plain text."""
        return [data["text/plain"] for data in self.outputs if "text/html" in data]

    @property
    def printed(self):
        """What was printed."""
        return "".join(content["text"] for content in self.of("stream"))


class Kernel:
    """A running kernel."""

    def __init__(self, manager):
        self.manager = manager
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WAIT)

    def run(self, code):
        """Run a cell and return what it gave."""
        return self.finish(self.start(code))

    def start(self, code):
        """Queue a cell, as Run All does, and return its id."""
        return self.client.execute(code, stop_on_error=True), time.perf_counter()

    def wait_until_sent(self, server, count=1):
        """Wait until `server` has got `count` requests.

        Raises:
            TimeoutError: they did not come within 5 seconds.
        """
        deadline = time.perf_counter() + 5
        while len(server.requests) < count:
            if time.perf_counter() > deadline:
                raise TimeoutError("the request did not reach the server")
            time.sleep(0.01)

    def finish(self, started):
        """Wait for a queued cell and return what it gave."""
        message_id, began = started
        cell = Cell({})
        while True:
            message = self.client.get_iopub_msg(timeout=WAIT)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
            cell.messages.append((message["msg_type"], message["content"]))
        cell.seconds = time.perf_counter() - began
        while not cell.reply:
            reply = self.client.get_shell_msg(timeout=WAIT)
            if reply["parent_header"].get("msg_id") == message_id:
                cell.reply = reply["content"]
        return cell

    def value(self, expression):
        """Return the repr of an expression in the kernel."""
        cell = self.run(f"print(repr(({expression})))")
        return cell.printed.strip()


@contextmanager
def kernel(folder):
    """Run a kernel that keeps its files in `folder`."""
    environment = {
        **os.environ,
        "IPYTHONDIR": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=environment)
    running = Kernel(manager)
    try:
        yield running
    finally:
        running.client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
