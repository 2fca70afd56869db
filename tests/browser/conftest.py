"""JupyterLab in Chromium: a server and a browser for the run, a page for each test.

These tests run in a pytest of their own (`make browser`): an open playwright leaves a running event loop in the main
thread, and every `asyncio.run` after it fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright
from servers.lab import Lab, run_lab
from servers.process import find_program

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCREENSHOTS = Path(__file__).parent / "screenshots"

WIDTH = 1100
HEIGHT = 900
MILLISECONDS = 60_000  # for a whole notebook; a page that hangs fails its test

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# What JupyterLab itself writes to the console, and why it is no fault of a panel.
ALLOWED_ERRORS = ()

READY = """() => {
  const widget = window.jupyterapp?.shell.currentWidget;
  return Boolean(widget?.context?.isReady && widget.context.sessionContext.isReady
    && widget.context.sessionContext.session?.kernel?.status === 'idle');
}"""


class Notebook:
    """A notebook open in JupyterLab.

    Attributes:
        page: playwright's page.
        errors: exceptions of the page and console errors that JupyterLab alone would not have.
    """

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.errors: list[str] = []
        self._lab = lab
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(allowed in message.text for allowed in ALLOWED_ERRORS):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def open(self, name: str) -> None:
        """Open a notebook of the lab's root folder, and wait until its kernel is idle."""
        self.page.goto(self._lab.page_url(name))
        self.page.wait_for_function(READY)
        self.settle()

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute one of JupyterLab's commands, and wait for its end."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)", [name, arguments or {}]
        )

    def run_all(self) -> None:
        """Run every cell and wait for the last."""
        self.command("notebook:run-all-cells")

    def save(self) -> None:
        """Save the notebook."""
        self.command("docmanager:save")

    def set_theme(self, dark: bool) -> None:
        """Change JupyterLab's theme."""
        self.command("apputils:change-theme", {"theme": f"JupyterLab {'Dark' if dark else 'Light'}"})
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg="false" if dark else "true"
        )
        self.settle()

    def settle(self) -> None:
        """Wait until JupyterLab's splash has faded."""
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def grow(self) -> None:
        """Make the window as high as the notebook, so that every cell is drawn, and show it from the top."""
        for _ in range(3):
            height = self.page.evaluate(
                "() => Math.max(...[...document.querySelectorAll('.jp-WindowedPanel-inner')].map(e => e.scrollHeight))"
            )
            self.page.set_viewport_size({"width": WIDTH, "height": min(height + 120, 16_000)})
            self.page.wait_for_timeout(300)
        self.page.evaluate(
            "() => document.querySelectorAll('.jp-WindowedPanel-outer').forEach(each => each.scrollTo(0, 0))"
        )

    def cells(self) -> list[Locator]:
        """Return the code cells in order."""
        return self.page.locator(".jp-CodeCell").all()

    def cell_states(self) -> list[tuple[bool, bool]]:
        """Return for each code cell whether it ran, and whether an output is an error, as the model has it."""
        states = self.page.evaluate("""() => {
          const cells = [...window.jupyterapp.shell.currentWidget.context.model.cells];
          return cells.filter(cell => cell.type === 'code').map(cell => [
            cell.executionCount !== null,
            cell.outputs.toJSON().some(output => output.output_type === 'error')]);
        }""")
        return [(ran, failed) for ran, failed in states]

    def is_trusted(self) -> bool:
        """Return whether JupyterLab lets the code cells' outputs run scripts."""
        return bool(
            self.page.evaluate("""() => [...window.jupyterapp.shell.currentWidget.context.model.cells]
              .filter(cell => cell.type === 'code').every(cell => cell.trusted)""")
        )

    def picture(self, part: Locator, name: str) -> Path:
        """Write what one part of the page shows to screenshots/NAME.png."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        part.screenshot(path=path)
        return path

    def screenshot(self, name: str) -> Path:
        """Write what the page shows to screenshots/NAME.png."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, with a copy of this repository's notebooks."""
    with run_lab(tmp_path_factory.mktemp("lab")) as server:
        shutil.copytree(NOTEBOOKS, server.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: playwright's own download is not needed."""
    path = find_program("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def notebook(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """An empty page, for one notebook after the other; what it showed last is kept as a picture."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(MILLISECONDS)
    made = Notebook(context.new_page(), lab)
    yield made
    made.screenshot(f"last-{request.node.name}")
    context.close()
    lab.end_sessions()
